"""Measure how much an answer's wrong values tell of the mistake in it.

A wrong value is worth bits: a float with many digits many, a count or a letter few. Of labels that
are wrong, nearly all must be another's, too: answers by other methods share few of them, and two
thresholds that differ by little share most, although their fractions of right labels differ.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lepton_course.exercises.case_differences import VALUES
from lepton_course.exercises.compare import Accuracy, Close, as_array
from lepton_course.exercises.model import KnownMistake, Question
from lepton_course.exercises.probes import Observation
from lepton_course.exercises.values import Plain, is_tensor

EVERY_CASE_BITS = 10.0
FLOAT_BITS = 20.0
MAX_ELEMENTS = 1000
FEW_ITEMS = 3
"""A list of up to this many whole numbers counts as single numbers, a longer one as a vector."""

LEAST_ERRORS = 20
"""Least number of wrong labels, of an answer or a mistake, by which the two are compared."""

SHARED = 0.85
"""Least fraction of these labels that both predict."""

LEAD = 0.1
"""How much less any mistake that is told in another sentence must share."""


def value_bits(value: Plain, expected: Plain, compare: Close, counts: bool = True) -> float:
    """Return the evidence, in bits, in giving `value` where `expected` is right.

    counts: whether whole numbers and truth values outside arrays count as evidence.
    """
    if type(value) in (bool, int, str, type(None)) and not counts:
        return 0.0
    if type(value) in (int, float):
        return _number_bits(value)
    if type(value) in (bool, str, type(None)):
        return 1.0
    if is_tensor(value) or isinstance(value, np.ndarray):
        return _array_bits(as_array(value), expected, compare)
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        pairs = list(expected) if isinstance(expected, (list, tuple)) else []
        pairs += [None] * (len(value) - len(pairs))
        is_vector = isinstance(value, list) and len(value) > FEW_ITEMS
        wrong = {
            repr(item): value_bits(item, right, compare, counts or is_vector)
            for item, right in zip(value[:MAX_ELEMENTS], pairs, strict=False)
            if not compare.agrees(item, right)
        }
        return sum(wrong.values())
    return 0.0


def _array_bits(value: np.ndarray, expected: Plain, compare: Close) -> float:
    """Return the evidence, in bits, of an array's distinct wrong elements together."""
    right = as_array(expected) if is_tensor(expected) else expected
    same_form = isinstance(right, np.ndarray) and right.shape == value.shape
    comparable = same_form and (right.dtype.kind in "bU") == (value.dtype.kind in "bU")
    wrong = value[~compare.equal(value, right)] if comparable else value
    wrong = wrong.ravel()[:MAX_ELEMENTS]
    if value.dtype.kind in "bU":
        return float(min(wrong.size, FLOAT_BITS)) / 2
    if value.dtype.kind == "c":
        wrong = np.concatenate([wrong.real, wrong.imag])
    return float(sum(_number_bits(number) for number in np.unique(wrong).tolist()))


def _number_bits(number: float) -> float:
    """Return the evidence, in bits, of one number: little for small integers, halves and quarters.

    Infinity and NaN arise from few mistakes, but say nothing about the other values.
    """
    if isinstance(number, float):
        if not math.isfinite(number):
            return EVERY_CASE_BITS
        if not (4 * number).is_integer():
            return FLOAT_BITS
    return min(math.log2(1 + abs(4 * number if number % 1 else number)), FLOAT_BITS / 2)


def mistake_with_the_same_errors(
    question: Question, compare: Accuracy, observations: Sequence[Observation]
) -> int | None:
    """Return the number of the mistake whose wrong labels an answer shares, if there is just one.

    observations: one per case of the question.
    """
    shares = [_shared(question, compare, observations, mistake) for mistake in question.mistakes]
    best = max(shares, default=0.0)
    if best < SHARED:
        return None
    number = shares.index(best)
    sentence = question.mistakes[number].sentence
    for mistake, share in zip(question.mistakes, shares, strict=True):
        if mistake.sentence != sentence and share > best - LEAD:
            return None
    return number


def _shared(
    question: Question,
    compare: Accuracy,
    observations: Sequence[Observation],
    mistake: KnownMistake,
) -> float:
    """Return the fraction of all wrong labels that both predict; 0 if they are few."""
    shared = either = 0
    cases = zip(observations, mistake.observations, question.expected, strict=True)
    for observed, theirs, right in cases:
        for aspect in set(VALUES) & set(right.seen):
            if aspect not in observed.seen or aspect not in theirs.seen:
                return 0.0
            values = (o.seen[aspect] for o in (observed, theirs, right))
            counts = compare.errors(*values)
            if counts is None:
                return 0.0
            shared += counts[0]
            either += counts[1]
    return shared / either if either >= LEAST_ERRORS else 0.0
