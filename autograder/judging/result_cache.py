"""Cached results: submissions judged before, and the results that the gradebook holds.

A result is found by the content that it depends on. So a second run grades only what changed,
and a killed run resumes where it stopped.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import autograder
import lepton_course
from autograder.curriculum.content_key import FRAMEWORKS, file_digest, installed_versions
from autograder.judging.judge_run import Judged
from autograder.judging.results import exercise_result
from lepton_course.syllabus import PACKAGED


@dataclass(frozen=True)
class ResultCache:
    """The cached results of one assignment, in a folder of the class's private part."""

    folder: Path

    def judged(self, key: str) -> Judged | None:
        """Return the result of a submission judged before, or None."""
        try:
            fields = json.loads(self._file(key).read_text(encoding="utf-8"))
            exercises = tuple(exercise_result(exercise) for exercise in fields.pop("exercises"))
            return Judged(exercises=exercises, **fields)
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def keep(self, key: str, judged: Judged) -> None:
        """Write a result atomically."""
        _write(self._file(key), json.dumps(asdict(judged)))

    def recorded(self, student: str) -> str:
        """Return the key of the student's result in the gradebook, or ""."""
        try:
            return self._mark(student).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return ""

    def mark_recorded(self, student: str, key: str) -> None:
        """Note that the gradebook holds this result of the student."""
        _write(self._mark(student), key)

    def all_recorded(self) -> set[str]:
        """Return the keys of all results in the gradebook."""
        return {path.read_text(encoding="utf-8").split()[0] for path in self._marks()}

    def forget_all_but(self, keys: Iterable[str]) -> None:
        """Remove all results but these."""
        needed = {self._file(key).name for key in keys}
        for path in self.folder.glob("*.json"):
            if path.name not in needed:
                path.unlink(missing_ok=True)

    def _marks(self) -> list[Path]:
        return sorted(self.folder.glob("*.recorded"))

    def _file(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def _mark(self, student: str) -> Path:
        return self.folder / f"{hashlib.sha256(student.encode()).hexdigest()[:32]}.recorded"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.part")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def key_of(*parts: str) -> str:
    """Return one key for everything that a result depends on."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@functools.cache
def grader_parts() -> dict[str, str]:
    """Return the versions that grading depends on, by name: this code, Python and the libraries."""
    digest = hashlib.sha256()
    for package in (Path(autograder.__file__).parent, Path(lepton_course.__file__).parent):
        for path in sorted(package.rglob("*.py")):
            if not path.is_relative_to(PACKAGED):  # learners' files take no part in grading
                digest.update(file_digest(path))
    parts = {
        "lepton-course": f"{lepton_course.__version__} ({digest.hexdigest()[:12]})",
        "Python": platform.python_version(),
    }
    return parts | installed_versions(("nbgrader", "nbclient", "ipykernel", *FRAMEWORKS))


def grader_version() -> str:
    """Return a key of all these versions."""
    return key_of(repr(grader_parts()))
