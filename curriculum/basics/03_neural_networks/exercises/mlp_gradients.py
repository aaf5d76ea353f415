"""Backpropagation through a whole network: the exercise `mlp_gradients`."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import only_value, tuple_order

network = exercise(
    "mlp_gradients",
    title="Backpropagation through a network",
    points=4,
    difficulty=4,
    minutes=15,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#Backpropagation",
    returns=("d_weights", "d_biases"),
    forms=[
        tuple_order((1, 0), "Both lists are right, but swapped: d_weights come first."),
        only_value(0, "You returned d_weights alone: return the list d_biases as well."),
    ],
)


@network.reference
def mlp_gradients(x, labels, weights, biases):
    """Return (d_weights, d_biases), the gradients of the mean cross-entropy, as two lists.

    x: float array (N, I). labels: whole numbers (N,). weights: list of float arrays (in, out),
    first layer first; biases: list of (out,). A ReLU follows each layer but the last. Each
    gradient has the shape of what it belongs to.
    """
    inputs, logits = _forward(x, weights, biases)
    return _backward(inputs, _d_logits(logits, labels), weights)


def _forward(x, weights, biases):
    """What enters each layer, first layer first, and the logits."""
    inputs = [x]
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        inputs.append(np.maximum(inputs[-1] @ weight + bias, 0))
    return inputs, inputs[-1] @ weights[-1] + biases[-1]


def _d_logits(logits, labels):
    """Gradient (N, K) of the mean cross-entropy with respect to the logits."""
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    hot = labels[:, None] == np.arange(logits.shape[1])
    return (odds / odds.sum(axis=1, keepdims=True) - hot) / len(logits)


def _backward(inputs, upstream, weights):
    """(d_weights, d_biases) from what entered each layer and the logits' gradient."""
    d_weights, d_biases = [], []
    for entered, weight in zip(inputs[::-1], weights[::-1], strict=True):
        d_weights.insert(0, entered.T @ upstream)
        d_biases.insert(0, upstream.sum(axis=0))
        upstream = upstream @ weight.T * (entered > 0)
    return d_weights, d_biases


@network.alternative
def via_autograd(x, labels, weights, biases):
    leaves = [[torch.tensor(a, requires_grad=True) for a in arrays] for arrays in (weights, biases)]
    h = torch.tensor(x)
    for i, (weight, bias) in enumerate(zip(*leaves, strict=True)):
        h = (h.relu() if i else h) @ weight + bias
    functional.cross_entropy(h, torch.tensor(labels)).backward()
    return tuple([leaf.grad.numpy() for leaf in group] for group in leaves)


@network.alternative
def recursively(x, labels, weights, biases):
    def walk(h, layer):
        z = h @ weights[layer] + biases[layer]
        if layer == len(weights) - 1:
            upstream = _d_logits(z, labels)
        else:
            upstream = walk(z * (z > 0), layer + 1) * (z > 0)
        gradients.append((h.T @ upstream, upstream.sum(axis=0)))
        return upstream @ weights[layer].T

    gradients = []
    walk(x, 0)
    return [d for d, _ in gradients[::-1]], [d for _, d in gradients[::-1]]


@network.cases
def cases(rng):
    def drawn(rows, sizes, scale):
        pairs = list(zip(sizes[:-1], sizes[1:], strict=True))
        weights = [rng.normal(scale=1.2, size=pair).round(2) for pair in pairs]
        biases = [rng.normal(size=m).round(2) for _, m in pairs]
        labels = np.resize(rng.permutation(sizes[-1]), rows)
        x = rng.normal(scale=scale, size=(rows, sizes[0])).round(1)
        return x, rng.permutation(labels), weights, biases

    def case(part, rows, *sizes, scale=1.0, wanted=lambda logits: True):
        x, labels, weights, biases = drawn(rows, sizes, scale)
        while not wanted(_forward(x, weights, biases)[1]):
            x, labels, weights, biases = drawn(rows, sizes, scale)
        return Case(part, (x, labels, weights, biases))

    def has_negative_row(logits):  # where a ReLU makes equal odds of logits that are far apart
        return (logits < 0).all(axis=1).any()

    return [
        case("no hidden layer", 3, 4, 3),
        case("no hidden layer", 1, 2, 5),
        case("one hidden layer", 5, 3, 7, 2),
        case("one hidden layer", 2, 2, 6, 4),
        case("one hidden layer", 1, 1, 1, 2),
        case("several hidden layers", 5, 3, 8, 6, 3),
        case("several hidden layers", 4, 5, 8, 6, 7, 3),
        case("several hidden layers", 3, 4, 6, 6, 6, 4),
        case("large logits", 6, 4, 3, scale=3000.0, wanted=has_negative_row),
        case("large logits", 8, 2, 5, 4, scale=2000.0, wanted=has_negative_row),
        case("large logits", 1, 3, 4, scale=3000.0, wanted=lambda z: abs(z.max()) > 1000),
    ]


def _overflowing(logits, labels):
    """The logits' gradient without the shift: nan where a power overflows."""
    with np.errstate(all="ignore"):
        powers = np.exp(logits)
        hot = labels[:, None] == np.arange(logits.shape[1])
        return (powers / powers.sum(axis=1, keepdims=True) - hot) / len(logits)


