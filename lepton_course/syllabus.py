"""The syllabus: which modules there are, in which order, and what each asks of a learner."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import yaml

from lepton_course.errors import CourseError

PACKAGED = Path(__file__).parent / "curriculum"
"""The student's curriculum, written by `lepton build` and carried by the wheel."""

OPEN_FOLDERS = ("figures", "recorded")
"""What a module's learner gets besides the notebooks. Everything else stays in the clone."""


class SyllabusError(CourseError):
    """The curriculum that a learner needs is missing or cannot be read."""


@dataclass(frozen=True)
class Module:
    """One line of the syllabus.

    id: `track/NN_name`, also the module's folder. minutes: (lesson, assignment), first reading.
    """

    id: str
    title: str
    about: str
    minutes: tuple[int, int]
    prerequisites: tuple[str, ...]

    @property
    def track(self) -> str:
        """`basics` or `advanced`."""
        return self.id.partition("/")[0]

    @property
    def number(self) -> int:
        """The module's number within its track."""
        return int(self.id.partition("/")[2].partition("_")[0])

    def notebooks(self) -> tuple[str, str]:
        """Paths of lesson and assignment, relative to the curriculum or to a workspace."""
        return f"{self.id}/lesson.ipynb", f"{self.id}/assignment.ipynb"


def load_syllabus(curriculum: Path = PACKAGED) -> list[Module]:
    """All modules in teaching order, also the planned ones, from `curriculum`/syllabus.yml."""
    path = curriculum / "syllabus.yml"
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SyllabusError(
            f"There is no student's curriculum in {curriculum}. "
            "In a clone of the course, make it with `make learn` or `lepton build`."
        ) from None
    except yaml.YAMLError as error:
        raise SyllabusError(f"{path} is not valid YAML: {error}") from error
    return [
        Module(
            id=entry["id"],
            title=entry["title"],
            about=entry["about"],
            minutes=(entry["minutes"][0], entry["minutes"][1]),
            prerequisites=tuple(entry["prerequisites"]),
        )
        for entry in entries
    ]


def is_ready(module: Module, curriculum: Path = PACKAGED) -> bool:
    """Whether the module exists; otherwise it is planned."""
    return (curriculum / module.id / "lesson.ipynb").is_file()


@dataclass(frozen=True)
class Listed:
    """An exercise as the learner's pages name it; one without points belongs to the lesson."""

    name: str
    title: str
    points: float
    minutes: float
    is_prediction: bool = False


def listed_exercises(module: Module, curriculum: Path = PACKAGED) -> list[Listed]:
    """The module's exercises, in its notebooks' order; [] when it is planned."""
    listing = curriculum / module.id / "exercises.json"
    if not listing.is_file():
        return []
    return [
        Listed(
            entry["name"],
            entry.get("title", entry["name"]),
            entry.get("points", 0),
            entry.get("minutes", 0),
            entry.get("is_prediction", False),
        )
        for entry in json.loads(listing.read_text(encoding="utf-8"))
    ]


def exercises_of(module: Module, curriculum: Path = PACKAGED) -> list[str]:
    """Names of the module's exercises, in its notebooks' order; [] when it is planned."""
    return [exercise.name for exercise in listed_exercises(module, curriculum)]
