"""What the execution of a notebook showed, and where it is kept."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

EXECUTED = "executed.ipynb"
RESULT = "result.json"


@dataclass(frozen=True)
class SlowCell:
    """A cell that took long. number: counted from 1 over all cells."""

    number: int
    seconds: float
    first_line: str


@dataclass(frozen=True)
class Result:
    """One executed notebook.

    seconds: what it takes by itself on two cores. peak_mib: of the kernel and its children.
    problems: empty when it passed. failure: the failing cell as people want to read it.
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
    cached: bool = False

    @property
    def status(self) -> str:
        """`passed` or `failed`."""
        return "failed" if self.problems else "passed"


def to_json(results: Sequence[Result], seconds: float) -> dict[str, Any]:
    """The results of a run as a JSON tree."""
    return {
        "notebooks": [
            {
                "path": result.path,
                "kind": result.kind,
                "status": result.status,
                "seconds": round(result.seconds, 2),
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
    """Results that passed, by the key of their content, each with its executed notebook."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, key: str) -> tuple[Result, Path] | None:
        """The result under a key, and its executed notebook."""
        place = self.folder / key
        try:
            tree = json.loads((place / RESULT).read_text(encoding="utf-8"))
            tree["slowest"] = tuple(SlowCell(**cell) for cell in tree["slowest"])
            result = Result(**{**tree, "problems": tuple(tree["problems"]), "cached": True})
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return (result, place / EXECUTED) if (place / EXECUTED).is_file() else None

    def keep(self, key: str, result: Result, executed: Path) -> None:
        """Keeps a result that passed; an entry appears whole or not at all."""
        if result.problems:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".new-") as name:
            fresh = Path(name) / "entry"
            fresh.mkdir()
            shutil.copyfile(executed, fresh / EXECUTED)
            text = json.dumps(asdict(replace(result, cached=False)), indent=1)
            (fresh / RESULT).write_text(text, encoding="utf-8")
            target = self.folder / key
            shutil.rmtree(target, ignore_errors=True)
            os.replace(fresh, target)

    def keep_only(self, keys: set[str]) -> None:
        """Forgets everything else."""
        for place in self.folder.glob("[!.]*"):
            if place.name not in keys:
                shutil.rmtree(place, ignore_errors=True)
