"""A small exercise of *deeper* on updates in 8 bits. It earns no points."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise

shrinking = exercise(
    "quantise",
    title="Try it: 8 bits",
    points=0,
    difficulty=2,
    minutes=6,
    probe=Call(),
    compare=close(),
    read="deeper.ipynb#Fewer-bytes,-measured",
    returns=("codes", "scale"),
)


@shrinking.reference
def quantise(update):
    """Return (codes, scale), int8 array (P,) and float, so that codes * scale is near the update.

    update: float array (P,), not all 0. The largest magnitude becomes 127.
    """
    scale = float(np.abs(update).max()) / 127
    return np.rint(update / scale).astype(np.int8), scale


@shrinking.alternative
def in_plain_python(update):
    largest = max(abs(number) for number in update.tolist())
    scale = largest / 127
    return np.array([round(number / scale) for number in update.tolist()], dtype=np.int8), scale


@shrinking.cases
def updates(rng):
    def case(part, size, spread, largest):
        update = spread * rng.uniform(-1, 1, size)
        update[int(rng.integers(size))] = largest
        return Case(part, (update,))

    return [
        case("the largest is positive", 6, 0.2, 0.31),
        case("the largest is positive", 9, 3.0, 17.5),
        case("the largest is negative", 7, 0.05, -0.073),
        case("the largest is negative", 4, 40.0, -65.0),
        case("one number", 1, 1.0, 0.6),
        case("one number", 1, 1.0, -2.5),
    ]


@shrinking.mistake("You cut off the fraction: round to the nearest whole number before astype.")
def cut_off(update):
    scale = float(np.abs(update).max()) / 127
    return (update / scale).astype(np.int8), scale


@shrinking.mistake("You took the largest number: a negative one may have the largest magnitude.")
def largest_with_sign(update):
    scale = float(update.max()) / 127
    return np.clip(np.round(update / scale), -128, 127).astype(np.int8), scale


@shrinking.mistake(
    "You divided by 128: the largest magnitude becomes 128 then, and int8 ends at 127."
)
def by_128(update):
    scale = float(np.abs(update).max()) / 128
    return np.clip(np.round(update / scale), -128, 127).astype(np.int8), scale


@shrinking.mistake("You returned what the receiver computes: codes are the whole numbers.")
def already_scaled(right, a):
    codes, scale = right()
    return codes * scale, scale


@shrinking.mistake("Your scale is upside down: the receiver multiplies by it.")
def upside_down(right, a):
    codes, scale = right()
    return codes, 1 / scale


shrinking.hints(
    "By what must you divide the largest magnitude to get 127?",
    "scale = np.abs(update).max() / 127; divide, round, and convert to np.int8.",
    "def quantise(update):\n"
    "    scale = np.abs(update).max() / 127\n"
    "    return np.round(update / scale).astype(np.int8), float(scale)",
)
