"""Find the known mistake that predicts nearly the same wrong labels as an answer.

Two thresholds that differ by little make the same mistake, although their fractions of right labels
differ. Which labels are wrong tells more: answers by other methods share few of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from lepton_course.exercises.case_differences import VALUES
from lepton_course.exercises.compare import Accuracy
from lepton_course.exercises.model import KnownMistake, Question
from lepton_course.exercises.probes import Observation

LEAST_ERRORS = 20
"""Least number of wrong labels, of an answer or a mistake, by which the two are compared."""

SHARED = 0.85
"""Least fraction of these labels that both predict."""

LEAD = 0.1
"""How much less any mistake that is told in another sentence must share."""


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
