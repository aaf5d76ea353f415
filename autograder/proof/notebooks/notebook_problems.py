"""Find problems in an executed notebook, and say in which cell; pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nbformat import NotebookNode

from autograder.proof.notebooks.budgets import Budget
from autograder.proof.notebooks.papermill_execution import Executed
from autograder.proof.notebooks.pinned_outputs import is_pinned, output_difference
from lepton_course.checks.panel import PANEL_KEY
from lepton_course.records import MIME, Record

DATA_BY = 3
"""Number of the code cell by which a lesson must have shown real data."""

ALT_TEXT = 20
"""Minimum number of characters of an alternative text."""

_NO_NETWORK = re.compile(
    r"Network is unreachable|[Nn]ame resolution|Name or service not known|No address associated"
)
_OUTSIDE = re.compile(r"\[Errno (?:2|13|30)\] [^']*'(/[^']*)'")
_CHECK = re.compile(r"""^check\(["'](\w+)["']\)""")


@dataclass(frozen=True)
class NotebookProblem:
    """A problem of an executed notebook. cell: number of the cell to blame, if it is one cell."""

    sentence: str
    cell: int | None = None


def problems_of(
    executed: Executed, original: NotebookNode, kind: str, budget: Budget
) -> list[NotebookProblem]:
    """Return all problems of an executed notebook, the most important first."""
    notebook = executed.notebook
    problems = [NotebookProblem(executed.stopped)] if executed.stopped else []
    problems += error_problems(notebook, kind, executed.scratch)
    if not problems:  # other problems would only follow from these
        problems += verdict_problems(notebook, kind)
        problems += record_problems(notebook)
        problems += pinned_problems(original, notebook)
        if kind == "lesson":
            problems += data_problems(notebook)
        problems += [
            NotebookProblem(f"a process still runs at the end: {process}")
            for process in executed.left_processes
        ]
    if executed.left_files:
        written = ", ".join(executed.left_files)
        problems.append(NotebookProblem(f"it wrote outside its folder: {written}"))
    return problems + budget_problems(executed, budget)


def error_problems(notebook: NotebookNode, kind: str, scratch: str) -> list[NotebookProblem]:
    """Return unexpected errors; in an untouched assignment only stubs must fail."""
    problems = []
    for number, cell in code_cells(notebook):
        for output in cell.outputs:
            if output.output_type != "error":
                continue
            if kind == "student" and _is_stub(cell) and output.ename == "NotImplementedError":
                continue
            said = f"{cell_name(number, cell)} {error_in_words(output, scratch)}"
            problems.append(NotebookProblem(said, number))
    return problems


def error_in_words(error: NotebookNode, scratch: str) -> str:
    """Describe a cell's error, recognising needs that a course for any machine must not have."""
    said = f"{error.ename}: {error.evalue}".strip()
    refused = error.ename == "PermissionError" and "connect(" in "\n".join(error.traceback)
    if error.ename == "gaierror" or refused or _NO_NETWORK.search(error.evalue):
        return f"needs the network ({said})"
    outside = _OUTSIDE.search(error.evalue)
    if outside and not outside[1].startswith(scratch):
        return f"uses a file outside its folder ({said})"
    if error.ename == "MemoryError" or "can't allocate memory" in error.evalue:
        return f"needs too much memory ({said})"
    return f"failed with {said}"


def verdict_problems(notebook: NotebookNode, kind: str) -> list[NotebookProblem]:
    """Return checks of an assignment that do not say "right" if solved, or "blank" if untouched."""
    if kind not in ("assignment", "student"):
        return []
    look, wanted = ("right", "right") if kind == "assignment" else ("blank", "not answered yet")
    problems = []
    for number, cell in code_cells(notebook):
        found = _CHECK.match(cell.source)
        graded = cell.metadata.get("nbgrader", {}).get("grade")
        if not found or (kind == "student" and not graded):
            continue
        said = " ".join(_texts(cell)).strip().partition("\n")[0]
        if look not in _looks(cell):
            problems.append(
                _in_cell(
                    number,
                    cell,
                    f"check({found[1]!r}) should say {wanted!r} and says {said or 'nothing'!r}",
                )
            )
    return problems


def record_problems(notebook: NotebookNode) -> list[NotebookProblem]:
    """Return recorded numbers outside the band in which the text is true."""
    return [
        _in_cell(number, cell, f"a number is outside its band: {record.against_band()}")
        for number, cell, record in records(notebook)
        if not record.holds
    ]


def pinned_problems(original: NotebookNode, executed: NotebookNode) -> list[NotebookProblem]:
    """Return tagged cells whose outputs differ from the stored ones."""
    problems = []
    for number, (stored, fresh) in enumerate(zip(original.cells, executed.cells, strict=True), 1):
        if is_pinned(stored):
            difference = output_difference(stored.outputs, fresh.outputs)
            if difference:
                said = f"the output is not the stored one: {difference}"
                problems.append(_in_cell(number, fresh, said))
    return problems


def data_problems(notebook: NotebookNode) -> list[NotebookProblem]:
    """Return a problem if no picture or table is on screen early in the lesson."""
    first = [cell for _, cell in code_cells(notebook)][:DATA_BY]
    shown = [kind for cell in first for output in cell.outputs for kind in output.get("data", {})]
    if {"image/png", "image/svg+xml", "text/html"} & set(shown):
        return []
    said = f"none of the first {DATA_BY} code cells shows data as a picture or a table"
    return [NotebookProblem(said)]


def alt_problems(notebook: NotebookNode) -> list[NotebookProblem]:
    """Return figures whose outputs have no alternative text."""
    return [
        _in_cell(
            number,
            cell,
            "a figure has no alternative text. Show it with "
            'plots.show(fig, alt="what is to be seen, in a sentence")',
        )
        for number, cell in code_cells(notebook)
        for output in cell.outputs
        if "image/png" in output.get("data", {})
        and len(output.metadata.get("image/png", {}).get("alt", "")) < ALT_TEXT
    ]


def budget_problems(executed: Executed, budget: Budget) -> list[NotebookProblem]:
    """Return exceeded budgets of time and memory."""
    usage, said = executed.usage, []
    if usage.reference_seconds > budget.seconds:
        said.append(f"it takes {usage.reference_seconds:.0f} s; its budget is {budget.seconds:g} s")
    if usage.peak_mib > budget.mib:
        said.append(f"it needs {usage.peak_mib} MiB of memory; its budget is {budget.mib} MiB")
    return [NotebookProblem(sentence) for sentence in said]


def records(notebook: NotebookNode) -> Iterator[tuple[int, NotebookNode, Record]]:
    """Yield recorded numbers with their cells."""
    for number, cell in code_cells(notebook):
        for output in cell.outputs:
            if MIME in output.get("data", {}):
                fields = dict(output.data[MIME])
                value = fields.pop("value")
                yield number, cell, Record(value=float("nan") if value is None else value, **fields)


def code_cells(notebook: NotebookNode) -> Iterator[tuple[int, NotebookNode]]:
    """Yield code cells with their numbers, counted from 1 over all cells."""
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type == "code":
            yield number, cell


def cell_name(number: int, cell: NotebookNode) -> str:
    """Return a cell's name for people, such as `cell 12 (In [5])`."""
    count = cell.get("execution_count")
    return f"cell {number} (In [{count}])" if count else f"cell {number}"


def failure_text(path: str, notebook: NotebookNode, problems: Sequence[NotebookProblem]) -> str:
    """Return source and output of the cells that have problems, for people to read."""
    named = {problem.cell for problem in problems}
    parts = []
    for number, cell in code_cells(notebook):
        if number in named:
            source = "\n".join(f"    {line}" for line in cell.source.splitlines())
            said = "\n".join(text.rstrip() for text in [*_texts(cell), *_tracebacks(cell)])
            parts.append(f"{path}, {cell_name(number, cell)}\n{source}\n{said[-3000:]}".rstrip())
    return "\n\n".join(parts)


def _in_cell(number: int, cell: NotebookNode, sentence: str) -> NotebookProblem:
    return NotebookProblem(f"{cell_name(number, cell)}: {sentence}", number)


def _is_stub(cell: NotebookNode) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def _texts(cell: NotebookNode) -> list[str]:
    return [
        output.text if output.output_type == "stream" else output.data.get("text/plain", "")
        for output in cell.outputs
        if output.output_type != "error"
    ]


def _looks(cell: NotebookNode) -> list[str]:
    """Return the looks ("right", "blank", …) of the panels that a cell shows."""
    panels = [output.get("metadata", {}).get(PANEL_KEY, {}) for output in cell.outputs]
    return [panel["look"] for panel in panels if panel]


def _tracebacks(cell: NotebookNode) -> list[str]:
    return [
        re.sub(r"\x1b\[[\d;]*m", "", "\n".join(output.traceback))
        for output in cell.outputs
        if output.output_type == "error"
    ]
