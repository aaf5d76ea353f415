"""Answers as learners would write them, made from the curriculum's own code."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

from nbformat import NotebookNode

from autograder.curriculum.source_closure import reachable_names
from autograder.submissions.cell_marks import mark_of


def solutions(source: NotebookNode) -> dict[str, str]:
    """The text of each answer cell of an assignment's source, by grade id, without the marks."""
    answers = {}
    for cell in source.cells:
        mark = mark_of(cell)
        if mark.solution:
            lines = cell.source.splitlines()
            kept = [line for line in lines if line.strip() not in _SOLUTION_MARKS]
            answers[mark.grade_id] = "\n".join(kept)
    return answers


_SOLUTION_MARKS = ("### BEGIN SOLUTION", "### END SOLUTION")


def standalone_source(function: object) -> str:
    """The source of a function that a module declares, with all that it needs of its file.

    The function comes last. Returns "" for what has no source of its own: a value, a lambda, a
    function that another one made, or one that reads files beside the module.
    """
    if not inspect.isfunction(function) or function.__qualname__ != function.__name__:
        return ""
    text = Path(inspect.getfile(function)).read_text(encoding="utf-8")
    definitions = _definitions(ast.parse(text))
    if function.__name__ not in definitions:
        return ""
    names = reachable_names(definitions, function.__name__)
    wanted = {id(definitions[name]): definitions[name] for name in names}.values()
    needed = [node for node in wanted if node is not definitions[function.__name__]]
    needed.sort(key=lambda node: node.lineno)
    ordered = [*needed, definitions[function.__name__]]
    if any("__file__" in _names(node) for node in ordered):
        return ""
    imports = [node for node in ordered if isinstance(node, ast.Import | ast.ImportFrom)]
    others = [node for node in ordered if node not in imports]
    blocks = ["\n".join(ast.unparse(node) for node in imports)] if imports else []
    lines = text.splitlines()
    blocks += ["\n".join(lines[_first_line(node) - 1 : node.end_lineno]) for node in others]
    return "\n\n\n".join(blocks)


def _definitions(module: ast.Module) -> dict[str, ast.stmt]:
    """Every name that the file defines at its top level, with its statement."""
    found: dict[str, ast.stmt] = {}
    for node in module.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            if isinstance(node, ast.ImportFrom) and node.module == "__future__":
                continue
            for alias in node.names:
                found[(alias.asname or alias.name).split(".")[0]] = node
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                for name in _names(target):
                    found[name] = node
    return found


def _first_line(node: ast.stmt) -> int:
    return min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])


def _names(node: ast.AST) -> set[str]:
    return {child.id for child in ast.walk(node) if isinstance(child, ast.Name)}
