"""Batch normalisation with running statistics: the exercise `batch_norm`."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import only_value

normalising = exercise(
    "batch_norm",
    title="Batch normalisation",
    points=3,
    difficulty=3,
    minutes=12,
    probe=Call(fresh=True),
    compare=close(rtol=1e-5, atol=1e-7),
    read="lesson.ipynb#Batch-and-layer-normalisation",
    returns=("y", "running_mean", "running_variance"),
    forms=[only_value(0, "You returned y alone: return the running statistics as well.")],
)


@normalising.reference
def batch_norm(
    x, scale, shift, running_mean, running_variance, training, momentum=0.1, epsilon=1e-5
):
    """Return (y, running_mean, running_variance): float arrays (N, D), (D,), (D,).

    x: float (N, D), N at least 2 in training. scale, shift and the running statistics: float (D,).
    Source: Ioffe and Szegedy (2015); conventions of torch.nn.BatchNorm1d.
    """
    if training:
        mean, variance = x.mean(axis=0), x.var(axis=0)
        new_mean = _moved(running_mean, mean, momentum)
        new_variance = _moved(running_variance, x.var(axis=0, ddof=1), momentum)
        return _normalised(x, mean, variance, scale, shift, epsilon), new_mean, new_variance
    y = _normalised(x, running_mean, running_variance, scale, shift, epsilon)
    return y, running_mean.copy(), running_variance.copy()


def _normalised(x, mean, variance, scale, shift, epsilon):
    return (x - mean) / np.sqrt(variance + epsilon) * scale + shift


def _moved(old, seen, momentum):
    return old + momentum * (seen - old)


@normalising.alternative
def with_torch(
    x, scale, shift, running_mean, running_variance, training, momentum=0.1, epsilon=1e-5
):
    mean, variance = torch.tensor(running_mean), torch.tensor(running_variance)
    affine = torch.tensor(scale), torch.tensor(shift)
    y = torch.nn.functional.batch_norm(
        torch.tensor(x), mean, variance, *affine, training, momentum, epsilon
    )
    return y.numpy(), mean.numpy(), variance.numpy()


@normalising.alternative
def unit_by_unit(
    x, scale, shift, running_mean, running_variance, training, momentum=0.1, epsilon=1e-5
):
    y, means, variances = np.empty(x.shape), running_mean.copy(), running_variance.copy()
    for j, column in enumerate(x.T):
        centre, spread = means[j], variances[j]
        if training:
            centre = sum(column) / len(column)
            squares = sum((value - centre) ** 2 for value in column)
            spread = squares / len(column)
            means[j] = (1 - momentum) * means[j] + momentum * centre
            variances[j] = (1 - momentum) * variances[j] + momentum * squares / (len(column) - 1)
        y[:, j] = scale[j] * (column - centre) * (spread + epsilon) ** -0.5 + shift[j]
    return y, means, variances


@normalising.cases
def cases(rng):
    def case(part, rows, units, training, *options):
        x = rng.normal(rng.normal(scale=3, size=units), rng.uniform(0.5, 2, units), (rows, units))
        others = (rng.normal(size=units) for _ in range(3))
        return Case(part, (x, *others, rng.uniform(0.5, 3, units), training, *options))

    def calm_unit():
        drawn = case("training", 6, 3, True)
        drawn.args[0][:, 0] *= 1e-3  # a variance about as small as epsilon
        return drawn

    def constant_unit():
        drawn = case("training", 4, 2, True, 0.5, 0.01)
        drawn.args[0][:, 1] = -1.5
        return drawn

    return [
        calm_unit(),
        case("training", 2, 4, True, 0.3, 0.1),
        case("training", 5, 5, True, 1.0, 0.5),
        case("training", 3, 1, True, 0.0),
        constant_unit(),
        case("evaluation", 4, 3, False),
        case("evaluation", 3, 3, False, 0.5, 0.2),
        case("evaluation", 5, 2, False, 0.75, 1.0),
        case("evaluation, a single example", 1, 4, False, 0.25, 0.05),
        case("evaluation, a single example", 1, 1, False),
    ]


statistics = normalising.group("Which statistics")


@statistics.mistake(
    "In evaluation you normalise by the batch: use the running statistics, so that an answer does "
    "not depend on the other examples."
)
def batch_in_evaluation(right, a):
    y, *_ = right(training=True) if len(a.x) > 1 else (a.x * 0 + a.shift,)
    return right() if a.training else (y, *right()[1:])


@statistics.mistake(
    "In training you normalise by the running statistics: use the batch's own mean and variance; "
    "the running ones are for evaluation."
)
def running_in_training(right, a):
    return (right(training=False)[0], *right()[1:])


@statistics.mistake(
    "In evaluation your running statistics move: they are updated in training only."
)
def moves_in_evaluation(right, a):
    if a.training:
        return right()
    mean, variance = a.x.mean(axis=0), a.x.var(axis=0, ddof=min(1, len(a.x) - 1))
    running = _moved(a.running_mean, mean, a.momentum)
    return right()[0], running, _moved(a.running_variance, variance, a.momentum)


@statistics.mistake(
    "Your running statistics never move: in training, each moves by the fraction momentum towards "
    "the batch's."
)
def never_moves(right, a):
    return right()[0], a.running_mean.copy(), a.running_variance.copy()


@statistics.mistake(
    "You took mean and variance over the units of each example, which is layer normalisation: take "
    "them over the batch, axis 0."
)
def layer_normalised(right, a):
    if not a.training:
        return right()
    mean, variance = a.x.mean(axis=1, keepdims=True), a.x.var(axis=1, keepdims=True)
    return _normalised(a.x, mean, variance, a.scale, a.shift, a.epsilon), *right()[1:]


@statistics.mistake(
    "In training you update the running statistics first and normalise by them: normalise by the "
    "batch's own mean and variance."
)
def normalised_by_the_updated(right, a):
    if not a.training:
        return right()
    _, mean, variance = right()
    return _normalised(a.x, mean, variance, a.scale, a.shift, a.epsilon), mean, variance


@statistics.mistake(
    "You took one mean and one variance of the whole table: each unit has its own, so take them "
    "along axis 0."
)
def one_for_all_units(right, a):
    if not a.training:
        return right()
    y = _normalised(a.x, a.x.mean(), a.x.var(), a.scale, a.shift, a.epsilon)
    return y, *right()[1:]


variances = normalising.group("Mean and variance")


@variances.mistake(
    "momentum is the weight of the new value, as in PyTorch: the old one keeps 1 - momentum. (In "
    "Keras it is the other way round.)"
)
def momentum_of_keras(right, a):
    return right(momentum=1 - a.momentum)


@variances.mistake(
    "Your running variance divides by N: divide the squares that go into it by N - 1, as PyTorch "
    "does."
)
def running_variance_biased(right, a):
    if not a.training:
        return right()
    y, mean, _ = right()
    return y, mean, _moved(a.running_variance, a.x.var(axis=0), a.momentum)


@variances.mistake(
    "You normalise by a variance that is divided by N - 1: within the batch, divide by N; only the "
    "running variance takes N - 1."
)
def normalised_by_unbiased(right, a):
    if not a.training:
        return right()
    variance = a.x.var(axis=0, ddof=1)
    y = _normalised(a.x, a.x.mean(axis=0), variance, a.scale, a.shift, a.epsilon)
    return y, *right()[1:]


@variances.mistake(
    "You divided by the variance: divide by its square root, after adding epsilon to it."
)
def divided_by_the_variance(right, a):
    mean, variance = a.running_mean, a.running_variance
    if a.training:
        mean, variance = a.x.mean(axis=0), a.x.var(axis=0)
    return (a.x - mean) / (variance + a.epsilon) * a.scale + a.shift, *right()[1:]


@variances.mistake(
    "You added epsilon to the standard deviation: it is added to the variance, under the root."
)
def epsilon_after_the_root(right, a):
    mean, variance = a.running_mean, a.running_variance
    if a.training:
        mean, variance = a.x.mean(axis=0), a.x.var(axis=0)
    return (a.x - mean) / (np.sqrt(variance) + a.epsilon) * a.scale + a.shift, *right()[1:]


@variances.mistake("You left scale and shift out: they come after the normalisation.")
def not_scaled(right, a):
    return right(scale=np.ones_like(a.scale), shift=np.zeros_like(a.shift))


@variances.mistake(
    "You added shift before multiplying: it is scale times the normalised value, plus shift."
)
def shifted_first(right, a):
    y, *running = right(shift=a.shift * a.scale)
    return y, *running


normalising.hints(
    "Write the two modes as two branches. Which statistics normalise in each, and which one "
    "updates?",
    "Training: mean and var of x over axis 0 normalise; the running ones become (1 - momentum) * "
    "old + momentum * new, where the new variance is divided by N - 1. Evaluation: the running "
    "ones normalise and come back as copies.",
    "y = (x - mean) / np.sqrt(variance + epsilon) * scale + shift. x.var(axis=0) divides by N, "
    "x.var(axis=0, ddof=1) by N - 1.",
)
