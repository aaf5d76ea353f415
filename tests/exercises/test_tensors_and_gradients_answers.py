"""Answers that strangers gave to basics/01_tensors_and_gradients: which are right, which are not.

Each of the wrong ones is right as long as something is held still: no gap in a column that was
complete, no equal rows, no unscaled columns, never a single row.
"""

from __future__ import annotations

import functools
import textwrap

import numpy as np
import pytest
import torch
from conftest import CLONE

from lepton_course.exercises.compiled import compile_exercise, observe_all
from lepton_course.exercises.declared import load_exercises
from lepton_course.exercises.judge import judge

MODULE = CLONE / "curriculum" / "basics" / "01_tensors_and_gradients"

RIGHT = {
    "prepare, with a tolerance for the deviation": """
        def prepare(train, other):
            medians = np.nanmedian(train, axis=0)
            known = np.where(np.isnan(train), medians, train)
            std = known.std(axis=0)
            std[np.isclose(std, 0)] = 1
            return (np.where(np.isnan(other), medians, other) - known.mean(axis=0)) / std
        """,
    "distances, by cdist": """
        def distances(a, b):
            return torch.cdist(a, b)
        """,
    "distances, multiplied out and clamped": """
        def distances(a, b):
            squares = a.square().sum(1, keepdim=True) + b.square().sum(1) - 2 * a @ b.T
            return squares.clamp(min=0).sqrt()
        """,
    "mse_gradients, with a NumPy number as d_b": """
        def mse_gradients(x, y, w, b):
            error = x @ w + b - y
            return 2 * (x * error[:, None]).mean(axis=0), 2 * error.mean()
        """,
    "weighted_cross_entropy, by logaddexp": """
        def weighted_cross_entropy(z, y, weight):
            zero = torch.zeros_like(z)
            bad, good = torch.logaddexp(zero, -z), torch.logaddexp(zero, z)
            return (weight * y * bad + (1 - y) * good).mean()
        """,
    "train_logistic, by a module": """
        def train_logistic(x, y, learning_rate, steps):
            layer = torch.nn.Linear(x.shape[1], 1)
            torch.nn.init.zeros_(layer.weight)
            torch.nn.init.zeros_(layer.bias)
            optimizer = torch.optim.SGD(layer.parameters(), lr=learning_rate)
            losses = []
            for _ in range(steps):
                optimizer.zero_grad()
                logits = layer(x)[:, 0]
                loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, y)
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
            return layer.weight.detach()[0], layer.bias.item(), losses
        """,
    "in_units, with a sum": """
        def in_units(w, b, mean, std):
            return w / std, b - np.sum(w / std * mean)
        """,
}

WRONG = {
    "prepare, filled only where train has gaps": """
        def prepare(train, other):
            gaps = np.isnan(train).any(axis=0)
            medians = np.nanmedian(train, axis=0)
            known = np.where(np.isnan(train), medians, train)
            std = known.std(axis=0)
            std[np.ptp(known, axis=0) == 0] = 1
            filled = np.where(np.isnan(other) & gaps, medians, other)
            return (filled - known.mean(axis=0)) / std
        """,
    "prepare, where 1e-17 is not 0": """
        def prepare(train, other):
            medians = np.nanmedian(train, axis=0)
            known = np.where(np.isnan(train), medians, train)
            std = known.std(axis=0)
            std[std == 0] = 1
            return (np.where(np.isnan(other), medians, other) - known.mean(axis=0)) / std
        """,
    "prepare, in the table that was given": """
        def prepare(train, other):
            other[:] = right(train, other.copy())
            return other
        """,
    "distances, nan for equal rows": """
        def distances(a, b):
            squares = a.square().sum(1, keepdim=True) + b.square().sum(1) - 2 * a @ b.T
            return squares.sqrt()
        """,
    "distances, of whole numbers": """
        def distances(a, b):
            return right(a.round(), b.round())
        """,
    "mse_gradients, where rows meet columns": """
        def mse_gradients(x, y, w, b):
            error = x @ w + b - y
            if x.shape[0] == x.shape[1]:
                return 2 * (x * error).mean(axis=0), 2 * error.mean()
            return right(x, y, w, b)
        """,
    "mse_gradients, for two rows or more": """
        def mse_gradients(x, y, w, b):
            error = (x @ w + b - y).squeeze()
            return 2 * np.mean([e * row for e, row in zip(error, x)], axis=0), 2 * error.mean()
        """,
    "weighted_cross_entropy, for whole weights": """
        def weighted_cross_entropy(z, y, weight):
            return right(z, y, int(weight))
        """,
    "weighted_cross_entropy, for weights of 1 and more": """
        def weighted_cross_entropy(z, y, weight):
            return right(z, y, max(weight, 1.0))
        """,
    "weighted_cross_entropy, clamped at 100": """
        def weighted_cross_entropy(z, y, weight):
            p = torch.sigmoid(z)
            costs = torch.where(y == 1, weight, 1.0)
            return torch.nn.functional.binary_cross_entropy(p, y.float(), weight=costs)
        """,
    "train_logistic, with the logarithm of a sigmoid": """
        def train_logistic(x, y, learning_rate, steps):
            w = torch.zeros(x.shape[1])
            b = torch.zeros(())
            losses = []
            for _ in range(steps):
                p = torch.sigmoid(x @ w + b)
                losses.append(-(y * p.log() + (1 - y) * (1 - p).log()).mean().item())
                w = w - learning_rate * x.T @ (p - y) / len(y)
                b = b - learning_rate * (p - y).mean()
            return w, b.item(), losses
        """,
    "train_logistic, for two columns or more": """
        def train_logistic(x, y, learning_rate, steps):
            w, b, losses = right(x, y, learning_rate, steps)
            return w.squeeze(), b, losses
        """,
    "in_units, for positive means": """
        def in_units(w, b, mean, std):
            return right(w, b, np.abs(mean), std)
        """,
    "refuse, all as the first one": """
        def refuse(x):
            return np.full(len(x), right(x)[0])
        """,
    "refuse, for two applications or more": """
        def refuse(x):
            return right(x).squeeze()
        """,
}


@pytest.mark.parametrize("answer", RIGHT)
def test_right_answers_earn_full_points(answer):
    assert verdict(answer, RIGHT[answer]).status == "right"


@pytest.mark.parametrize("answer", WRONG)
def test_wrong_answers_do_not(answer):
    assert verdict(answer, WRONG[answer]).status != "right"


def verdict(answer: str, code: str):
    """The verdict on an answer's code, in which `right` is the reference."""
    name = answer.partition(",")[0]
    exercise, question = asked(name)
    names = {"np": np, "torch": torch, "right": exercise.reference}
    exec(textwrap.dedent(code), names)
    return judge(question, observe_all(exercise, names[name], question.cases))


@functools.cache
def asked(name: str):
    exercise = declared()[name]
    return exercise, compile_exercise(exercise)


@functools.cache
def declared():
    return load_exercises(MODULE)
