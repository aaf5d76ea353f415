"""The name by which an older installation finds `lepton doctor`."""

from autograder.cli.doctor_command import doctor

__all__ = ["doctor"]
