"""Every exercise of the curriculum is certified: see autograder/certify.py."""

import re

import pytest

from autograder.build import CURRICULUM, modules_in
from autograder.certify import certify
from lepton_course.exercises import Call, Case, Exercise, Misconception, close
from lepton_course.exercises.compiled import PUBLIC_SEED
from lepton_course.exercises.load import load_exercises
from lepton_course.syllabus import is_ready, load_syllabus

EXERCISES = [
    pytest.param(exercise, id=f"{folder.name}-{exercise.name}")
    for folder in modules_in(CURRICULUM)
    for exercise in load_exercises(folder / "exercises.py").values()
]


@pytest.mark.parametrize("exercise", EXERCISES)
def test_exercise_is_certified(exercise):
    certificate = certify(exercise, seeds=[PUBLIC_SEED, *"abcd"])
    assert certificate.passed, "\n".join(certificate.problems)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_graded_exercises_know_the_usual_mistakes_and_another_right_way(exercise):
    if exercise.points:
        assert len(exercise.misconceptions) >= 4
        assert len(exercise.alternatives) >= 1
    assert len(exercise.hints) == 3
    assert all(misconception.sentence for misconception in exercise.misconceptions)


def square(x):
    return x**2


def double(x):
    return 2 * x


def twice(x):
    return x + x


def squares(*xs):
    def cases(_rng):
        return [Case("numbers", args=(x,)) for x in xs]

    return cases


def exercise(cases, *mistakes, alternatives=()):
    misconceptions = [Misconception(m.__name__, m, "A sentence.") for m in mistakes]
    return Exercise(
        "square", "Square", 1, 1, 1, square, cases, Call(), close(), misconceptions, alternatives
    )


def test_a_misconception_that_passes_is_found():
    certificate = certify(exercise(squares(0.0, 2.0), double), seeds=["a"])
    assert certificate.problems == ("seed a: misconception 'double' passes",)


def test_two_misconceptions_that_nothing_tells_apart_are_found():
    certificate = certify(exercise(squares(3.0), double, twice), seeds=["a"])
    assert certificate.problems == ("seed a: misconception 'twice' is diagnosed as 'double'",)


def test_a_wrong_alternative_is_found():
    certificate = certify(exercise(squares(3.0), alternatives=[double]), seeds=["a"])
    assert "alternative double fails part 'numbers'" in certificate.problems[0]


def test_a_good_exercise_passes():
    assert certify(exercise(squares(3.0, -1.0), double), seeds=["a", "b"]).passed


READY = [module for module in load_syllabus(CURRICULUM) if is_ready(module, CURRICULUM)]


@pytest.mark.parametrize("module", READY, ids=lambda module: module.id)
def test_the_syllabus_tells_the_minutes_of_an_assignment(module):
    text = (CURRICULUM / module.id / "assignment.ipynb").read_text(encoding="utf-8")
    assert module.minutes[1] == sum(map(int, re.findall(r"· (\d+) minutes ·", text)))
