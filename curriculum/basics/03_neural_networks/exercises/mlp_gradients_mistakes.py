"""More mistakes in `mlp_gradients`, which is declared beside: forward, and at the loss."""

from __future__ import annotations

import numpy as np

from .mlp_gradients import network


def _walk(
    a, *, rectify=lambda z: np.maximum(z, 0), first=lambda x: x, biased=1.0, odds=None, share=1.0,
    entered=lambda h, z: h, gated=lambda layer, layers: True, loss=lambda p, hot: p - hot,
):  # fmt: skip
    """Both walks, with one step replaced."""
    layers = len(a.weights)
    before, inputs = [], [first(a.x)]
    for layer, (weight, bias) in enumerate(zip(a.weights, a.biases, strict=True)):
        before.append(inputs[-1] @ weight + biased * bias)
        if layer < layers - 1:
            inputs.append(rectify(before[-1]))
    with np.errstate(all="ignore"):
        p = (odds or _softmax)(before[-1])
    upstream = loss(p, np.eye(p.shape[1])[a.labels]) / len(a.x)
    d_weights, d_biases = [], []
    for layer in reversed(range(layers)):
        h = entered(inputs[layer], before[layer - 1]) if layer else inputs[0]
        d_weights.insert(0, h.T @ upstream)
        d_biases.insert(0, upstream.sum(axis=0))
        if layer:
            upstream = upstream @ a.weights[layer].T * share
            upstream = upstream * (before[layer - 1] > 0) if gated(layer, layers) else upstream
    return d_weights, d_biases


def _softmax(logits, shift=lambda z: z.max(axis=1, keepdims=True), axis=1):
    odds = np.exp(logits - shift(logits))
    return odds / odds.sum(axis=axis, keepdims=True)


forward = network.group("The walk forward")


@forward.mistake(
    "There is no ReLU in your walk forward: it follows each layer but the last, and what the next "
    "layer gets is its output."
)
def no_relu_forward(right, a):
    return _walk(a, rectify=lambda z: z)


@forward.mistake(
    "Your walk forward sends the traces through a ReLU before the first layer: only what a hidden "
    "layer computes goes through one."
)
def traces_rectified(right, a):
    return _walk(a, first=lambda x: np.maximum(x, 0))


@forward.mistake("Your walk forward leaves the biases out: each layer computes h @ weight + bias.")
def biases_left_out(right, a):
    return _walk(a, biased=0.0)


@forward.mistake(
    "For d_weight you multiplied by what a layer computed before its ReLU: what enters the next "
    "layer, and counts there, is the ReLU's output."
)
def before_the_relu(right, a):
    return _walk(a, entered=lambda h, z: z)


back = network.group("The walk back, in several layers")


@back.mistake(
    "On the way back you blocked the gradient at the last hidden layer alone: each ReLU blocks it "
    "where its own units are 0."
)
def one_relu_blocked(right, a):
    return _walk(a, gated=lambda layer, layers: layer == layers - 1)


@back.mistake(
    "You divided by the number of traces again in each layer: the 1/N of the mean enters once, at "
    "the loss, and the gradient carries it through."
)
def divided_in_each_layer(right, a):
    return _walk(a, share=1 / len(a.x))


softmaxes = network.group("The softmax", read="lesson.ipynb#Softmax-and-cross-entropy")


@softmaxes.mistake(
    "You subtracted the largest of all logits: in a row far below it all powers round to 0, and "
    "0 / 0 is nan; subtract each row's own largest."
)
def one_largest_for_all(right, a):
    return _walk(a, odds=lambda z: _softmax(z, lambda z: z.max()))


@softmaxes.mistake(
    "You subtracted each column's largest logit: a row's probabilities stay as they are only where "
    "one number is subtracted from the whole row, so use axis=1."
)
def largest_of_the_column(right, a):
    return _walk(a, odds=lambda z: _softmax(z, lambda z: z.max(axis=0, keepdims=True)))


@softmaxes.mistake(
    "Your softmax adds up to 1 over the traces: it must over the kinds of each trace, so take the "
    "sum along axis 1."
)
def softmax_over_the_traces(right, a):
    return _walk(a, odds=lambda z: _softmax(z, lambda z: z.max(axis=0, keepdims=True), axis=0))


@softmaxes.mistake(
    "You cut large logits off: two of them beyond the bound then look equal; subtract each row's "
    "largest instead, which changes no probability."
)
def logits_cut_off(right, a):
    return _walk(a, odds=lambda z: _softmax(np.clip(z, -300, 300)))


@softmaxes.mistake(
    "You divided by the number of logits, traces times kinds: the loss is a mean over the traces "
    "alone."
)
def divided_by_all_logits(right, a):
    return _walk(a, loss=lambda p, hot: (p - hot) / p.shape[1])


@softmaxes.mistake(
    "You multiplied by p * (1 - p) as well: softmax minus one-hot is already the gradient with "
    "respect to the logits, the derivative of the softmax included."
)
def softmax_derived_again(right, a):
    return _walk(a, loss=lambda p, hot: (p - hot) * p * (1 - p))
