"""How many bad loans are found: right answer, misconceptions and cases of the lesson's `recall`."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import as_int, as_tensor, complement, in_percent

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
            "You counted the bad loans that are granted: those with p above the "
            "threshold are the refused ones."
        ),
        as_tensor("The number is right, but still a tensor: end with .item()."),
        in_percent("The share is right, but in per cent: give it as a number from 0 to 1."),
        as_int("// throws away everything after the point: divide with /."),
    ],
)


@recalling.reference
def recall(p, y, threshold):
    return (p[y == 1] > threshold).double().mean().item()


@recalling.cases
def cases(rng):
    y = torch.tensor(rng.permutation([1] * 5 + [0] * 11))
    scores = np.where(y.numpy() == 1, [0.8], [0.2]) + rng.uniform(-0.15, 0.15, 16)
    bad, good = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    scores[bad[:2]] = [0.25, 0.4]
    scores[good[:3]] = [0.35, 0.7, 0.9]
    return [
        Case("threshold 0.5", (torch.tensor(scores), y, 0.5)),
        Case("another threshold", (torch.tensor(scores), y, 0.3)),
        Case(
            "exactly the threshold", (torch.tensor([0.9, 0.5, 0.8]), torch.tensor([1, 1, 0]), 0.5)
        ),
    ]


@recalling.mistake(
    "You looked at the refused and asked how many of them are bad (the precision): look at the "
    "bad and ask how many of them are refused."
)
def precision(p, y, threshold):
    return y[p > threshold].double().mean().item()


@recalling.mistake("You counted all right decisions (the accuracy): only the bad loans count here.")
def share_right(p, y, threshold):
    return ((p > threshold) == (y == 1)).double().mean().item()


@recalling.mistake("You counted all refusals: only the bad loans count here; p[y == 1] picks them.")
def share_refused(p, y, threshold):
    return (p > threshold).double().mean().item()


@recalling.mistake(
    "You counted the right rows, but divided by the number of all applications: divide by the "
    "number of bad loans."
)
def share_of_all(p, y, threshold):
    return ((p > threshold) & (y == 1)).double().mean().item()


@recalling.mistake("You looked at the good loans: y == 1 marks the bad ones.")
def good_and_refused(p, y, threshold):
    return recall(p, 1 - y, threshold)


@recalling.mistake("Your threshold is always 0.5: use the one that is given.")
def threshold_of_a_half(p, y, threshold):
    return recall(p, y, 0.5)


@recalling.mistake(
    "You also counted a probability equal to the threshold: it must lie above, > and not >=."
)
def threshold_included(p, y, threshold):
    return (p[y == 1] >= threshold).double().mean().item()


@recalling.mistake(
    "You counted the bad loans that are found: divide by the number of bad loans, or take the "
    "mean, for a share."
)
def a_count(p, y, threshold):
    return (p[y == 1] > threshold).sum().item()


@recalling.mistake(
    "p[y] takes the labels for positions, and gives p[0] and p[1] again and again: p[y == 1] is "
    "the mask that picks the bad loans."
)
def labels_as_positions(p, y, threshold):
    return (p[y] > threshold).double().mean().item()


@recalling.mistake(
    "You took the mean probability of the bad loans: compare each with the threshold first, and "
    "take the mean of that."
)
def mean_probability(p, y, threshold):
    return p[y == 1].mean().item()


@recalling.mistake(
    "You picked the rows by p and compared y, so no row was left, and the mean of nothing is nan: "
    "p[y == 1] picks by the label."
)
def exchanged(p, y, threshold):
    return (y[p == 1] > threshold).double().mean().item()


recalling.hints(
    "Which rows count? Only those where y is 1.",
    "p[y == 1] are the probabilities of the bad loans. Which share of them is above the "
    "threshold? The mean of True and False (as floats) is a share.",
    "def recall(p, y, threshold):\n"
    "    found = p[y == 1] > threshold\n"
    "    return found.float().mean().item()",
)
