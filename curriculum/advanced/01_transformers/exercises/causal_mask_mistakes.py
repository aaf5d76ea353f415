"""More mistakes in `causal_mask`, which is declared beside."""

from __future__ import annotations

import numpy as np

from .causal_mask import masking, order


def _real(tokens, lengths):
    return np.arange(tokens.shape[1]) < lengths[:, None]


def _by(real, tokens):
    """Return the three arrays, where `real` says which tokens are."""
    steps = tokens.shape[1] - 1
    return (
        np.where(real, tokens, 0)[:, :-1],
        np.where(real, tokens, -100)[:, 1:],
        np.tri(steps, dtype=bool) & real[:, None, :-1],
    )


@order.mistake("There is no triangle left: a position sees no input after itself, s <= t.")
def everything_seen():
    return {"ahead": 10_000}


@masking.mistake(
    "Your mask is transposed: the second axis is the one that looks, the third the one that is "
    "looked at."
)
def mask_transposed_at_the_end(right, a):
    inputs, targets, allowed = right()
    return inputs, targets, allowed.swapaxes(1, 2)


reality = masking.group("What is real", read="lesson.ipynb#No-looking-ahead")


@reality.mistake(
    "You took negative tokens for the padding: there may be anything behind the real ones, so go "
    "by lengths."
)
def padding_by_its_value(tokens, lengths):
    return _by(tokens >= 0, tokens)


@reality.mistake(
    "A real token 0 is no target in your answer: padding is what lies behind lengths, not what is "
    "0 in inputs."
)
def zeros_are_no_targets(right, a):
    inputs, targets, allowed = right()
    return inputs, np.where(targets == 0, -100, targets), allowed


@reality.mistake(
    "You took one token too many for real: those before lengths[n] are, so the place is below it, "
    "not equal."
)
def one_token_too_many(tokens, lengths):
    return _by(_real(tokens, lengths + 1), tokens)


@reality.mistake(
    "You blanked the last real token of short rows in inputs: it has no target, but it is real."
)
def last_input_blanked(right, a):
    _, targets, allowed = right()
    return np.where(_real(a.tokens, a.lengths - 1), a.tokens, 0)[:, :-1], targets, allowed


@reality.mistake(
    "The last real token of short rows cannot be looked at: input s is real where s < lengths, "
    "whatever its target is."
)
def last_input_hidden(right, a):
    inputs, targets, allowed = right()
    return inputs, targets, allowed & _real(a.tokens, a.lengths - 1)[:, None, :-1]


@reality.mistake(
    "Padding that looks at itself is allowed in your answer: input s must be real there, too."
)
def diagonal_of_padding(right, a):
    inputs, targets, allowed = right()
    return inputs, targets, allowed | np.eye(inputs.shape[1], dtype=bool)


@reality.mistake(
    "You hid padding by the length of the longest row: each row has a length of its own."
)
def one_length_for_all(right, a):
    inputs, targets, _ = right()
    longest = np.full_like(a.lengths, a.lengths.max())
    return inputs, targets, right(lengths=longest)[2]


numbers = masking.group("What stands for padding", read="lesson.ipynb#No-looking-ahead")


@numbers.mistake(
    "There is -100 in inputs, which an embedding cannot read: that is for targets; inputs get 0."
)
def inputs_are_minus_100(right, a):
    _, targets, allowed = right()
    return np.where(_real(a.tokens, a.lengths), a.tokens, -100)[:, :-1], targets, allowed


def _targets_as(number):
    def another_target(right, a):
        inputs, targets, allowed = right()
        return inputs, np.where(targets == -100, number, targets), allowed

    return another_target


@numbers.mistake(
    "Padding has the target 0, a token like any other, so it is still asked for: give -100, which "
    "cross_entropy leaves out."
)
def targets_are_zero(right, a):
    return _targets_as(0)(right, a)


@numbers.mistake("Padding has the target -1: cross_entropy leaves out -100.")
def targets_are_minus_1(right, a):
    return _targets_as(-1)(right, a)


@numbers.mistake(
    "Your targets are the inputs, with -100 for padding: the target at t is the token at t + 1."
)
def inputs_are_targets(right, a):
    inputs, _, allowed = right()
    return inputs, np.where(_real(a.tokens, a.lengths), a.tokens, -100)[:, :-1], allowed
