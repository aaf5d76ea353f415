"""Keep the old import path of `lepton doctor`, which older installations use."""

from autograder.cli.doctor_command import doctor

__all__ = ["doctor"]
