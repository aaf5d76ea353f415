"""Answers as learners would write them, taken from the curriculum's own code."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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
    reference = getattr(function, "relative_to", None)
    if reference is None:
        return _source_of([function])
    change = inspect.unwrap(function)
    source = _source_of([reference, change])
    call = _RELATIVE.format(reference=reference.__name__, change=change.__name__)
    return f"{source}\n\n\n{call}" if source else ""


_RELATIVE = """\
def mistaken(*args, **kwargs):
    import inspect
    import types

    signature = inspect.signature({reference})
    given = signature.bind(*args, **kwargs)
    given.apply_defaults()

    right = lambda **changes: {reference}(**{{**given.arguments, **changes}})
    return {change}(right, types.SimpleNamespace(**given.arguments))"""
"""A mistake that is written relative to the reference, as a function by itself."""


def _source_of(functions: Sequence[Any]) -> str:
    """Return the source of functions of one file, with all that they need of it; they come last."""
    if not inspect.isfunction(functions[-1]) or not all(map(_is_declared, functions)):
        return ""
    text = Path(inspect.getfile(functions[-1])).read_text(encoding="utf-8")
    definitions = _definitions(ast.parse(text), marks_in(functions[-1].__globals__))
    last = [function.__name__ for function in functions]
    if not definitions.keys() >= set(last):
        return ""
    names = set().union(*(reachable_names(definitions, name) for name in last))
    wanted = {id(definitions[name]): definitions[name] for name in names}.values()
    ends = [definitions[name] for name in last]
    needed = sorted((node for node in wanted if node not in ends), key=lambda node: node.lineno)
    ordered = [*needed, *ends]
    if any("__file__" in names_in(node) for node in ordered):
        return ""
    imports = [node for node in ordered if isinstance(node, ast.Import | ast.ImportFrom)]
    others = [node for node in ordered if node not in imports]
    blocks = ["\n".join(ast.unparse(node) for node in imports)] if imports else []
    lines = text.splitlines()
    blocks += ["\n".join(_own_lines(node, lines)) for node in others]
    return "\n\n\n".join(blocks)


def _is_declared(answer: Any) -> bool:
    """Return whether an answer is a function or a class at the top level of its file."""
    kinds = inspect.isfunction(answer) or inspect.isclass(answer)
    return kinds and answer.__qualname__ == answer.__name__


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
