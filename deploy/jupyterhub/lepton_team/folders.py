"""Where a hub keeps what: one folder, which is all that a backup needs.

team.yml     the courses, and who teaches them
hub/         the hub's database, keys and log; the hub alone (mode 0700)
exchange/    nbgrader's: assignments out, answers in, feedback out
homes/       a home folder for each account (mode 0700); a course's account keeps its class there,
             and lepton-hub's is the folder of the hub where teams share
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

DEPLOY = Path(__file__).resolve().parents[1]
CLONE = DEPLOY.parents[1]
COURSE_ACCOUNT = "course-"
"""How the names of accounts begin that own a course's class."""

SHARING_ACCOUNT = "lepton-hub"
"""The account of the hub where teams share; nobody signs in with it."""

VISIBLE_PARTS = (".venv", "autograder", "lepton_course", "deploy")
"""What of the clone a learner's programs may read: no solutions, no tests, no history."""


@dataclass(frozen=True)
class HubFolders:
    """The folders of a hub."""

    root: Path

    @property
    def hub(self) -> Path:
        return self.root / "hub"

    @property
    def exchange(self) -> Path:
        return self.root / "exchange"

    @property
    def homes(self) -> Path:
        return self.root / "homes"

    @property
    def team_file(self) -> Path:
        return self.root / "team.yml"

    @property
    def sharing(self) -> Path:
        """The folder of the hub where teams share: its account's home."""
        return self.homes / SHARING_ACCOUNT

    def classroom(self, course: str) -> Path:
        """Return the folder of a course's class."""
        return self.homes / course_account(course) / course

    @property
    def accounts(self) -> Path:
        return self.hub / "accounts"


def course_account(course: str) -> str:
    """Return the name of the account that owns a course's class."""
    return f"{COURSE_ACCOUNT}{course}"


def program_folders() -> list[Path]:
    """Return the folders, outside /usr, from which Python runs: the environment's and its base."""
    found = {Path(sys.prefix), Path(sys.base_prefix).resolve()}
    return sorted(path for path in found if not path.is_relative_to("/usr"))
