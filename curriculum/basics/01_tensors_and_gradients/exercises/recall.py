"""How many bad loans are found: right answer, misconceptions and cases of the lesson's `recall`."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import complement, in_percent

recalling = exercise(
    "recall",
    title="Try it: how many bad loans are found?",
    points=0,
    difficulty=2,
    minutes=6,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#Whom-to-refuse",
    forms=[
        complement(
            "You counted the bad loans that are granted: those with p above the threshold are "
            "refused."
        ),
        in_percent("The fraction is right, but in percent: give it as a number from 0 to 1."),
    ],
)


@recalling.reference
def recall(p, y, threshold):
    """Fraction of the bad loans whose probability lies above the threshold.

    p: float tensor (N,), probabilities. y: integer tensor (N,) of zeros and ones, at least one 1.
    threshold: float from 0 to 1. Returns a float from 0 to 1.
    """
    return (p[y == 1] > threshold).double().mean().item()


@recalling.alternative
def recall_by_counting(p, y, threshold):
    found = sum(1 for chance, bad in zip(p, y, strict=True) if bad and chance > threshold)
    return found / y.sum().item()


@recalling.cases
def cases(rng):
    y = torch.tensor(rng.permutation([1] * 5 + [0] * 11))
    scores = np.where(y.numpy() == 1, [0.8], [0.2]) + rng.uniform(-0.15, 0.15, 16)
    bad, good = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    scores[bad[:3]] = [0.25, 0.4, 0.6]
    scores[good[:3]] = [0.35, 0.7, 0.9]
    p = torch.tensor(scores)
    half = torch.tensor([0.9, 0.5, 0.8]), torch.tensor([1, 1, 0])
    return [
        Case("threshold 0.5", (p, y, 0.5)),
        Case("threshold 0.5", (torch.tensor([0.7]), torch.tensor([1]), 0.5)),
        Case("another threshold", (p, y, 0.3)),
        Case("another threshold", (p, y, 0.75)),
        Case("exactly the threshold", (*half, 0.5)),
    ]


@recalling.mistake(
    "You took the fraction of refused loans that are bad (the precision): take the fraction "
    "of bad loans that are refused."
)
def precision(p, y, threshold):
    return y[p > threshold].double().mean().item()


@recalling.mistake(
    "You counted all correct decisions (the accuracy): only the bad loans count here."
)
def accuracy(p, y, threshold):
    return ((p > threshold) == (y == 1)).double().mean().item()


@recalling.mistake("You counted all refusals: only the bad loans count here; p[y == 1] picks them.")
def fraction_refused(p, y, threshold):
    return (p > threshold).double().mean().item()


@recalling.mistake(
    "You counted the right rows, but divided by the number of all applications: divide by the "
    "number of bad loans."
)
def fraction_of_all(right, a):
    return right() * a.y.double().mean().item()


@recalling.mistake("You looked at the good loans: y == 1 marks the bad ones.")
def good_and_refused(right, a):
    return right(y=1 - a.y)


@recalling.mistake("Your threshold is always 0.5: use the one you are given.")
def threshold_of_a_half(right, a):
    return right(threshold=0.5)


@recalling.mistake(
    "You also counted a probability equal to the threshold: it must lie above, so > and not >=."
)
def threshold_included(p, y, threshold):
    return (p[y == 1] >= threshold).double().mean().item()


@recalling.mistake(
    "You counted the bad loans that are found: for a fraction, divide by the number of bad "
    "loans, or take the mean."
)
def a_count(p, y, threshold):
    return (p[y == 1] > threshold).sum().item()


@recalling.mistake(
    "p[y] takes the labels for positions and returns p[0] and p[1] over and over: p[y == 1] "
    "picks the bad loans with a mask."
)
def labels_as_positions(p, y, threshold):
    return (p[y] > threshold).double().mean().item()


@recalling.mistake(
    "You took the mean probability of the bad loans: compare each with the threshold first, and "
    "take the mean of that."
)
def mean_probability(p, y, threshold):
    return p[y == 1].mean().item()


recalling.hints(
    "Which rows count? Only those where y is 1.",
    "p[y == 1] holds the probabilities of the bad loans. What fraction of them is above the "
    "threshold? The mean of True and False (as floats) is that fraction.",
    "def recall(p, y, threshold):\n"
    "    found = p[y == 1] > threshold\n"
    "    return found.float().mean().item()",
)
