"""The held-out traces of basics/03_neural_networks: how hard they are, and what falls short."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import CLONE

from lepton_course import load_dataset
from lepton_course.declared_exercises import load_exercises
from lepton_course.exercises.compiled import compile_exercise, observe_all
from lepton_course.exercises.judge import judge

CLASSIFY = load_exercises(CLONE / "curriculum" / "basics" / "03_neural_networks")["classify"]
ALL_KINDS = "all ten kinds"


def nearest_neighbours(traces, count=5):
    train = load_dataset("mnist1d").train
    squares = (traces**2).sum(axis=1)[:, None] - 2 * traces @ train.traces.T
    distances = squares + (train.traces**2).sum(axis=1)
    closest = np.argpartition(distances, count, axis=1)[:, :count]
    votes = (train.labels[closest][:, :, None] == np.arange(10)).sum(axis=1)
    return votes.argmax(axis=1)


def least_squares(traces):
    train = load_dataset("mnist1d").train
    weight = np.linalg.lstsq(train.traces, np.eye(10)[train.labels], rcond=None)[0]
    return (traces @ weight).argmax(axis=1)


def lost(answer, seed):
    question = compile_exercise(CLASSIFY, seed)
    verdict = judge(question, observe_all(CLASSIFY, answer, question.cases))
    return {part.part for part in verdict.parts if not part.passed}


def accuracy(answer, *, public):
    rows = CLASSIFY.held_out.rows(public=public)
    return (answer(rows.traces) == rows.labels).mean()


@pytest.mark.parametrize("seed", ["class a", "class b"])
def test_what_needs_no_network_is_not_enough(seed):
    assert ALL_KINDS in lost(nearest_neighbours, seed)
    assert ALL_KINDS in lost(least_squares, seed)
    assert lost(CLASSIFY.reference, seed) == set()


@pytest.mark.parametrize("answer", [CLASSIFY.reference, nearest_neighbours])
def test_check_and_judge_have_traces_that_are_equally_hard(answer):
    assert accuracy(answer, public=True) == pytest.approx(accuracy(answer, public=False), abs=0.01)
