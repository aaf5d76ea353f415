"""Answers to basics/03_neural_networks, and the parts that each loses.

Each of the wrong ones is right as long as something is held still; the right ones are written in
ways that no alternative is.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from answer_table import AnswerTable
from conftest import CLONE
from torch import nn

TABLE = AnswerTable(CLONE / "curriculum" / "basics" / "03_neural_networks")


# --- Cross-entropy with unlabelled traces ---------------------------------------------------------


def naive(logits, labels, small=0.0, rows=None):
    """The formula as it stands, for rows with a label; `small` is added to each probability."""
    powers = np.exp(logits)
    p = powers / powers.sum(axis=1, keepdims=True)
    known = labels >= 0
    count = known.sum() if rows is None else rows
    loss = -np.log(p[known, labels[known]] + small).sum() / count
    hot = labels[:, None] == np.arange(logits.shape[1])
    return loss, (p - hot) * known[:, None] / count


@TABLE.answer("cross_entropy", loses={"large logits"})
def a_small_number_in_the_logarithm(logits, labels):
    with np.errstate(all="ignore"):
        return naive(logits - logits.max(axis=1, keepdims=True), labels, small=1e-12)


@TABLE.answer("cross_entropy", loses={"large logits"})
def clipped_logits(logits, labels):
    return naive(np.clip(logits, -50, 50), labels)


@TABLE.answer("cross_entropy", loses={"some unlabelled", "large logits"})
def minus_one_is_not_met(logits, labels):
    leaf = torch.tensor(logits, requires_grad=True)
    loss = nn.functional.cross_entropy(leaf, torch.tensor(labels).clamp(min=0))
    loss.backward()
    return loss.item(), leaf.grad.numpy()


@TABLE.answer("cross_entropy", loses={"all labelled", "some unlabelled", "large logits"})
def labels_from_one(logits, labels):
    known = labels >= 0
    return via_logsumexp(logits, np.where(known, (labels + 1) % logits.shape[1], labels))


@TABLE.answer("cross_entropy", loses={"all labelled", "some unlabelled", "large logits"})
def in_bits(logits, labels):
    loss, gradient = via_logsumexp(logits, labels)
    return loss / np.log(2), gradient / np.log(2)


@TABLE.answer("cross_entropy", loses={"some unlabelled", "large logits"})
def unlabelled_count(logits, labels):
    loss, gradient = via_logsumexp(logits, labels)
    share = (labels >= 0).mean()
    return loss * share, gradient * share


@TABLE.answer("cross_entropy")
def via_logsumexp(logits, labels):
    z = torch.tensor(logits)
    known = torch.tensor(labels) >= 0
    log_p = z - torch.logsumexp(z, dim=1, keepdim=True)
    rows = torch.nonzero(known).squeeze(1)
    chosen = log_p[rows, torch.tensor(labels)[rows]]
    gradient = torch.zeros_like(z)
    gradient[rows] = log_p[rows].exp()
    gradient[rows, torch.tensor(labels)[rows]] -= 1
    return -chosen.mean().item(), (gradient / len(rows)).numpy()


@TABLE.answer("cross_entropy")
def as_a_weighted_mean(logits, labels):
    weight = (labels >= 0) / (labels >= 0).sum()
    z = logits - logits.max(1)[:, None]
    log_p = z - np.log(np.exp(z).sum(1))[:, None]
    hot = np.eye(logits.shape[1])[labels]
    return -(weight * (hot * log_p).sum(1)).sum(), weight[:, None] * (np.exp(log_p) - hot)


@TABLE.answer("cross_entropy")
def loss_as_a_numpy_number(logits, labels):
    loss, gradient = as_a_weighted_mean(logits, labels)
    return np.float64(loss), gradient.astype(np.float32)


# --- Backward through a linear layer --------------------------------------------------------------


@TABLE.answer("linear_backward", loses={"one trace", "traces of several sensors"})
def batches_only(x, weight, upstream):
    return upstream @ weight, upstream.T @ x, upstream.sum(axis=0)


@TABLE.answer("linear_backward", loses={"traces of several sensors"})
def one_or_two_axes(x, weight, upstream):
    return upstream @ weight, np.atleast_2d(upstream).T @ np.atleast_2d(x), _rows(upstream).sum(0)


def _rows(array):
    return np.atleast_2d(array).reshape(-1, array.shape[-1])


@TABLE.answer("linear_backward", loses={"a batch", "traces of several sensors"})
def bias_is_a_mean(x, weight, upstream):
    d_x, d_weight, d_bias = trace_by_trace(x, weight, upstream)
    return d_x, d_weight, d_bias / len(_rows(x))


@TABLE.answer("linear_backward", loses={"one trace", "traces of several sensors"})
def d_x_is_flat(x, weight, upstream):
    d_x, d_weight, d_bias = trace_by_trace(x, weight, upstream)
    return _rows(d_x), d_weight, d_bias


@TABLE.answer("linear_backward", loses={"a batch", "one trace", "traces of several sensors"})
def weight_in_numpy_layout(x, weight, upstream):
    d_x, d_weight, d_bias = trace_by_trace(x, weight, upstream)
    return d_x, d_weight.T, d_bias


@TABLE.answer("linear_backward", loses={"a batch", "one trace", "traces of several sensors"})
def two_of_three(x, weight, upstream):
    return trace_by_trace(x, weight, upstream)[:2]


@TABLE.answer("linear_backward")
def trace_by_trace(x, weight, upstream):
    d_weight = np.zeros(weight.shape)
    d_bias = np.zeros(len(weight))
    for place in np.ndindex(x.shape[:-1]):
        d_weight += np.outer(upstream[place], x[place])
        d_bias += upstream[place]
    return np.matmul(upstream, weight), d_weight, d_bias


@TABLE.answer("linear_backward")
def with_swapped_axes(x, weight, upstream):
    h = x.reshape((x.size // weight.shape[1], weight.shape[1]))
    u = upstream.reshape((len(h), len(weight)))
    return (u @ weight).reshape(x.shape), (h.T @ u).T, np.ones(len(u)) @ u


@TABLE.answer("linear_backward")
def in_float32(x, weight, upstream):
    return tuple(a.astype(np.float32) for a in trace_by_trace(x, weight, upstream))


# --- Weights to begin with ------------------------------------------------------------------------


def drawn(sizes, seed, variance):
    rng = np.random.default_rng(seed)
    last = len(sizes) - 2
    return [
        (rng.normal(0, np.sqrt(variance(n, i == last)), (n, m)), np.zeros(m))
        for i, (n, m) in enumerate(zip(sizes[:-1], sizes[1:], strict=True))
    ]


@TABLE.answer("initialise", loses={"leaky ReLU"})
def always_relu(sizes, slope, seed):
    return drawn(sizes, seed, lambda n, last: (1 if last else 2) / n)


@TABLE.answer("initialise", loses={"ReLU", "leaky ReLU", "a single layer"})
def gain_on_every_layer(sizes, slope, seed):
    return drawn(sizes, seed, lambda n, last: 2 / (1 + slope**2) / n)


@TABLE.answer("initialise", loses={"a single layer", "ReLU", "leaky ReLU"})
def another_generator(sizes, slope, seed):
    rng = np.random.RandomState(seed)
    return [(rng.normal(size=w.shape), b) for w, b in drawn(sizes, seed, lambda n, last: 1 / n)]


@TABLE.answer("initialise", loses={"ReLU", "leaky ReLU"})
def two_layers_at_most(sizes, slope, seed):
    return right_weights([sizes[0], *sizes[1:2], sizes[-1]][: len(sizes)], slope, seed)[:1]


@TABLE.answer("initialise", loses={"leaky ReLU"})
def slope_added_unsquared(sizes, slope, seed):
    return drawn(sizes, seed, lambda n, last: (1 if last else 2 / (1 + slope)) / n)


@TABLE.answer("initialise")
def right_weights(sizes, slope, seed):
    return drawn(sizes, seed, lambda n, last: 1 / n if last else 2 / (n + n * slope**2))


@TABLE.answer("initialise")
def pairs_as_lists(sizes, slope, seed):
    return [list(pair) for pair in right_weights(sizes, slope, seed)]


# --- Backpropagation through a network ------------------------------------------------------------


def walked(x, labels, weights, biases, gate=np.greater, stable=True, layers=None):
    entered = [x]
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        entered.append(np.maximum(entered[-1] @ weight + bias, 0))
    z = entered[-1] @ weights[-1] + biases[-1]
    p = np.exp(z - z.max(1, keepdims=True) if stable else z)
    u = (p / p.sum(1, keepdims=True) - np.eye(z.shape[1])[labels]) / len(x)
    found = []
    for h, weight in zip(entered[::-1], weights[::-1], strict=True):
        found.insert(0, (h.T @ u, u.sum(0)))
        u = (u @ weight.T) * gate(h, 0)
    return [d for d, _ in found], [d for _, d in found]


@TABLE.answer("mlp_gradients", loses={"large logits"})
def unshifted(x, labels, weights, biases):
    with np.errstate(all="ignore"):
        return walked(x, labels, weights, biases, stable=False)


@TABLE.answer("mlp_gradients", loses={"one hidden layer", "several hidden layers", "large logits"})
def gate_open_at_zero(x, labels, weights, biases):
    return walked(x, labels, weights, biases, gate=np.greater_equal)


@TABLE.answer("mlp_gradients", loses={"several hidden layers", "no hidden layer", "large logits"})
def one_hidden_layer_only(x, labels, weights, biases):
    h = np.maximum(x @ weights[0] + biases[0], 0)
    z = h @ weights[1] + biases[1]
    p = np.exp(z - z.max(1, keepdims=True))
    u = (p / p.sum(1, keepdims=True) - np.eye(z.shape[1])[labels]) / len(x)
    v = (u @ weights[1].T) * (h > 0)
    return [x.T @ v, h.T @ u], [v.sum(0), u.sum(0)]


@TABLE.answer("mlp_gradients")
def step_by_step(x, labels, weights, biases):
    return walked(x, labels, weights, biases)


@TABLE.answer("mlp_gradients")
def lists_as_tuples(x, labels, weights, biases):
    d_weights, d_biases = walked(x, labels, weights, biases)
    return [d_weights, d_biases]


# --- Check a colleague's gradients ----------------------------------------------------------------


def distances(x, labels, weights, biases, claimed, measure):
    d_weights, _ = walked(x, labels, weights, biases)
    return [i for i, (c, d) in enumerate(zip(claimed, d_weights, strict=True)) if measure(c, d)]


@TABLE.answer(
    "gradient_check",
    loses={"a layer slightly off", "all layers off, or none", "small and large gradients"},
)
def by_cosine(*args):
    def turned(c, d):
        return (c * d).sum() / np.linalg.norm(c) / np.linalg.norm(d) < 0.9

    return distances(*args, turned)


@TABLE.answer("gradient_check")
def by_relative_norm_of_the_largest(*args):
    def off(c, d):
        return np.abs(c - d).max() / np.abs(d).max() > 0.02

    return distances(*args, off)


@TABLE.answer("gradient_check")
def numbers_of_numpy(*args):
    found = distances(*args, lambda c, d: np.ptp(np.append(c - d, 0)) > 0.01 * np.abs(d).max())
    return [np.int64(i) for i in found]


# --- Repair a colleague's network -----------------------------------------------------------------


@TABLE.answer("FaultNet")
class OneByOne(nn.Module):
    def __init__(self, features=40, width=64, depth=2, classes=10):
        super().__init__()
        self.register_buffer("mean", torch.zeros(1, features).squeeze(0))
        self.register_buffer("scale", torch.ones(1, features).squeeze(0))
        for i in range(depth):
            self.add_module(f"hidden{i}", nn.Linear(features if i == 0 else width, width))
        self.last = nn.Linear(width if depth else features, classes)
        self.depth = depth

    def forward(self, x):
        x = x.sub(self.mean).div(self.scale)
        for i in range(self.depth):
            x = torch.clamp(getattr(self, f"hidden{i}")(x), min=0)
        return self.last(x)


@TABLE.answer("FaultNet", loses={"no hidden layer"})
class AtLeastOne(OneByOne):
    def __init__(self, features=40, width=64, depth=2, classes=10):
        super().__init__(features, width, max(depth, 1), classes)


@TABLE.answer("FaultNet", loses={"as specified", "other sizes", "no hidden layer"})
class TrainableScale(OneByOne):
    def __init__(self, features=40, width=64, depth=2, classes=10):
        super().__init__(features, width, depth, classes)
        del self.mean
        self.mean = nn.Parameter(torch.zeros(features))


@TABLE.answer("FaultNet", loses={"as specified", "other sizes"})
class WithSigmoid(OneByOne):
    def forward(self, x):
        x = (x - self.mean) / self.scale
        for i in range(self.depth):
            x = torch.sigmoid(getattr(self, f"hidden{i}")(x))
        return self.last(x)


# --- Predictions ----------------------------------------------------------------------------------

TABLE.prediction("predicted_loss", 2.3, right=True)
TABLE.prediction("predicted_loss", float(np.log(10)), right=True)
TABLE.prediction("predicted_loss", 1, right=False)
TABLE.prediction("predicted_layers", "a", right=False)
TABLE.prediction("predicted_spread", "a", right=True)


@pytest.mark.parametrize(("exercise", "given", "lost"), TABLE.rows)
def test_answer_loses_these_parts(exercise, given, lost):
    assert TABLE.lost(exercise, given) == lost
