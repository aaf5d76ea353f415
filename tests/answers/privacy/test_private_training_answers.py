"""Answers to advanced/08_privacy on training, and to its lesson, and the parts that each loses.

Wrong ones hold something still that the statement leaves open, or mix two conventions of the
field. Right ones are written in ways that no alternative is.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from answer_table import AnswerTable
from conftest import CLONE
from sklearn.linear_model import LogisticRegression

TABLE = AnswerTable(CLONE / "curriculum" / "advanced" / "08_privacy")


# --- Train within a budget ----------------------------------------------------------------------


def noise_for(epsilon, delta, steps):
    rho = 1e-9
    while rho + 2 * math.sqrt(rho * math.log(1 / delta)) < epsilon:
        rho *= 1.01
    return 1.01 * math.sqrt(steps / (2 * rho))


def descended(x, y, x_new, epsilon, delta, *, steps=25, rate=3.0, clip=1.0, noise=1.0, seed=0):
    draw = np.random.default_rng(seed)
    w = np.zeros(x.shape[1])
    sigma = noise * noise_for(epsilon, delta, steps)
    for _ in range(steps):
        g = (1 / (1 + np.exp(-np.clip(x @ w, -30, 30))) - y)[:, None] * x
        g = g / np.maximum(1, np.linalg.norm(g, axis=1, keepdims=True) / clip)
        w -= rate * (g.sum(axis=0) + sigma * clip * draw.normal(size=w.shape)) / len(x)
    return (x_new @ w > 0).astype(int)


@TABLE.answer("private_training")
def without_a_bias(x, y, x_new, epsilon, delta):
    return descended(x, y, x_new, epsilon, delta)


@TABLE.answer("private_training")
def one_noisy_sum(x, y, x_new, epsilon, delta):
    """Rows of length 1, each added with its label's sign: one release, and no descent."""
    units = x / np.linalg.norm(x, axis=1, keepdims=True)
    sigma = noise_for(epsilon, delta, 1)
    noise = sigma * np.random.default_rng(len(x)).normal(size=x.shape[1])
    w = ((2 * y - 1)[:, None] * units).sum(axis=0) + noise
    return (x_new @ w > 0).astype(np.int64)


@TABLE.answer("private_training")
def adam_on_noisy_gradients(x, y, x_new, epsilon, delta):
    steps, rows = 30, torch.tensor(x).float()
    labels = torch.tensor(y).float()
    generator = torch.Generator().manual_seed(len(x))
    w = torch.zeros(x.shape[1], requires_grad=True)
    adam = torch.optim.Adam([w], 0.05)
    sigma = noise_for(epsilon, delta, steps)
    for _ in range(steps):
        g = (torch.sigmoid(rows @ w.detach()) - labels)[:, None] * rows
        g = g / g.norm(dim=1, keepdim=True).clamp(min=1)
        w.grad = (g.sum(dim=0) + sigma * torch.randn(len(w), generator=generator)) / len(x)
        adam.step()
    return (torch.tensor(x_new).float() @ w.detach() > 0).long().numpy()


@TABLE.answer("private_training", loses={"typing errors"})
def with_scikit_learn_and_no_privacy(x, y, x_new, epsilon, delta):
    return LogisticRegression().fit(x, y).predict(x_new)


@TABLE.answer("private_training", loses={"typing errors"})
def the_mean_gradient_is_clipped(x, y, x_new, epsilon, delta):
    w = np.zeros(x.shape[1])
    for _ in range(200):
        g = (1 / (1 + np.exp(-np.clip(x @ w, -30, 30))) - y) @ x / len(x)
        w -= 0.1 * g / max(1.0, np.linalg.norm(g))
    return (x_new @ w > 0).astype(int)


@TABLE.answer("private_training", loses=TABLE.parts("private_training"))
def labels_turned(x, y, x_new, epsilon, delta):
    return 1 - descended(x, y, x_new, epsilon, delta)


@TABLE.answer("private_training", loses=TABLE.parts("private_training"))
def by_one_column(x, y, x_new, epsilon, delta):
    return (x_new[:, 1] > 0).astype(int)


@TABLE.answer("private_training", loses=TABLE.parts("private_training"))
def all_noise(x, y, x_new, epsilon, delta):
    return (x_new @ np.random.default_rng(5).normal(size=26) > 0).astype(int)


@TABLE.answer("private_training", loses=TABLE.parts("private_training"))
def true_and_false(x, y, x_new, epsilon, delta):
    return descended(x, y, x_new, epsilon, delta).astype(bool)


# --- The lesson's small exercises and predictions -----------------------------------------------


@TABLE.answer("estimate_share")
def in_one_line(answers, honesty):
    return float((2 * answers.mean() - 1 + honesty) / (2 * honesty))


@TABLE.answer("estimate_share", loses={"another honesty"})
def for_a_fair_coin_only(answers, honesty):
    return float(2 * answers.mean() - 0.5)


@TABLE.answer("laplace_noise", loses={"another scale"})
def the_scale_forgotten(uniform, scale):
    return -np.sign(uniform) * np.log(1 - 2 * np.abs(uniform))


@TABLE.answer("clip_per_example", loses={"both, and a gradient of zeros"})
def a_zero_gradient_divides_by_zero(gradients, max_norm):
    with np.errstate(all="ignore"):
        norms = np.linalg.norm(gradients, axis=1, keepdims=True)
        return gradients * np.minimum(max_norm, norms) / norms


@TABLE.answer("paillier_add", loses={"two ciphertexts"})
def the_messages_multiplied(first, second, n):
    return pow(first, second, n * n)


TABLE.prediction("predicted_alone", "c", right=True)
TABLE.prediction("predicted_alone", "b", right=False)
TABLE.prediction("predicted_budget", 1, right=True)
TABLE.prediction("predicted_budget", 0.1, right=False)
TABLE.prediction("predicted_leak", "a", right=False)


@pytest.mark.parametrize(("exercise", "given", "lost"), TABLE.rows)
def test_answer_loses_these_parts(exercise, given, lost):
    assert TABLE.lost(exercise, given) == lost
