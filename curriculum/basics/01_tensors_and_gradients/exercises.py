"""Exercises of basics/01_tensors_and_gradients: references, cases and misconceptions.

First the graded exercises of the assignment, in its order, then what the lesson asks for.
Cases are drawn so that every misconception gives other results than the reference and than
every other misconception, whatever the seed.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from lepton_course import load_dataset
from lepton_course.datasets import CATALOGUE, TableSplit
from lepton_course.exercises import (
    Call,
    Case,
    Exercise,
    Gradient,
    Misconception,
    Value,
    accuracy,
    close,
    exact,
)

BROADCASTING = "lesson.ipynb#Broadcasting"
NOT_ASKED_FOR = "lesson.ipynb#A-broadcast-that-nobody-asked-for"
VIEWS = "lesson.ipynb#Views-and-copies"
DERIVATIVE = "lesson.ipynb#A-derivative-in-three-ways"
LINEAR = "lesson.ipynb#Linear-regression"
RATES = "lesson.ipynb#Three-learning-rates"
ENTROPY = "lesson.ipynb#Cross-entropy"
STABLE = "lesson.ipynb#Large-logits"
PREPARING = "lesson.ipynb#Splitting-and-scaling"
TRAINING = "lesson.ipynb#Training"
THRESHOLD = "lesson.ipynb#Whom-to-refuse"
WEIGHTS = "lesson.ipynb#What-the-weights-say"


# --- prepare ----------------------------------------------------------------------------------


def _filled(table, middle):
    return np.where(np.isnan(table), middle, table)


def _scaled(table, centre, width):
    return (table - centre) / np.where(width == 0, 1.0, width)


def prepare(train, other):
    middle = np.nanmedian(train, axis=0)
    known = _filled(train, middle)
    return _scaled(_filled(other, middle), known.mean(axis=0), known.std(axis=0))


def prepare_by_column(train, other):
    columns = []
    for past, new in zip(train.T, other.T, strict=True):
        typical = np.median(past[past == past])
        past = np.nan_to_num(past, nan=typical)
        centred = np.nan_to_num(new, nan=typical) - past.mean()
        columns.append(centred / past.std() if past.std() > 0 else centred)
    return np.array(columns).T


def statistics_of_other(train, other):
    return prepare(other, other)


def statistics_of_both(train, other):
    return prepare(np.concatenate([train, other]), other)


def one_mean_for_all(train, other):
    known = _filled(train, np.nanmedian(train, axis=0))
    return _scaled(_filled(other, np.nanmedian(train, axis=0)), known.mean(), known.std())


def filled_with_zero(train, other):
    return prepare(_filled(train, 0.0), _filled(other, 0.0))


def filled_with_mean(train, other):
    mean = np.nanmean(train, axis=0)
    return prepare(_filled(train, mean), _filled(other, mean))


def filled_with_one_median(train, other):
    return prepare(_filled(train, np.nanmedian(train)), _filled(other, np.nanmedian(train)))


def filled_after_scaling(train, other):
    return _filled(_scaled(other, np.nanmean(train, axis=0), np.nanstd(train, axis=0)), 0.0)


def divided_by_variance(train, other):
    known = _filled(train, np.nanmedian(train, axis=0))
    filled = _filled(other, np.nanmedian(train, axis=0))
    return _scaled(filled, known.mean(axis=0), known.var(axis=0))


def only_shifted(train, other):
    known = _filled(train, np.nanmedian(train, axis=0))
    return _filled(other, np.nanmedian(train, axis=0)) - known.mean(axis=0)


def sample_deviation(train, other):
    known = _filled(train, np.nanmedian(train, axis=0))
    filled = _filled(other, np.nanmedian(train, axis=0))
    return _scaled(filled, known.mean(axis=0), known.std(axis=0, ddof=1))


def zero_by_zero(train, other):
    known = _filled(train, np.nanmedian(train, axis=0))
    with np.errstate(all="ignore"):
        return (_filled(other, np.nanmedian(train, axis=0)) - known.mean(0)) / known.std(0)


def tiny_number_added(train, other):
    known = _filled(train, np.nanmedian(train, axis=0))
    filled = _filled(other, np.nanmedian(train, axis=0))
    return (filled - known.mean(axis=0)) / (known.std(axis=0) + 1e-8)


def constant_made_zero(train, other):
    constant = np.nanstd(train, axis=0) == 0
    return np.where(constant, 0.0, prepare(train, other))


def train_returned(train, other):
    return prepare(train, train)


def own_medians(train, other):
    return prepare(train, _filled(other, np.nanmedian(other, axis=0)))


def from_zero_to_one(train, other):
    known = _filled(train, np.nanmedian(train, axis=0))
    filled = _filled(other, np.nanmedian(train, axis=0))
    return _scaled(filled, known.min(axis=0), np.ptp(known, axis=0))


def still_missing(train, other):
    known = _filled(train, np.nanmedian(train, axis=0))
    return _scaled(other, known.mean(axis=0), known.std(axis=0))


def nothing_ignored(train, other):
    with np.errstate(all="ignore"):
        return (other - train.mean(axis=0)) / train.std(axis=0)


def written_into_other(train, other):
    other[:] = prepare(train, other)
    return other


def prepare_cases(rng):
    def table(rows):  # columns of very different size, none of them symmetric
        return np.round(rng.gamma(2.0, [3.0, 40.0, 900.0], size=(rows, 3)), 1) + [1, 20, 500]

    missing_train, missing_other = table(7), table(4)
    missing_train[[0, 3], [1, 2]] = np.nan
    missing_other[1, 1] = missing_other[2, 2] = np.nan
    constant_train, constant_other = table(5), table(3)
    constant_train[:, 1] = 60.0
    constant_other[:, 1] = [60.0, 60.0, 75.0]
    return [
        Case("no value missing", (table(6), table(3))),
        Case("missing values", (missing_train, missing_other)),
        Case("a column that never changes", (constant_train, constant_other)),
    ]


# --- distances --------------------------------------------------------------------------------


def distances(a, b):
    return torch.linalg.vector_norm(a.unsqueeze(1) - b, dim=2)


def distances_by_formula(a, b):
    squares = (a**2).sum(dim=1)[:, None] + (b**2).sum(dim=1) - 2 * a @ b.T
    return squares.clamp(min=0).sqrt()


def distances_in_loops(a, b):
    result = torch.empty(len(a), len(b))
    for i, j in np.ndindex(len(a), len(b)):
        result[i, j] = (a[i] - b[j]).norm()
    return result


def not_rooted(a, b):
    return distances(a, b) ** 2


def city_blocks(a, b):
    return (a[:, None] - b[None]).abs().sum(dim=2)


def other_way_round(a, b):
    return distances(b, a)


def differences_added(a, b):
    return (a[:, None] - b[None]).sum(dim=2)


def row_by_row(a, b):
    return torch.linalg.vector_norm(a - b, dim=1)


def mean_inside(a, b):
    return ((a[:, None] - b[None]) ** 2).mean(dim=2).sqrt()


def added_over_rows(a, b):
    return ((a[:, None] - b[None]) ** 2).sum(dim=0).sqrt()


def not_added(a, b):
    return a[:, None] - b[None]


def norm_of_everything(a, b):
    return (a[:, None] - b[None]).norm()


def products(a, b):
    return a @ b.T


def as_list(a, b):
    return distances(a, b).tolist()


def as_numpy(a, b):
    return distances(a, b).numpy()


def distances_cases(rng):
    def rows(count, width):
        values = rng.permutation(np.arange(count * width)) - count
        return torch.tensor(values.reshape(count, width), dtype=torch.float32)

    return [
        Case("one row each", (rows(1, 2), rows(1, 2) + 9)),
        Case("one row against several", (rows(1, 3) - 2, rows(4, 3))),
        Case("several against several", (rows(4, 3), rows(5, 3) + 1)),
    ]


# --- mse_gradients ----------------------------------------------------------------------------


def mse_gradients(x, y, w, b):
    slopes = 2 / len(y) * (x @ w + b - y)
    return slopes @ x, float(np.sum(slopes))


def gradients_by_autograd(x, y, w, b):
    w, b = (torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in (w, b))
    ((torch.tensor(x) @ w + b - torch.tensor(y)) ** 2).mean().backward()
    return w.grad.numpy(), b.grad.item()


def gradients_in_loops(x, y, w, b):
    for_w, for_b = np.zeros(len(w)), 0.0
    for row, truth in zip(x, y, strict=True):
        doubled = 2 * (sum(row * w) + b - truth)
        for_w, for_b = for_w + doubled * row / len(y), for_b + doubled / len(y)
    return for_w, for_b


def _times(factor_w, factor_b):
    """Right gradients, each times a wrong factor."""

    def wrong(x, y, w, b):
        d_w, d_b = mse_gradients(x, y, w, b)
        return factor_w(x) * d_w, factor_b(x) * d_b

    return wrong


def no_bias_in_guess(x, y, w, b):
    return mse_gradients(x, y, w, 0.0)


def slope_of_the_errors_size(x, y, w, b):
    signs = np.sign(x @ w + b - y) / len(y)
    return signs @ x, float(signs.sum())


def without_the_inputs(x, y, w, b):
    _, d_b = mse_gradients(x, y, w, b)
    return np.full(len(w), d_b), d_b


def means_multiplied(x, y, w, b):
    _, d_b = mse_gradients(x, y, w, b)
    return x.mean(axis=0) * d_b, d_b


def one_gradient_per_row(x, y, w, b):
    slopes = 2 * (x @ w + b - y)
    return slopes[:, None] * x, slopes


def order_exchanged(x, y, w, b):
    return mse_gradients(x, y, w, b)[::-1]


def array_for_b(x, y, w, b):
    d_w, d_b = mse_gradients(x, y, w, b)
    return d_w, np.array([d_b])


def mean_of_everything(x, y, w, b):
    _, d_b = mse_gradients(x, y, w, b)
    return float(np.mean(2 * (x @ w + b - y)[:, None] * x)), d_b


def squared_errors(x, y, w, b):
    slopes = 2 / len(y) * (x @ w + b - y) ** 2
    return slopes @ x, float(slopes.sum())


def mse_gradients_cases(rng):
    def numbers(*shape):  # whole numbers without 0
        return (rng.integers(1, 6, size=shape) * rng.choice([-1, 1], size=shape)).astype(float)

    def far_below(rows, columns):  # all guesses lie below the truth, but not equally far
        x, w = np.abs(numbers(rows, columns)), np.abs(numbers(columns))
        return x, x @ w + 3 + rng.permutation(np.arange(1.0, rows + 1)) ** 2, w, 2.0

    x, w = numbers(6, 3), numbers(3)
    return [
        Case("one weight", far_below(4, 1)),
        Case("several weights", far_below(5, 2)),
        Case("several weights", (x, x @ w + numbers(6) - 4.0, w, 3.0)),
    ]


# --- weighted_cross_entropy -------------------------------------------------------------------


def weighted_cross_entropy(z, y, weight):
    signs, costs = 1 - 2 * y, torch.where(y == 1, weight, 1.0)
    return (costs * functional.softplus(signs * z)).mean()


def entropy_with_logits(z, y, weight):
    more = torch.tensor(weight)
    return functional.binary_cross_entropy_with_logits(z, y.float(), pos_weight=more)


def entropy_by_log_sigmoid(z, y, weight):
    bad, good = functional.logsigmoid(z), functional.logsigmoid(-z)
    return -(weight * y * bad + (1 - y) * good).mean()


def log_of_sigmoid(z, y, weight):
    chance = torch.sigmoid(z)
    return -(weight * y * torch.log(chance) + (1 - y) * torch.log(1 - chance)).mean()


def log_of_exponential(z, y, weight):
    return (
        weight * y * torch.log(1 + torch.exp(-z)) + (1 - y) * torch.log(1 + torch.exp(z))
    ).mean()


def clipped_probabilities(z, y, weight):
    p = torch.sigmoid(z).clamp(1e-7, 1 - 1e-7)
    return -(weight * y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()


def weighted_sum(z, y, weight):
    return weighted_cross_entropy(z, y, weight) * len(z)


def weighted_mean(z, y, weight):
    return weighted_sum(z, y, weight) / torch.where(y == 1, weight, 1.0).sum()


def labels_exchanged(z, y, weight):
    return weighted_cross_entropy(z, 1 - y, weight)


def weight_on_the_good(z, y, weight):
    costs = torch.where(y == 1, 1.0, weight)
    return (costs * functional.softplus((1 - 2 * y) * z)).mean()


def weight_on_all(z, y, weight):
    return weight * weighted_cross_entropy(z, y, 1.0)


def weight_left_out(z, y, weight):
    return weighted_cross_entropy(z, y, 1.0)


def logit_weighted(z, y, weight):
    return weighted_cross_entropy(torch.where(y == 1, weight * z, z), y, 1.0)


def squashed_twice(z, y, weight):
    return weighted_cross_entropy(torch.sigmoid(z), y, weight)


def wrong_sign(z, y, weight):
    return -weighted_cross_entropy(z, y, weight)


def plain_number(z, y, weight):
    return weighted_cross_entropy(z, y, weight).item()


def log_chosen_by_label(z, y, weight):
    chance = torch.sigmoid(z)
    return torch.where(y == 1, -weight * chance.log(), -(1 - chance).log()).mean()


def entropy_of_probabilities(z, y, weight):
    costs = torch.where(y == 1, weight, 1.0)
    return functional.binary_cross_entropy(torch.sigmoid(z), y.float(), weight=costs)


def labels_stay_whole(z, y, weight):
    more = torch.tensor(weight)
    return functional.binary_cross_entropy_with_logits(z, y, pos_weight=more)


def cost_of_each_row(z, y, weight):
    return torch.where(y == 1, weight, 1.0) * functional.softplus((1 - 2 * y) * z)


def bad_loans_only(z, y, weight):
    return (weight * y * functional.softplus(-z)).mean()


def squared_difference(z, y, weight):
    return (torch.where(y == 1, weight, 1.0) * (torch.sigmoid(z) - y) ** 2).mean()


def weighted_cross_entropy_cases(rng):
    def case(part, values, weight):
        z = torch.tensor(values, dtype=torch.float32)
        labels = torch.tensor(np.arange(len(values)) % 2)
        return Case(part, (z, labels, weight))

    small = rng.choice([-1, 1], size=6) * rng.uniform(0.3, 3.0, size=6)
    wide = rng.uniform(18, 30, size=4) * [1, -1, -1, 1]
    huge = rng.uniform(150, 900, size=6) * [1, -1, 1, -1, -1, 1]
    return [
        case("weight 1", small, 1.0),
        case("a weight for bad loans", np.append(small, 0.7), float(rng.integers(3, 7))),
        case("logits of 18 and more", wide, 2.0),
        case("logits of 150 and more", huge, 3.0),
    ]


# --- train_logistic ---------------------------------------------------------------------------


def _entropy(z, y):
    return functional.binary_cross_entropy_with_logits(z, y).item()


def _descent(direction, record_after=False):
    """A training loop; `direction` gives the two gradients from x, y, w, b."""

    def train(x, y, learning_rate, steps):
        w, b, losses = torch.zeros(x.shape[1]), 0.0, []
        for _ in range(steps):
            before = _entropy(x @ w + b, y)
            d_w, d_b = direction(x, y, w, b)
            w, b = w - learning_rate * d_w, b - learning_rate * float(d_b)
            losses.append(_entropy(x @ w + b, y) if record_after else before)
        return w, b, losses

    return train


def _right_direction(x, y, w, b):
    surprise = torch.sigmoid(x @ w + b) - y
    return x.T @ surprise / len(y), surprise.mean()


train_logistic = _descent(_right_direction)


def by_autograd(x, y, learning_rate, steps):
    both, losses = torch.zeros(x.shape[1] + 1, requires_grad=True), []
    for _ in range(steps):
        cost = functional.binary_cross_entropy_with_logits(x @ both[:-1] + both[-1], y)
        (slope,) = torch.autograd.grad(cost, both)
        both.data -= learning_rate * slope
        losses.append(cost.item())
    return both[:-1].detach(), both[-1].item(), losses


def by_module(x, y, learning_rate, steps):
    layer, losses = torch.nn.Linear(x.shape[1], 1), []
    for parameter in layer.parameters():
        torch.nn.init.zeros_(parameter)
    sgd, criterion = (
        torch.optim.SGD(layer.parameters(), learning_rate),
        torch.nn.BCEWithLogitsLoss(),
    )
    for _ in range(steps):
        sgd.zero_grad()
        cost = criterion(layer(x).squeeze(1), y)
        cost.backward()
        sgd.step()
        losses.append(cost.detach().item())
    return layer.weight[0].detach(), layer.bias.item(), losses


def _uphill(x, y, w, b):
    d_w, d_b = _right_direction(x, y, w, b)
    return -d_w, -d_b


def _summed(x, y, w, b):
    d_w, d_b = _right_direction(x, y, w, b)
    return len(y) * d_w, len(y) * d_b


def _bias_forgotten(x, y, w, b):
    return _right_direction(x, y, w, b)[0], 0.0


def _decided_labels(x, y, w, b):
    surprise = (x @ w + b > 0).float() - y
    return x.T @ surprise / len(y), surprise.mean()


def _of_squares(x, y, w, b):
    p = torch.sigmoid(x @ w + b)
    surprise = 2 * (p - y) * p * (1 - p)
    return x.T @ surprise / len(y), surprise.mean()


def _without_sigmoid(x, y, w, b):
    surprise = x @ w + b - y
    return x.T @ surprise / len(y), surprise.mean()


def never_cleared(x, y, learning_rate, steps):
    w, b, losses = torch.zeros(x.shape[1]), 0.0, []
    total_w, total_b = torch.zeros(x.shape[1]), 0.0
    for _ in range(steps):
        losses.append(_entropy(x @ w + b, y))
        d_w, d_b = _right_direction(x, y, w, b)
        total_w, total_b = total_w + d_w, total_b + float(d_b)
        w, b = w - learning_rate * total_w, b - learning_rate * total_b
    return w, b, losses


def one_after_the_other(x, y, learning_rate, steps):
    w, b, losses = torch.zeros(x.shape[1]), 0.0, []
    for _ in range(steps):
        losses.append(_entropy(x @ w + b, y))
        w = w - learning_rate * _right_direction(x, y, w, b)[0]
        b = b - learning_rate * float(_right_direction(x, y, w, b)[1])
    return w, b, losses


def one_step_more(x, y, learning_rate, steps):
    return train_logistic(x, y, learning_rate, steps + 1)


def one_step_only(x, y, learning_rate, steps):
    return train_logistic(x, y, learning_rate, 1)


def with_adam(x, y, learning_rate, steps):
    both, losses = torch.zeros(x.shape[1] + 1, requires_grad=True), []
    adam = torch.optim.Adam([both], learning_rate)
    for _ in range(steps):
        adam.zero_grad()
        cost = functional.binary_cross_entropy_with_logits(x @ both[:-1] + both[-1], y)
        cost.backward()
        adam.step()
        losses.append(cost.item())
    return both[:-1].detach(), both[-1].item(), losses


def row_after_row(x, y, learning_rate, steps):
    w, b, losses = torch.zeros(x.shape[1]), 0.0, []
    for _ in range(steps):
        losses.append(_entropy(x @ w + b, y))
        for row, truth in zip(x, y, strict=True):
            surprise = torch.sigmoid(row @ w + b) - truth
            w, b = w - learning_rate * surprise * row, b - learning_rate * surprise.item()
    return w, b, losses


def losses_added_up(x, y, learning_rate, steps):
    w, b, losses = train_logistic(x, y, learning_rate, steps)
    return w, b, [loss * len(y) for loss in losses]


def losses_not_returned(x, y, learning_rate, steps):
    return train_logistic(x, y, learning_rate, steps)[:2]


def last_loss_only(x, y, learning_rate, steps):
    w, b, losses = train_logistic(x, y, learning_rate, steps)
    return w, b, losses[-1]


def tensors_as_losses(x, y, learning_rate, steps):
    w, b, losses = train_logistic(x, y, learning_rate, steps)
    return w, b, [torch.tensor(loss) for loss in losses]


def bias_as_tensor(x, y, learning_rate, steps):
    w, b, losses = train_logistic(x, y, learning_rate, steps)
    return w, torch.tensor([b]), losses


def started_at_random(x, y, learning_rate, steps):
    generator = torch.Generator().manual_seed(int(1e4 * x.abs().sum()))
    shift = torch.randn(x.shape[1], generator=generator)
    w, b, _ = train_logistic(x, y, learning_rate, steps)
    return w + shift, b, [_entropy(x @ shift, y)] * steps


def train_logistic_cases(rng):
    def case(part, rows, columns, rate, steps):
        x = torch.tensor(rng.normal(size=(rows, columns)), dtype=torch.float32) + 0.5
        y = torch.tensor(np.r_[np.ones(rows - rows // 3), np.zeros(rows // 3)], dtype=torch.float32)
        return Case(part, (x, y, rate, steps))

    return [
        case("one step", 6, 2, 0.5, 1),
        case("several steps", 9, 3, 0.8, 5),
        case("another learning rate", 12, 4, 0.1, 8),
    ]


# --- in_units ---------------------------------------------------------------------------------


def in_units(w, b, mean, std):
    per_unit = w / std
    return per_unit, float(b - per_unit @ mean)


def in_units_from_two_points(w, b, mean, std):
    def logit(x):
        return float(((x - mean) / std) @ w + b)

    nothing = np.zeros(len(w))
    base = logit(nothing)
    return np.array([logit(nothing + unit) - base for unit in np.eye(len(w))]), base


def multiplied_by_std(w, b, mean, std):
    return w * std, float(b - (w / std) @ mean)


def multiplied_everywhere(w, b, mean, std):
    return w * std, float(b - (w * std) @ mean)


def bias_kept(w, b, mean, std):
    return w / std, float(b)


def bias_moved_up(w, b, mean, std):
    return w / std, float(b + (w / std) @ mean)


def bias_with_scaled_weights(w, b, mean, std):
    return w / std, float(b - w @ mean)


def weights_scaled_like_data(w, b, mean, std):
    return (w - mean) / std, float(b)


def bias_for_each_column(w, b, mean, std):
    return w / std, b - w * mean / std


def bias_without_weights(w, b, mean, std):
    return w / std, float(b - np.sum(mean / std))


def bias_in_the_sum(w, b, mean, std):
    return w / std, float(np.sum(b - w * mean / std))


def divided_by_std_squared(w, b, mean, std):
    return w / std**2, float(b - (w / std**2) @ mean)


def in_units_cases(rng):
    def case(part, columns, mean, bias):
        w = rng.choice([-1, 1], size=columns) * rng.uniform(0.5, 2.0, size=columns)
        return Case(part, (w, bias, mean, rng.uniform(2.0, 9.0, size=columns)))

    return [
        case("one column", 1, np.array([12.0]), 0.5),
        case("means of 0", 3, np.zeros(3), -1.0),
        case("several columns", 4, rng.uniform(5.0, 30.0, size=4), -1.5),
    ]


# --- refuse -----------------------------------------------------------------------------------

HELD_OUT = Path(__file__).parent / "held_out.npz"
REFUSED_ABOVE = 0.29  # of probability; about the share of bad loans


@functools.cache
def _scorer():
    """Medians, means, deviations and weights of a model of the training set."""
    x, y = load_dataset("credit").train.numpy()
    x = x.astype(np.float64)
    middle = np.nanmedian(x, axis=0)
    known = _filled(x, middle)
    scaled = torch.tensor(_scaled(known, known.mean(0), known.std(0)), dtype=torch.float32)
    w, b, _ = train_logistic(scaled, torch.tensor(y, dtype=torch.float32), 1.0, 300)
    return middle, known.mean(axis=0), known.std(axis=0), w.double().numpy(), b


def _logits(x):
    middle, mean, std, w, b = _scorer()
    return _scaled(_filled(x.astype(np.float64), middle), mean, std) @ w + b


def _probabilities(x):
    return 1 / (1 + np.exp(-_logits(x)))


def refuse(x):
    return (_probabilities(x) > REFUSED_ABOVE).astype(np.int64)


def refuse_by_logit(x):
    return np.where(_logits(x) >= np.log(0.3 / 0.7), 1, 0)


def probabilities_returned(x):
    return _probabilities(x)


def true_and_false(x):
    return refuse(x) == 1


def a_column(x):
    return refuse(x)[:, None]


def a_tensor(x):
    return torch.tensor(refuse(x))


def granted_instead(x):
    return 1 - refuse(x)


def refused_above_a_half(x):
    return (_probabilities(x) > 0.5).astype(np.int64)


def all_granted(x):
    return np.zeros(len(x), dtype=np.int64)


def all_refused(x):
    return np.ones(len(x), dtype=np.int64)


def unscaled(x):
    middle, _, _, w, b = _scorer()
    return (_filled(x.astype(np.float64), middle) @ w + b > 0).astype(np.int64)


def logit_as_probability(x):
    return (_logits(x) > REFUSED_ABOVE).astype(np.int64)


def scaled_by_its_own_mean(x):
    middle, _, _, w, b = _scorer()
    known = _filled(x.astype(np.float64), middle)
    logits = _scaled(known, known.mean(axis=0), known.std(axis=0)) @ w + b
    return (1 / (1 + np.exp(-logits)) > REFUSED_ABOVE).astype(np.int64)


def refused_above_a_sixth(x):
    return (_probabilities(x) > 1 / 6).astype(np.int64)


def worst_of_the_batch(x):
    scores = _probabilities(x)
    return (scores > np.quantile(scores, 0.7)).astype(np.int64)


def list_of_decisions(x):
    return refuse(x).tolist()


def names_of_classes(x):
    return np.array(CATALOGUE["credit"].classes)[refuse(x)]


def held_out():
    """The judge's applications, which no learner gets."""
    with np.load(HELD_OUT, allow_pickle=False) as file:
        return TableSplit(file["labels"], file["numbers"], file["codes"], CATALOGUE["credit"])


