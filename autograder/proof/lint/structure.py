"""Checks of a module's notebooks that execute nothing; each complaint says how to mend it.

Checks of any notebook are in `notebook_form` and `code_form`, those of a lesson in `lesson_form`,
those of optional notebooks in `optional_form`. Here are those of an assignment, and of how the
notebooks match the declared exercises. Checks that a module lists as `unmet` in its module.yml are
not complained of, but an entry that is met is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.curriculum.module_plan import load_plan
from autograder.curriculum.modules import module_id
from autograder.proof.lint.code_form import code_complaints
from autograder.proof.lint.held_out_form import held_out_complaints
from autograder.proof.lint.lesson_form import lesson_complaints
from autograder.proof.lint.notebook_form import (
    Complaint,
    anchors_of,
    code,
    markdown,
    page_complaints,
)
from autograder.proof.lint.optional_form import deeper_complaints
from autograder.proof.lint.plan_form import place_complaints, unless_unmet
from autograder.proof.lint.quiz_form import placement_complaints
from autograder.proof.lint.solution_markers import solution_complaints
from lepton_course.checks.quiz_questions import load_quiz
from lepton_course.declared_exercises import load_exercises
from lepton_course.exercises.model import Exercise
from lepton_course.syllabus import SyllabusError

GRADED = range(4, 8)

_CALL = re.compile(r"""\b(check|hint)\(["'](\w+)["']""")
_CARD = re.compile(r"\*Difficulty (●*)○* · (\d+) minutes · ([\d.]+) points?\*")


def structure_complaints(folder: Path) -> list[Complaint]:
    """Return all complaints about a module's folder."""
    missing = [
        name for name in ("lesson.ipynb", "assignment.ipynb") if not (folder / name).is_file()
    ]
    if missing:
        mend = "A module has a lesson and an assignment: `lepton new module` makes both."
        return [Complaint(name, "is missing", mend) for name in missing]
    try:
        exercises = load_exercises(folder)
    except Exception as error:
        return [Complaint("exercises", f"cannot be loaded: {error}", "Run it with Python.")]
    try:
        plan = load_plan(folder)
    except SyllabusError as error:
        return [Complaint("module.yml", "cannot be used", str(error))]
    found = list(place_complaints(folder, plan))
    for path in sorted(folder.glob("*.ipynb"), reverse=True):
        notebook = nbformat.read(path, as_version=4)
        found += page_complaints(path, notebook, module_id(folder))
        found += code_complaints(path, notebook)
        found += _calls(path, notebook, exercises)
        if path.stem == "deeper":
            found += deeper_complaints(path.name, notebook)
    lesson, assignment = (
        nbformat.read(folder / name, as_version=4) for name in ("lesson.ipynb", "assignment.ipynb")
    )
    found += lesson_complaints(lesson, plan)
    found += placement_complaints(plan.placement, load_quiz(folder))
    found += assignment_complaints(assignment, exercises)
    found += solution_complaints("assignment.ipynb", assignment)
    found += _reading_places(folder, exercises)
    found += held_out_complaints(folder)
    return unless_unmet(found, plan)


def assignment_complaints(
    notebook: NotebookNode, exercises: Mapping[str, Exercise]
) -> Iterator[Complaint]:
    """Yield complaints about graded exercises: statement, stub, check, points, ids."""
    marks = [
        (number, cell, cell.metadata.nbgrader)
        for number, cell in enumerate(notebook.cells, start=1)
        if "nbgrader" in cell.metadata
    ]
    ids = [mark.get("grade_id") for _, _, mark in marks]
    for number, _, mark in marks:
        if ids.count(mark.get("grade_id")) > 1:
            yield _at(number, f"has the id {mark.get('grade_id')!r} of another cell", "Rename one.")
    judged = {
        m["grade_id"]: (n, cell, m) for n, cell, m in marks if m["grade"] and not m["solution"]
    }
    graded = {name: exercise for name, exercise in exercises.items() if exercise.points}
    if len(graded) not in GRADED:
        yield Complaint(
            "exercises",
            f"has {len(graded)} graded exercises",
            "An assignment has four to seven.",
        )
    for name in graded.keys() - judged.keys():
        yield Complaint(
            "assignment.ipynb",
            f"has no grade cell for {name!r}",
            f'Add a cell check("{name}") with the nbgrader id {name!r}.',
        )
    for name, (number, cell, mark) in judged.items():
        if name not in graded:
            yield _at(number, f"grades {name!r}, which is not declared", "Remove one, or rename.")
            continue
        exercise = graded[name]
        if mark.get("points") != exercise.points:
            yield _at(
                number,
                f"gives {mark.get('points')} points for {name!r}; "
                f"exercises/ declares {exercise.points:g}",
                "Make both the same.",
            )
        if cell.source.strip() != f'check("{name}")':
            yield _at(number, "is a grade cell with more than its check", f'Write check("{name}").')
        if not mark.get("locked"):
            yield _at(number, "is a grade cell that students can change", 'Set "locked": true.')
        yield from _statement_complaints(notebook, number, exercise)
    if not any(mark["grade"] and mark["solution"] for _, _, mark in marks):
        yield Complaint(
            "assignment.ipynb", "has no question graded by hand", "Add one, with a rubric."
        )
    for number, _, mark in marks:
        if mark["grade"] and mark["solution"]:
            before = "\n".join(c.source for c in notebook.cells[max(0, number - 3) : number - 1])
            if "|" not in before:
                yield _at(
                    number, "is graded by hand without a rubric", "Add a table: | points | for |."
                )


def _statement_complaints(
    notebook: NotebookNode, number: int, exercise: Exercise
) -> Iterator[Complaint]:
    """Yield complaints about the statement above a grade cell and the numbers that it states."""
    above = [(n, cell) for n, cell in markdown(notebook) if n < number]
    cards = [(n, cell, _CARD.search(cell.source)) for n, cell in above]
    n, cell, card = next((c for c in reversed(cards) if c[2]), (number, None, None))
    wanted = (
        f"*Difficulty {'●' * exercise.difficulty}{'○' * (5 - exercise.difficulty)} · "
        f"{exercise.minutes} minutes · {exercise.points:g} points*"
    )
    if cell is None or card is None or exercise.name not in cell.source:
        yield _at(
            number, f"has no statement of {exercise.name!r} above it", f"End it with {wanted}"
        )
        return
    if (len(card[1]), int(card[2]), float(card[3])) != (
        exercise.difficulty, exercise.minutes, exercise.points,
    ):  # fmt: skip
        yield _at(n, f"says {card[0]!r}", f"exercises/ declares {wanted}")
    if "xample" not in cell.source:
        yield _at(n, "has no worked example", "Add **Example:** with input and result.")


def _calls(
    path: Path, notebook: NotebookNode, exercises: Mapping[str, Exercise]
) -> Iterator[Complaint]:
    for number, cell in code(notebook):
        for function, name in _CALL.findall(cell.source):
            where = f"{path.name}, cell {number}"
            if name not in exercises:
                yield Complaint(
                    where, f"calls {function}({name!r})", "exercises/ declares no such exercise."
                )
            elif exercises[name].points and path.stem != "assignment":
                yield Complaint(
                    where, f"checks {name!r}, which is graded", "Give it 0 points there."
                )


def _reading_places(folder: Path, exercises: Mapping[str, Exercise]) -> Iterator[Complaint]:
    for exercise in exercises.values():
        for read in {exercise.read, *(m.read for m in exercise.misconceptions)} - {""}:
            file, _, anchor = read.partition("#")
            target = folder / file
            if not target.is_file() or (anchor and anchor not in anchors_of(target)):
                yield Complaint(
                    f"exercises, {exercise.name}",
                    f"sends the reader to {read!r}, which is not there",
                    "Name a heading with hyphens for spaces: lesson.ipynb#Padding-and-stride",
                )


def _at(number: int, what: str, mend: str) -> Complaint:
    return Complaint(f"assignment.ipynb, cell {number}", what, mend)
