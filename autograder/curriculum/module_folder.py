"""A module's folder as students get it: what it is assembled from, and how."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from autograder.curriculum.content_key import key_of_files
from autograder.curriculum.module_plan import optional_exercises, student_plan
from autograder.curriculum.modules import module_id
from autograder.curriculum.student_notebooks import copy_open_folders
from lepton_course.checks import quiz_questions
from lepton_course.survey.placement import FILE as PLACEMENT
from lepton_course.survey.placement import load_placement
from lepton_course.syllabus import OPEN_FOLDERS, PLAN

CHECKS = "checks.npz"
EXERCISES = "exercises.json"


@dataclass(frozen=True)
class ModuleBuild:
    """The kept files that a module's folder is assembled from, by their names in that folder."""

    folder: Path
    listing: Path
    questions: dict[str, Path]
    notebooks: dict[str, Path]

    @property
    def id(self) -> str:
        return module_id(self.folder)

    @functools.cached_property
    def key(self) -> str:
        """Return the content key of the whole folder; the kept files' names are their keys."""
        open_files = [
            path
            for name in OPEN_FOLDERS
            for path in (self.folder / name).rglob("*")
            if path.is_file() and path.suffix != ".pyc"
        ]
        open_files += [path for path in [self.folder / PLAN] if path.is_file()]
        parts = [self.listing.name]
        parts += [f"{name} {path.name}" for name, path in self.questions.items()]
        parts += [f"{name} {path.name}" for name, path in self.notebooks.items()]
        return key_of_files("\n".join(parts), open_files, self.folder)

    @property
    def checks(self) -> Path:
        """Return the path of the kept file with the questions of all exercises."""
        names = "\n".join(f"{name} {path.name}" for name, path in self.questions.items())
        return self.listing.with_name(f"{hashlib.sha256(names.encode()).hexdigest()}.checks.npz")

    def needs(self) -> set[Path]:
        """Return all kept files that the folder is assembled from."""
        notebooks = self.notebooks.values()
        quiz = {path.with_suffix(".quiz.json") for path in notebooks}
        return {self.listing, self.checks, *self.questions.values(), *notebooks, *quiz}


def assemble(plan: ModuleBuild, fresh: Path) -> Path:
    """Assemble a module's folder from its kept files, and return it."""
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name, path in plan.notebooks.items():
        shutil.copyfile(path, fresh / name)
        quiz = path.with_suffix(".quiz.json")
        if quiz.is_file():
            shutil.copyfile(quiz, fresh / quiz_questions.FILE)
    copy_open_folders(plan.folder, fresh)
    shutil.copyfile(plan.checks, fresh / CHECKS)
    write_whole(fresh / EXERCISES, _listing(plan))
    if (plan.folder / PLAN).is_file():
        write_whole(fresh / PLAN, student_plan(plan.folder))
        if questions := load_placement(plan.folder):
            write_whole(fresh / PLACEMENT, quiz_questions.quiz_to_json(questions))
    return fresh


def _listing(plan: ModuleBuild) -> str:
    """Return the JSON of a module's exercises that learners' pages read."""
    optional = optional_exercises(plan.folder)
    entries = json.loads(plan.listing.read_text(encoding="utf-8"))
    listed = [{**entry, "is_optional": entry["name"] in optional} for entry in entries]
    return json.dumps(listed, indent=1)


def is_complete(plan: ModuleBuild, out: Path) -> bool:
    """Return whether the module's folder in `out` has all of its files."""
    return all((out / plan.id / name).is_file() for name in [*plan.notebooks, CHECKS, EXERCISES])


def write_whole(path: Path, text: str) -> None:
    """Write a file that is there as a whole or not at all."""
    partial = path.with_name(f".{path.name}.part")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)
