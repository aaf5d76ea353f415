"""Choice of a submission's walls: the strongest that this machine has, or none on request."""

from __future__ import annotations

from typing import Literal

from autograder.sandbox.walls import Walls, survey
from lepton_course.errors import CourseError

Sandbox = Literal["auto", "none"]

NO_WALLS = Walls(namespaces=False, landlock=False, system_calls=False)


class NoWallsError(CourseError):
    """This machine cannot sandbox a submission."""


def choose_walls(sandbox: Sandbox) -> Walls:
    """Return the walls for submissions on this machine. Raises NoWallsError if it has none."""
    if sandbox == "none":
        return NO_WALLS
    found = survey()
    if not found.walls:
        problems = "".join(f"  - {problem}\n" for problem in found.problems)
        raise NoWallsError(
            "Submissions cannot be closed in on this machine, and would run with all your "
            f"rights:\n{problems}`lepton doctor` says how to mend it. To grade work that you "
            "trust without walls: --sandbox none"
        )
    return found.walls
