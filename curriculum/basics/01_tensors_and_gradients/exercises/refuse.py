"""Decide on applications that nobody has seen: right answers, misconceptions and cases.

The learner writes `refuse`.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import torch

from lepton_course import load_dataset
from lepton_course.datasets import CATALOGUE, TableSplit
from lepton_course.exercises import (
    Call,
    Case,
    Exercise,
    Misconception,
    accuracy,
)

from .prepare import fill, scale
from .train_logistic import train_logistic

NOT_ASKED_FOR = "lesson.ipynb#A-broadcast-that-nobody-asked-for"
PREPARING = "lesson.ipynb#Splitting-and-scaling"
THRESHOLD = "lesson.ipynb#Whom-to-refuse"


HELD_OUT = Path(__file__).parents[1] / "held_out.npz"
REFUSED_ABOVE = 0.29  # of probability; about the share of bad loans


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


def refuse(x):
    return (_probabilities(x) > REFUSED_ABOVE).astype(np.int64)


def refuse_by_logit(x):
    return np.where(_logits(x) >= np.log(0.3 / 0.7), 1, 0)


def probabilities_returned(x):
    return _probabilities(x)


def true_and_false(x):
    return refuse(x) == 1


def a_column(x):
    return refuse(x)[:, None]


def a_tensor(x):
    return torch.tensor(refuse(x))


def granted_instead(x):
    return 1 - refuse(x)


def refused_above_a_half(x):
    return (_probabilities(x) > 0.5).astype(np.int64)


def all_granted(x):
    return np.zeros(len(x), dtype=np.int64)


def all_refused(x):
    return np.ones(len(x), dtype=np.int64)


def unscaled(x):
    middle, _, _, w, b = _scorer()
    return (fill(x.astype(np.float64), middle) @ w + b > 0).astype(np.int64)


def logit_as_probability(x):
    return (_logits(x) > REFUSED_ABOVE).astype(np.int64)


def scaled_by_its_own_mean(x):
    middle, _, _, w, b = _scorer()
    known = fill(x.astype(np.float64), middle)
    logits = scale(known, known.mean(axis=0), known.std(axis=0)) @ w + b
    return (1 / (1 + np.exp(-logits)) > REFUSED_ABOVE).astype(np.int64)


def refused_above_a_sixth(x):
    return (_probabilities(x) > 1 / 6).astype(np.int64)


def worst_of_the_batch(x):
    scores = _probabilities(x)
    return (scores > np.quantile(scores, 0.7)).astype(np.int64)


def list_of_decisions(x):
    return refuse(x).tolist()


def names_of_classes(x):
    return np.array(CATALOGUE["credit"].classes)[refuse(x)]


def refused_above_two_fifths(x):
    return (_probabilities(x) > 0.4).astype(np.int64)


def gaps_not_filled(x):
    _, mean, std, w, b = _scorer()
    logits = scale(x.astype(np.float64), mean, std) @ w + b
    return (logits > np.log(REFUSED_ABOVE / (1 - REFUSED_ABOVE))).astype(np.int64)


def minus_one_for_granted(x):
    return np.where(refuse(x) == 1, 1, -1)


def validation_set_instead(x):
    return np.zeros(500, dtype=np.int64)


def with_probabilities(x):
    return refuse(x), _probabilities(x)


def one_for_all(x):
    return int(_probabilities(x).mean() > REFUSED_ABOVE)


def columns_turned_round(x):
    return refuse(x[:, ::-1])


def refused_above_a_fifth(x):
    return (_probabilities(x) > 0.21).astype(np.int64)  # 0.2 is too near a sixth to be told apart


def held_out():
    """The judge's applications, which no learner gets."""
    with np.load(HELD_OUT, allow_pickle=False) as file:
        return TableSplit(file["labels"], file["numbers"], file["codes"], CATALOGUE["credit"])


def refuse_cases(rng):
    x, y = held_out().numpy()

    def case(part, label):
        chosen = rng.choice(np.flatnonzero(y == label), 250, replace=False)
        return Case(part, (x[chosen],), expected=y[chosen])

    return [case("loans that were paid back", 0), case("loans that went bad", 1)]