def _variant(a, *, gate=lambda entered: entered > 0, back=lambda u, w: u @ w.T, d_logits=None):
    """The walk back with one step replaced; the upstream gradient is d_logits' unless given."""
    inputs, logits = _forward(a.x, a.weights, a.biases)
    upstream = _d_logits(logits, a.labels) if d_logits is None else d_logits(logits, a.labels)
    d_weights, d_biases = [], []
    for entered, weight in zip(inputs[::-1], a.weights[::-1], strict=True):
        d_weights.insert(0, entered.T @ upstream)
        d_biases.insert(0, upstream.sum(axis=0))
        upstream = back(upstream, weight) * gate(entered)
    return d_weights, d_biases


walking = network.group("The walk back")


@walking.mistake(
    "The gradient passes every ReLU unchanged: where a unit was 0, nothing goes back; multiply by "
    "(h > 0)."
)
def relu_forgotten(right, a):
    return _variant(a, gate=lambda entered: 1.0)


@walking.mistake(
    "You multiplied by the activation itself instead of by its slope: the slope of a ReLU is 1 "
    "where the unit is positive, and 0 elsewhere."
)
def multiplied_by_activation(right, a):
    return _variant(a, gate=lambda entered: entered)


@walking.mistake(
    "You let the gradient through where the units are 0 and blocked it where they are positive: "
    "it is the other way round."
)
def gate_reversed(right, a):
    return _variant(a, gate=lambda entered: entered <= 0)


@walking.mistake(
    "You gated with the sign of the gradient, not of the unit: keep what the forward pass "
    "computed, and let through where *that* was positive."
)
def gated_by_gradient(right, a):
    inputs, logits = _forward(a.x, a.weights, a.biases)
    upstream = _d_logits(logits, a.labels)
    d_weights, d_biases = [], []
    for entered, weight in zip(inputs[::-1], a.weights[::-1], strict=True):
        d_weights.insert(0, entered.T @ upstream)
        d_biases.insert(0, upstream.sum(axis=0))
        upstream = np.maximum(upstream @ weight.T, 0)
    return d_weights, d_biases


at_the_loss = network.group("At the loss", read="lesson.ipynb#Softmax-and-cross-entropy")


@at_the_loss.mistake(
    "The loss is a mean over the traces: divide the gradient of the logits by their number."
)
def not_divided(right, a):
    return tuple([d * len(a.x) for d in group] for group in right())


@at_the_loss.mistake("You began with the softmax alone: subtract 1 at the true kind of each row.")
def labels_left_out(right, a):
    def softmax(logits, labels):
        hot = labels[:, None] == np.arange(logits.shape[1])
        return _d_logits(logits, labels) + hot / len(logits)

    return _variant(a, d_logits=softmax)


@at_the_loss.mistake(
    "Every gradient has the wrong sign: the walk starts with softmax minus one-hot, not with "
    "one-hot minus softmax."
)
def sign_reversed(right, a):
    return tuple([-d for d in group] for group in right())


@at_the_loss.mistake(
    "Large logits overflow: exp(1000) is infinite; subtract each row's largest logit first, as in "
    "exercise 1."
)
def overflows(right, a):
    return _variant(a, d_logits=_overflowing)


results = network.group("The result")


@results.mistake("Your lists begin with the last layer: reverse them, first layer first.")
def last_layer_first(right, a):
    return tuple(group[::-1] for group in right())


@results.mistake("Your d_weights are transposed: each has the shape of its weight, (in, out).")
def weights_transposed(right, a):
    return [d.T for d in right()[0]], right()[1]


@results.mistake(
    "Your d_biases are means over the traces: the bias reaches every trace, so add up; the 1/N of "
    "the mean loss is in the gradient already."
)
def biases_averaged(right, a):
    return right()[0], [d / len(a.x) for d in right()[1]]


@results.mistake(
    "A ReLU follows your last layer, too: logits may be negative, so leave them as they are."
)
def relu_on_the_logits(right, a):
    def gated(logits, labels):
        return _d_logits(np.maximum(logits, 0), labels) * (logits > 0)

    return _variant(a, d_logits=gated)


@results.mistake(
    "Your softmax sees logits that went through a ReLU: logits may be negative, so leave the last "
    "layer's output as it is."
)
def relu_before_the_softmax(right, a):
    def clipped(logits, labels):
        return _d_logits(np.maximum(logits, 0), labels)

    return _variant(a, d_logits=clipped)


network.hints(
    "Do it in two walks. Forward: keep what enters each layer. Backward: start with the gradient "
    "of the logits and go through the layers from the last to the first.",
    "At each layer, with h what entered it and u the gradient of its output: d_weight = h.T @ u, "
    "d_bias = u summed over the traces, and the next u is u @ weight.T, set to 0 where h is 0.",
    "Forward: inputs = [x], then relu(inputs[-1] @ weight + bias) for all layers but the last. "
    "u = (softmax - one-hot) / N. Loop over the layers in reverse, insert each gradient at the "
    "front of its list, and step back with (u @ weight.T) * (h > 0).",
)
