"""Check that a module's exercises reach held-out rows through `held_out(…)` alone.

A case generator that opens the file itself could ask learners and graders about the same rows.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from autograder.proof.lint.notebook_form import Complaint

_FILE = re.compile(r"held_out[^\s/]*\.\w+|held_out")


def held_out_complaints(folder: Path) -> Iterator[Complaint]:
    """Yield each place in a module's `exercises` that names a held-out file elsewhere."""
    for path in sorted((folder / "exercises").rglob("*.py")):
        for line in lines_that_open(path.read_text(encoding="utf-8")):
            yield Complaint(
                f"exercises/{path.name}",
                f"opens held-out rows by itself (line {line})",
                "Declare `held_out=held_out(path, data set)`, and draw cases from the rows that "
                "`cases(rng, rows)` gets.",
            )


def lines_that_open(source: str) -> list[int]:
    """Return the lines that use the path of a held-out file outside a call of `held_out(…)`."""
    tree = ast.parse(source)
    assigned = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
    ]
    paths = {
        name.id
        for node in assigned
        if any(map(_names_file, ast.walk(node.value)))
        if not any(_declares(part) for part in ast.walk(node.value))
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        for name in ast.walk(target)
        if isinstance(name, ast.Name)
    }
    declared = {id(part) for node in ast.walk(tree) if _declares(node) for part in ast.walk(node)}
    kept = {id(part) for node in assigned if _is_path(node, paths) for part in ast.walk(node)}
    return sorted(
        {
            node.lineno
            for node in ast.walk(tree)
            if id(node) not in declared and id(node) not in kept
            if _names_file(node) or isinstance(node, ast.Name) and node.id in paths
        }
    )


def _is_path(node: ast.Assign | ast.AnnAssign, paths: set[str]) -> bool:
    """Return whether an assignment only gives a name to the path of a held-out file."""
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    calls = [part for part in ast.walk(node.value) if isinstance(part, ast.Call)]
    only_paths = all(isinstance(c.func, ast.Name) and c.func.id == "Path" for c in calls)
    return isinstance(target, ast.Name) and target.id in paths and only_paths


def _declares(node: ast.AST) -> bool:
    """Return whether a node is a call `held_out(…)`."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "held_out"
    )


def _names_file(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and bool(_FILE.fullmatch(node.value))
    )
