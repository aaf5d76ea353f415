"""Answers as learners would write them, taken from the curriculum's own code."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

from nbformat import NotebookNode

from autograder.curriculum.source_closure import reachable_names
from autograder.submissions.cell_marks import mark_of
from lepton_course.authoring.marks import marks_in, names_in, unmarked


def solutions(source: NotebookNode) -> dict[str, str]:
    """Return the text of an assignment's answer cells by grade id, without solution markers."""
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
    """Return the source of a function that a module declares, with everything it needs of its file.

    The function comes last. Returns "" for what has no source of its own: a value, a lambda, a
    function made by another one, or one that reads files beside the module.
    """
    if not inspect.isfunction(function) or function.__qualname__ != function.__name__:
        return ""
    text = Path(inspect.getfile(function)).read_text(encoding="utf-8")
    definitions = _definitions(ast.parse(text), marks_in(function.__globals__))
    if function.__name__ not in definitions:
        return ""
    names = reachable_names(definitions, function.__name__)
    wanted = {id(definitions[name]): definitions[name] for name in names}.values()
    needed = [node for node in wanted if node is not definitions[function.__name__]]
    needed.sort(key=lambda node: node.lineno)
    ordered = [*needed, definitions[function.__name__]]
    if any("__file__" in names_in(node) for node in ordered):
        return ""
    imports = [node for node in ordered if isinstance(node, ast.Import | ast.ImportFrom)]
    others = [node for node in ordered if node not in imports]
    blocks = ["\n".join(ast.unparse(node) for node in imports)] if imports else []
    lines = text.splitlines()
    blocks += ["\n".join(_own_lines(node, lines)) for node in others]
    return "\n\n\n".join(blocks)


def _definitions(module: ast.Module, marks: set[str]) -> dict[str, ast.stmt]:
    """Return every name that the file defines at its top level, with its statement.

    marks: names of the decorators that declare an exercise; they are left out.
    """
    found: dict[str, ast.stmt] = {}
    for node in module.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            if isinstance(node, ast.ImportFrom) and node.module == "__future__":
                continue
            for alias in node.names:
                found[(alias.asname or alias.name).split(".")[0]] = node
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = unmarked(node, marks)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                for name in names_in(target):
                    found[name] = node
    return found


def _own_lines(node: ast.stmt, lines: list[str]) -> list[str]:
    decorators = getattr(node, "decorator_list", [])
    kept = [line for d in decorators for line in lines[d.lineno - 1 : d.end_lineno]]
    return [*kept, *lines[node.lineno - 1 : node.end_lineno]]
