"""Find and remove an exercise file's marks: `@pooling.mistake(…)` above a function.

A mark is not part of the function below it; code that runs or shows a function's source leaves
it out.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any, TypeVar

from lepton_course.authoring.builder import ExerciseBuilder, MistakeGroup

Definition = TypeVar("Definition", bound=ast.stmt)


def marks_in(namespace: Mapping[str, Any]) -> set[str]:
    """Return the names with which a file marks its functions: its exercises and groups."""
    kinds = ExerciseBuilder | MistakeGroup
    return {name for name, value in namespace.items() if isinstance(value, kinds)}


def unmarked(definition: Definition, marks: set[str]) -> Definition:
    """Remove the decorators that are marks from a definition, in place, and return it."""
    if isinstance(definition, ast.FunctionDef | ast.ClassDef):
        decorators = definition.decorator_list
        definition.decorator_list = [d for d in decorators if not names_in(d) & marks]
    return definition


def names_in(node: ast.AST) -> set[str]:
    """Return the names that a piece of code mentions."""
    return {child.id for child in ast.walk(node) if isinstance(child, ast.Name)}