def refuse_cases(rng):
    x, y = held_out().numpy()

    def case(part, label):
        chosen = rng.choice(np.flatnonzero(y == label), 250, replace=False)
        return Case(part, (x[chosen],), expected=y[chosen])

    return [case("loans that were paid back", 0), case("loans that went bad", 1)]


# --- In the lesson: three small exercises and three predictions -------------------------------


def to_unit(x):
    low, high = torch.aminmax(x, dim=0)
    return (x - low) / (high - low)


def one_range_for_all(x):
    return (x - x.min()) / (x.max() - x.min())


def range_of_each_row(x):
    low, high = torch.aminmax(x, dim=1, keepdim=True)
    return (x - low) / (high - low)


def divided_by_largest(x):
    return x / x.amax(dim=0)


def lowest_not_taken_off(x):
    return x / (x.amax(dim=0) - x.amin(dim=0))


def gradients(w, b, price, amount):
    twice = 2 * (w * price + b - amount)
    return twice * price, twice


def without_the_two(w, b, price, amount):
    d_w, d_b = gradients(w, b, price, amount)
    return d_w / 2, d_b / 2


def two_missing_in_b(w, b, price, amount):
    d_w, d_b = gradients(w, b, price, amount)
    return d_w, d_b / 2


def price_missing(w, b, price, amount):
    _, d_b = gradients(w, b, price, amount)
    return d_b, d_b


