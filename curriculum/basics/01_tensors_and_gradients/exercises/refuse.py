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
from lepton_course.datasets import CATALOGUE, TableSplit

from .prepare import fill, scale
from .train_logistic import train_logistic

HELD_OUT = Path(__file__).parents[1] / "held_out.npz"
REFUSED_ABOVE = 0.29  # of probability; about the share of bad loans


refusing = exercise(
    "refuse",
    title="Decide on applications that nobody has seen",
    points=3,
    difficulty=5,
    minutes=20,
    probe=Call(),
    compare=accuracy(at_least=0.66, tolerance=0.05),
    read="lesson.ipynb#Whom-to-refuse",
)


@functools.cache
def _scorer():
    """Medians, means, deviations and weights of a model of the training set."""
    x, y = load_dataset("credit").train.numpy()
    x = x.astype(np.float64)
    middle = np.nanmedian(x, axis=0)
    known = fill(x, middle)
    scaled = torch.tensor(scale(known, known.mean(0), known.std(0)), dtype=torch.float32)
    w, b, _ = train_logistic(scaled, torch.tensor(y, dtype=torch.float32), 1.0, 300)
    return middle, known.mean(axis=0), known.std(axis=0), w.double().numpy(), b


def _logits(x):
    middle, mean, std, w, b = _scorer()
    return scale(fill(x.astype(np.float64), middle), mean, std) @ w + b


def _probabilities(x):
    return 1 / (1 + np.exp(-_logits(x)))


@refusing.reference
def refuse(x):
    return (_probabilities(x) > REFUSED_ABOVE).astype(np.int64)


@refusing.alternative
def refuse_by_logit(x):
    return np.where(_logits(x) >= np.log(0.3 / 0.7), 1, 0)


def held_out():
    """The judge's applications, which no learner gets."""
    with np.load(HELD_OUT, allow_pickle=False) as file:
        return TableSplit(file["labels"], file["numbers"], file["codes"], CATALOGUE["credit"])


@refusing.cases
def cases(rng):
    x, y = held_out().numpy()

    def case(part, label):
        chosen = rng.choice(np.flatnonzero(y == label), 250, replace=False)
        return Case(part, (x[chosen],), expected=y[chosen])

    return [case("loans that were paid back", 0), case("loans that went bad", 1)]


@refusing.mistake(
    "You seem to refuse above a probability of 0.5, and half of the bad loans lie below: only "
    "three in ten go bad, so a lower threshold is needed to find them."
)
def refused_above_a_half(x):
    return (_probabilities(x) > 0.5).astype(np.int64)


@refusing.mistake(
    "You seem to refuse above 1/6, the lesson's threshold when a bad loan costs five good ones: "
    "here both shares count alike, so it lies higher, near the share of bad loans."
)
def refused_above_a_sixth(x):
    return (_probabilities(x) > 1 / 6).astype(np.int64)


@refusing.mistake(
    "You seem to refuse a fixed share of whatever comes, so in a batch of good applications good "
    "ones are refused: compare each probability with a fixed threshold."
)
def the_worst_of_the_batch(x):
    scores = _probabilities(x)
    return (scores > np.quantile(scores, 0.7)).astype(np.int64)


@refusing.mistake(
    "You returned a list: a NumPy array of whole numbers is asked for; np.array(...) makes one."
)
def list_instead_of_array(x):
    return refuse(x).tolist()


@refusing.mistake(
    "You returned numbers with a point: a decision is asked for, 1 where the probability lies "
    "above your threshold and 0 elsewhere, as whole numbers."
)
def probabilities_instead_of_decisions(x):
    return _probabilities(x)


@refusing.mistake(
    "You returned True and False: turn them into the whole numbers 1 and 0, for example with "
    ".astype(int)."
)
def true_and_false(x):
    return refuse(x) == 1


@refusing.mistake(
    "You returned a torch tensor: a NumPy array is asked for; end with .cpu().numpy()."
)
def tensor_instead_of_array(x):
    return torch.tensor(refuse(x))


@refusing.mistake("You returned the names of the classes: 0 for good and 1 for bad are asked for.")
def names_instead_of_labels(x):
    return np.array(CATALOGUE["credit"].classes)[refuse(x)]


@refusing.mistake(
    "Most decisions are wrong, which is worse than a coin: 1 means refused, and the label 1 means "
    "a bad loan."
)
def granted_instead_of_refused(x):
    return 1 - refuse(x)


