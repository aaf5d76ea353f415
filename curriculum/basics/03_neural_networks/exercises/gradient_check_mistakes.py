"""Mistakes in `gradient_check`, which is declared beside."""

from __future__ import annotations

import numpy as np

from .gradient_check import TOLERANCE, checking, exact_gradients


def _is_off(claim, right):
    return np.abs(claim - right).max() > TOLERANCE * np.abs(right).max()


def _wrong_layers(claimed, gradients, measure=_is_off):
    """Numbers of the layers for which measure(claim, gradient) is true."""
    pairs = zip(claimed, gradients, strict=True)
    return [layer for layer, pair in enumerate(pairs) if measure(*pair)]


def _judged_by(measure):
    """Numbers of the layers for which measure(claim, right) is true."""

    def mistaken(right, a):
        gradients = exact_gradients(a.x, a.labels, a.weights, a.biases)
        return _wrong_layers(a.claimed, gradients, measure)

    return mistaken


measures = checking.group("The comparison", make=lambda measure: _judged_by(measure()))


@measures.mistake("You compared sums of gradients, in which errors cancel: compare entry by entry.")
def sums_compared():
    return lambda claim, right: abs(claim.sum() - right.sum()) > TOLERANCE * np.abs(right).max()


@measures.mistake(
    "You compared sizes without signs: a gradient that points the wrong way has the right size; "
    "subtract before you take absolute values."
)
def sizes_compared():
    def differ(claim, right):
        return np.abs(np.abs(claim) - np.abs(right)).max() > TOLERANCE * np.abs(right).max()

    return differ


@measures.mistake(
    "You compared the mean difference: one wrong entry among many right ones vanishes in it; take "
    "the largest."
)
def mean_difference():
    return lambda claim, right: np.abs(claim - right).mean() > TOLERANCE * np.abs(right).max()


@measures.mistake(
    "You compared with a fixed number: where gradients are small, everything passes; compare with "
    "the gradient's own largest value."
)
def absolute_tolerance():
    return lambda claim, right: np.abs(claim - right).max() > TOLERANCE


@measures.mistake("You listed the layers that are right: return the numbers of the wrong ones.")
def right_ones_listed():
    return lambda claim, right: np.abs(claim - right).max() <= TOLERANCE * np.abs(right).max()


@measures.mistake(
    "You looked at one entry of each layer: a fault may sit in any other, so check all of them."
)
def first_entry_only():
    return lambda claim, right: abs(claim - right)[0, 0] > TOLERANCE * np.abs(right).max()


@measures.mistake(
    "You divided each difference by its own entry: where an entry is close to 0, rounding alone is "
    "a large part of it; divide by the layer's largest absolute value."
)
def entry_by_entry():
    def differ(claim, right):
        with np.errstate(all="ignore"):
            return bool((np.abs(claim - right) / np.abs(right) > TOLERANCE).any())

    return differ


@measures.mistake(
    "You took the largest gradient with its sign: where the largest in size is negative, that is "
    "too small; take the absolute value first."
)
def largest_with_its_sign():
    return lambda claim, right: np.abs(claim - right).max() > TOLERANCE * right.max()


@measures.mistake(
    "You took the largest difference with its sign: an entry that is off in the other direction "
    "goes unnoticed; take the absolute value first."
)
def difference_with_its_sign():
    return lambda claim, right: (claim - right).max() > TOLERANCE * np.abs(right).max()


@measures.mistake(
    "You compared norms: the norm of a difference grows with the number of its entries, so that "
    "rounding alone adds up; compare the largest difference with the largest gradient."
)
def norms_compared():
    return lambda claim, right: np.linalg.norm(claim - right) > TOLERANCE * np.linalg.norm(right)


@measures.mistake(
    "You added the differences up: rounding in many entries adds up as well; take the largest one."
)
def differences_added():
    return lambda claim, right: np.abs(claim - right).sum() > TOLERANCE * np.abs(right).max()


@measures.mistake(
    "You divided by the mean size of the gradient: where most entries are small, rounding alone "
    "exceeds a hundredth of it; divide by the largest."
)
def over_the_mean_size():
    return lambda claim, right: np.abs(claim - right).max() > TOLERANCE * np.abs(right).mean()


@measures.mistake(
    "You compared directions: a gradient that is 5 % too long points the right way; compare entry "
    "by entry."
)
def directions_compared():
    def differ(claim, right):
        return np.vdot(claim, right) < 0.99 * np.linalg.norm(claim) * np.linalg.norm(right)

    return differ


@measures.mistake(
    "You compared the largest value of the claim with the largest of the gradient: both are the "
    "same where signs or places are wrong; subtract first."
)
def largest_compared():
    def differ(claim, right):
        return abs(np.abs(claim).max() - np.abs(right).max()) > TOLERANCE * np.abs(right).max()

    return differ


@checking.mistake("You stopped at the first wrong layer: list all of them.")
def first_only(right, a):
    return right()[:1]


@checking.mistake(
    "You compared with the largest gradient of all layers: each layer has its own scale, and where "
    "its gradients are small, its faults pass unseen."
)
def one_scale_for_all(right, a):
    gradients = exact_gradients(a.x, a.labels, a.weights, a.biases)
    largest = max(np.abs(gradient).max() for gradient in gradients)
    return _wrong_layers(a.claimed, gradients, lambda c, g: np.abs(c - g).max() > 0.01 * largest)


own = checking.group("Your own gradient")


@own.mistake(
    "Your own gradient is that of the sum over the traces: the loss is their mean, so divide by "
    "their number."
)
def own_not_divided(right, a):
    gradients = exact_gradients(a.x, a.labels, a.weights, a.biases)
    return _wrong_layers(a.claimed, [len(a.x) * gradient for gradient in gradients])


@own.mistake(
    "Your own gradient passes the ReLUs unchanged on the way back: where a unit is 0, nothing goes "
    "back; compare it with finite differences first."
)
def own_without_relu(right, a):
    gradients = exact_gradients(a.x, a.labels, a.weights, a.biases, gated=False)
    return _wrong_layers(a.claimed, gradients)


@own.mistake(
    "You list every layer, even where all claims are right, so your own gradient is off: with "
    "finite differences, a step far below 1e-5 drowns in rounding."
)
def every_layer_listed(right, a):
    return list(range(len(a.claimed)))
