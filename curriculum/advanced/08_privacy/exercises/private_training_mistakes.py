"""More mistakes in `private_training`, which is declared beside."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import expit

from .private_training import _descended, _extended, _labels, _multiplier, training


def _clipped(slopes):
    """Gradients (N, 27) of norm at most 1 each."""
    return slopes / np.maximum(1.0, np.linalg.norm(slopes, axis=1, keepdims=True))


def _steps(x, y, noise, total=lambda slopes: _clipped(slopes).sum(axis=0), sigmoid=expit):
    """Weights (T, 27) after each step, with another way to add gradients (N, 27) up."""
    rows = _extended(x)
    weights = [np.zeros(27)]
    for drawn in noise:
        slopes = (sigmoid(rows @ weights[-1]) - y)[:, None] * rows
        weights.append(weights[-1] - 2.0 * (total(slopes) + drawn) / len(x))
    return np.array(weights[1:])


def _with_total(total):
    """Training with another way to add the gradients (N, 27) of all rows up."""

    def private_training(x, y, x_new, epsilon, delta, noise):
        scale = _multiplier(epsilon, delta, len(noise))
        return _labels(x_new, _steps(x, y, scale * noise, total).mean(axis=0))

    return private_training


clips = training.group("The clipping", make=_with_total)


@clips.mistake(
    "You left the bias out of a row's norm: its gradient has 27 numbers, and all of them together "
    "are clipped to a norm of 1."
)
def bias_beside_the_norm(slopes):
    norms = np.linalg.norm(slopes[:, :26], axis=1, keepdims=True)
    return np.append((slopes[:, :26] / np.maximum(1.0, norms)).sum(axis=0), slopes[:, 26].sum())


@clips.mistake(
    "Gradients of your rows are longer than 1, if not by much: clip the norm of each row's "
    "gradient, not its single numbers, and clip the rows that are not mistyped as well."
)
def numbers_clipped(slopes):
    return np.clip(slopes, -1.0, 1.0).sum(axis=0)


@clips.mistake(
    "You scaled the gradient of every row to a norm of 1: only longer ones are shortened, and the "
    "others stay as they are."
)
def short_ones_lengthened(slopes):
    return (slopes / np.maximum(np.linalg.norm(slopes, axis=1, keepdims=True), 1e-12)).sum(axis=0)


uses = training.group("What is trained")


@uses.mistake(
    "Your model has no bias: the last column of the noise is for the weight of a column of ones."
)
def no_bias(x, y, x_new, epsilon, delta, noise):
    noise = _multiplier(epsilon, delta, len(noise)) * noise
    noise[:, 26] = 0.0

    def total(slopes):
        return np.append(_clipped(slopes[:, :26]).sum(axis=0), 0.0)

    return _labels(x_new, _steps(x, y, noise, total).mean(axis=0))


@uses.mistake(
    "You chose the step that does best on the training rows: that looks at the rows once more, "
    "and nobody paid for it. Average the weights, or take the last ones."
)
def best_on_the_training_rows(x, y, x_new, epsilon, delta, noise):
    weights = _steps(x, y, _multiplier(epsilon, delta, len(noise)) * noise)
    right = ((_extended(x) @ weights.T > 0) == (y == 1)[:, None]).mean(axis=0)
    return _labels(x_new, weights[np.argmax(right)])


@uses.mistake(
    "Your columns and those of the noise do not belong together: the noise has its columns in the "
    "order of x, and the bias comes last."
)
def bias_first(right, a):
    return right(noise=np.roll(a.noise, -1, axis=1))


@uses.mistake(
    "You scaled the columns by the rows' own means and deviations: a mistyped row moves both, and "
    "they are answers about people, which cost budget. The columns are scaled already."
)
def own_statistics(right, a):
    middle, spread = a.x.mean(axis=0), a.x.std(axis=0) + 1e-9
    return right(x=(a.x - middle) / spread, x_new=(a.x_new - middle) / spread)


@uses.mistake(
    "Your sigmoid overflows where a logit is large, and the weights become nan: take "
    "scipy.special.expit or torch.sigmoid, or clip the logits."
)
def sigmoid_overflows(x, y, x_new, epsilon, delta, noise):
    def by_large_powers(logits):
        with np.errstate(over="ignore", invalid="ignore"):
            grown = np.exp(logits)
            return grown / (1 + grown)

    weights = _steps(x, y, _multiplier(epsilon, delta, len(noise)) * noise, sigmoid=by_large_powers)
    return _labels(x_new, weights.mean(axis=0))


def _with_multiplier(multiplier):
    """Training with the noise multiplier `multiplier(epsilon, delta, steps)`."""

    def private_training(x, y, x_new, epsilon, delta, noise):
        scale = multiplier(epsilon, delta, len(noise))
        return _labels(x_new, _descended(x, y, scale * noise))

    return private_training


BUDGET = "lesson.ipynb#Composition-and-the-budget"
amounts = training.group("The amount of noise", read=BUDGET, make=_with_multiplier)


@amounts.mistake(
    "Your labels follow the data although strong noise opposes them: it is missing or far too "
    "small. Add noise_multiplier times a row of noise to the sum of each step, before dividing."
)
def hardly_any_noise(epsilon, delta, steps):
    return 0.0


@amounts.mistake(
    "Your noise keeps only small budgets: at epsilon = 2 or more it is missing or far too small. "
    "A large budget needs less noise, but never none."
)
def no_noise_above_a_small_epsilon(epsilon, delta, steps):
    return _multiplier(epsilon, delta, steps) if epsilon <= 0.01 else 0.0


@amounts.mistake(
    "Your noise is several times too small for its steps, as when it is meant for a single one: "
    "all len(noise) steps together may cost epsilon, so rho = steps / (2 noise_multiplier²), and "
    "each step adds its row of noise."
)
def noise_of_one_step(epsilon, delta, steps):
    return _multiplier(epsilon, delta, 1)


@amounts.mistake(
    "For what a row can add to your steps, your noise is too small by a factor below 4: either "
    "epsilon_of_steps(len(noise), noise_multiplier, delta) is above epsilon, or gradients are not "
    "clipped to a norm of 1, or some steps add no noise."
)
def somewhat_too_little(epsilon, delta, steps):
    return _multiplier(epsilon, delta, steps) / 1.6


@amounts.mistake(
    "Beside the sum of the gradients, your noise is larger than the budget asks for: take the "
    "smallest noise multiplier whose epsilon_of_steps keeps it, and sum over all rows."
)
def too_much_noise(epsilon, delta, steps):
    return 2 * _multiplier(epsilon, delta, steps)


@amounts.mistake(
    "You took epsilon for rho: rho + 2 sqrt(rho ln(1 / delta)) must be at most epsilon, so rho is "
    "much smaller."
)
def epsilon_for_rho(epsilon, delta, steps):
    return math.sqrt(steps / (2 * epsilon))


multipliers = training.group("The noise multiplier", read=BUDGET, make=_with_multiplier)


@multipliers.mistake(
    "Your noise is many times too large, as when every step gets epsilon / T, or the multiplier is "
    "squared: convert once for all steps, rho = steps / (2 noise_multiplier²)."
)
def epsilon_divided(epsilon, delta, steps):
    return _multiplier(epsilon / steps, delta, 1)


@multipliers.mistake(
    "Your noise is too small where epsilon is large, as by a formula for small ones such as "
    "sqrt(2 steps ln(1 / delta)) / epsilon: epsilon_of_steps has a term rho as well."
)
def for_small_epsilon(epsilon, delta, steps):
    return math.sqrt(2 * steps * math.log(1 / delta)) / epsilon


@multipliers.mistake(
    "Your noise multiplier suits a fixed number of steps: there are len(noise) of them, which "
    "differs from case to case."
)
def for_a_hundred_steps(epsilon, delta, steps):
    return _multiplier(epsilon, delta, 100)


@multipliers.mistake(
    "You subtracted the noise, or went uphill with it alone: it is added to the sum of the "
    "gradients, and the step goes against both."
)
def noise_subtracted(epsilon, delta, steps):
    return -_multiplier(epsilon, delta, steps)


additions = training.group("Where the noise goes")


@additions.mistake(
    "You drew noise of your own: add the rows of `noise`, which the judge draws, and no others."
)
def noise_of_ones_own(x, y, x_new, epsilon, delta, noise):
    own = np.random.default_rng(0).normal(size=noise.shape)
    return _labels(x_new, _descended(x, y, _multiplier(epsilon, delta, len(noise)) * own))


@additions.mistake(
    "You trained without noise and added some to the final weights: every step looks at the rows, "
    "so every step adds its row of noise."
)
def noise_at_the_end(x, y, x_new, epsilon, delta, noise):
    w = _steps(x, y, np.zeros_like(noise)).mean(axis=0)
    scale = _multiplier(epsilon, delta, len(noise))
    return _labels(x_new, w - 2.0 * scale * noise[0] / len(x))


@additions.mistake(
    "You divided the noise by the root of N: it is added to the sum of the gradients and divided "
    "by N with it."
)
def noise_over_the_root(right, a):
    return right(noise=math.sqrt(len(a.x)) * a.noise)


@training.mistake(
    "Half of the labels are right, as by guessing, or your noise is far too large: it belongs to "
    "the sum of gradients that are clipped one by one, and is divided by N with it."
)
def noise_after_dividing(right, a):
    return right(noise=len(a.x) * a.noise)


@training.mistake(
    "Most labels are wrong, which is worse than guessing: 1 is a loan that goes bad, and a step "
    "goes against the gradient."
)
def uphill(right, a):
    return 1 - right()


@training.mistake(
    "Half of the labels are right, as by guessing: do the labels come in the order of x_new?"
)
def guessed(x, y, x_new, epsilon, delta, noise):
    return np.random.default_rng(len(x_new)).integers(0, 2, len(x_new))


@training.mistake("You returned probabilities: the label is 1 where it is above one half, an int.")
def probabilities(x, y, x_new, epsilon, delta, noise):
    return 1 / (1 + np.exp(_extended(x_new) @ noise[0]))


@training.mistake("You returned labels for the training rows: x_new holds the rows that count.")
def labels_of_the_training_rows(right, a):
    return right(x_new=a.x)
