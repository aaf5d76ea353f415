"""The modules as the site shows them: what the syllabus says, their terms, their notebooks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.curriculum.module_plan import load_plan
from lepton_course.syllabus import Module, load_syllabus

NOTEBOOKS = {"lesson": "Lesson", "deeper": "Deeper", "assignment": "Assignment"}
"""A module's notebooks in the order of reading: file names, and what the site calls them."""


@dataclass(frozen=True)
class BookModule:
    """A module of the syllabus.

    terms: of its plan. notebooks: names of those on the site; () where the module is only planned,
    or was left out.
    """

    module: Module
    terms: tuple[str, ...] = ()
    notebooks: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The module's id, which is also its folder."""
        return self.module.id

    def minutes_of(self, notebook: str) -> int:
        """Return the minutes of a first reading of one notebook."""
        lesson, assignment = self.module.minutes
        times = {"lesson": lesson, "deeper": self.module.deeper_minutes, "assignment": assignment}
        return times[notebook]


def load_modules(curriculum: Path, chosen: Collection[str] = ()) -> list[BookModule]:
    """Return all modules of the syllabus in its order.

    chosen: ids of the modules whose notebooks the site shows; all that exist by default.
    """
    found = []
    for module in load_syllabus(curriculum):
        folder = curriculum / module.id
        notebooks = tuple(name for name in NOTEBOOKS if (folder / f"{name}.ipynb").is_file())
        if not notebooks or (chosen and module.id not in chosen):
            found.append(BookModule(module))
        else:
            found.append(BookModule(module, load_plan(folder).terms, notebooks))
    return found


def needed_directly(modules: Sequence[BookModule]) -> dict[str, tuple[str, ...]]:
    """Return for each module the prerequisites that no other prerequisite includes.

    A module that needs B, which needs A, needs A only by way of B.
    """
    needs = {book.id: book.module.prerequisites for book in modules}

    def all_before(name: str) -> set[str]:
        return {name}.union(*(all_before(other) for other in needs.get(name, ())))

    return {
        name: tuple(
            one
            for one in before
            if not any(one in all_before(other) for other in before if other != one)
        )
        for name, before in needs.items()
    }