def weight_for_price(w, b, price, amount):
    _, d_b = gradients(w, b, price, amount)
    return d_b * w, d_b


def price_in_both(w, b, price, amount):
    d_w, _ = gradients(w, b, price, amount)
    return d_w, d_w


def bias_times_itself(w, b, price, amount):
    d_w, d_b = gradients(w, b, price, amount)
    return d_w, d_b * b


def amount_for_price(w, b, price, amount):
    _, d_b = gradients(w, b, price, amount)
    return d_b * amount, d_b


def recall(p, y, threshold):
    return (p[y == 1] > threshold).double().mean().item()


def precision(p, y, threshold):
    return y[p > threshold].double().mean().item()


def share_right(p, y, threshold):
    return ((p > threshold) == (y == 1)).double().mean().item()


def share_refused(p, y, threshold):
    return (p > threshold).double().mean().item()


def share_of_all(p, y, threshold):
    return ((p > threshold) & (y == 1)).double().mean().item()


def share_as_tensor(p, y, threshold):
    return torch.tensor(recall(p, y, threshold))


def bad_and_granted(p, y, threshold):
    return 1 - recall(p, y, threshold)


def threshold_of_a_half(p, y, threshold):
    return recall(p, y, 0.5)


def good_and_refused(p, y, threshold):
    return recall(p, 1 - y, threshold)


