"""More answers to basics/03_neural_networks: gradients checked by the wrong rule, lost buffers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from answer_table import AnswerTable
from conftest import CLONE
from torch import nn

TABLE = AnswerTable(CLONE / "curriculum" / "basics" / "03_neural_networks")


def right_gradients(x, labels, weights, biases):
    return TABLE.exercises["mlp_gradients"].reference(x, labels, weights, biases)[0]


def layers_that(differ):
    """An answer that lists the layers for which differ(claim, gradient) is true."""

    def gradient_check(x, labels, weights, biases, claimed):
        pairs = zip(claimed, right_gradients(x, labels, weights, biases), strict=True)
        return [i for i, pair in enumerate(pairs) if differ(*pair)]

    return gradient_check


def is_far(claim, right):
    return abs(right - claim).max() / abs(right).max() > 0.02


def relative_to_each_entry(claim, right):
    with np.errstate(all="ignore"):
        return bool((abs(claim - right) / abs(right) > 0.01).any())


def larger_by(claim, right):
    return (claim - right).max() > 0.01 * abs(right).max()


def smaller_by(claim, right):
    return (right - claim).max() > 0.01 * abs(right).max()


def scaled_by_the_largest_with_its_sign(claim, right):
    return abs(claim - right).max() > 0.01 * right.max()


@pytest.mark.parametrize(
    ("differ", "lost"),
    [
        (is_far, set()),
        (relative_to_each_entry, {"rounded claims"}),
        (larger_by, {"a layer slightly off"}),
        (smaller_by, {"a layer slightly off"}),
        (scaled_by_the_largest_with_its_sign, {"rounded claims"}),
    ],
)
def test_a_rule_of_comparison_loses_these_parts(differ, lost):
    found = TABLE.lost("gradient_check", layers_that(differ))
    assert found >= lost and bool(found) == bool(lost)


@TABLE.answer("gradient_check")
def by_differences_to_one_side(x, labels, weights, biases, claimed):
    def loss(changed):
        h = x
        for i, (weight, bias) in enumerate(zip(changed, biases, strict=True)):
            h = (np.maximum(h, 0) if i else h) @ weight + bias
        return (np.logaddexp.reduce(h, axis=1) - h[np.arange(len(h)), labels]).mean()

    wrong = []
    for i, claim in enumerate(claimed):
        gradient = np.zeros(claim.shape)
        for place in np.ndindex(claim.shape):
            changed = [weight.copy() for weight in weights]
            changed[i][place] += 1e-6
            gradient[place] = (loss(changed) - loss(weights)) / 1e-6
        if is_far(claim, gradient):
            wrong.append(i)
    return wrong


@TABLE.answer("gradient_check", loses=TABLE.parts("gradient_check"))
def no_layer(x, labels, weights, biases, claimed):
    return []


@TABLE.answer("gradient_check", loses=TABLE.parts("gradient_check"))
def every_layer(x, labels, weights, biases, claimed):
    return list(range(len(claimed)))


@TABLE.answer("mlp_gradients", loses=TABLE.parts("mlp_gradients"))
def a_relu_before_the_softmax(x, labels, weights, biases):
    layers = list(zip(weights, biases, strict=True))
    inputs = [x]
    for weight, bias in layers:
        inputs.append(np.maximum(inputs[-1] @ weight + bias, 0))
    p = np.exp(inputs[-1] - inputs[-1].max(axis=1, keepdims=True))
    upstream = p / p.sum(axis=1, keepdims=True) - np.eye(p.shape[1])[labels]
    d_weights, d_biases = [], []
    for h, weight in zip(inputs[-2::-1], weights[::-1], strict=True):
        d_weights.insert(0, h.T @ upstream / len(x))
        d_biases.insert(0, upstream.mean(axis=0))
        upstream = upstream @ weight.T * (h > 0)
    return d_weights, d_biases


@TABLE.answer("cross_entropy", loses=TABLE.parts("cross_entropy"))
def zero_counts_as_unlabelled(logits, labels):
    known = np.where(labels > 0, labels, -1)
    if (known < 0).all():
        return 0.0, np.zeros(logits.shape)
    return TABLE.exercises["cross_entropy"].reference(logits, known)


@TABLE.answer("linear_backward")
def one_trace_after_the_other(x, weight, upstream):
    d_x, d_weight, d_bias = np.zeros(x.shape), np.zeros(weight.shape), np.zeros(len(weight))
    for place in np.ndindex(*x.shape[:-1]):
        d_x[place] = weight.T @ upstream[place]
        d_weight += np.outer(upstream[place], x[place])
        d_bias += upstream[place]
    return d_x, d_weight, d_bias


@TABLE.answer("linear_backward", loses={"one trace", "traces of several sensors"})
def tables_alone(x, weight, upstream):
    return upstream @ weight, upstream.T @ x, upstream.sum(axis=0)


@TABLE.answer("mlp_gradients", loses={"large logits"})
def powers_overflow(x, labels, weights, biases):
    leaves = [[torch.tensor(a, requires_grad=True) for a in group] for group in (weights, biases)]
    h = torch.tensor(x)
    for i, (weight, bias) in enumerate(zip(*leaves, strict=True)):
        h = (h.relu() if i else h) @ weight + bias
    p = h.exp() / h.exp().sum(dim=1, keepdim=True)
    (-p[torch.arange(len(h)), torch.tensor(labels)].log().mean()).backward()
    return tuple([leaf.grad.numpy() for leaf in group] for group in leaves)


class OneSequence(nn.Module):
    def __init__(self, features=40, width=64, depth=2, classes=10):
        super().__init__()
        self.register_buffer("mean", torch.zeros(features), persistent=self.is_saved)
        self.register_buffer("scale", torch.ones(features), persistent=self.is_saved)
        sides = [features, *[width] * depth]
        pairs = zip(sides[:-1], sides[1:], strict=True)
        blocks = [nn.Sequential(nn.Linear(*pair), nn.ReLU()) for pair in pairs]
        self.net = nn.Sequential(*blocks, nn.Linear(sides[-1], classes))

    is_saved = True

    def forward(self, x):
        return self.net(x.sub(self.mean).div(self.scale))


@TABLE.answer("FaultNet")
class Saved(OneSequence):
    pass


@TABLE.answer("FaultNet", loses=TABLE.parts("FaultNet"))
class BuffersAreNotSaved(OneSequence):
    is_saved = False


@TABLE.answer("FaultNet", loses={"as specified", "other sizes"})
class LastHiddenLayerBare(OneSequence):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if len(self.net) > 1:
            self.net[-2][1] = nn.Identity()


@pytest.mark.parametrize(("exercise", "given", "lost"), TABLE.rows)
def test_answer_loses_these_parts(exercise, given, lost):
    assert TABLE.lost(exercise, given) == lost