@refusing.mistake(
    "You compared the logit with a threshold that is a probability, so too much is granted: take "
    "the sigmoid first."
)
def a_logit_against_a_probability(x):
    return (_logits(x) > REFUSED_ABOVE).astype(np.int64)


@refusing.mistake(
    "You seem to refuse too little: the good loans are granted, but too many of the bad ones as "
    "well. Lower the threshold, towards the share of bad loans."
)
def refused_above_two_fifths(x):
    return (_probabilities(x) > 0.4).astype(np.int64)


@refusing.mistake("Your refusals are right, but those who are granted do not get a 0.")
def minus_one_for_granted(x):
    return np.where(refuse(x) == 1, 1, -1)


@refusing.mistake(
    "You returned 500 decisions, as many as x_val has rows: decide on the x that refuse is given."
)
def the_validation_set_instead(x):
    return np.zeros(500, dtype=np.int64)


@refusing.mistake(
    "You returned more than one thing, as with a comma behind `return`: the decisions alone are "
    "asked for."
)
def with_probabilities(x):
    return refuse(x), _probabilities(x)


@refusing.mistake(
    "You returned a single number: every application needs a decision of its own, so compare each "
    "probability with the threshold."
)
def one_decision_for_all(x):
    return int(_probabilities(x).mean() > REFUSED_ABOVE)


@refusing.mistake(
    "You seem to refuse too much: the bad loans are found, but too many of the good ones are "
    "refused as well. Raise the threshold, towards the share of bad loans."
)
def refused_above_a_fifth(x):
    return (_probabilities(x) > 0.21).astype(np.int64)  # 0.2 is too near a sixth to be told apart


not_asked_for = refusing.group(
    "A broadcast that nobody asked for", read="lesson.ipynb#A-broadcast-that-nobody-asked-for"
)


@not_asked_for.mistake("Your decisions stand in a column of shape (N, 1): return shape (N,).")
def a_column(x):
    return refuse(x)[:, None]


preparing = refusing.group("Splitting and scaling", read="lesson.ipynb#Splitting-and-scaling")


@preparing.mistake(
    "Everything is granted, as when the logits are nan (nan > 0.3 is False): are all gaps filled, "
    "in training and in refuse, and did the loss fall below 0.5?"
)
def all_granted(x):
    return np.zeros(len(x), dtype=np.int64)


@preparing.mistake(
    "Everything is refused: is the data in refuse scaled as in training, and is the threshold a "
    "probability?"
)
def all_refused(x):
    return np.ones(len(x), dtype=np.int64)


@preparing.mistake(
    "Your decisions are those of a model that gets unscaled numbers: prepare the new applications "
    "exactly as the training set was prepared."
)
def not_scaled(x):
    middle, _, _, w, b = _scorer()
    return (fill(x.astype(np.float64), middle) @ w + b > 0).astype(np.int64)


@preparing.mistake(
    "You scaled the new applications by their own mean, so a batch of good ones looks like any "
    "other: use the statistics of the training set."
)
def scaled_by_its_own_mean(x):
    middle, _, _, w, b = _scorer()
    known = fill(x.astype(np.float64), middle)
    logits = scale(known, known.mean(axis=0), known.std(axis=0)) @ w + b
    return (1 / (1 + np.exp(-logits)) > REFUSED_ABOVE).astype(np.int64)


@preparing.mistake(
    "Applications with a gap seem to be granted unseen, since nan > 0.3 is False: fill the gaps "
    "of the new applications with the medians of train."
)
def gaps_not_filled(x):
    _, mean, std, w, b = _scorer()
    logits = scale(x.astype(np.float64), mean, std) @ w + b
    return (logits > np.log(REFUSED_ABOVE / (1 - REFUSED_ABOVE))).astype(np.int64)


@preparing.mistake(
    "Your decisions are little better than a coin's, as when the columns stand in another order "
    "than in training, or the model has learned little: prepare x just as the training table, and "
    "first look how many decisions are right on applications that you hold out."
)
def columns_in_another_order(x):
    return refuse(x[:, ::-1])


refusing.hints(
    "First reach a loss below 0.48 on applications that you hold out. Only then choose the "
    "threshold, on those same ones.",
    "prepare and train_logistic do the work. On your validation set, compute for each threshold "
    "the share that is right among the good and among the bad; choose one where both lie near "
    "0.75.",
    "Learning rate 1 and 300 steps are plenty. Keep the training table, w and b in global names. "
    "In refuse: prepare x with that same table, logit, sigmoid, compare with about 0.3, whole "
    "numbers, NumPy.",
)
