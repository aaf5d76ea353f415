"""nbgrader's exchange: the folder through which assignments, answers and feedback travel."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from autograder.classroom.classroom import ClassError, Classroom, exclusive
from autograder.classroom.roster import read_roster

_GENUINE = "--ExchangeFactory.collect=autograder.instructor.genuine_collect.GenuineCollect"


def make_exchange(folder: Path) -> Path:
    """Make a folder that all users of this machine may write to, unless it exists; return it."""
    folder = folder.absolute()
    if not folder.exists():
        folder.mkdir(parents=True)
        folder.chmod(0o777)  # all learners write there; random names hide their folders
    return folder


def release(classroom: Classroom, assignment: str) -> None:
    """Release an assignment, so that learners can fetch it. Raises ClassError."""
    check_assignment(classroom, assignment)
    _nbgrader(classroom, "release_assignment", assignment, "--force")


def collect(classroom: Classroom, assignment: str) -> list[str]:
    """Collect what learners have handed in; return who has new work in `submitted/`, sorted.

    All attempts of a learner are kept.

    Raises ClassError when the exchange cannot be read.
    """
    from autograder.grading.attempts import keep_attempt

    check_assignment(classroom, assignment)
    with exclusive(classroom):
        before = _timestamps(classroom, assignment)
        for student, folder in _handed_in(classroom, assignment):
            keep_attempt(classroom, student, assignment, folder)
        _nbgrader(classroom, "collect", assignment, "--update", _GENUINE)
        after = _timestamps(classroom, assignment)
    return sorted(student for student, time in after.items() if before.get(student) != time)


def release_feedback(classroom: Classroom, assignment: str) -> None:
    """Release the feedback of an assignment. Raises ClassError."""
    _nbgrader(classroom, "release_feedback", assignment)


def check_assignment(classroom: Classroom, assignment: str) -> None:
    """Raise ClassError if the class has no such assignment."""
    known = classroom.manifest().modules
    if assignment not in known:
        names = ", ".join(sorted(known))
        raise ClassError(f"This class has no assignment {assignment!r}; it has: {names}.")


def _handed_in(classroom: Classroom, assignment: str) -> list[tuple[str, Path]]:
    """Return student and folder of all attempts, oldest first; nbgrader collects only the last."""
    from nbgrader.exchange.default import ExchangeCollect

    from autograder.instructor.genuine_collect import is_genuine

    course = classroom.course_directory(assignment)
    exchange = ExchangeCollect(coursedir=course, config=classroom.config())
    known = {student.id for student in read_roster(classroom.roster_file)}
    found = []
    for folder in Path(exchange.root, course.course_id, "inbound").glob(f"*+{assignment}+*"):
        student, _, time = folder.name.split("+")[:3]
        if student in known and is_genuine(student, folder):
            found.append((time, student, folder))
    return [(student, folder) for _, student, folder in sorted(found)]


def _timestamps(classroom: Classroom, assignment: str) -> dict[str, float]:
    folders = (classroom.root / "submitted").glob(f"*/{assignment}")
    return {folder.parent.name: folder.stat().st_ctime for folder in folders}


def _nbgrader(classroom: Classroom, *arguments: str) -> None:
    """Run nbgrader's command in the class, so that all of its configuration applies.

    Raises ClassError.
    """
    command = [sys.executable, "-m", "nbgrader", *arguments]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        command, cwd=classroom.root, capture_output=True, text=True, env=environment
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason was given"]
        causes = [line for line in lines if "| CRITICAL]" in line or "| ERROR]" in line]
        cause = re.sub(r"^\[.*?\] ", "", (causes or lines[-1:])[0])
        raise ClassError(
            f"nbgrader's exchange refused: {cause}. Its folder is c.Exchange.root in "
            f"{classroom.config_file}."
        )
