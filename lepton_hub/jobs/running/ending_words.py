"""Word the failure of a job for its submitter, without revealing secrets."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError

from lepton_hub.catalogue.contents import UploadProblem
from lepton_hub.identity.person import SignInUnavailable
from lepton_hub.jobs.running.job_rooms import MachineLost
from lepton_hub.jobs.running.program_process import ProgramNotStarted
from lepton_hub.storage import StorageError

Trouble = (OSError, StorageError, SQLAlchemyError, UploadProblem, SignInUnavailable)
"""Failures that are not the program's fault, and may not recur later or on another machine."""
MOST_LEFT_OUT = 50
"""The number of left-out files that the log explains."""


def left_out_lines(sentences: list[str]) -> str:
    """Return the log lines about left-out files: the first ones, and the number of others."""
    lines = [f"Left out: {why}\n" for why in sentences[:MOST_LEFT_OUT]]
    more = len(sentences) - len(lines)
    return "".join(lines) + (f"Left out: {more} more files\n" if more else "")


def problem_of(status: int, reason: str) -> str:
    """Return why a program failed, or ""."""
    if reason:
        return f"It was stopped: {reason}."
    if status < 0:
        return f"It was killed by signal {-status}; its log may say more."
    return f"It exited with status {status}; its log may say why." if status else ""


def trouble_in_words(error: Exception) -> str:
    """Describe a failure to a job's submitter, without paths or database details."""
    if isinstance(error, SQLAlchemyError):
        return "the database did not answer"
    if isinstance(error, SignInUnavailable):
        return "JupyterHub, which knows who may read what, did not answer"
    if isinstance(error, MachineLost):
        return "the machine running it no longer answers"
    if isinstance(error, ProgramNotStarted):
        return "the sandbox did not start"
    if isinstance(error, OSError):
        return f"{error.strerror or type(error).__name__} on the worker's machine"
    if isinstance(error, Trouble):
        return "its contents could not be read or written"
    return f"an internal error in the hub ({type(error).__name__})"
