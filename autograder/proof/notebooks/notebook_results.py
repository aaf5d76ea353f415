"""The result of executing a notebook, and the cache of results."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

EXECUTED = "executed.ipynb"
RESULT = "result.json"


@dataclass(frozen=True)
class SlowCell:
    """One of the slowest cells. number: counted from 1 over all cells."""

    number: int
    seconds: float
    first_line: str


@dataclass(frozen=True)
class Result:
    """The result of one executed notebook.

    seconds: on two idle cores of the reference machine. slowness: how many times longer
        computations took meanwhile than there. peak_mib: of the kernel and its children. problems:
        empty if it passed. failure: source and output of the failing cells.
    """

    path: str
    kind: str
    module: str
    file_name: str
    seconds: float
    peak_mib: int
    problems: tuple[str, ...] = ()
    failure: str = ""
    slowest: tuple[SlowCell, ...] = ()
    records: int = 0
    slowness: float = 1.0
    cached: bool = False

    @property
    def status(self) -> str:
        """`passed` or `failed`."""
        return "failed" if self.problems else "passed"


def to_json(results: Sequence[Result], seconds: float) -> dict[str, Any]:
    """Return the results of a run as a JSON tree."""
    return {
        "notebooks": [
            {
                "path": result.path,
                "kind": result.kind,
                "status": result.status,
                "seconds": round(result.seconds, 2),
                "slowness": round(result.slowness, 2),
                "peak_mib": result.peak_mib,
                "cached": result.cached,
                "reason": "; ".join(result.problems),
            }
            for result in results
        ],
        "seconds": round(seconds, 2),
        "passed": not any(result.problems for result in results),
    }


class Cache:
    """A cache of passed results, each with its executed notebook, by content key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, key: str) -> tuple[Result, Path] | None:
        """Return the result under a key and the path of its executed notebook, or None."""
        place = self.folder / key
        try:
            result = msgspec.json.decode((place / RESULT).read_bytes(), type=Result)
        except (OSError, msgspec.MsgspecError):
            return None
        result = replace(result, cached=True)
        return (result, place / EXECUTED) if (place / EXECUTED).is_file() else None

    def keep(self, key: str, result: Result, executed: Path) -> None:
        """Keep a result if it passed; an entry appears whole or not at all."""
        if result.problems:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".new-") as name:
            fresh = Path(name) / "entry"
            fresh.mkdir()
            shutil.copyfile(executed, fresh / EXECUTED)
            (fresh / RESULT).write_bytes(msgspec.json.encode(replace(result, cached=False)))
            target = self.folder / key
            shutil.rmtree(target, ignore_errors=True)
            os.replace(fresh, target)

    def keep_only(self, keys: set[str]) -> None:
        """Remove all entries but these."""
        for place in self.folder.glob("[!.]*"):
            if place.name not in keys:
                shutil.rmtree(place, ignore_errors=True)
