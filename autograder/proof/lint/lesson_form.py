"""Checks of a lesson: its opening, terms, sections, predictions, small exercises and close."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from nbformat import NotebookNode

from autograder.curriculum.module_plan import ModulePlan
from autograder.proof.lint.notebook_form import Complaint, code, headings, markdown
from autograder.proof.lint.quiz_form import quiz_complaints

CLOSE = ["Summary", "Quiz", "References"]
TRY_ITS, PREDICTIONS, RECORDS, VERBS = 3, 2, 3, 3
CELLS = 100

SECTIONS = (
    (
        "goes-wrong",
        "goes wrong",
        "## What goes wrong: …, a failure shown happening, explained by its cause, and repaired.",
    ),
    ("experiment", "experiment", "## An experiment: …, with its figure and its uncertainty."),
    (
        "in-production",
        "in production",
        "## In production, 2026: what teams use now, a script that runs, when not to, the costs.",
    ),
)
"""Name of the check, words of the heading in lower case, and the section to add."""


def lesson_complaints(notebook: NotebookNode, plan: ModulePlan) -> Iterator[Complaint]:
    """Yield what a lesson lacks: opening, terms, sections, predictions, exercises, close."""
    yield from _opening(notebook, plan.module.minutes[0])
    yield from _terms(notebook, plan.terms)
    yield from _sections(notebook)
    yield from _participation(notebook)
    count = len(notebook.cells)
    if count > CELLS:
        yield Complaint(
            "lesson.ipynb",
            f"has {count} cells",
            f"{CELLS} at most: what is not the road goes to deeper.ipynb.",
            "lesson-cells",
        )
    for number, cell in enumerate(notebook.cells, start=1):
        if "nbgrader" in cell.metadata:
            yield Complaint(
                f"lesson.ipynb, cell {number}",
                "has nbgrader metadata",
                "Only assignments are graded.",
            )


def _opening(notebook: NotebookNode, minutes: int) -> Iterator[Complaint]:
    first = notebook.cells[0] if notebook.cells else None
    opening = first.source if first and first.cell_type == "markdown" else ""
    where = "lesson.ipynb, cell 1"
    if not opening.startswith("# "):
        yield Complaint(where, "is no opening", "Begin with a heading and the real problem.")
    if len(re.findall(r"^[-*] ", opening, re.MULTILINE)) < VERBS:
        yield Complaint(
            where, "does not list what one can do afterwards", f"List {VERBS} verbs, one a line."
        )
    if not re.search(r"[Yy]ou need|[Pp]rerequisite", opening):
        yield Complaint(where, "names no prerequisites", "Add a line **You need** …")
    said = f"{minutes} minutes"
    if said not in opening:
        yield Complaint(where, f"does not say {said!r}", "module.yml has the time: say it here.")


def _terms(notebook: NotebookNode, terms: Sequence[str]) -> Iterator[Complaint]:
    texts = "\n".join(cell.source for _, cell in markdown(notebook))
    bold = {words.strip(" .:").lower() for words in re.findall(r"\*\*([^*\n]+)\*\*", texts)}
    for term in terms:
        if not {term.lower(), f"{term.lower()}s"} & bold:
            yield Complaint(
                "lesson.ipynb",
                f"does not set the term {term!r} of module.yml",
                f"Where it is first used, write **{term}** and explain it in a sentence.",
                "terms",
            )


def _sections(notebook: NotebookNode) -> Iterator[Complaint]:
    titles = [title for _, title in headings(notebook)]
    sections = [title for level, title in headings(notebook) if level == 2]
    if sections[-3:] != CLOSE:
        yield Complaint(
            "lesson.ipynb, at the end",
            f"the last sections are {sections[-3:]}",
            "Close with ## Summary, ## Quiz and ## References, in this order.",
        )
    for check, words, example in SECTIONS:
        if not any(words in title.lower() for title in titles):
            yield Complaint(
                "lesson.ipynb", f"has no heading with {words!r}", f"Add {example}", check
            )
    if "Quiz" in sections:
        texts = "\n".join(cell.source for _, cell in markdown(notebook))
        yield from quiz_complaints(texts.partition("## Quiz")[2].partition("\n## ")[0])


def _participation(notebook: NotebookNode) -> Iterator[Complaint]:
    tries = sum(title.startswith("Try it") for _, title in headings(notebook))
    if tries < TRY_ITS:
        yield Complaint(
            "lesson.ipynb",
            f"has {tries} small exercises",
            f"Add headings `### Try it: …` with a cell to fill in and a check; {TRY_ITS} at least.",
        )
    guesses = sum(
        bool(re.search(r"[Pp]redict|[Tt]hink first", c.source)) for _, c in markdown(notebook)
    )
    if guesses < PREDICTIONS:
        yield Complaint(
            "lesson.ipynb",
            f"asks for {guesses} predictions",
            f"In {PREDICTIONS} places at least the learner commits first: **Predict, then run.**",
        )
    recorded = sum(cell.source.count("record(") for _, cell in code(notebook))
    if recorded < RECORDS:
        yield Complaint(
            "lesson.ipynb",
            f"records {recorded} numbers",
            'Record what the text says: record("test accuracy", value, at_least=0.85).',
        )
