"""What other wrong answers are told: the true reason, a false one, or nothing."""

from __future__ import annotations

import numpy as np

from autograder.proof.exercises import diagnosis_counts
from autograder.proof.exercises.diagnosis_counts import (
    DiagnosisCounts,
    WrongAnswer,
    count_diagnoses,
    known_wrong_answers,
)
from lepton_course.exercises import Call, Case, Exercise, Misconception, close
from lepton_course.exercises.compiled import compile_exercise, observe_all
from lepton_course.exercises.diagnosis import Diagnosis


def slope(x, y):
    return (x * y).sum() / (x * x).sum()


def sum_for_mean(x, y):
    return (x * y).sum()


def swapped(x, y):
    return slope(y, x)


SLOPE = Exercise(
    name="slope", title="Slope", points=0, difficulty=1, minutes=1, reference=slope,
    cases=lambda _rng: [
        Case("unit x", (np.array([1.0, 0.0]), np.array([2.17, 5.61]))),
        Case("any x", (np.array([1.32, -3.09]), np.array([1.71, 4.23]))),
        Case("equal", (np.array([2.43, 3.19]), np.array([2.43, 3.19]))),
    ],
    probe=Call(), compare=close(),
    misconceptions=[Misconception(m.__name__, m, "A sentence.") for m in (sum_for_mean, swapped)],
)  # fmt: skip
QUESTION = compile_exercise(SLOPE)


def test_mistakes_are_told_as_themselves_and_pairs_of_them_are_tried():
    alone, mixed = list(known_wrong_answers(QUESTION))[:2], list(known_wrong_answers(QUESTION))[2:]
    assert count_diagnoses(QUESTION, alone) == DiagnosisCounts(rightly=2)
    assert {answer.mistakes for answer in mixed} == {frozenset(["sum_for_mean", "swapped"])}


def test_one_mistake_shows_where_the_other_does_not():
    mixed = list(known_wrong_answers(QUESTION))[2]
    values = [round(observed.seen["result"], 3) for observed in mixed.observations]
    unit, both, equal = (f(*c.args) for f, c in zip(
        (swapped, sum_for_mean, sum_for_mean), QUESTION.cases, strict=True
    ))  # fmt: skip
    assert values == [round(float(value), 3) for value in (unit, both, equal)]


def test_what_looks_like_a_mistake_on_every_case_is_told_rightly():
    mutant = WrongAnswer(observe_all(SLOPE, lambda x, y: x @ y, QUESTION.cases))
    assert count_diagnoses(QUESTION, [mutant]) == DiagnosisCounts(rightly=1)


def test_a_reason_that_is_not_in_the_answer_is_told_wrongly(monkeypatch):
    other = WrongAnswer(observe_all(SLOPE, lambda x, y: 7.0, QUESTION.cases))
    assert count_diagnoses(QUESTION, [other]) == DiagnosisCounts(silent=1)
    false = Diagnosis(QUESTION.mistakes[1], "some cases", (0,), failing=3)
    monkeypatch.setattr(diagnosis_counts, "diagnose", lambda question, seen: (false,))
    assert count_diagnoses(QUESTION, [other]) == DiagnosisCounts(wrongly=1)
