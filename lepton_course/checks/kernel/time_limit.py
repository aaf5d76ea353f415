"""Run an answer in the learner's own kernel, and stop it when it does not come to an end."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, TypeVar

from lepton_course.errors import CourseError

T = TypeVar("T")

SECONDS = 30.0
"""How long a check waits for an answer. The certificate holds the reference to 2 s."""

SETTING = "LEPTON_CHECK_SECONDS"
"""Environment variable that gives the limit for slow machines; 0: no limit."""

UNFINISHED = "OutOfTime"
NOT_RUN = "NotRun"
"""Kinds of `Raised`: a case that the check stopped (its message: after how many seconds), and the
cases after it."""

AGAIN_SECONDS = 0.02
"""An answer that catches everything is stopped again and again, until it is out of its `try`."""

COURSE = str(Path(__file__).parents[2])
"""Folder of the course's own code."""

_LIBRARY = (sys.prefix, sys.base_prefix, COURSE)


class OutOfTime(BaseException):
    """An answer ran into the limit. Like an interrupt, `except Exception` does not catch it."""


class Interrupted(CourseError, KeyboardInterrupt):
    """The learner interrupted a check; the message says where it was."""


def limit_seconds() -> float:
    """Return the limit for one check, in seconds; 0 for none.

    Raises CourseError when `LEPTON_CHECK_SECONDS` is not a number.
    """
    said = os.environ.get(SETTING, "").strip()
    try:
        return max(float(said), 0.0) if said else SECONDS
    except ValueError:
        raise CourseError(f"{SETTING} is {said!r}: set it to a number of seconds.") from None


def run_limited(action: Callable[[], T], seconds: float) -> T:
    """Return what `action` returns. Raises OutOfTime inside of it after `seconds`.

    Runs without limit when `seconds` is 0, where there are no timers (Windows), and outside the
    main thread, where Python delivers no signals.
    """
    main = threading.current_thread() is threading.main_thread()
    if not seconds or not main or not hasattr(signal, "setitimer"):
        return action()
    guard = sys._getframe()
    rung = False

    def ring(number: int, frame: FrameType | None) -> None:
        nonlocal rung
        if frame is guard or frame is None or frame.f_code is ring.__code__:
            return  # the answer has just come to its end
        if rung and not _runs_learners_code(frame, guard):
            return  # it was stopped, and is now being described
        rung = True
        raise OutOfTime(f"{seconds:g}")

    before: Any = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_SECONDS)
        return action()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def is_library(filename: str) -> bool:
    """Return whether a file is Python's, an installed package's or the course's own."""
    return filename.startswith(_LIBRARY)


def _runs_learners_code(frame: FrameType | None, guard: FrameType) -> bool:
    while frame is not None and frame is not guard:
        if not is_library(frame.f_code.co_filename):
            return True
        frame = frame.f_back
    return False


def own_line(trace: TracebackType | None) -> str:
    """Return the last line of the learner's own code in a traceback; "" when there is none."""
    frames = traceback.extract_tb(trace)
    lines = [f.line.strip() for f in frames if f.line and not is_library(f.filename)]
    return lines[-1] if lines else ""
