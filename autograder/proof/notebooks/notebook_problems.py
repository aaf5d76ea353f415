"""Find problems in an executed notebook; pure functions that return sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator

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


def problems_of(executed: Executed, original: NotebookNode, kind: str, budget: Budget) -> list[str]:
    """Return all problems of an executed notebook, the most important first."""
    notebook = executed.notebook
    problems = [executed.stopped] if executed.stopped else []
    problems += error_problems(notebook, kind, executed.scratch)
    if not problems:  # other problems would only follow from these
        problems += verdict_problems(notebook, kind)
        problems += record_problems(notebook)
        problems += pinned_problems(original, notebook)
        if kind == "lesson":
            problems += data_problems(notebook)
        problems += [f"a process still runs at the end: {p}" for p in executed.left_processes]
    if executed.left_files:
        problems.append(f"it wrote outside its folder: {', '.join(executed.left_files)}")
    return problems + budget_problems(executed, budget)


def error_problems(notebook: NotebookNode, kind: str, scratch: str) -> list[str]:
    """Return unexpected errors; in an untouched assignment only stubs must fail."""
    problems = []
    for number, cell in code_cells(notebook):
        for output in cell.outputs:
            if output.output_type != "error":
                continue
            if kind == "student" and _is_stub(cell) and output.ename == "NotImplementedError":
                continue
            problems.append(f"{cell_name(number, cell)} {error_in_words(output, scratch)}")
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


def verdict_problems(notebook: NotebookNode, kind: str) -> list[str]:
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
                f"{cell_name(number, cell)}: check({found[1]!r}) should say {wanted!r} and says "
                f"{said or 'nothing'!r}"
            )
    return problems


def record_problems(notebook: NotebookNode) -> list[str]:
    """Return recorded numbers outside the band in which the text is true."""
    return [
        f"{cell_name(number, cell)}: a number is outside its band: {str(record).split('  <-')[0]}"
        for number, cell, record in records(notebook)
        if not record.holds
    ]


def pinned_problems(original: NotebookNode, executed: NotebookNode) -> list[str]:
    """Return tagged cells whose outputs differ from the stored ones."""
    problems = []
    for number, (stored, fresh) in enumerate(zip(original.cells, executed.cells, strict=True), 1):
        if is_pinned(stored):
            difference = output_difference(stored.outputs, fresh.outputs)
            if difference:
                problems.append(
                    f"{cell_name(number, fresh)}: the output is not the stored one: {difference}"
                )
    return problems


def data_problems(notebook: NotebookNode) -> list[str]:
    """Return a problem if no picture or table is on screen early in the lesson."""
    first = [cell for _, cell in code_cells(notebook)][:DATA_BY]
    shown = [kind for cell in first for output in cell.outputs for kind in output.get("data", {})]
    if {"image/png", "image/svg+xml", "text/html"} & set(shown):
        return []
    return [f"none of the first {DATA_BY} code cells shows data as a picture or a table"]


def alt_problems(notebook: NotebookNode) -> list[str]:
    """Return figures whose outputs have no alternative text."""
    return [
        f"{cell_name(number, cell)}: a figure has no alternative text. Show it with "
        'plots.show(fig, alt="what is to be seen, in a sentence")'
        for number, cell in code_cells(notebook)
        for output in cell.outputs
        if "image/png" in output.get("data", {})
        and len(output.metadata.get("image/png", {}).get("alt", "")) < ALT_TEXT
    ]


def budget_problems(executed: Executed, budget: Budget) -> list[str]:
    """Return exceeded budgets of time and memory."""
    usage, problems = executed.usage, []
    if usage.reference_seconds > budget.seconds:
        problems.append(
            f"it takes {usage.reference_seconds:.0f} s; its budget is {budget.seconds:g} s"
        )
    if usage.peak_mib > budget.mib:
        problems.append(f"it needs {usage.peak_mib} MiB of memory; its budget is {budget.mib} MiB")
    return problems


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


def failure_text(path: str, notebook: NotebookNode, problems: list[str]) -> str:
    """Return source and output of the cells that the problems name, for people to read."""
    named = {int(n) for problem in problems for n in re.findall(r"^cell (\d+)", problem)}
    parts = []
    for number, cell in code_cells(notebook):
        if number in named:
            source = "\n".join(f"    {line}" for line in cell.source.splitlines())
            said = "\n".join(text.rstrip() for text in [*_texts(cell), *_tracebacks(cell)])
            parts.append(f"{path}, {cell_name(number, cell)}\n{source}\n{said[-3000:]}".rstrip())
    return "\n\n".join(parts)


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
