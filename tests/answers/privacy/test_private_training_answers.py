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

TABLE = AnswerTable(CLONE / "curriculum" / "advanced" / "08_privacy")


# --- Train within a budget ----------------------------------------------------------------------


def noise_for(epsilon, delta, steps):
    rho = 1e-12
    while rho + 2 * math.sqrt(rho * math.log(1 / delta)) < epsilon:
        rho *= 1.01
    return math.sqrt(steps / (2 * rho))


def descended(x, y, x_new, epsilon, delta, noise, *, rate=3.0, factor=1.0, sigma=None):
    """The last weights' labels; `factor` times the noise, or `sigma`."""
    rows = np.insert(x, 26, 1.0, axis=1)
    w = np.zeros(27)
    sigma = factor * noise_for(epsilon, delta, len(noise)) if sigma is None else sigma
    for drawn in noise:
        g = (1 / (1 + np.exp(-np.clip(rows @ w, -30, 30))) - y)[:, None] * rows
        g = g / np.maximum(1, np.linalg.norm(g, axis=1, keepdims=True))
        w -= rate * (g.sum(axis=0) + sigma * drawn) / len(x)
    return (x_new @ w[:26] > -w[26]).astype(int)


ACCURATE = {"1200 applications", "500 applications", "typing errors"}
AMOUNT = {"the amount of noise"}


@TABLE.answer("private_training")
def the_last_weights(*args):
    return descended(*args)


@TABLE.answer("private_training")
def with_small_steps(*args):
    return descended(*args, rate=0.5)


@TABLE.answer("private_training")
def with_momentum_in_torch(x, y, x_new, epsilon, delta, noise):
    rows = torch.tensor(np.insert(x, 26, 1.0, axis=1)).float()
    labels = torch.tensor(y).float()
    w = torch.zeros(27, requires_grad=True)
    sgd = torch.optim.SGD([w], 0.3, momentum=0.9)
    sigma = noise_for(epsilon, delta, len(noise))
    for drawn in torch.tensor(noise).float():
        g = (torch.sigmoid(rows @ w.detach()) - labels)[:, None] * rows
        g = g / g.norm(dim=1, keepdim=True).clamp(min=1)
        w.grad = (g.sum(dim=0) + sigma * drawn) / len(x)
        sgd.step()
    bias = w.detach()[26]
    return (torch.tensor(x_new).float() @ w.detach()[:26] > -bias).long().numpy()


# Each of these spends more than it may, and predicts well.


@TABLE.answer("private_training", loses=AMOUNT)
def the_noise_of_one_step(x, y, x_new, epsilon, delta, noise):
    return descended(x, y, x_new, epsilon, delta, noise, sigma=noise_for(epsilon, delta, 1))


@TABLE.answer("private_training", loses=AMOUNT)
def steps_in_the_denominator(x, y, x_new, epsilon, delta, noise):
    """sqrt(2 / T) in place of sqrt(T / 2): rho is T²/4 times too large."""
    return descended(x, y, x_new, epsilon, delta, noise, factor=2 / len(noise))


@TABLE.answer("private_training", loses=AMOUNT)
def no_noise_where_epsilon_is_large(x, y, x_new, epsilon, delta, noise):
    return descended(x, y, x_new, epsilon, delta, noise, factor=float(epsilon <= 0.01))


@TABLE.answer("private_training", loses=AMOUNT)
def noise_of_one_over_epsilon(x, y, x_new, epsilon, delta, noise):
    return descended(x, y, x_new, epsilon, delta, noise, sigma=1 / epsilon)


@TABLE.answer("private_training", loses=AMOUNT)
def half_of_the_noise(*args):
    return descended(*args, factor=0.5)


@TABLE.answer("private_training", loses=AMOUNT)
def noise_in_every_eighth_step(x, y, x_new, epsilon, delta, noise):
    rare = np.where(np.arange(len(noise))[:, None] % 8 == 7, noise, 0.0)
    return descended(x, y, x_new, epsilon, delta, rare)


@TABLE.answer("private_training", loses=AMOUNT)
def clipped_to_two_with_noise_for_one(x, y, x_new, epsilon, delta, noise):
    sigma = noise_for(epsilon, delta, len(noise))
    w = np.zeros(27)
    rows = np.column_stack([x, np.ones(len(x))])
    for drawn in noise:
        g = (1 / (1 + np.exp(-np.clip(rows @ w, -30, 30))) - y)[:, None] * rows
        g = g / np.maximum(1, np.linalg.norm(g, axis=1, keepdims=True) / 2)
        w = w - (g.sum(axis=0) + sigma * drawn) / len(x)
    return (np.column_stack([x_new, np.ones(len(x_new))]) @ w > 0).astype(int)


@TABLE.answer("private_training", loses=AMOUNT)
def without_a_bias(x, y, x_new, epsilon, delta, noise):
    w = np.zeros(26)
    sigma = noise_for(epsilon, delta, len(noise))
    for drawn in noise[:, :26]:
        g = (1 / (1 + np.exp(-np.clip(x @ w, -30, 30))) - y)[:, None] * x
        g = g / np.maximum(1, np.linalg.norm(g, axis=1, keepdims=True))
        w -= 2 * (g.sum(axis=0) + sigma * drawn) / len(x)
    return (x_new @ w > 0).astype(int)


@TABLE.answer("private_training", loses=AMOUNT)
def the_better_of_two_steps_on_the_training_rows(x, y, x_new, epsilon, delta, noise):
    sigma = noise_for(epsilon, delta, len(noise))
    both = [
        descended(x, y, np.vstack([x, x_new]), epsilon, delta, noise[:steps], sigma=sigma)
        for steps in (1, len(noise))
    ]
    best = max(both, key=lambda labels: np.mean(labels[: len(x)] == y))
    return best[len(x) :]


@TABLE.answer("private_training", loses=AMOUNT)
def always_at_one_delta(x, y, x_new, epsilon, delta, noise):
    return descended(x, y, x_new, epsilon, 1e-4, noise)


@TABLE.answer("private_training", loses=AMOUNT)
def twice_the_noise(*args):
    return descended(*args, factor=2.0)


@TABLE.answer("private_training", loses=AMOUNT | {"typing errors"})
def the_mean_gradient_is_clipped(x, y, x_new, epsilon, delta, noise):
    w = np.zeros(x.shape[1])
    for _ in range(200):
        g = (1 / (1 + np.exp(-np.clip(x @ w, -30, 30))) - y) @ x / len(x)
        w -= 0.1 * g / max(1.0, np.linalg.norm(g))
    return (x_new @ w > 0).astype(int)


@TABLE.answer("private_training", loses=AMOUNT)
def mistyped_rows_left_out_and_no_noise(x, y, x_new, epsilon, delta, noise):
    fine = np.abs(x).max(axis=1) < 100
    line = x[fine & (y == 1)].mean(axis=0) - x[fine & (y == 0)].mean(axis=0)
    return (x_new @ line > 0).astype(int)


@TABLE.answer("private_training", loses=TABLE.parts("private_training"))
def noise_and_no_data(x, y, x_new, epsilon, delta, noise):
    return (x_new @ -noise[0, :26] > 0).astype(int)


@TABLE.answer("private_training", loses=TABLE.parts("private_training"))
def labels_turned(*args):
    return 1 - descended(*args)


@TABLE.answer("private_training", loses=TABLE.parts("private_training"))
def true_and_false(*args):
    return descended(*args).astype(bool)


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
