"""Answers written as text, in which `right` is the exercise's reference, and their verdicts."""

from __future__ import annotations

import functools
import textwrap
from pathlib import Path

import numpy as np
import torch

from lepton_course.declared_exercises import load_exercises
from lepton_course.exercises.compiled import compile_exercise, observe_all
from lepton_course.exercises.judge import Verdict, judge


def verdict(module: Path, answer: str, code: str) -> Verdict:
    """Judge an answer's code. answer: the exercise's name, a comma, and what is told of it."""
    name = answer.partition(",")[0]
    exercise, question = asked(module, name)
    names = {"np": np, "torch": torch, "right": exercise.reference}
    exec(textwrap.dedent(code), names)
    return judge(question, observe_all(exercise, names[name], question.cases))


@functools.cache
def asked(module: Path, name: str):
    """Return an exercise and its compiled question."""
    exercise = _declared(module)[name]
    return exercise, compile_exercise(exercise)


@functools.cache
def _declared(module: Path):
    return load_exercises(module)