EXERCISE = Exercise(
    name="refuse",
    title="Decide on applications that nobody has seen",
    points=3,
    difficulty=5,
    minutes=20,
    reference=refuse,
    cases=refuse_cases,
    probe=Call(),
    compare=accuracy(at_least=0.66, tolerance=0.05),
    alternatives=[refuse_by_logit],
    read=THRESHOLD,
    misconceptions=[
        Misconception(
            "refused above a half",
            refused_above_a_half,
            "You seem to refuse above a probability of 0.5, and half of the bad loans lie "
            "below: only three in ten go bad, so a lower threshold is needed to find them.",
        ),
        Misconception(
            "refused above a sixth",
            refused_above_a_sixth,
            "You seem to refuse above 1/6, the lesson's threshold when a bad loan costs five "
            "good ones: here both shares count alike, so it lies higher, near the share of bad "
            "loans.",
        ),
        Misconception(
            "the worst of the batch",
            worst_of_the_batch,
            "You seem to refuse a fixed share of whatever comes, so in a batch of good "
            "applications good ones are refused: compare each probability with a fixed "
            "threshold.",
        ),
        Misconception(
            "list instead of array",
            list_of_decisions,
            "You returned a list: a NumPy array of whole numbers is asked for; np.array(...) "
            "makes one.",
        ),
        Misconception(
            "probabilities instead of decisions",
            probabilities_returned,
            "You returned numbers with a point: a decision is asked for, 1 where the "
            "probability lies above your threshold and 0 elsewhere, as whole numbers.",
        ),
        Misconception(
            "True and False",
            true_and_false,
            "You returned True and False: turn them into the whole numbers 1 and 0, for "
            "example with .astype(int).",
        ),
        Misconception(
            "a column",
            a_column,
            "Your decisions stand in a column of shape (N, 1): return shape (N,).",
            NOT_ASKED_FOR,
        ),
        Misconception(
            "tensor instead of array",
            a_tensor,
            "You returned a torch tensor: a NumPy array is asked for; end with .cpu().numpy().",
        ),
        Misconception(
            "names instead of labels",
            names_of_classes,
            "You returned the names of the classes: 0 for good and 1 for bad are asked for.",
        ),
        Misconception(
            "granted instead of refused",
            granted_instead,
            "Most decisions are wrong, which is worse than a coin: 1 means refused, and the "
            "label 1 means a bad loan.",
        ),
        Misconception(
            "all granted",
            all_granted,
            "Everything is granted, as when the logits are nan (nan > 0.3 is False): are all "
            "gaps filled, in training and in refuse, and did the loss fall below 0.5?",
            PREPARING,
        ),
        Misconception(
            "all refused",
            all_refused,
            "Everything is refused: is the data in refuse scaled as in training, and is the "
            "threshold a probability?",
            PREPARING,
        ),
        Misconception(
            "not scaled",
            unscaled,
            "Your decisions are those of a model that gets unscaled numbers: prepare the new "
            "applications exactly as the training set was prepared.",
            PREPARING,
        ),
        Misconception(
            "a logit against a probability",
            logit_as_probability,
            "You compared the logit with a threshold that is a probability, so too much is "
            "granted: take the sigmoid first.",
        ),
        Misconception(
            "scaled by its own mean",
            scaled_by_its_own_mean,
            "You scaled the new applications by their own mean, so a batch of good ones looks "
            "like any other: use the statistics of the training set.",
            PREPARING,
        ),
        Misconception(
            "refused above two fifths",
            refused_above_two_fifths,
            "You seem to refuse too little: the good loans are granted, but too many of the bad"
            " ones as well. Lower the threshold, towards the share of bad loans.",
        ),
        Misconception(
            "gaps not filled",
            gaps_not_filled,
            "Applications with a gap seem to be granted unseen, since nan > 0.3 is False: fill "
            "the gaps of the new applications with the medians of train.",
            PREPARING,
        ),
        Misconception(
            "minus one for granted",
            minus_one_for_granted,
            "Your refusals are right, but those who are granted do not get a 0.",
        ),
        Misconception(
            "the validation set instead",
            validation_set_instead,
            "You returned 500 decisions, as many as x_val has rows: decide on the x that refuse"
            " is given.",
        ),
        Misconception(
            "with probabilities",
            with_probabilities,
            "You returned more than one thing, as with a comma behind `return`: the decisions "
            "alone are asked for.",
        ),
        Misconception(
            "one decision for all",
            one_for_all,
            "You returned a single number: every application needs a decision of its own, so "
            "compare each probability with the threshold.",
        ),
        Misconception(
            "columns in another order",
            columns_turned_round,
            "Your decisions are little better than a coin's, as when the columns stand in another "
            "order than in training, or the model has learned little: prepare x just as the "
            "training table, and first look how many decisions are right on applications that you "
            "hold out.",
            PREPARING,
        ),
        Misconception(
            "refused above a fifth",
            refused_above_a_fifth,
            "You seem to refuse too much: the bad loans are found, but too many of the good ones "
            "are refused as well. Raise the threshold, towards the share of bad loans.",
        ),
    ],
    hints=(
        "First reach a loss below 0.48 on applications that you hold out. Only then choose the "
        "threshold, on those same ones.",
        "prepare and train_logistic do the work. On your validation set, compute for each "
        "threshold the share that is right among the good and among the bad; choose one where "
        "both lie near 0.75.",
        "Learning rate 1 and 300 steps are plenty. Keep the training table, w and b in global "
        "names. In refuse: prepare x with that same table, logit, sigmoid, compare with about "
        "0.3, whole numbers, NumPy.",
    ),
)
