"""Decide on applications that nobody has seen: right answers, misconceptions and cases.

The learner writes `refuse`.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import torch

from lepton_course import load_dataset
from lepton_course.authoring import Call, Case, accuracy, exercise
from lepton_course.authoring.held_out import held_out

from .prepare import deviation, fill, scale
from .train_in_batches import train_in_batches

THRESHOLD = 0.29  # of probability; about the fraction of bad loans
SUREST = 10


refusing = exercise(
    "refuse",
    title="Decide on applications that nobody has seen",
    points=3,
    difficulty=5,
    minutes=20,
    probe=Call(),
    compare=accuracy(at_least=0.66, tolerance=0.05),
    read="lesson.ipynb#Whom-to-refuse",
    held_out=held_out(Path(__file__).parents[1] / "held_out.npz", "credit", share=0.25, seed=2),
)


@functools.cache
def _scorer():
    """Medians, means, deviations (26,), weights (26,) and bias of a model of the training set."""
    x, y = load_dataset("credit").train.numpy()
    x = x.astype(np.float64)
    middle = np.nanmedian(x, axis=0)
    known = fill(x, middle)
    scaled = torch.tensor(scale(known, known.mean(0), known.std(0)), dtype=torch.float32)
    targets = torch.tensor(y, dtype=torch.float32)
    w, b, _ = train_in_batches(scaled, targets, 1.0, len(y), 300)
    return middle, known.mean(axis=0), known.std(axis=0), w.double().numpy(), b


def _scaled(x):
    middle, mean, std, _, _ = _scorer()
    return scale(fill(x.astype(np.float64), middle), mean, std)


def _logits(x):
    *_, w, b = _scorer()
    return _scaled(x) @ w + b


def _sureness(x):
    """Logits (N,) to which no column adds more than one standard deviation of it does."""
    *_, w, b = _scorer()
    return np.clip(_scaled(x), -1, 1) @ w + b


def _above(logits, threshold):
    """Decisions (N,) from logits (N,): 1 where the probability lies above the threshold."""
    return (logits > np.log(threshold / (1 - threshold))).astype(np.int64)


@refusing.reference
def refuse(x):
    """Decide on applications with a logistic regression of the training set.

    x: float array (N, 26), unscaled, with gaps (nan). Returns an integer array (N,): 1 refused,
    0 granted.
    """
    return _above(_logits(x), THRESHOLD)


@refusing.alternative
def refuse_by_probability(x):
    return np.where(torch.sigmoid(torch.tensor(_logits(x))).numpy() >= 0.3, 1, 0)


@refusing.cases
def cases(rng, rows):
    x, y = rows.numpy()
    sign = np.where(y == 1, 1, -1)

    def some(label):
        known = np.flatnonzero(y == label)
        return rng.choice(known, len(known) * 17 // 20, replace=False)

    def many(part, chosen):
        # A misleading application comes first: who decides on all by the first one fails.
        order = np.argsort(refuse(x[chosen]) == y[chosen], kind="stable")
        return Case(part, (x[chosen[order]],), expected=y[chosen[order]])

    def mixed(part, chosen, others):
        # As many of each kind: who decides on all by what most of them look like fails.
        both = rng.permutation(np.concatenate([chosen, others[: len(chosen)]]))
        return Case(part, (x[both],), expected=y[both])

    def single(part, label):  # one that any useful model decides rightly, by many columns
        known = np.flatnonzero(y == label)
        surest = known[np.argsort(-sign[known] * _sureness(x[known]))[:SUREST]]
        chosen = rng.choice(surest, 1)
        return Case(part, (x[chosen],), expected=y[chosen])

    good, bad = "loans that were paid back", "loans that went bad"
    paid_back, went_bad = some(0), some(1)
    return [
        many(good, paid_back),
        many(bad, went_bad),
        single(good, 0),
        single(bad, 1),
        mixed(bad, went_bad, paid_back),
    ]


# All that is seen of an answer are two fractions of right decisions. So each sentence says what
# these are, and names a mistake only as something to look for.

threshold = refusing.group("The threshold")


@threshold.mistake(
    "Nearly all good loans are granted, but only about half of the bad ones are refused, as "
    "happens with a threshold of 0.5: lower it, towards the fraction of bad loans."
)
def refused_above_a_half(x):
    return _above(_logits(x), 0.5)


@threshold.mistake(
    "The good loans are granted, but too many of the bad ones as well: lower the threshold, "
    "towards the fraction of bad loans."
)
def refused_above_two_fifths(x):
    return _above(_logits(x), 0.4)


@threshold.mistake(
    "Nearly all bad loans are refused, but about half of the good ones too, as happens with "
    "the lesson's threshold of 1/6: that suits bad loans that cost as much as five good ones "
    "earn; here both kinds count equally, so raise it, towards the fraction of bad loans."
)
def refused_above_a_sixth(x):
    return _above(_logits(x), 1 / 6)


@threshold.mistake(
    "The bad loans are refused, but too many of the good ones as well: raise the threshold, "
    "towards the fraction of bad loans."
)
def refused_above_a_fifth(x):
    return _above(_logits(x), 0.21)  # 0.2 is too near a sixth to be told apart


@threshold.mistake(
    "About three in ten are refused, among good and bad loans alike: do you refuse a fixed "
    "fraction of every batch? Compare each probability with a fixed threshold."
)
def the_worst_of_the_batch(x):
    scores = _logits(x)
    return (scores > np.quantile(scores, 0.7)).astype(np.int64)


@threshold.mistake(
    "Nearly all good loans are granted, but most of the bad ones too: do you compare the logit "
    "with a threshold that is a probability? Take the sigmoid first."
)
def a_logit_against_a_probability(x):
    return (_logits(x) > THRESHOLD).astype(np.int64)


@threshold.mistake(
    "Most decisions are wrong, which is worse than tossing a coin: 1 means refused, and the label "
    "1 means a bad loan."
)
def granted_instead_of_refused(x):
    return 1 - refuse(x)


preparing = refusing.group("Splitting and scaling", read="lesson.ipynb#Splitting-and-scaling")


@preparing.mistake(
    "Everything is granted: are there nan among the logits (nan > 0.3 is False)? Fill the gaps in "
    "training and in refuse, and see whether the loss falls below 0.5."
)
def all_granted(x):
    return np.zeros(len(x), dtype=np.int64)


@preparing.mistake(
    "Everything is refused: is x scaled in refuse as in training, and is the threshold a "
    "probability?"
)
def all_refused(x):
    return np.ones(len(x), dtype=np.int64)


@preparing.mistake(
    "Most good loans are granted, but more than half of the bad ones too: does the model get "
    "unscaled numbers in refuse? Prepare x exactly as the training set was prepared."
)
def not_scaled(x):
    middle, _, _, w, b = _scorer()
    return _above(fill(x.astype(np.float64), middle) @ w + b, 0.5)


@preparing.mistake(
    "More than half are granted, among good and bad loans alike: do you scale x by its own "
    "mean, so that a batch of good ones looks like any other? Use the statistics of the "
    "training set."
)
def scaled_by_its_own_mean(x):
    middle, _, _, w, b = _scorer()
    known = fill(x.astype(np.float64), middle)
    return _above(scale(known, known.mean(axis=0), deviation(known)) @ w + b, THRESHOLD)


@preparing.mistake(
    "The good loans are granted, but too many of the bad ones as well: do applications with a "
    "gap get the logit nan, and are therefore granted (nan > 0.3 is False)? Fill the gaps of "
    "x with the medians of the training set; if that is not it, lower the threshold."
)
def gaps_not_filled(x):
    _, mean, std, w, b = _scorer()
    return _above(scale(x.astype(np.float64), mean, std) @ w + b, THRESHOLD)


refusing.hints(
    "First reach a loss below 0.48 on applications that you hold out. Only then choose the "
    "threshold, on the same ones.",
    "prepare and train_in_batches do the work. On your validation set, compute for each "
    "threshold the accuracy among the good and among the bad loans; choose one where both are "
    "near 0.75.",
    "Learning rate 1, all rows in one batch and 300 epochs are plenty. Let train_scorer "
    "return w and b. In refuse: prepare x with x_train, compute the logits, take the sigmoid, "
    "compare it with about 0.3, and return a NumPy array of integers.",
)
