"""What a language model reads, predicts and may see in training, repaired: `causal_mask`."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.authoring import Call, Case, exact, exercise

masking = exercise(
    "causal_mask",
    title="Repair a batch that gives the answer away",
    points=2,
    difficulty=2,
    minutes=8,
    probe=Call(),
    compare=exact(),
    read="lesson.ipynb#What-goes-wrong:-the-mask-is-off-by-one",
    returns=("inputs", "targets", "allowed"),
)


@masking.reference
def causal_mask(tokens, lengths):
    """Return (inputs, targets, allowed): int (N, T), int (N, T) and bool (N, T, T).

    tokens: int (N, T + 1), rows padded with anything; lengths: int (N,), 1 to T + 1. inputs: all
    tokens but the last column, 0 in place of padding. targets: the next token of each, -100 where
    that is padding. allowed[n, t, s]: s is not after t, and input s is real.
    """
    place = np.arange(tokens.shape[1])
    real = place < lengths[:, None]
    inputs = np.where(real, tokens, 0)[:, :-1]
    targets = np.where(real, tokens, -100)[:, 1:]
    not_later = place[:-1] <= place[:-1, None]
    return inputs, targets, not_later & real[:, None, :-1]


@masking.alternative
def row_by_row(tokens, lengths):
    number, steps = len(tokens), tokens.shape[1] - 1
    inputs = np.zeros((number, steps), dtype=int)
    targets = np.full((number, steps), -100)
    allowed = np.zeros((number, steps, steps), dtype=bool)
    for n, length in enumerate(lengths.tolist()):
        row = tokens[n, :length]
        inputs[n, : min(length, steps)] = row[:steps]
        targets[n, : length - 1] = row[1:]
        for t in range(inputs.shape[1]):
            allowed[n, t, : min(t + 1, length)] = True
    return inputs, targets, allowed


@masking.alternative
def with_torch(tokens, lengths):
    given, ends = torch.tensor(tokens), torch.tensor(lengths)
    padding = torch.arange(given.shape[1]) >= ends[:, None]
    triangle = torch.ones(given.shape[1] - 1, given.shape[1] - 1).tril().bool()
    return (
        given.masked_fill(padding, 0)[:, :-1].numpy(),
        given.masked_fill(padding, -100)[:, 1:].numpy(),
        (triangle[None] & ~padding[:, None, :-1]).numpy(),
    )


@masking.cases
def cases(rng):
    def case(part, lengths, columns):
        tokens = rng.integers(0, 60, size=(len(lengths), columns))
        tokens[np.argmax(lengths), max(lengths) - 1] = 0  # a token like any other
        padding = np.arange(columns) >= np.array(lengths)[:, None]
        leftovers = rng.choice([-1, 0, 7, 99], size=tokens.shape)
        return Case(part, (np.where(padding, leftovers, tokens), np.array(lengths)))

    return [
        case("rows of one length", [5, 5, 5], 5),
        case("rows of one length", [8], 8),
        case("rows of one length", [2, 2], 2),
        case("padding", [6, 3, 4], 6),
        case("padding", [2, 7, 5, 2], 8),
        case("padding", [4, 2], 7),
        case("a single token in a row", [1, 4, 1], 4),
        case("a single token in a row", [1], 2),
        case("a single token in a row", [3, 1], 5),
    ]


def _batch(
    tokens, lengths, *, ahead=0, hide=True, blank=True, fill=True, past=0, shift=1, transpose=False
):  # fmt: skip
    """Return the three arrays, with any of the usual slips."""
    steps = tokens.shape[1] - 1
    real = np.arange(steps + 1) < lengths[:, None]
    inputs = np.where(real, tokens, 0 if fill else tokens)[:, :-1]
    targets = tokens[:, shift : steps + shift]
    if hide:
        counts = np.arange(steps) + 1 < lengths[:, None] + past
        targets = np.where(counts, targets, -100)
    may = np.tri(steps, steps, k=ahead, dtype=bool)
    may = may.T if transpose else may
    allowed = np.broadcast_to(may, (len(tokens), steps, steps))
    return inputs, targets, (allowed & real[:, None, :-1] if blank else allowed.copy())


def _slipped(make):
    def causal_mask(tokens, lengths):
        return _batch(tokens, lengths, **make())

    return causal_mask


order = masking.group("What a position may see", make=_slipped)


@order.mistake(
    "Each position still sees the one after it, and that one is its answer: s <= t, no further."
)
def one_ahead():
    return {"ahead": 1}


@order.mistake(
    "A position does not see itself in your answer: input t is known when target t is asked for."
)
def not_itself():
    return {"ahead": -1}


@order.mistake(
    "Your mask is transposed, so that each position sees the future alone: the second axis is "
    "the one that looks, the third the one that is looked at."
)
def transposed():
    return {"transpose": True}


padded = masking.group("Padding", read="lesson.ipynb#No-looking-ahead", make=_slipped)


@padded.mistake("Padding can still be looked at: allowed also asks that input s is real.")
def padding_is_seen():
    return {"blank": False}


@padded.mistake("Padding still counts as a target: give -100 where the next token is padding.")
def padding_is_a_target():
    return {"hide": False}


@padded.mistake(
    "The first padding of each row still counts as a target: target t is token t + 1, so it is "
    "real where t + 1 < lengths."
)
def one_padding_is_a_target():
    return {"past": 1}


@padded.mistake(
    "The last real target of each row is missing: target t is real where t + 1 < lengths."
)
def one_target_too_few():
    return {"past": -1}


@order.mistake("Your targets are the inputs themselves: the target at t is the token at t + 1.")
def targets_not_shifted():
    return {"shift": 0}


@masking.mistake(
    "You left what stands in the padding in inputs: put 0 there, a token that every embedding has."
)
def padding_kept_in_inputs(right, a):
    _, targets, allowed = right()
    return a.tokens[:, :-1], targets, allowed


@masking.mistake(
    "You also emptied the rows of padded positions: only what is looked at must be real, and a "
    "row without any True becomes nan in many libraries."
)
def padded_rows_emptied(right, a):
    inputs, targets, allowed = right()
    real = np.arange(inputs.shape[1]) < a.lengths[:, None]
    return inputs, targets, allowed & real[:, :, None]


@masking.mistake("Your mask is turned around: it is True where a position may look.")
def mask_turned_around(right, a):
    inputs, targets, allowed = right()
    return inputs, targets, ~allowed


# A repair that stops halfway: the three faults are in three values, and padding is in all of them.
halfway = masking.group("Repaired in part", make=_slipped)


@halfway.mistake(
    "Your batch is your colleague's: look at what position 0 may see, and at what it must answer."
)
def as_it_was():
    return {"ahead": 1, "hide": False, "blank": False, "fill": False}


@halfway.mistake(
    "The triangle is right now. Padding still stands in inputs, can be looked at, and counts as a "
    "target: lengths says where it begins."
)
def only_the_triangle_repaired():
    return {"hide": False, "blank": False, "fill": False}


@halfway.mistake(
    "Triangle and targets are right now. Padding still stands in inputs, and can be looked at."
)
def triangle_and_targets_repaired():
    return {"blank": False, "fill": False}


@halfway.mistake(
    "What may be seen is right now. Padding still stands in inputs, and counts as a target."
)
def only_what_is_seen_repaired():
    return {"hide": False, "fill": False}


masking.hints(
    "Write the batch of one row of four tokens on paper: which input stands at position 1, which "
    "answer is asked for there, and at which position is that answer an input?",
    "One mask of the real tokens, (N, T + 1), serves all three: its first T columns for inputs and "
    "for what may be seen, its last T columns for the targets. The rest is a triangle.",
    "np.tri(T, dtype=bool) is the triangle; and it with the real inputs, with an axis put in the "
    "middle. np.where(real, tokens, 0) and np.where(real, tokens, -100), then cut a column off.",
)
