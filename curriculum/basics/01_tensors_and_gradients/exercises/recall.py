"""How many bad loans are found: right answer, misconceptions and cases of the lesson's `recall`."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.exercises import (
    Call,
    Case,
    Exercise,
    Misconception,
    close,
)

THRESHOLD = "lesson.ipynb#Whom-to-refuse"


def recall(p, y, threshold):
    return (p[y == 1] > threshold).double().mean().item()


def precision(p, y, threshold):
    return y[p > threshold].double().mean().item()


def share_right(p, y, threshold):
    return ((p > threshold) == (y == 1)).double().mean().item()


def share_refused(p, y, threshold):
    return (p > threshold).double().mean().item()


def share_of_all(p, y, threshold):
    return ((p > threshold) & (y == 1)).double().mean().item()


def share_as_tensor(p, y, threshold):
    return torch.tensor(recall(p, y, threshold))


def bad_and_granted(p, y, threshold):
    return 1 - recall(p, y, threshold)


def threshold_of_a_half(p, y, threshold):
    return recall(p, y, 0.5)


def good_and_refused(p, y, threshold):
    return recall(p, 1 - y, threshold)


def threshold_included(p, y, threshold):
    return (p[y == 1] >= threshold).double().mean().item()


def count_of_found(p, y, threshold):
    return (p[y == 1] > threshold).sum().item()


def in_per_cent(p, y, threshold):
    return 100 * recall(p, y, threshold)


def labels_as_positions(p, y, threshold):
    return (p[y] > threshold).double().mean().item()


def mean_probability(p, y, threshold):
    return p[y == 1].mean().item()


def whole_division(p, y, threshold):
    return (p[y == 1] > threshold).sum().item() // (y == 1).sum().item()


def exchanged(p, y, threshold):
    return (y[p == 1] > threshold).double().mean().item()


def recall_cases(rng):
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


EXERCISE = Exercise(
    name="recall",
    title="Try it: how many bad loans are found?",
    points=0,
    difficulty=2,
    minutes=6,
    reference=recall,
    cases=recall_cases,
    probe=Call(),
    compare=close(),
    read=THRESHOLD,
    misconceptions=[
        Misconception(
            "precision",
            precision,
            "You looked at the refused and asked how many of them are bad (the precision): "
            "look at the bad and ask how many of them are refused.",
        ),
        Misconception(
            "share right",
            share_right,
            "You counted all right decisions (the accuracy): only the bad loans count here.",
        ),
        Misconception(
            "share refused",
            share_refused,
            "You counted all refusals: only the bad loans count here; p[y == 1] picks them.",
        ),
        Misconception(
            "share of all",
            share_of_all,
            "You counted the right rows, but divided by the number of all applications: "
            "divide by the number of bad loans.",
        ),
        Misconception(
            "bad and granted",
            bad_and_granted,
            "You counted the bad loans that are granted: those with p above the threshold are "
            "the refused ones.",
        ),
        Misconception(
            "good and refused",
            good_and_refused,
            "You looked at the good loans: y == 1 marks the bad ones.",
        ),
        Misconception(
            "threshold of a half",
            threshold_of_a_half,
            "Your threshold is always 0.5: use the one that is given.",
        ),
        Misconception(
            "a tensor",
            share_as_tensor,
            "The number is right, but still a tensor: end with .item().",
        ),
        Misconception(
            "threshold included",
            threshold_included,
            "You also counted a probability equal to the threshold: it must lie above, > and "
            "not >=.",
        ),
        Misconception(
            "a count",
            count_of_found,
            "You counted the bad loans that are found: divide by the number of bad loans, or "
            "take the mean, for a share.",
        ),
        Misconception(
            "per cent",
            in_per_cent,
            "The share is right, but in per cent: give it as a number from 0 to 1.",
        ),
        Misconception(
            "labels as positions",
            labels_as_positions,
            "p[y] takes the labels for positions, and gives p[0] and p[1] again and again: p[y "
            "== 1] is the mask that picks the bad loans.",
        ),
        Misconception(
            "mean probability",
            mean_probability,
            "You took the mean probability of the bad loans: compare each with the threshold "
            "first, and take the mean of that.",
        ),
        Misconception(
            "whole division",
            whole_division,
            "// throws away everything after the point: divide with /.",
        ),
        Misconception(
            "exchanged",
            exchanged,
            "You picked the rows by p and compared y, so no row was left, and the mean of "
            "nothing is nan: p[y == 1] picks by the label.",
        ),
    ],
    hints=(
        "Which rows count? Only those where y is 1.",
        "p[y == 1] are the probabilities of the bad loans. Which share of them is above the "
        "threshold? The mean of True and False (as floats) is a share.",
        "def recall(p, y, threshold):\n    found = p[y == 1] > threshold\n"
        "    return found.float().mean().item()",
    ),
)