def to_unit_cases(rng):
    def table(rows, columns):
        values = rng.permutation(np.arange(1.0, 1 + rows * columns)).reshape(rows, columns)
        return torch.tensor(values * 10.0 ** np.arange(columns), dtype=torch.float32)

    return [Case("two columns", (table(3, 2),)), Case("more columns", (table(5, 4),))]


def gradients_cases(rng):
    price, amount = (float(v) for v in rng.choice([1.25, 1.5, 2.5, 3.0], 2, replace=False))
    return [
        Case("without bias", (0.5, 0.0, price, amount)),
        Case("with bias", (-0.75, 0.25, price, amount)),
    ]


def recall_cases(rng):
    y = torch.tensor(rng.permutation([1] * 5 + [0] * 11))
    scores = np.where(y.numpy() == 1, [0.8], [0.2]) + rng.uniform(-0.15, 0.15, 16)
    bad, good = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    scores[bad[:2]] = [0.25, 0.4]
    scores[good[:3]] = [0.35, 0.7, 0.9]
    return [
        Case("threshold 0.5", (torch.tensor(scores), y, 0.5)),
        Case("another threshold", (torch.tensor(scores), y, 0.3)),
        Case(
            "exactly the threshold", (torch.tensor([0.9, 0.5, 0.8]), torch.tensor([1, 1, 0]), 0.5)
        ),
    ]


def one_question(rng):
    return [Case("your prediction")]


def _wrong_value(name, value, sentence, read=""):
    return Misconception(name, value, sentence, read)


# --- Declarations -----------------------------------------------------------------------------

