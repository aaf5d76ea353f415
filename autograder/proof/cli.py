"""The names by which an older installation finds `lepton run`, `certify`, `check` and `new`."""

from autograder.cli.proof_commands import certify, check, new, run

__all__ = ["certify", "check", "new", "run"]
