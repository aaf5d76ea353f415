"""The area under the ROC curve, with ties: the exercise `roc_auc`."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import complement, in_percent, rounded

ranking = exercise(
    "roc_auc",
    title="The area under the ROC curve",
    points=2,
    difficulty=2,
    minutes=8,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#ROC-and-precision-recall-curves",
    forms=[
        complement(
            "Your ranking is reversed: a positive scoring above a negative counts for the model."
        ),
        in_percent(),
        rounded(2),
    ],
)


@ranking.reference
def roc_auc(labels, scores):
    """Return the fraction of pairs in which the positive has the higher score, ties counting half.

    labels: 0 or 1, int (N,), both of them present; scores: finite float (N,). Returns a float.
    Source: Hanley and McNeil (1982); the Mann-Whitney statistic.
    """
    positive = labels == 1
    number = positive.sum()
    above = rankdata(scores)[positive].sum() - number * (number + 1) / 2
    return float(above / (number * (len(labels) - number)))


@ranking.alternative
def by_pairs(labels, scores):
    gaps = scores[labels == 1][:, None] - scores[labels == 0][None, :]
    return float(np.mean(0.5 + 0.5 * np.sign(gaps)))


@ranking.alternative
def by_area(labels, scores):
    found, false = [0.0], [0.0]
    for level in np.unique(scores)[::-1]:
        found.append(np.mean(scores[labels == 1] >= level))
        false.append(np.mean(scores[labels == 0] >= level))
    return float(np.trapezoid(found, false))


@ranking.cases
def cases(rng):
    def drawn(part, positives, negatives, lift=1.0, step=None, level=0.0, scale=1.0):
        labels = rng.permutation(np.repeat([1, 0], [positives, negatives]))
        scores = level + scale * (rng.normal(size=len(labels)) + lift * labels)
        return Case(part, (labels, scores if step is None else np.round(scores / step) * step))

    return [
        drawn("no ties", 9, 16),
        drawn("no ties", 14, 7, lift=-1.0),
        drawn("no ties", 1, 12, lift=0.5),
        drawn("no ties", 11, 1, lift=0.5),
        drawn("ties", 20, 25, step=0.5),
        drawn("ties", 13, 30, lift=-0.5, step=1.0),
        drawn("ties", 10, 10, step=2.0),
        Case("all scores equal", (np.array([0, 1, 0, 1, 1]), np.full(5, rng.normal()))),
        Case("a perfect ranking", (np.array([1, 0]), np.array([2.5, -2.5]))),
        drawn("no ties", 15, 24, lift=1.5, level=-4000.0, scale=0.01),
    ]


ties = ranking.group("Ties")


@ties.mistake(
    "Your code counts pairs with equal scores as lost: each of them counts one half, like a coin "
    "flip."
)
def ties_are_lost(labels, scores):
    return float(np.mean(scores[labels == 1][:, None] > scores[labels == 0]))


@ties.mistake(
    "Your code counts pairs with equal scores as won: each of them counts one half, or a model "
    "that gives everybody the same score would look perfect."
)
def ties_are_won(labels, scores):
    return float(np.mean(scores[labels == 1][:, None] >= scores[labels == 0]))


@ties.mistake(
    "You left out the pairs with equal scores: keep them among the pairs, with one half each."
)
def ties_left_out(labels, scores):
    gaps = np.sign(scores[labels == 1][:, None] - scores[labels == 0])
    return float((gaps > 0).sum() / max(1, (gaps != 0).sum()))


@ties.mistake(
    "Your code gives equal scores different ranks, by their position in the array: give all of "
    "them their mean rank."
)
def ranks_by_place(labels, scores):
    order = np.argsort(scores, kind="stable")
    ranks = np.empty(len(scores))
    ranks[order] = np.arange(1, len(scores) + 1)
    positive = labels == 1
    number = positive.sum()
    above = ranks[positive].sum() - number * (number + 1) / 2
    return float(above / number / (len(labels) - number))


@ties.mistake(
    "You drew the curve one row at a time, so equal scores are ranked by their position in the "
    "table: rows with equal scores enter the curve in one step."
)
def curve_row_by_row(labels, scores):
    falling = labels[np.lexsort((np.arange(len(scores)), -scores))]
    found = np.append(0, np.cumsum(falling)) / falling.sum()
    false = np.append(0, np.cumsum(1 - falling)) / (1 - falling).sum()
    return float(np.trapezoid(found, false))


@ties.mistake(
    "You counted scores that are nearly equal as ties: only equal ones are, so compare with ==, "
    "not with np.isclose."
)
def nearly_equal_scores_tie(labels, scores):
    positive = scores[labels == 1][:, None]
    negative = scores[labels == 0]
    tie = np.isclose(positive, negative)
    return float(((positive > negative) & ~tie).mean() + 0.5 * tie.mean())


what = ranking.group("What is measured")


@what.mistake(
    "Your curve begins at the highest score: it must begin at (0, 0), where no row is flagged."
)
def curve_without_its_origin(labels, scores):
    found, false = [], []
    for level in np.unique(scores)[::-1]:
        found.append(np.mean(scores[labels == 1] >= level))
        false.append(np.mean(scores[labels == 0] >= level))
    return float(np.trapezoid(found, false))


@what.mistake(
    "You replaced an AUC below 0.5 by 1 minus it: a model that ranks the wrong way must not look "
    "good."
)
def never_below_a_half(right, a):
    return max(right(), 1 - right())


@what.mistake(
    "You measured accuracy at one threshold: the AUC covers every threshold, and depends on the "
    "ranking of the scores alone."
)
def accuracy_above_a_half(labels, scores):
    return float(np.mean((scores > 0.5) == (labels == 1)))


@what.mistake(
    "You divided by the number of all pairs of rows: only pairs of one positive and one negative "
    "are compared."
)
def over_all_pairs(labels, scores):
    wins = np.mean(0.5 + 0.5 * np.sign(scores[labels == 1][:, None] - scores[labels == 0]))
    positives = int(labels.sum())
    return float(wins * positives * (len(labels) - positives) / (len(labels) * (len(labels) - 1)))


@what.mistake(
    "You divided by N (N - 1) / 2, the number of all pairs of rows: only pairs of one positive and "
    "one negative are compared."
)
def over_all_pairs_once(right, a):
    return 2 * over_all_pairs(a.labels, a.scores)


@what.mistake(
    "You divided by N squared: divide by the number of positives times the number of negatives."
)
def over_the_square_of_rows(right, a):
    n = len(a.labels)
    return over_all_pairs(a.labels, a.scores) * (n - 1) / n


@what.mistake(
    "Your ranks begin at 0, and you subtracted what ranks from 1 ask for, n (n + 1) / 2 for n "
    "positives: add 1 to the ranks."
)
def ranks_from_zero(right, a):
    return right() - 1 / float((a.labels == 0).sum())


@what.mistake(
    "You computed the average precision, which is the area under the precision-recall curve: take "
    "the area under the ROC curve."
)
def average_precision(labels, scores):
    falling = labels[np.argsort(-scores, kind="stable")]
    precision = np.cumsum(falling) / np.arange(1, len(falling) + 1)
    return float(precision[falling == 1].mean())


@what.mistake(
    "You took the mean of recall and true-negative rate at one threshold, the best one: that is "
    "the area below one corner, and the AUC lies below the whole curve."
)
def best_corner(labels, scores):
    corners = [
        np.mean(scores[labels == 1] >= level) + np.mean(scores[labels == 0] < level)
        for level in np.unique(scores)
    ]
    return float(max(corners) / 2)


@what.mistake(
    "Your thresholds run from 0 to 1, as for probabilities: scores may be of any size and sign, so "
    "take the scores themselves as thresholds."
)
def thresholds_of_probabilities(labels, scores):
    levels = np.linspace(1, 0, 101)
    found = [np.mean(scores[labels == 1] >= level) for level in levels]
    false = [np.mean(scores[labels == 0] >= level) for level in levels]
    return float(np.trapezoid([0.0, *found, 1.0], [0.0, *false, 1.0]))


ranking.hints(
    "Take one positive and one negative. In which three ways can their scores compare?",
    "Compare every positive with every negative: 1 where the positive is higher, 0.5 where they "
    "are equal, 0 where it is lower. The AUC is the mean.",
    "gaps = scores[labels == 1][:, None] - scores[labels == 0] has a row for each positive. "
    "np.mean of (gaps > 0) + 0.5 * (gaps == 0), as a float.",
)
