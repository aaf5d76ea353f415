"""Keep the old import paths of `lepton run`, `certify`, `check` and `new` for older installs."""

from autograder.cli.proof_commands import certify, check, new, run

__all__ = ["certify", "check", "new", "run"]
