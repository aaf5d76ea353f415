"""Checks of a notebook's code: one statement a line, and figures shown with alternative text."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode

from autograder.curriculum.source_closure import without_magics
from autograder.proof.lint.notebook_form import Complaint, code

UNDRAWN = {"show", "use_style"}
"""Names in `plots` that draw nothing."""


def code_complaints(path: Path, notebook: NotebookNode) -> Iterator[Complaint]:
    """Yield complaints about a notebook's code cells, skipping cells that are not Python."""
    for number, cell in code(notebook):
        try:
            tree = ast.parse(without_magics(cell.source))
        except SyntaxError:
            continue  # executing the notebook reports it
        where = f"{path.name}, cell {number}"
        yield from _statements(where, tree)
        if path.stem != "assignment" and _draws(tree) and not _calls(tree, "plots", {"show"}):
            yield Complaint(
                where,
                "draws a figure without an alternative text",
                'End it with plots.show(fig, alt="what is to be seen, in a sentence").',
                "alt-text",
            )


def _statements(where: str, tree: ast.Module) -> Iterator[Complaint]:
    lines: set[int] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.stmt):
            continue
        if node.lineno in lines:
            yield Complaint(
                where,
                f"has more than one statement in a line: {ast.unparse(node).partition(chr(10))[0]}",
                "Give it a line of its own.",
                "one-statement",
            )
        lines.add(node.lineno)
        if is_unrelated(node):
            yield Complaint(
                where,
                f"assigns several values at once: {ast.unparse(node)}",
                "Assign one name a line; at once only where a swap needs it.",
                "one-statement",
            )


def is_unrelated(node: ast.stmt) -> bool:
    """Return whether a statement assigns several values at once that could be assigned one by one.

    In a swap, `a, b = b, a`, a value reads the target of another.
    """
    if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Tuple):
        return False
    target, values = node.targets[0], node.value.elts
    if not isinstance(target, ast.Tuple) or len(target.elts) != len(values):
        return False
    names = [ast.unparse(element) for element in target.elts]
    read = [{ast.unparse(n) for n in ast.walk(v) if isinstance(n, ast.expr)} for v in values]
    return not any(
        name in seen for i, name in enumerate(names) for j, seen in enumerate(read) if i != j
    )


def _draws(tree: ast.Module) -> bool:
    drawing = {"subplots", "figure", "subplot_mosaic"}
    return _calls(tree, "plt", drawing) or _calls(tree, "plots", None)


def _calls(tree: ast.Module, module: str, names: set[str] | None) -> bool:
    """Return whether a function of a module is called: one of `names`, or any that draws."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if getattr(node.func.value, "id", "") == module:
            name = node.func.attr
            if name in names if names is not None else name not in UNDRAWN:
                return True
    return False
