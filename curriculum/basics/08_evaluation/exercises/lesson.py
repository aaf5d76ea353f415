"""The lesson's small exercises. They earn no points."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import in_percent, tuple_order

counting = exercise(
    "precision_recall",
    title="Try it: precision and recall",
    points=0,
    difficulty=1,
    minutes=4,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#The-confusion-matrix",
    returns=("precision", "recall"),
    forms=[
        in_percent(),
        tuple_order((1, 0), "You returned (recall, precision): precision comes first."),
    ],
)


@counting.reference
def precision_recall(labels, flagged):
    """Return (precision, recall), floats. labels, flagged: 0 or 1, (N,), each with a 1."""
    hits = np.count_nonzero((labels == 1) & (flagged == 1))
    return hits / np.count_nonzero(flagged), hits / np.count_nonzero(labels)


@counting.cases
def counting_cases(rng):
    def case(part, *counts):
        """Both 1, flagged alone, label alone, both 0."""
        labels = np.repeat([1, 0, 1, 0], counts)
        flagged = np.repeat([1, 1, 0, 0], counts)
        order = rng.permutation(len(labels))
        return Case(part, (labels[order], flagged[order]))

    return [
        case("some of each", 5, 3, 2, 10),
        case("some of each", 4, 1, 9, 3),
        case("some of each", 2, 11, 1, 6),
        case("no hit", 0, 3, 2, 4),
        case("one row", 1, 0, 0, 0),
    ]


@counting.mistake("You returned the accuracy, which also counts the rows that are 0 in both.")
def accuracy_twice(labels, flagged):
    same = float(np.mean(labels == flagged))
    return same, same


@counting.mistake(
    "You divided by all rows: divide by the flagged rows for precision, by the positive rows for "
    "recall."
)
def over_all_rows(labels, flagged):
    hits = float(np.mean(labels & flagged))
    return hits, hits


counting.hints(
    "Of the flagged rows, how many are positive? Of the positive rows, how many were flagged?",
    "Both have the same numerator: the rows that are both positive and flagged.",
    "def precision_recall(labels, flagged):\n"
    "    both = (labels * flagged).sum()\n"
    "    return both / flagged.sum(), both / labels.sum()",
)


choosing = exercise(
    "best_threshold",
    title="Try it: two blanks",
    points=0,
    difficulty=2,
    minutes=5,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#A-threshold-chosen-by-cost",
)


@choosing.reference
def best_threshold(labels, scores, thresholds, cost_missed, cost_false):
    """Return the threshold, a float, with the lowest cost; the first of several.

    labels: 0 or 1 (N,); scores: float (N,); a row is flagged where its score is at or above the
    threshold; thresholds: float (M,). cost_missed: of a positive not flagged; cost_false: of a
    negative flagged.
    """
    flagged = scores[None, :] >= thresholds[:, None]  # (M, N)
    missed = (~flagged & (labels == 1)).sum(axis=1)
    false = (flagged & (labels == 0)).sum(axis=1)
    return float(thresholds[np.argmin(cost_missed * missed + cost_false * false)])


@choosing.cases
def choosing_cases(rng):
    def case(part, rows, levels, missed, false):
        labels = rng.permutation(np.arange(rows) % 3 == 0).astype(int)
        thresholds = rng.permutation(np.linspace(-3.0, 4.0, levels))
        return Case(part, (labels, rng.normal(size=rows) + labels, thresholds, missed, false))

    equal = np.array([1, 0]), np.array([0.5, 0.25]), np.array([0.75, 0.5])
    last = np.array([0, 1]), np.array([0.0, 1.0]), np.append(np.full(401, -9.0), 0.5)
    return [
        case("missed positives cost more", 140, 301, 3.7, 1.0),
        case("missed positives cost more", 101, 251, 1.6, 0.45),
        case("missed positives cost more", 160, 211, 2.5, 1.6),
        case("false alarms cost more", 150, 326, 0.6, 2.6),
        case("false alarms cost more", 125, 211, 0.7, 1.7),
        case("both cost the same", 136, 221, 1.0, 1.0),
        Case("the last threshold is the best", (*last, 1.0, 1.0)),
        Case("at the threshold", (*equal, 2.0, 1.0)),
        Case("at the threshold", (np.array([1]), np.array([-0.5]), np.array([-0.5]), 1.0, 0.0)),
    ]


@choosing.mistake(
    "You swapped the costs: a missed positive costs cost_missed, a false alarm cost_false."
)
def costs_exchanged(right, a):
    return right(cost_missed=a.cost_false, cost_false=a.cost_missed)


@choosing.mistake("You ignored the costs: the fewest mistakes need not be the cheapest.")
def fewest_mistakes(right, a):
    return right(cost_missed=1.0, cost_false=1.0)


@choosing.mistake("You returned the most expensive threshold: return the one with the lowest cost.")
def dearest(right, a):
    return right(cost_missed=-a.cost_missed, cost_false=-a.cost_false)


choosing.hints(
    "How much does a missed positive cost, and how much a false alarm?",
    "Missed: not flagged and labels == 1. False: flagged and labels == 0.",
    "def best_threshold(labels, scores, thresholds, cost_missed, cost_false):\n"
    "    costs = []\n"
    "    for threshold in thresholds:\n"
    "        flagged = scores >= threshold\n"
    "        missed = np.sum(~flagged & (labels == 1))\n"
    "        false = np.sum(flagged & (labels == 0))\n"
    "        costs.append(cost_missed * missed + cost_false * false)\n"
    "    return float(thresholds[np.argmin(costs)])",
)


adjusting = exercise(
    "cuped",
    title="Try it: CUPED",
    points=0,
    difficulty=2,
    minutes=6,
    probe=Call(fresh=True),
    compare=close(),
    read="lesson.ipynb#CUPED",
)


@adjusting.reference
def cuped(after, before):
    """Return after, adjusted by before, float (N,): the mean stays, the variance falls.

    after, before: float (N,), at least two, before not constant. Source: Deng et al. (2013).
    """
    theta = np.cov(before, after)[0, 1] / before.var(ddof=1)
    return after - theta * (before - before.mean())


@adjusting.alternative
def by_line(after, before):
    slope, start = np.polyfit(before, after, 1)
    return after - (slope * before + start) + after.mean()


@adjusting.cases
def adjusting_cases(rng):
    def case(part, rows, slope, shift=0.0):
        before = rng.gamma(1.0, 20.0, rows) + shift
        return Case(part, (slope * before + rng.normal(scale=5, size=rows), before))

    return [
        case("spending rises with spending before", 30, 0.8),
        case("spending rises with spending before", 11, 0.3, shift=-40.0),
        case("spending falls with spending before", 21, -0.5),
        case("spending falls with spending before", 2, -2.0),
        Case("whole numbers", (rng.permutation(9) // 2, rng.permutation(9) - 4)),
    ]


@adjusting.mistake(
    "You did not subtract the mean of before: without that, the mean of the result is not that of "
    "after."
)
def not_centred(right, a):
    theta = np.cov(a.before, a.after)[0, 1] / a.before.var(ddof=1)
    return a.after - theta * a.before


@adjusting.mistake(
    "You subtracted all of before: multiply it by theta, the slope of after on before."
)
def theta_is_1(right, a):
    return a.after - (a.before - a.before.mean())


@adjusting.mistake("You added the correction: subtract what before predicts.")
def added(right, a):
    return 2 * a.after - right()


@adjusting.mistake(
    "Your theta is the correlation: divide the covariance by the variance of before alone."
)
def theta_is_the_correlation(right, a):
    return a.after - np.corrcoef(a.before, a.after)[0, 1] * (a.before - a.before.mean())


@adjusting.mistake(
    "Your theta mixes ddof 0 and 1: np.cov divides by N - 1, np.var by N unless you say ddof=1."
)
def mixed_ddof(right, a):
    return a.after - (a.after - right()) * len(a.before) / (len(a.before) - 1)


@adjusting.mistake("You divided by the variance of after: theta divides by that of before.")
def divided_by_the_variance_of_after(right, a):
    theta = np.cov(a.before, a.after)[0, 1] / a.after.var(ddof=1)
    return a.after - theta * (a.before - a.before.mean())


@adjusting.mistake("You returned the part of after that before predicts: subtract it from after.")
def predicted_part(right, a):
    return a.after - right()


adjusting.hints(
    "Plot `after` against `before`: what does a line through the points predict, and what is left?",
    "theta is the slope of that line: the covariance divided by the variance of before. Subtract "
    "theta times (before minus its mean).",
    "def cuped(after, before):\n"
    "    x = before - before.mean()\n"
    "    theta = (x * after).sum() / (x * x).sum()\n"
    "    return after - theta * x",
)

EXERCISES = [counting, choosing, adjusting]
