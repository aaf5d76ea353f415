"""Read the syllabus: the modules in teaching order, and the exercises of each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lepton_course.errors import CourseError

PACKAGED = Path(__file__).parent / "curriculum"
"""The student's curriculum, written by `lepton build` and carried by the wheel."""

PLAN = "module.yml"
"""A module's plan, in its folder: title, minutes, prerequisites and what authors note there."""

TOOLBOX = "toolbox.ipynb"
"""The page with the notation and mathematics that lessons rely on, beside the tracks."""

OPEN_FOLDERS = ("figures", "recorded", "package")
"""A module's folders that learners get with the notebooks; all else stays in the clone."""


class SyllabusError(CourseError):
    """The curriculum is missing or cannot be read."""


@dataclass(frozen=True)
class Module:
    """One module of the syllabus.

    id: `track/NN_name`, which is also the module's folder.
    minutes: (lesson, assignment), for a first reading.
    deeper_minutes: of the optional notebook `deeper.ipynb`; 0 where the module has none.
    """

    id: str
    title: str
    about: str
    minutes: tuple[int, int]
    prerequisites: tuple[str, ...]
    deeper_minutes: int = 0

    @property
    def track(self) -> str:
        """The module's track: `basics` or `advanced`."""
        return self.id.partition("/")[0]

    @property
    def number(self) -> int:
        """The module's number within its track."""
        return int(self.id.partition("/")[2].partition("_")[0])

    def notebooks(self) -> tuple[str, str]:
        """Return the paths of lesson and assignment, relative to the curriculum or a workspace."""
        return f"{self.id}/lesson.ipynb", f"{self.id}/assignment.ipynb"

    @property
    def deeper(self) -> str:
        """Path of the optional notebook, as in `notebooks()`; "" where the module has none."""
        return f"{self.id}/deeper.ipynb" if self.deeper_minutes else ""


def load_syllabus(curriculum: Path = PACKAGED) -> list[Module]:
    """Return all modules in teaching order, planned ones included, from `curriculum`/syllabus.yml.

    A module's own module.yml takes precedence over the syllabus.
    Raises SyllabusError, naming file and key, when something is missing or malformed.
    """
    path = curriculum / "syllabus.yml"
    if not path.is_file():
        raise SyllabusError(
            f"There is no student's curriculum in {curriculum}. "
            "In a clone of the course, make it with `make learn` or `lepton build`."
        )
    modules = []
    for entry in read_yaml(path):
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
            raise SyllabusError(f"{path}: write each module as `- id: basics/01_name`, not {entry}")
        own = curriculum / entry["id"] / PLAN
        if own.is_file():
            modules.append(module_from(entry["id"], read_yaml(own), own))
        elif entry.keys() == {"id"}:
            raise SyllabusError(f"{own} is missing, and {path} has no more of it than its id.")
        else:
            modules.append(module_from(entry["id"], entry, path))
    return modules


def read_yaml(path: Path) -> Any:
    """Return a YAML file's content. Raises SyllabusError when it is not valid YAML."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise SyllabusError(f"{path} is not valid YAML: {error}") from error


def module_from(module: str, entry: Any, path: Path) -> Module:
    """Return the module with this id from its entry in `path`. Raises SyllabusError."""
    if not isinstance(entry, Mapping):
        raise SyllabusError(f"{path}: write keys with values: title, about, minutes, prerequisites")
    for key, mend in listing_problems(entry):
        raise SyllabusError(f"{path}, {module}, {key}: {mend}")
    minutes = entry["minutes"]
    if isinstance(minutes, list):
        minutes = {"lesson": minutes[0], "assignment": minutes[1]}
    return Module(
        id=module,
        title=entry["title"],
        about=entry["about"],
        minutes=(minutes["lesson"], minutes["assignment"]),
        prerequisites=tuple(entry["prerequisites"]),
        deeper_minutes=minutes.get("deeper", 0),
    )


def listing_problems(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each unusable key of a module's entry, and what to write instead."""
    for key in ("title", "about"):
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            yield key, f"write a line of text, not {entry.get(key)!r}"
    minutes = entry.get("minutes")
    if isinstance(minutes, list) and len(minutes) == 2:
        minutes = {"lesson": minutes[0], "assignment": minutes[1]}
    if (
        not isinstance(minutes, dict)
        or not {"lesson", "assignment"} <= minutes.keys() <= {"lesson", "deeper", "assignment"}
        or not all(type(value) is int and value >= 0 for value in minutes.values())
    ):
        yield (
            "minutes",
            "write whole minutes, {lesson: 60, deeper: 0, assignment: 90}, "
            f"not {entry.get('minutes')!r}",
        )
    needed = entry.get("prerequisites")
    if not isinstance(needed, list) or not all(isinstance(name, str) for name in needed):
        yield "prerequisites", f"write a list of module ids, [] for none, not {needed!r}"


def is_ready(module: Module, curriculum: Path = PACKAGED) -> bool:
    """Return whether the module exists; otherwise it is only planned."""
    return (curriculum / module.id / "lesson.ipynb").is_file()


@dataclass(frozen=True)
class Listed:
    """An exercise as the learner's pages name it; one without points belongs to the lesson.

    is_optional: it stands in `deeper.ipynb` and does not count towards finishing the module.
    """

    name: str
    title: str
    points: float
    minutes: float
    is_prediction: bool = False
    is_optional: bool = False


def listed_exercises(module: Module, curriculum: Path = PACKAGED) -> list[Listed]:
    """Return the module's exercises in notebook order; [] when it is only planned."""
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
            entry.get("is_optional", False),
        )
        for entry in json.loads(listing.read_text(encoding="utf-8"))
    ]


def quiz_length(module: Module, curriculum: Path = PACKAGED) -> int:
    """Return how many questions the module's quiz has; 0 without a quiz."""
    listing = curriculum / module.id / "quiz.json"
    return len(json.loads(listing.read_text(encoding="utf-8"))) if listing.is_file() else 0


def exercises_of(module: Module, curriculum: Path = PACKAGED) -> list[str]:
    """Return the names of the module's exercises in notebook order; [] when it is only planned."""
    return [exercise.name for exercise in listed_exercises(module, curriculum)]
