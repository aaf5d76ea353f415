"""The worked solution of an ungraded exercise, which learners may see; graded ones have none."""

from __future__ import annotations

import ast
import inspect
import textwrap
from typing import Any

import numpy as np

from lepton_course.exercises.judge import judge
from lepton_course.exercises.model import Exercise, Question
from lepton_course.exercises.probes import Value


def worked_solution(exercise: Exercise, question: Question) -> str:
    """Return the solution of an ungraded exercise as code that stands alone; "" without one.

    question: the exercise as compiled, whose cases the solution must solve.

    It is the last hint where that is whole code, else the reference. A graded exercise and a
    prediction have none: their last hint says the way in words.
    """
    if exercise.points or isinstance(exercise.probe, Value):
        return ""
    texts = [*exercise.hints[-1:], _source(exercise.reference)]
    return next((text for text in texts if _solves(question, text)), "")


def run_solution(code: str, name: str) -> Any:
    """Return what a worked solution defines under `name`, run where only NumPy and torch are."""
    names: dict[str, Any] = {"np": np}
    if "torch" in code or "nn." in code:
        import torch

        names |= {"torch": torch, "nn": torch.nn}
    exec(compile(code, f"<solution of {name}>", "exec"), names)
    return names[name]


def _solves(question: Question, code: str) -> bool:
    """Return whether a text is code that answers all cases of a question rightly."""
    if not _defines(code, question.name):
        return False
    try:
        answer = run_solution(code, question.name)
    except Exception:  # it needs more than stands in it
        return False
    seen = [question.probe.observe(answer, case) for case in question.cases]
    return judge(question, seen).passed


def _defines(code: str, name: str) -> bool:
    """Return whether a text is Python that defines `name` as a function or class."""
    try:
        body = ast.parse(code).body
    except SyntaxError:
        return False
    kinds = (ast.FunctionDef, ast.ClassDef)
    return any(isinstance(node, kinds) and node.name == name for node in body)


def _source(reference: Any) -> str:
    """Return the source of a function or class without its decorators; "" when there is none."""
    try:
        source = textwrap.dedent(inspect.getsource(reference))
    except (OSError, TypeError):
        return ""
    first = ast.parse(source).body[0]
    return "\n".join(source.splitlines()[first.lineno - 1 :]).strip()
