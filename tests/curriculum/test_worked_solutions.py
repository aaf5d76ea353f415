"""Worked solutions: ungraded exercises have one that is right, graded ones never."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conftest import CLONE

from autograder.curriculum.modules import modules_in
from lepton_course.declared_exercises import load_exercises
from lepton_course.exercises import Call, Case, Exercise, Value, close
from lepton_course.exercises.compiled import (
    compile_exercise,
    load_questions,
    question_from_tree,
    question_to_tree,
    save_questions,
)

MODULES = list(modules_in(CLONE / "curriculum"))


def halve(x):
    """Half of it."""
    return np.divide(x, 2)


WRITTEN = "def halve(x):\n    return x / 2"
ASKED = Exercise(
    "halve", "Halve it", 0, 1, 1, halve, lambda rng: [Case("a", (4.0,))], Call(), close(),
    hints=("Look.", "Divide.", WRITTEN),
)  # fmt: skip


def test_the_last_hint_is_the_solution_where_it_is_whole_and_right(tmp_path):
    question = compile_exercise(ASKED)
    assert question.solution == WRITTEN
    save_questions(tmp_path / "checks.npz", [question])
    assert load_questions(tmp_path / "checks.npz")["halve"].solution == WRITTEN


@pytest.mark.parametrize(
    "hint",
    ["Divide by two.", "def halve(x):\n    …", "def halve(x):\n    return x / 3", "halve = 1"],
)
def test_else_it_is_the_reference(hint):
    solution = compile_exercise(replace(ASKED, hints=("a", "b", hint))).solution
    assert solution.startswith("def halve(x):") and "np.divide(x, 2)" in solution


def test_graded_exercises_and_predictions_have_none():
    assert compile_exercise(replace(ASKED, points=1)).solution == ""
    predicted = replace(ASKED, reference=4, cases=lambda rng: [Case("a")], probe=Value())
    assert compile_exercise(predicted).solution == ""


def test_checks_that_were_compiled_before_there_were_solutions_are_read():
    tree = question_to_tree(compile_exercise(ASKED))
    del tree["solution"]
    assert question_from_tree(tree).solution == ""


@pytest.mark.parametrize("module", MODULES, ids=lambda folder: folder.name)
def test_every_ungraded_exercise_of_the_course_has_a_worked_solution(module):
    questions = [
        compile_exercise(exercise)
        for exercise in load_exercises(module).values()
        if not exercise.points and not isinstance(exercise.probe, Value)
    ]
    assert [question.name for question in questions if not question.solution] == []
