"""Collect only what a learner has handed in in their own name, and to the end.

The exchange's folder is open to all accounts of a machine, and a submission says in its own name
whose it is. nbgrader warns when the files belong to somebody else, and collects them all the same;
one name that it cannot read stops it for the whole class.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any

from nbgrader.exchange import ExchangeError
from nbgrader.exchange.default import ExchangeCollect


def is_genuine(student: str, folder: Path) -> bool:
    """Return whether a submission is complete, and belongs to the account of that name.

    Where the machine has no account of the student's name, as in a rehearsal, the owner says
    nothing, unless the setting LEPTON_OWNERS=known says that whoever hands in has an account: then
    nothing is genuine that belongs to nobody.
    """
    # nbgrader writes the time when all else has been copied.
    if folder.is_symlink() or not (folder / "timestamp.txt").is_file():
        return False
    number = _account_number(student)
    if number is None and os.environ.get("LEPTON_OWNERS") != "known":
        return True
    return folder.stat().st_uid in (number, _my_number())


def _account_number(name: str) -> int | None:
    try:
        import pwd  # not on Windows

        return pwd.getpwnam(name).pw_uid
    except (ImportError, KeyError):
        return None


def _my_number() -> int:
    return os.geteuid() if hasattr(os, "geteuid") else 0


class GenuineCollect(ExchangeCollect):
    """nbgrader's `collect`, which passes over submissions that are not genuine."""

    def init_src(self) -> None:
        """Choose each student's submission among the genuine ones."""
        super().init_src()
        self.src_records = [record for record in self.src_records if self._is_genuine(record)]

    def _path_to_record(self, path: str) -> dict[str, Any]:
        try:
            return super()._path_to_record(path)
        except (ExchangeError, ValueError):
            return {"username": "", "filename": Path(path).name, "timestamp": datetime.min}

    def _sort_by_timestamp(self, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        genuine = [record for record in records if self._is_genuine(record)]
        return super()._sort_by_timestamp(genuine or records)

    def _is_genuine(self, record: dict[str, Any]) -> bool:
        folder = Path(self.inbound_path, record["filename"])
        if record["username"] and is_genuine(record["username"], folder):
            return True
        self.log.warning(
            "%s is passed over: it is incomplete, or another account handed it in.",
            record["filename"],
        )
        return False
