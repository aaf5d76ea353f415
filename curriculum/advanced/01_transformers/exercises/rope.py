"""Rotary positions on neighbouring features: the exercise `rope`."""

from __future__ import annotations

import math

import numpy as np
import torch

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import as_list

rotating = exercise(
    "rope",
    title="Rotary positions in the other order",
    points=2,
    difficulty=3,
    minutes=9,
    probe=Call(),
    compare=close(rtol=1e-5, atol=2e-5),
    read="lesson.ipynb#Positions",
    forms=[as_list()],
)


@rotating.reference
def rope(x, positions, base=10000.0):
    """Return x with each pair of neighbouring features rotated, a float array (..., T, D).

    x: float (..., T, D), D even. positions: int or float (T,). Pair i, the features 2i and 2i + 1,
    turns by positions[t] * base ** (-2i / D). Source: Su and others (2021).
    """
    width = x.shape[-1]
    speeds = base ** (-np.arange(0, width, 2) / width)
    turns = np.exp(1j * positions[:, None] * speeds)
    turned = (x[..., 0::2] + 1j * x[..., 1::2]) * turns
    return np.stack([turned.real, turned.imag], axis=-1).reshape(x.shape)


@rotating.alternative
def pair_after_pair(x, positions, base=10000.0):
    result = np.empty(x.shape)
    for t, position in enumerate(positions.tolist()):
        for i in range(0, x.shape[-1], 2):
            angle = position / base ** (i / x.shape[-1])
            matrix = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
            result[..., t, i : i + 2] = x[..., t, i : i + 2] @ np.transpose(matrix)
    return result


@rotating.alternative
def turned_and_added_in_torch(x, positions, base=10000.0):
    given = torch.tensor(x, dtype=torch.float64)
    speeds = base ** (-torch.arange(0, x.shape[-1], 2, dtype=torch.float64) / x.shape[-1])
    angles = torch.outer(torch.tensor(positions).double(), speeds).repeat_interleave(2, dim=-1)
    turned = torch.stack([-given[..., 1::2], given[..., 0::2]], dim=-1).flatten(-2)
    return (given * angles.cos() + turned * angles.sin()).numpy()


@rotating.cases
def cases(rng):
    def case(part, shape, positions, *base, kind=float):
        return Case(part, (rng.normal(size=shape).astype(kind), np.asarray(positions), *base))

    def drawn(number, most):
        return rng.permutation(rng.choice(most, number, replace=False))

    far = 10**6 - drawn(5, 900)
    return [
        case("one pair of features", (4, 2), [0, 1, 2, 3]),
        case("one pair of features", (1, 2), [2]),
        case("several pairs", (5, 6), np.arange(5)),
        case("several pairs", (3, 10), np.arange(3) + 4),
        case("several pairs", (1, 8), [1]),
        case("leading axes", (2, 3, 4), [0, 1, 2]),
        case("leading axes", (3, 1, 4, 8), np.arange(4) + int(rng.integers(2, 9))),
        case("leading axes", (2, 5, 3, 6), drawn(3, 40)),
        case("any positions", (6, 4), drawn(6, 100)),
        case("any positions", (4, 6), [-3, 5, 5, -2]),
        case("any positions", (3, 8), [0.5, -2.25, 7.75]),
        case("another base", (2, 4, 6), np.arange(4), 500.0),
        case("another base", (5, 8), drawn(5, 60), 500000),
        case("another base", (3, 4), [1, 2, 5], 17.5),
        case("far positions, in float32", (5, 8), far, kind=np.float32),
        case("far positions, in float32", (2, 3, 4), [99_999, 123_457, 7], 1e6, kind=np.float32),
    ]


def _turn(first, second, angles, sign=1):
    cosine, sine = np.cos(angles), sign * np.sin(angles)
    return first * cosine - second * sine, first * sine + second * cosine


