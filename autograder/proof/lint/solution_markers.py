"""Checks that solutions stand between their markers, in answer cells, and nowhere else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from nbformat import NotebookNode

from autograder.curriculum.source_closure import without_magics
from autograder.proof.lint.notebook_form import Complaint

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
SHORTEST = 20
"""Length of a line below which it may occur in a notebook twice by chance."""

GIVEN = "given-code"
"""Tag of a cell in which part of the code is given on purpose."""


def solution_complaints(name: str, notebook: NotebookNode) -> Iterator[Complaint]:
    """Yield complaints about misplaced markers, and about solution code outside of them."""
    secret: dict[str, int] = {}
    for number, cell in enumerate(notebook.cells, start=1):
        where = f"{name}, cell {number}"
        is_answer = bool(cell.metadata.get("nbgrader", {}).get("solution"))
        marks = re.findall(r"### (BEGIN|END) SOLUTION", cell.source)
        if is_answer and not marks and cell.metadata.nbgrader.get("grade") is False:
            yield Complaint(
                where, "is for an answer and has no solution", f"Add {BEGIN} and {END}."
            )
        if marks and not is_answer:
            yield Complaint(
                where, "has a solution that students would get", 'Set "solution": true.'
            )
        if marks != ["BEGIN", "END"] * (len(marks) // 2):
            yield Complaint(
                where, "has markers that do not pair", f"{BEGIN} … {END}, in this order."
            )
            continue
        for line in _between(cell.source):
            secret.setdefault(line, number)
        if is_answer and cell.cell_type == "code" and GIVEN not in cell.metadata.get("tags", []):
            for line in _slipped_out(cell.source):
                yield Complaint(
                    where,
                    f"has code outside its markers: {line}",
                    f"Move it between them, or tag the cell {GIVEN} if it is given on purpose.",
                )
    for number, cell in enumerate(notebook.cells, start=1):
        for line in {line.strip() for line in _outside(cell.source).splitlines()} & secret.keys():
            yield Complaint(
                f"{name}, cell {number}",
                f"shows a line of the solution of cell {secret[line]}: {line}",
                "Say it in other words.",
            )


def _between(source: str) -> Iterator[str]:
    for part in re.findall(rf"{BEGIN}(.*?){END}", source, re.DOTALL):
        for line in map(str.strip, part.splitlines()):
            if len(line) >= SHORTEST and not line.startswith("#"):
                yield line


def _outside(source: str, stub: str = "") -> str:
    return re.sub(rf"{BEGIN}.*?{END}", stub, source, flags=re.DOTALL)


def _slipped_out(source: str) -> list[str]:
    """Return statements outside the markers that are more than a stub needs."""
    try:
        tree = ast.parse(without_magics(_outside(source, "raise NotImplementedError")))
    except SyntaxError as error:
        return [(error.text or "").strip() or str(error)]
    return [ast.unparse(node).partition("\n")[0] for node in _too_much(tree.body)]


def _too_much(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield from _too_much(node.body)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue  # a docstring
        elif not isinstance(node, (ast.Raise, ast.Import, ast.ImportFrom, ast.Pass)):
            yield node