EXERCISES = [
    Exercise(
        name="prepare",
        title="Fill and scale",
        points=3,
        difficulty=2,
        minutes=8,
        reference=prepare,
        cases=prepare_cases,
        probe=Call(),
        compare=close(),
        alternatives=[prepare_by_column],
        read=PREPARING,
        misconceptions=[
            Misconception(
                "statistics of other",
                statistics_of_other,
                "You took median, mean and deviation from the table that is being prepared; take "
                "them from train, or a single new application has nothing to be compared with.",
            ),
            Misconception(
                "statistics of both",
                statistics_of_both,
                "You took the statistics from both tables together, so the new rows leak into what "
                "should be known before they come: use train alone.",
            ),
            Misconception(
                "one mean for all",
                one_mean_for_all,
                "You used one mean and one deviation for the whole table, but age and income live "
                "on different scales: each column needs its own, so say axis=0.",
                BROADCASTING,
            ),
            Misconception(
                "filled with zero",
                filled_with_zero,
                "You filled the gaps with 0, and an unknown income is not an income of 0: "
                "fill with the column's median in train.",
            ),
            Misconception(
                "filled with the mean",
                filled_with_mean,
                "You filled the gaps with the mean, which a few very large incomes pull up: "
                "the median is asked for.",
            ),
            Misconception(
                "one median for all",
                filled_with_one_median,
                "You filled all gaps with one median of the whole table: each column has its own, "
                "np.nanmedian(train, axis=0).",
            ),
            Misconception(
                "filled after scaling",
                filled_after_scaling,
                "You scaled first and then put 0 into the gaps, which is the mean and not the "
                "median, and the deviation never saw the filled values: fill first, then scale.",
            ),
            Misconception(
                "divided by the variance",
                divided_by_variance,
                "You divided by the variance, whose unit is the column's unit squared: "
                "divide by its square root, the standard deviation.",
            ),
            Misconception(
                "only shifted",
                only_shifted,
                "Your columns have mean 0, but still their old sizes: "
                "divide each one by its standard deviation in train.",
            ),
            Misconception(
                "n - 1",
                sample_deviation,
                "Your deviation divides by n - 1 (torch's default): this one divides by n, as "
                "NumPy's std does.",
            ),
            Misconception(
                "zero by zero",
                zero_by_zero,
                "Right, except for a column that never changes: its deviation is 0, and dividing "
                "by it gives nan or inf, so divide by 1 there.",
            ),
            Misconception(
                "a tiny number added",
                tiny_number_added,
                "Right, except for a column that never changes: with a tiny number added to its "
                "deviation of 0, a small change becomes a billion; divide by 1 there.",
            ),
            Misconception(
                "constant column erased",
                constant_made_zero,
                "Right, except for a column that never changes in train: it is shifted and divided "
                "by 1, not replaced by 0, because other may hold something else there.",
            ),
            Misconception(
                "train returned",
                train_returned,
                "You prepared train itself: other is to be prepared, with what train says.",
            ),
            Misconception(
                "gaps of other filled from other",
                own_medians,
                "You filled the gaps of other with its own medians: use those of train for both "
                "tables.",
            ),
            Misconception(
                "from 0 to 1",
                from_zero_to_one,
                "You scaled each column to run from 0 to 1: mean 0 and deviation 1 are asked for.",
            ),
            Misconception(
                "gaps left",
                still_missing,
                "You computed the statistics from filled values, but the gaps of other are still "
                "nan: fill both tables.",
            ),
            Misconception(
                "nan in the statistics",
                nothing_ignored,
                "One nan makes the whole column's mean nan: fill the gaps before you take mean and "
                "deviation.",
            ),
            Misconception(
                "written into the input",
                written_into_other,
                "The numbers are right, but you wrote them into the table that was given, so its "
                "owner finds other values in it: work on a new array.",
                VIEWS,
            ),
        ],
        hints=(
            "Which of the numbers that you need are known before `other` arrives?",
            "np.nanmedian ignores the gaps; with axis=0 it gives one number for each column, and "
            "np.where puts it where np.isnan says so. Then mean and deviation of the filled train.",
            "Fill train and other with the medians of train; take mean and std of the filled train "
            "along axis 0; replace a std of 0 by 1; subtract and divide the filled other.",
        ),
    ),
    Exercise(
        name="distances",
        title="How far apart are two applications?",
        points=2,
        difficulty=2,
        minutes=8,
        reference=distances,
        cases=distances_cases,
        probe=Call(),
        compare=close(rtol=1e-4, atol=1e-3),
        alternatives=[distances_by_formula, distances_in_loops],
        read=BROADCASTING,
        misconceptions=[
            Misconception(
                "not rooted",
                not_rooted,
                "You return squared distances: take the square root of the sum.",
            ),
            Misconception(
                "city blocks",
                city_blocks,
                "You added absolute differences, the way along city blocks; "
                "this distance squares them, adds, and takes the root.",
            ),
            Misconception(
                "transposed",
                other_way_round,
                "Rows and columns are exchanged: result[i, j] belongs to row i of a and row j of "
                "b, so put the new axis behind a's rows.",
            ),
            Misconception(
                "differences added",
                differences_added,
                "You added the differences as they are, so that + and - cancel out: "
                "square them first.",
            ),
            Misconception(
                "row by row",
                row_by_row,
                "You subtracted row i from row i: broadcasting needs a of shape (N, 1, F) to meet "
                "every row of b.",
            ),
            Misconception(
                "mean instead of sum",
                mean_inside,
                "You took the mean of the squares, which makes the distance smaller the more "
                "columns there are: sum them.",
            ),
            Misconception(
                "added over rows",
                added_over_rows,
                "You added over axis 0, which are the rows of a: the features are the last axis, "
                "dim=2 of (N, M, F).",
            ),
            Misconception(
                "not added",
                not_added,
                "You stopped at the differences, of shape (N, M, F): one number for each pair is "
                "left when you square, sum over the last axis and take the root.",
            ),
            Misconception(
                "one number for all",
                norm_of_everything,
                "You took the norm of all differences together: name the axis of the features, "
                "dim=2, so that one number for each pair is left.",
            ),
            Misconception(
                "products",
                products,
                "You multiplied the rows with each other (the dot product), which is large for rows"
                " that are alike: subtract, square, add, take the root.",
            ),
            Misconception(
                "list instead of tensor",
                as_list,
                "The numbers are right, but you returned lists: return one tensor of shape (N, M).",
            ),
            Misconception(
                "array instead of tensor",
                as_numpy,
                "The numbers are right, but you returned a NumPy array: stay in torch.",
            ),
        ],
        hints=(
            "Write down the three shapes: a is (N, F), b is (M, F), and the differences that you "
            "need are (N, M, F). Where do the ones go?",
            "Give a an axis of size 1 between its two: a[:, None] has shape (N, 1, F). Against b "
            "of shape (M, F) it broadcasts to (N, M, F).",
            "Subtract after inserting the axis; square; sum over dim 2; square root.",
        ),
    ),
    Exercise(
        name="mse_gradients",
        title="The gradients of a mean square",
        points=2,
        difficulty=2,
        minutes=8,
        reference=mse_gradients,
        cases=mse_gradients_cases,
        probe=Call(),
        compare=close(),
        alternatives=[gradients_by_autograd, gradients_in_loops],
        read=LINEAR,
        misconceptions=[
            Misconception(
                "sum instead of mean",
                _times(len, len),
                "Your gradients are those of the sum: the loss is the mean, so divide by the "
                "number of rows, or the learning rate would depend on it.",
            ),
            Misconception(
                "no factor 2",
                _times(lambda x: 0.5, lambda x: 0.5),
                "The factor 2 is missing: the derivative of error**2 is 2 * error.",
            ),
            Misconception(
                "wrong sign",
                _times(lambda x: -1, lambda x: -1),
                "Your gradients point the other way: with truth minus guess the inner derivative "
                "brings a minus sign; with guess minus truth it does not.",
            ),
            Misconception(
                "mean for b only",
                _times(len, lambda x: 1),
                "d_b is right, but d_w is a sum over the rows: divide by their number, as in d_b.",
            ),
            Misconception(
                "mean for w only",
                _times(lambda x: 1, len),
                "d_w is right, but d_b is a sum over the rows: divide by their number, as in d_w.",
            ),
            Misconception(
                "bias left out",
                no_bias_in_guess,
                "Your guess is x @ w: the bias b belongs to it, and so to both gradients.",
            ),
            Misconception(
                "size of the error left out",
                slope_of_the_errors_size,
                "You used the sign of each error only, which is the slope of the mean absolute "
                "error; in a square, large errors pull harder: multiply by the error itself.",
            ),
            Misconception(
                "inputs left out",
                without_the_inputs,
                "d_b is right, but every weight got the same gradient: the chain rule multiplies "
                "each row's error by that row's x.",
                DERIVATIVE,
            ),
            Misconception(
                "means multiplied",
                means_multiplied,
                "d_b is right, but for d_w you multiplied the mean error by the mean of x: "
                "multiply row by row first, and take the mean then.",
            ),
            Misconception(
                "a gradient for each row",
                one_gradient_per_row,
                "You have one gradient for each row: the loss is the mean over the rows, so take "
                "the mean of the gradients over axis 0.",
            ),
            Misconception(
                "order of the results",
                order_exchanged,
                "Both gradients are right, but in the wrong order: return d_w first, then d_b.",
            ),
            Misconception(
                "array for b",
                array_for_b,
                "The numbers are right, but d_b is an array of shape (1,): return a float.",
            ),
            Misconception(
                "mean of everything",
                mean_of_everything,
                "d_b is right, but d_w became a single number: take the mean over the rows only, "
                "axis 0, so that each weight keeps its own.",
                BROADCASTING,
            ),
            Misconception(
                "errors still squared",
                squared_errors,
                "You kept the square: the derivative of error**2 is 2 * error, and the square is "
                "gone.",
            ),
            Misconception(
                "divided by the columns",
                _times(lambda x: len(x) / x.shape[1], lambda x: 1),
                "d_b is right, but d_w is divided by the number of columns (x.shape[1], or len(w)):"
                " the mean goes over the rows, len(x).",
            ),
        ],
        hints=(
            "Begin with one row and one weight: the loss is (w * x + b - y)**2. What is its "
            "derivative for w, and for b?",
            "For a single row the derivatives are 2 * error * x and 2 * error. The loss is a mean "
            "over rows, and so are its derivatives.",
            "error has shape (N,). d_b is the mean of 2 * error. For d_w, x transposed (F, N) "
            "times error (N,) adds the products up; then the factor 2, and divide by N.",
        ),
    ),
    Exercise(
        name="weighted_cross_entropy",
        title="A loss that knows the price of a mistake",
        points=3,
        difficulty=4,
        minutes=12,
        reference=weighted_cross_entropy,
        cases=weighted_cross_entropy_cases,
        probe=Gradient(),
        compare=close(rtol=1e-4, atol=1e-6),
        alternatives=[entropy_with_logits, entropy_by_log_sigmoid],
        read=ENTROPY,
        misconceptions=[
            Misconception(
                "logarithm of a sigmoid",
                log_of_sigmoid,
                "Right for small logits, but a sigmoid of 20 is exactly 1 in float32, and the "
                "logarithm of 1 - 1 is minus infinity: write the loss with softplus of the logit.",
                STABLE,
            ),
            Misconception(
                "logarithm of a sigmoid, by label",
                log_chosen_by_label,
                "Right for small logits, but a sigmoid of 20 is exactly 1 in float32, and the "
                "logarithm of 1 - 1 is minus infinity: write the loss with softplus of the logit.",
                STABLE,
            ),
            Misconception(
                "cross-entropy of probabilities",
                entropy_of_probabilities,
                "binary_cross_entropy wants probabilities, and where the sigmoid has become 1 it "
                "cuts the loss at 100: give the logits to binary_cross_entropy_with_logits.",
                STABLE,
            ),
            Misconception(
                "labels as whole numbers",
                labels_stay_whole,
                "PyTorch's function wants the labels as floats, because they might be "
                "probabilities: y.float().",
                "lesson.ipynb#Types-and-devices",
            ),
            Misconception(
                "logarithm of an exponential",
                log_of_exponential,
                "Right for small logits, but exp(150) is infinite in float32: torch's softplus "
                "computes log(1 + exp(z)) without meeting it.",
                STABLE,
            ),
            Misconception(
                "clipped probabilities",
                clipped_probabilities,
                "Clipping hides the infinity, but a loss of 150 becomes 16 and its gradient 0, so "
                "the worst mistakes teach nothing: work with the logits.",
                STABLE,
            ),
            Misconception(
                "sum instead of mean",
                weighted_sum,
                "You added over the rows: the loss is their mean.",
            ),
            Misconception(
                "a cost for each row",
                cost_of_each_row,
                "You return a cost for each row: the loss is their mean.",
            ),
            Misconception(
                "bad loans only",
                bad_loans_only,
                "Only the bad loans cost something in your loss, so refusing everybody would be "
                "free: add (1 - y) * softplus(z) for the good ones.",
            ),
            Misconception(
                "divided by the weights",
                weighted_mean,
                "You divided by the sum of the weights: divide by the number of rows, so that "
                "weight 1 and weight 5 can be compared.",
            ),
            Misconception(
                "labels exchanged",
                labels_exchanged,
                "The labels are exchanged: y = 1 is a bad loan, and z is the logit of being bad, "
                "so a large z must be cheap where y is 1.",
            ),
            Misconception(
                "weight on the good",
                weight_on_the_good,
                "You gave the weight to the loans that were paid back: it belongs to the bad ones, "
                "where y is 1.",
            ),
            Misconception(
                "weight on all",
                weight_on_all,
                "You multiplied the whole loss by the weight, which changes nothing about who "
                "matters more: multiply the rows where y is 1 only.",
            ),
            Misconception(
                "no weight",
                weight_left_out,
                "The weight is not used: multiply the loss of each row with y = 1 by it.",
            ),
            Misconception(
                "logit weighted",
                logit_weighted,
                "You multiplied the logit by the weight, so the model looks surer than it is: "
                "weight the loss of the row instead.",
            ),
            Misconception(
                "squashed twice",
                squashed_twice,
                "You took the sigmoid, and then a function that takes the sigmoid itself: "
                "functions named with_logits or softplus want z as it is.",
            ),
            Misconception(
                "no minus sign",
                wrong_sign,
                "Your loss is negative: logarithms of probabilities are below 0, "
                "and the loss is minus their mean.",
            ),
            Misconception(
                "a plain number",
                plain_number,
                "The value is right, but a float knows nothing of where it came from: return the "
                "tensor, without .item() or .detach(), so that the gradient can flow back.",
                DERIVATIVE,
            ),
            Misconception(
                "squared difference",
                squared_difference,
                "You took the square of p - y, which hardly punishes being sure and wrong, and "
                "learns slowly there: cross-entropy takes logarithms.",
            ),
        ],
        hints=(
            "Write the loss of one row for y = 1 and for y = 0, each as a softplus. Then bring "
            "both together.",
            "For y = 1 the loss is softplus(-z), for y = 0 it is softplus(z). The weight stands "
            "beside the first. torch.nn.functional.softplus never overflows.",
            "Multiply softplus(-z) by weight and y, softplus(z) by 1 - y, add, and take the mean. "
            "Or give binary_cross_entropy_with_logits what it calls pos_weight, as a tensor.",
        ),
    ),
    Exercise(
        name="train_logistic",
        title="Train a logistic regression",
        points=3,
        difficulty=3,
        minutes=14,
        reference=train_logistic,
        cases=train_logistic_cases,
        probe=Call(),
        compare=close(rtol=1e-4, atol=1e-5),
        alternatives=[by_autograd, by_module],
        read=TRAINING,
        misconceptions=[
            Misconception(
                "uphill",
                _descent(_uphill),
                "Your loss rises: the gradient points uphill, so subtract it.",
            ),
            Misconception(
                "sum instead of mean",
                _descent(_summed),
                "Your steps are as many times too long as there are rows: the loss is a mean, "
                "so its gradient is divided by the number of rows.",
            ),
            Misconception(
                "bias not trained",
                _descent(_bias_forgotten),
                "Your bias stays 0: it has a gradient too, the mean of p - y, and takes the same "
                "kind of step.",
            ),
            Misconception(
                "decided labels",
                _descent(_decided_labels),
                "You compared decisions (0 or 1) with the labels; that is the perceptron's rule. "
                "The gradient of cross-entropy compares the probability with the label.",
                ENTROPY,
            ),
            Misconception(
                "gradient of squares",
                _descent(_of_squares),
                "Your gradient has a factor p * (1 - p): that is the slope of squared differences. "
                "In cross-entropy it cancels, and p - y is left.",
                ENTROPY,
            ),
            Misconception(
                "no sigmoid",
                _descent(_without_sigmoid),
                "You compared the logit with the label, which is linear regression: "
                "the sigmoid makes a probability of it first.",
                ENTROPY,
            ),
            Misconception(
                "gradients not cleared",
                never_cleared,
                "The first step is right, and then the steps grow: backward() adds to the old "
                "gradients, so clear them in every step.",
                "lesson.ipynb#Gradients-add-up",
            ),
            Misconception(
                "one after the other",
                one_after_the_other,
                "You moved w, computed the error again, and then moved b: both gradients belong to "
                "the same point, so compute them before either moves.",
            ),
            Misconception(
                "losses after the step",
                _descent(_right_direction, record_after=True),
                "w and b are right, but your losses are those after each step: "
                "the first one asked for is that of the start, ln 2.",
            ),
            Misconception(
                "one step more",
                one_step_more,
                "You made one step more than asked for: range(steps) counts them.",
            ),
            Misconception(
                "one step only",
                one_step_only,
                "You made a single step: the return stands inside the loop; move it to the left.",
            ),
            Misconception(
                "Adam",
                with_adam,
                "These are the steps of Adam, which divides each slope by its size: plain gradient "
                "descent is asked for (torch.optim.SGD, or by hand).",
            ),
            Misconception(
                "row after row",
                row_after_row,
                "You took a step after each row: one step looks at the mean over all rows.",
            ),
            Misconception(
                "losses added up",
                losses_added_up,
                "w and b are right, but your losses are sums over the rows: their mean is asked "
                "for.",
            ),
            Misconception(
                "losses not returned",
                losses_not_returned,
                "w and b are right, but the losses are missing: return all three, w, b and losses.",
            ),
            Misconception(
                "last loss only",
                last_loss_only,
                "w and b are right, but you returned one loss: a list is asked for, one loss for "
                "each step.",
            ),
            Misconception(
                "losses as tensors",
                tensors_as_losses,
                "The numbers are right, but your losses are tensors: with .item() they become "
                "floats and let go of what autograd wrote down.",
            ),
            Misconception(
                "bias as a tensor",
                bias_as_tensor,
                "The numbers are right, but b is a tensor of shape (1,): return a float, b.item().",
            ),
            Misconception(
                "random start",
                started_at_random,
                "Your training does not start at zero (torch.nn.Linear starts at random): "
                "set w and b to 0 first, so that two runs can be compared.",
            ),
        ],
        hints=(
            "Predict, compare, step. How did the lesson's training loop do it?",
            "In each step: z = x @ w + b; keep the loss; find both gradients, by autograd or as "
            "means of (p - y) times x and of p - y; move w and b against them.",
            "With autograd: w and b are zeros that require gradients; after backward(), change "
            "them under torch.no_grad() and set their grad to None. Return w.detach(), b.item() "
            "and the list of loss.item() values, each taken before its step.",
        ),
    ),
    Exercise(
        name="in_units",
        title="Weights in the units of the table",
        points=2,
        difficulty=3,
        minutes=8,
        reference=in_units,
        cases=in_units_cases,
        probe=Call(),
        compare=close(),
        alternatives=[in_units_from_two_points],
        read=WEIGHTS,
        misconceptions=[
            Misconception(
                "multiplied, bias right",
                multiplied_by_std,
                "The bias is right, but the weights are multiplied by std: one unit of the table "
                "is 1 / std of a scaled unit, so divide.",
            ),
            Misconception(
                "multiplied everywhere",
                multiplied_everywhere,
                "You multiplied by std: put (x - mean) / std into w @ x + b and sort; "
                "the weights are divided by it.",
            ),
            Misconception(
                "bias kept",
                bias_kept,
                "The weights are right, but the bias is not: -w * mean / std of every column "
                "goes into it.",
            ),
            Misconception(
                "bias moved up",
                bias_moved_up,
                "The weights are right, but the bias went the wrong way: the mean is subtracted "
                "from x, so w * mean / std is subtracted from b.",
            ),
            Misconception(
                "bias without std",
                bias_with_scaled_weights,
                "The weights are right, but for the bias you used the scaled weights: "
                "the mean is in units, so use the weights per unit there too.",
            ),
            Misconception(
                "scaled like data",
                weights_scaled_like_data,
                "You scaled the weights as if they were data: "
                "it is x that is shifted; a weight is only divided by std.",
            ),
            Misconception(
                "a bias for each column",
                bias_for_each_column,
                "The weights are right, but you have a bias for each column: there is one bias, "
                "and it collects from all columns, so add them up.",
            ),
            Misconception(
                "bias without weights",
                bias_without_weights,
                "The weights are right, but in the bias mean / std of each column must be "
                "multiplied by that column's weight before it is taken off.",
            ),
            Misconception(
                "bias in the sum",
                bias_in_the_sum,
                "The weights are right, but you took b into the sum, so it was added once for each "
                "column: sum first, then subtract from b.",
            ),
            Misconception(
                "divided twice",
                divided_by_std_squared,
                "You divided by std twice: once is enough, x is divided by it once.",
            ),
        ],
        hints=(
            "Write the logit of one application with one column: w * (x - mean) / std + b. "
            "What stands beside x? What is left without it?",
            "Multiply out. Beside x stands w / std; without x stand b and - w * mean / std. With "
            "several columns the second part is a sum.",
            "Divide w by std. Then take off from b the sum, over all columns, of that result "
            "times mean, and return it as a float.",
        ),
    ),
    Exercise(
        name="refuse",
        title="Decide on applications that nobody has seen",
        points=3,
        difficulty=5,
        minutes=20,
        reference=refuse,
        cases=refuse_cases,
        probe=Call(),
        compare=accuracy(at_least=0.66, tolerance=0.03),
        alternatives=[refuse_by_logit],
        read=THRESHOLD,
        misconceptions=[
            Misconception(
                "refused above a half",
                refused_above_a_half,
                "You seem to refuse above a probability of 0.5, and half of the bad loans lie "
                "below: only three in ten go bad, so a lower threshold is needed to find them.",
            ),
            Misconception(
                "refused above a sixth",
                refused_above_a_sixth,
                "You seem to refuse above 1/6, the lesson's threshold when a bad loan costs five "
                "good ones: here both shares count alike, so it lies higher, near the share of bad "
                "loans.",
            ),
            Misconception(
                "the worst of the batch",
                worst_of_the_batch,
                "You seem to refuse a fixed share of whatever comes, so in a batch of good "
                "applications good ones are refused: compare each probability with a fixed "
                "threshold.",
            ),
            Misconception(
                "list instead of array",
                list_of_decisions,
                "You returned a list: a NumPy array of whole numbers is asked for; np.array(...) "
                "makes one.",
            ),
            Misconception(
                "probabilities instead of decisions",
                probabilities_returned,
                "You returned numbers with a point: a decision is asked for, 1 where the "
                "probability lies above your threshold and 0 elsewhere, as whole numbers.",
            ),
            Misconception(
                "True and False",
                true_and_false,
                "You returned True and False: turn them into the whole numbers 1 and 0, for "
                "example with .astype(int).",
            ),
            Misconception(
                "a column",
                a_column,
                "Your decisions stand in a column of shape (N, 1): return shape (N,).",
                NOT_ASKED_FOR,
            ),
            Misconception(
                "tensor instead of array",
                a_tensor,
                "You returned a torch tensor: a NumPy array is asked for; end with .cpu().numpy().",
            ),
            Misconception(
                "names instead of labels",
                names_of_classes,
                "You returned the names of the classes: 0 for good and 1 for bad are asked for.",
            ),
            Misconception(
                "granted instead of refused",
                granted_instead,
                "Most decisions are wrong, which is worse than a coin: 1 means refused, and the "
                "label 1 means a bad loan.",
            ),
            Misconception(
                "all granted",
                all_granted,
                "Everything is granted, as when the logits are nan (nan > 0.3 is False): are all "
                "gaps filled, in training and in refuse, and did the loss fall below 0.5?",
                PREPARING,
            ),
            Misconception(
                "all refused",
                all_refused,
                "Everything is refused: is the data in refuse scaled as in training, and is the "
                "threshold a probability?",
                PREPARING,
            ),
            Misconception(
                "not scaled",
                unscaled,
                "Your decisions are those of a model that gets unscaled numbers: prepare the new "
                "applications exactly as the training set was prepared.",
                PREPARING,
            ),
            Misconception(
                "a logit against a probability",
                logit_as_probability,
                "You compared the logit with a threshold that is a probability, so too much is "
                "granted: take the sigmoid first.",
            ),
            Misconception(
                "scaled by its own mean",
                scaled_by_its_own_mean,
                "You scaled the new applications by their own mean, so a batch of good ones looks "
                "like any other: use the statistics of the training set.",
                PREPARING,
            ),
        ],
        hints=(
            "First reach a loss below 0.48 on applications that you hold out. Only then choose the "
            "threshold, on those same ones.",
            "prepare and train_logistic do the work. On your validation set, compute for each "
            "threshold the share that is right among the good and among the bad; choose one where "
            "both lie near 0.75.",
            "Learning rate 1 and 300 steps are plenty. Keep the training table, w and b in global "
            "names. In refuse: prepare x with that same table, logit, sigmoid, compare with about "
            "0.3, whole numbers, NumPy.",
        ),
    ),
    # In the lesson, without points.
    Exercise(
        name="to_unit",
        title="Try it: every column from 0 to 1",
        points=0,
        difficulty=1,
        minutes=3,
        reference=to_unit,
        cases=to_unit_cases,
        probe=Call(),
        compare=close(),
        read=BROADCASTING,
        misconceptions=[
            Misconception(
                "one range for all",
                one_range_for_all,
                "You took the lowest and the highest value of the whole table, so the columns with "
                "small numbers nearly vanish: dim=0 gives one of each per column.",
            ),
            Misconception(
                "range of each row",
                range_of_each_row,
                "You scaled each row: dim names the axis that goes away, and dim=0 takes the rows "
                "away and leaves one value for each column.",
            ),
            Misconception(
                "divided by the largest",
                divided_by_largest,
                "Your columns end at 1 but do not begin at 0: subtract the lowest value first.",
            ),
            Misconception(
                "lowest not taken off",
                lowest_not_taken_off,
                "You divided by the range, but forgot to subtract the lowest value first.",
            ),
        ],
        hints=(
            "What must be subtracted, so that the lowest value becomes 0?",
            "Subtract each column's lowest value, then divide by highest minus lowest.",
            "def to_unit(x):\n    low, high = x.amin(dim=0), x.amax(dim=0)\n"
            "    return (x - low) / (high - low)",
        ),
    ),
    Exercise(
        name="gradients",
        title="Try it: two blanks",
        points=0,
        difficulty=1,
        minutes=4,
        reference=gradients,
        cases=gradients_cases,
        probe=Call(),
        compare=close(),
        read=DERIVATIVE,
        misconceptions=[
            Misconception(
                "price missing",
                price_missing,
                "The price is missing in d_w: the guess is w * price + b, and its derivative for w "
                "is price.",
            ),
            Misconception(
                "weight for price",
                weight_for_price,
                "You wrote w where the price belongs: the derivative of w * price for w is price.",
            ),
            Misconception(
                "amount for price",
                amount_for_price,
                "You wrote the amount where the price belongs: "
                "the amount does not stand beside w in the formula.",
            ),
            Misconception(
                "two missing in b",
                two_missing_in_b,
                "d_w is right; in d_b the 2 of the square is missing.",
            ),
            Misconception(
                "no two",
                without_the_two,
                "The 2 of the square is missing in both.",
            ),
            Misconception(
                "price in both",
                price_in_both,
                "d_w is right; in d_b there is no price, because b stands alone in the guess and "
                "its inner derivative is 1.",
            ),
            Misconception(
                "bias times itself",
                bias_times_itself,
                "d_w is right; d_b has no b beside the error: the inner derivative is 1.",
            ),
        ],
        hints=(
            "The outer derivative is 2 * error in both. What does the error gain when w grows by "
            "a little? And when b does?",
            "When w grows by 0.01, the guess grows by 0.01 * price; when b does, by 0.01 * 1.",
            "def gradients(w, b, price, amount):\n    error = w * price + b - amount\n"
            "    d_w = 2 * error * price\n    d_b = 2 * error\n    return d_w, d_b",
        ),
    ),
    Exercise(
        name="recall",
        title="Try it: how many bad loans are found?",
        points=0,
        difficulty=2,
        minutes=6,
        reference=recall,
        cases=recall_cases,
        probe=Call(),
        compare=close(),
        read=THRESHOLD,
        misconceptions=[
            Misconception(
                "precision",
                precision,
                "You looked at the refused and asked how many of them are bad (the precision): "
                "look at the bad and ask how many of them are refused.",
            ),
            Misconception(
                "share right",
                share_right,
                "You counted all right decisions (the accuracy): only the bad loans count here.",
            ),
            Misconception(
                "share refused",
                share_refused,
                "You counted all refusals: only the bad loans count here; p[y == 1] picks them.",
            ),
            Misconception(
                "share of all",
                share_of_all,
                "You counted the right rows, but divided by the number of all applications: "
                "divide by the number of bad loans.",
            ),
            Misconception(
                "bad and granted",
                bad_and_granted,
                "You counted the bad loans that are granted: those with p above the threshold are "
                "the refused ones.",
            ),
            Misconception(
                "good and refused",
                good_and_refused,
                "You looked at the good loans: y == 1 marks the bad ones.",
            ),
            Misconception(
                "threshold of a half",
                threshold_of_a_half,
                "Your threshold is always 0.5: use the one that is given.",
            ),
            Misconception(
                "a tensor",
                share_as_tensor,
                "The number is right, but still a tensor: end with .item().",
            ),
        ],
        hints=(
            "Which rows count? Only those where y is 1.",
            "p[y == 1] are the probabilities of the bad loans. Which share of them is above the "
            "threshold? The mean of True and False (as floats) is a share.",
            "def recall(p, y, threshold):\n    found = p[y == 1] > threshold\n"
            "    return found.float().mean().item()",
        ),
    ),
    Exercise(
        name="predicted_shape",
        title="Your prediction: the shape",
        points=0,
        difficulty=1,
        minutes=2,
        reference=(4, 5, 3),
        cases=one_question,
        probe=Value(),
        compare=exact(),
        read=BROADCASTING,
        misconceptions=[
            _wrong_value(
                "aligned from the left",
                (4, 1, 3),
                "The 1 in the middle is stretched, to the 5 of the other tensor.",
            ),
            _wrong_value(
                "right tensor first",
                (5, 4, 3),
                "The sizes are right, but the order is not: write both shapes under each other, "
                "flush right, and go column by column.",
            ),
            _wrong_value(
                "all axes kept",
                (4, 1, 3, 5, 1),
                "Broadcasting does not line axes up one behind the other; it lays the shapes over "
                "each other, flush right.",
            ),
            _wrong_value(
                "one axis lost",
                (4, 5),
                "The longer shape has three axes, and none of them goes away.",
            ),
            _wrong_value(
                "an error",
                "error",
                "They do fit: in every place the sizes are equal, or one of them is 1 or missing.",
            ),
            _wrong_value(
                "largest of the wrong pairs",
                (5, 1, 3),
                "You laid the shapes over each other flush left: it is done flush right.",
            ),
        ],
        hints=(
            "Write (4, 1, 3) and below it, flush right, (5, 1).",
            "From the right: 3 meets 1, 1 meets 5, 4 meets nothing.",
            "predicted_shape = (4, 5, 3)",
        ),
    ),
    Exercise(
        name="predicted_sum",
        title="Your prediction: view or copy",
        points=0,
        difficulty=1,
        minutes=2,
        reference=2.0,
        cases=one_question,
        probe=Value(),
        compare=exact(),
        read=VIEWS,
        misconceptions=[
            _wrong_value(
                "two views",
                4.0,
                "You took both for views: b is a slice and shares its memory with a, but c was "
                "made with a list of positions, which copies.",
            ),
            _wrong_value(
                "two copies",
                0.0,
                "You took both for copies: a slice such as a[:2] is a view, and what is added to "
                "it is added to a.",
            ),
            _wrong_value(
                "the whole tensor",
                3.0,
                "Only the two numbers that the slice shows have grown, not all three.",
            ),
            _wrong_value(
                "one for the slice",
                1.0,
                "b += 1 adds 1 to each of its two numbers.",
            ),
        ],
        hints=(
            "Which of b and c share memory with a?",
            "b is a slice, so a view. c is picked with a list, so a copy.",
            "predicted_sum = 2.0",
        ),
    ),
    Exercise(
        name="predicted_rate",
        title="Your prediction: a large learning rate",
        points=0,
        difficulty=2,
        minutes=2,
        reference="c",
        cases=one_question,
        probe=Value(),
        compare=exact(),
        read=RATES,
        misconceptions=[
            _wrong_value(
                "faster",
                "a",
                "Faster only up to a point: a step that is too long lands on the other side of the "
                "valley, higher up than it started. Run on.",
            ),
            _wrong_value(
                "swings and settles",
                "b",
                "That happens just below the limit; here each swing ends higher than the one "
                "before. Run on.",
            ),
        ],
        hints=(
            "What does a step do that is longer than twice the way to the bottom?",
            "It lands on the other side, farther from the bottom than before. And then?",
            'predicted_rate = "c"',
        ),
    ),
]
