"""Simulated answers, put into an assignment's notebook as learners would."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from textwrap import indent

import nbformat
from nbformat import NotebookNode

from autograder.simulation.answer_sources import standalone_source
from autograder.submissions.cell_marks import mark_of
from lepton_course.exercises.model import Exercise


def answers_before(release: NotebookNode, name: str) -> list[str]:
    """Return the ids of the answers that a check looks at: those after the previous check."""
    answers: list[str] = []
    for cell in release.cells:
        mark = mark_of(cell)
        if mark.is_judged:
            if mark.grade_id == name:
                return answers
            answers = []
        elif mark.solution:
            answers.append(mark.grade_id)
    return answers


def is_trained(exercise: Exercise) -> bool:
    """Return whether the exercise judges training by its accuracy."""
    return exercise.compare.kind == "accuracy"


def alternative_answers(exercises: Mapping[str, Exercise]) -> dict[str, str]:
    """Return an alternative right answer for each exercise that has one, by answer id."""
    answers = {}
    for name, exercise in exercises.items():
        source = first_standalone(exercise.alternatives)
        if source and not is_trained(exercise):
            answers[f"{name}-answer"] = named(source, name)
    return answers


def first_standalone(functions: Iterable[object]) -> str:
    """Return the first standalone source among these functions, or ""."""
    sources = (standalone_source(function) for function in functions)
    return next((source for source in sources if source), "")


def named(source: str, name: str) -> str:
    """Return a standalone source as an exercise's answer, its helpers hidden from the notebook."""
    last = source.rsplit("\ndef ", 1)[-1].removeprefix("def ").split("(")[0]
    body = indent(f"{source}\n\nreturn {last}", "    ")
    return f"def _answer():\n{body}\n\n\n{name} = _answer()"


def with_answers(release: NotebookNode, answers: Mapping[str, str]) -> bytes:
    """Return the bytes of the released notebook with these answers, by answer id, filled in."""
    notebook = nbformat.from_dict(release)
    for index, cell in enumerate(release.cells):
        mark = mark_of(cell)
        if mark.solution and mark.grade_id in answers:
            notebook.cells[index] = NotebookNode({**cell, "source": answers[mark.grade_id]})
    return nbformat.writes(notebook).encode()