def _rotated(x, positions, base=10000.0, *, speeds=None, halves=False, sign=1, join="pairs"):
    """Rotary positions, with any of the usual slips."""
    width = x.shape[-1]
    powers = np.arange(width // 2) * 2 / width if speeds is None else speeds(width)
    angles = positions[:, None] / base**powers
    middle = width // 2
    parts = (x[..., :middle], x[..., middle:]) if halves else (x[..., ::2], x[..., 1::2])
    turned = _turn(*parts, angles, sign)
    if join == "halves":
        return np.concatenate(turned, axis=-1)
    return np.stack(turned, axis=-1).reshape(x.shape)


def _slipped(make):
    def rope(x, positions, base=10000.0):
        return _rotated(x, positions, base, **make())

    return rope


pairs = rotating.group("Pairs", make=_slipped)


@pairs.mistake(
    "You paired each feature with the one half the width away, as the lesson does: here "
    "neighbours, 2i and 2i + 1, are a pair."
)
def halves_are_paired():
    return {"halves": True, "join": "halves"}


@pairs.mistake(
    "You rotated neighbours, but put all first features in front of all second ones: interleave "
    "them again."
)
def not_interleaved_again():
    return {"join": "halves"}


@pairs.mistake(
    "You paired features half the width apart and put each pair side by side: neighbours are a "
    "pair, and stay where they are."
)
def halves_are_interleaved():
    return {"halves": True}


@pairs.mistake("You rotated the other way round: the first feature becomes a cos - b sin.")
def other_way_round():
    return {"sign": -1}


speeds = rotating.group("Angles", make=_slipped)


@speeds.mistake("Your exponent is -i / D: it is -2i / D, so that the slowest pair nearly stands.")
def exponent_halved():
    return {"speeds": lambda width: np.arange(width // 2) / width}


@speeds.mistake(
    "Your exponent is -4i / D: i counts the pairs, so if you count features by twos, 2i is there "
    "already."
)
def exponent_doubled():
    return {"speeds": lambda width: np.arange(width // 2) * 4 / width}


@speeds.mistake(
    "Your exponents end at -1, as linspace has it: they go down in steps of 2 / D, and the last "
    "is -(D - 2) / D."
)
def exponents_to_the_end():
    return {"speeds": lambda width: np.linspace(0, 1, width // 2)}


@speeds.mistake("Your exponent has the wrong sign: later pairs turn more slowly.")
def faster_and_faster():
    return {"speeds": lambda width: -np.arange(width // 2) * 2 / width}


@speeds.mistake("All of your pairs turn at one speed: pair i turns by base ** (-2i / D) a step.")
def one_speed():
    return {"speeds": lambda width: np.zeros(width // 2)}


@speeds.mistake("You counted pairs from 1: the first pair has i = 0 and turns by 1 a step.")
def pairs_from_one():
    return {"speeds": lambda width: (np.arange(width // 2) + 1) * 2 / width}


@rotating.mistake(
    "You rotated by the place in the array: the angle is that of positions, which may begin "
    "anywhere and leave some out."
)
def places_for_positions(right, a):
    return right(positions=np.arange(len(a.positions)))


@rotating.mistake("You counted the positions from 1: use them as they are.")
def positions_from_one(right, a):
    return right(positions=a.positions + 1)


@rotating.mistake("You rotated from the first position on: each angle is that of positions itself.")
def from_the_first_position(right, a):
    return right(positions=a.positions - a.positions[0])


@rotating.mistake("You sorted the positions: step t has positions[t], in whatever order they come.")
def positions_sorted(right, a):
    return right(positions=np.sort(a.positions))


@rotating.mistake("You made the positions whole: half a step is half the angle.")
def whole_positions(right, a):
    return right(positions=a.positions.astype(int))


@rotating.mistake(
    "You took a negative position for a positive one: its angle is negative, and turns back."
)
def signs_dropped(right, a):
    return right(positions=np.abs(a.positions))


@rotating.mistake(
    "The second feature of each pair was computed from the first one as it is after rotation: "
    "keep a, or work on copies."
)
def first_feature_overwritten(right, a):
    width = a.x.shape[-1]
    angles = a.positions[:, None] * a.base ** (-np.arange(0, width, 2) / width)
    result = right()
    first = result[..., 0::2] * np.sin(angles)
    result[..., 1::2] = first + a.x[..., 1::2] * np.cos(angles)
    return result


@rotating.mistake(
    "Both features of a pair turn by one angle: repeat each angle twice in place, as np.repeat "
    "does, and do not put all angles a second time behind the first."
)
def angles_laid_behind_each_other(x, positions, base=10000.0):
    width = x.shape[-1]
    angles = positions[:, None] * base ** (-np.arange(0, width, 2) / width)
    angles = np.tile(angles, 2)
    turned = np.stack([-x[..., 1::2], x[..., 0::2]], axis=-1).reshape(x.shape)
    return x * np.cos(angles) + turned * np.sin(angles)


@rotating.mistake("You used 10000, whatever base is.")
def base_ignored(right, a):
    return right(base=10000.0)


@rotating.mistake(
    "You computed the angles in float32, in which numbers near a million are 0.06 apart: compute "
    "them in float64."
)
def angles_in_float32(x, positions, base=10000.0):
    width = x.shape[-1]
    slow = np.float32(base) ** (-np.arange(0, width, 2, dtype=np.float32) / np.float32(width))
    angles = positions.astype(np.float32)[:, None] * slow.astype(np.float32)
    return np.stack(_turn(x[..., ::2], x[..., 1::2], angles), axis=-1).reshape(x.shape)


@rotating.mistake(
    "You computed the speeds of the pairs in float32: their rounding, times a position near a "
    "million, turns by the wrong angle. Compute them in float64."
)
def speeds_in_float32(x, positions, base=10000.0):
    width = x.shape[-1]
    slow = (base ** (-np.arange(0, width, 2) / width)).astype(np.float32).astype(float)
    turned = _turn(x[..., ::2], x[..., 1::2], positions[:, None] * slow)
    return np.stack(turned, axis=-1).reshape(x.shape)


@rotating.mistake("You added sines and cosines: rotary positions multiply.")
def added(right, a):
    width = a.x.shape[-1]
    angles = a.positions[:, None] * a.base ** (-np.arange(0, width, 2) / width)
    return a.x + np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(len(a.positions), -1)


rotating.hints(
    "Take two features, one position: which two numbers come out when the point (a, b) is turned "
    "by an angle?",
    "Angles (T, D / 2): positions as a column times the speeds of the pairs. x[..., 0::2] and "
    "x[..., 1::2] are the two features of all pairs.",
    "first * cos - second * sin and first * sin + second * cos; np.stack them along a new last "
    "axis, which puts partners side by side, and reshape to the shape of x.",
)
