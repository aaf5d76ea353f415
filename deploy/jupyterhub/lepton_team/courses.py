"""The courses of a hub, and what follows from them: groups, roles, services.

Who teaches stands in `team.yml`, who learns in each class's roster. Both are read when somebody
signs in, so that a new learner, or an instructor who has left, needs no restart.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from autograder.classroom.roster import RosterError, read_roster
from lepton_team.folders import (
    COURSE_ACCOUNT,
    DEPLOY,
    SHARING_ACCOUNT,
    HubFolders,
    course_account,
)
from lepton_team.sign_in import LEARNING, TEACHING

FIRST_PORT = 8710
"""Where the courses' servers listen, one after another; only the proxy asks there."""

START_SECONDS = 300
"""How long the hub waits for a course's server, on a machine that is busy; it ends without one."""


@dataclass(frozen=True)
class Course:
    """A course: its id, which is its class's name, and the names of those who teach and learn."""

    id: str
    instructors: frozenset[str]
    learners: frozenset[str] = frozenset()

    @property
    def account(self) -> str:
        """The account that owns the class: nobody signs in with it."""
        return course_account(self.id)

    @property
    def teaching(self) -> str:
        """The group of those who may use formgrader and the class's folder."""
        return f"{TEACHING}{self.id}"

    @property
    def learning(self) -> str:
        """The group of those who fetch and submit."""
        return f"{LEARNING}{self.id}"


class TeamError(ValueError):
    """`team.yml` cannot be used; the message says why."""


def read_courses(folders: HubFolders) -> list[Course]:
    """Return the courses of `team.yml` with the learners of their rosters. Raises TeamError."""
    try:
        told = yaml.safe_load(folders.team_file.read_text(encoding="utf-8"))
        return [
            Course(str(id_), frozenset(entry["instructors"]), _learners(folders, str(id_)))
            for id_, entry in told["courses"].items()
        ]
    except (OSError, yaml.YAMLError, TypeError, KeyError, AttributeError) as error:
        raise TeamError(
            f"{folders.team_file} must say `courses:`, below it each course's id, and below that "
            f"`instructors: [names]` ({type(error).__name__}: {error})."
        ) from error


def _learners(folders: HubFolders, course: str) -> frozenset[str]:
    file = folders.classroom(course) / "roster.csv"
    try:
        status = file.stat()
        return _ids_in(file, (status.st_mtime_ns, status.st_ctime_ns, status.st_size))
    except (OSError, RosterError):  # a course whose class is not made yet
        return frozenset()


@lru_cache(maxsize=64)
def _ids_in(roster: Path, version: tuple[int, ...]) -> frozenset[str]:
    """Return the ids in a roster; a version of the file is read once, since the hub asks often."""
    return frozenset(student.id for student in read_roster(roster))


def groups_of(courses: Iterable[Course], user: str) -> list[str]:
    """Return the groups of a user. Who teaches a course does not learn in it.

    A course's own account has none, whatever an instructor writes into a roster.
    """
    groups: list[str] = []
    if user.startswith(COURSE_ACCOUNT) or user == SHARING_ACCOUNT:
        return groups
    for course in courses:
        if user in course.instructors:
            groups.append(course.teaching)
        elif user in course.learners:
            groups.append(course.learning)
    return groups


def members(courses: Iterable[Course]) -> set[str]:
    """Return all who teach or learn."""
    return set().union(*(course.instructors | course.learners for course in courses))


def roles(courses: Iterable[Course]) -> list[dict[str, Any]]:
    """Return JupyterHub's roles: who teaches a course has access to its service."""
    return [
        {
            "name": course.teaching,
            "groups": [course.teaching],
            "scopes": [f"access:services!service={course.id}"],
        }
        for course in courses
    ]


def services(
    courses: Sequence[Course],
    folders: HubFolders,
    environment: Mapping[str, str],
    first_port: int = FIRST_PORT,
) -> list[dict[str, Any]]:
    """Return JupyterHub's services: a JupyterLab with formgrader in each class's folder.

    It runs under the course's own account, and its token can do nothing at the hub.
    """
    command = dying_with_hub("-P", str(DEPLOY / "lepton_team" / "course_server.py"))
    return [
        {
            "name": course.id,
            "url": f"http://127.0.0.1:{first_port + number}",
            "command": command,
            "user": course.account,
            "cwd": str(folders.classroom(course.id)),
            "environment": dict(environment),
            "oauth_no_confirm": True,
            "display": True,
            "timeout": START_SECONDS,
        }
        for number, course in enumerate(courses)
    ]


CULLER_ROLE = {
    "name": "idle-culler",
    "services": ["idle-culler"],
    "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
}


def culler(seconds: int) -> dict[str, Any]:
    """Return JupyterHub's service that stops servers nobody has used for so many seconds."""
    command = dying_with_hub("-m", "jupyterhub_idle_culler", f"--timeout={seconds}")
    return {"name": "idle-culler", "command": command, "user": "nobody", "display": False}


def dying_with_hub(*arguments: str) -> list[str]:
    """Return a command of Python's that ends with the hub."""
    starter = str(DEPLOY / "lepton_team" / "die_with_parent.py")
    return [sys.executable, "-P", starter, sys.executable, *arguments]
