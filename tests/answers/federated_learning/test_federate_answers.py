"""Answers to `federate` of advanced/03_federated_learning, and the parts that each loses.

Right ones are written in ways that no alternative is; wrong ones are right in some situations.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from answer_table import AnswerTable
from conftest import CLONE
from torch.nn import functional

TABLE = AnswerTable(CLONE / "curriculum" / "advanced" / "03_federated_learning")

ONE, SHARED, HARDLY = "one speaker on each phone", "shared phones", "speakers hardly heard"


def scaled_by_all(x, secure_sum):
    """Mean and deviation of all recordings, from one message of sums and sums of squares."""
    sums = secure_sum(np.concatenate([[len(x)], x.sum(axis=0), (x**2).sum(axis=0)]))
    mean = sums[1:37] / sums[0]
    return mean, np.sqrt(sums[37:] / sums[0] - mean**2)


def averaged(recordings, x_new, secure_sum, *, rounds=40, steps=3, share="speaker", scale=None):
    """Federated averaging of a torch layer; share: what a recording counts for."""
    x, y = recordings
    mean, deviation = (scale or scaled_by_all)(x, secure_sum)
    heard = secure_sum(np.bincount(y, minlength=9) * 1.0)
    counts = torch.tensor(1 / np.maximum(heard, 1) if share == "speaker" else np.ones(9))
    rows, labels = torch.tensor((x - mean) / deviation), torch.tensor(y)
    weight, mine = torch.zeros(37, 9, dtype=torch.float64), float(counts[labels].sum())
    for _ in range(rounds):
        own = weight.clone().requires_grad_()
        for _ in range(steps if len(y) else 0):
            logits = rows @ own[:36] + own[36]
            (slope,) = torch.autograd.grad(functional.cross_entropy(logits, labels, counts), own)
            own = (own - 0.5 * slope).detach().requires_grad_()
        total = secure_sum(np.append(mine * own.detach().numpy(), mine))
        weight = torch.tensor(total[:-1] / total[-1]).reshape(37, 9)
    logits = torch.tensor((x_new - mean) / deviation) @ weight[:36] + weight[36]
    return logits.argmax(dim=1).numpy()


@TABLE.answer("federate")
def three_steps_on_each_phone(*args):
    return averaged(*args)


@TABLE.answer("federate")
def gradients_by_autograd(*args):
    return averaged(*args, rounds=80, steps=1)


@TABLE.answer("federate")
def second_moments(recordings, x_new, secure_sum):
    """Linear discriminant analysis from sums: means, and one covariance row by row."""
    x, y = recordings
    one_hot = np.eye(9)[y]
    heard = np.maximum(secure_sum(one_hot.sum(axis=0)), 1)
    means = secure_sum(one_hot.T @ x) / heard[:, None]
    away = (x - means[y]) / np.sqrt(heard[y])[:, None]
    spread = np.array([secure_sum(away.T[i] @ away) for i in range(36)]) / 9
    inverse = np.linalg.inv(spread + 0.3 * np.diag(np.diag(spread)))
    return (x_new @ inverse @ means.T - 0.5 * np.sum(means @ inverse * means, axis=1)).argmax(1)


@TABLE.answer("federate", loses={HARDLY})
def recordings_count_alike(*args):
    return averaged(*args, share="recording")


@TABLE.answer("federate", loses={ONE, SHARED, HARDLY})
def scaled_on_each_phone(*args):
    def alone(x, secure_sum):
        return scaled_by_all(x, lambda values: values) if len(x) else scaled_by_nobody(x, None)

    return averaged(*args, scale=alone)


def scaled_by_nobody(x, secure_sum):
    return np.zeros(36), np.ones(36)


@TABLE.answer("federate", loses={ONE, SHARED, HARDLY})
def averaged_once_at_the_end(*args):
    return averaged(*args, rounds=1, steps=400, share="recording", scale=scaled_by_nobody)


@TABLE.answer("federate", loses={SHARED})
def a_phone_without_recordings_is_not_expected(recordings, x_new, secure_sum):
    x = recordings[0]
    if len(x) == 0:
        raise ValueError("no recordings")
    return averaged(recordings, x_new, secure_sum)


@TABLE.answer("federate", loses={ONE, SHARED, HARDLY})
def by_itself(recordings, x_new, secure_sum):
    def silent(values):
        return np.array(values, dtype=float)

    if len(recordings[0]) == 0:
        return np.zeros(len(x_new), dtype=int)
    return averaged(recordings, x_new, silent)


@TABLE.answer("federate", loses={ONE, SHARED, HARDLY})
def the_name_of_the_phone(recordings, x_new, secure_sum):
    return np.full(len(x_new), recordings[1][0] if len(recordings[1]) else 0)


@TABLE.answer("federate", loses={ONE, SHARED, HARDLY})
def all_recordings_in_one_message(recordings, x_new, secure_sum):
    everything = secure_sum(np.resize(recordings[0], (270, 36)))
    return np.zeros(len(everything[: len(x_new)]), dtype=int)


@TABLE.answer("federate", loses={ONE, SHARED, HARDLY})
def logits_in_place_of_labels(recordings, x_new, secure_sum):
    return np.eye(9)[averaged(recordings, x_new, secure_sum)]


@pytest.mark.parametrize(("exercise", "given", "lost"), TABLE.rows)
def test_answer_loses_these_parts(exercise, given, lost):
    assert TABLE.lost(exercise, given) == lost
