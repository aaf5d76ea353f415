"""More mistakes of the exercise `find_leak`."""

from __future__ import annotations

import numpy as np

from .find_leak import _sorted, finding, listing, rules, score


def _gaps(column, labels, rule_of=np.greater, limits=None):
    """Return the gap of "missing", and those of the rules "above t" with these limits."""
    known = column[~np.isnan(column)]
    limits = np.unique(known) if limits is None else limits(known)
    every = [np.isnan(column), *(rule_of(column, limit) for limit in limits)]
    return [abs(rule[labels == 1].mean() - rule[labels == 0].mean()) for rule in every]


def _scored(a, score_of):
    return _sorted([score_of(column) for column in a.table.T], a.threshold)


@rules.mistake(
    "You took the fraction of class 1 minus that of class 0 with its sign: a rule that mostly "
    "class 0 satisfies tells as much; take the absolute value."
)
def signed_gaps(right, a):
    def one(column):
        limits = np.unique(column[~np.isnan(column)])
        every = [np.isnan(column), *(column > limit for limit in limits)]
        return max(rule[a.labels == 1].mean() - rule[a.labels == 0].mean() for rule in every)

    return _scored(a, one)


@rules.mistake(
    "You tried only a few quantiles as t: the best t may lie between them, or above all of them; "
    "try each value of the column."
)
def deciles(right, a):
    def nine(known):
        return np.quantile(known, np.linspace(0.1, 0.9, 9)) if len(known) else []

    return _scored(a, lambda column: max(_gaps(column, a.labels, limits=nine)))


@rules.mistake(
    "You tried only evenly spaced numbers as t: with one value far away, all others lie between "
    "two of them; try each value of the column."
)
def evenly_spaced(right, a):
    def ten(known):
        return np.linspace(known.min(), known.max(), 10) if len(known) else []

    return _scored(a, lambda column: max(_gaps(column, a.labels, limits=ten)))


@rules.mistake(
    "You tried only limits of 0 or more: t is any number, so try negative values of the column as "
    "well."
)
def no_negative_limits(right, a):
    def positive(known):
        return np.unique(known[known >= 0])

    return _scored(a, lambda column: max(_gaps(column, a.labels, limits=positive)))


@rules.mistake(
    "You filled in medians: then a missing value is above some t, and it must be above none."
)
def medians_beside_the_rule(right, a):
    def one(column):
        known = column[~np.isnan(column)]
        filled = np.where(np.isnan(column), np.median(known) if len(known) else 0.0, column)
        return max(score(filled, a.labels), _gaps(column, a.labels)[0])

    return _scored(a, one)


@rules.mistake(
    "You left out rows with a missing value in any column: all rows of a class count, and a "
    "column's rules look at this column alone."
)
def complete_rows_alone(right, a):
    whole = ~np.isnan(a.table).any(axis=1)

    def one(column):
        every = [np.isnan(column)]
        every += [(column > limit) & whole for limit in np.unique(column[whole])]
        return max(abs(r[a.labels == 1].mean() - r[a.labels == 0].mean()) for r in every)

    return _scored(a, one)


@rules.mistake(
    "You divided by the number of all rows: divide by the number of rows of each class, so that a "
    "column that tells them apart has a score of 1."
)
def over_all_rows(right, a):
    def one(column):
        every = [np.isnan(column), *(column > t for t in np.unique(column[~np.isnan(column)]))]
        counts = [(np.sum(r & (a.labels == 1)), np.sum(r & (a.labels == 0))) for r in every]
        return max(abs(int(ones) - int(zeros)) for ones, zeros in counts) / len(a.labels)

    return _scored(a, one)


@rules.mistake(
    "You computed the accuracy of each rule: where one class is larger, it differs from the gap "
    "between the fractions of the two classes."
)
def accuracies(table, labels, threshold):
    def one(column):
        known = column[~np.isnan(column)]
        rules = [np.isnan(column), *(column > t for t in known)]
        return max(max(np.mean(rule == labels), np.mean(rule != labels)) for rule in rules)

    return _sorted([one(column) for column in table.T], threshold)


@rules.mistake(
    "You compared the fraction of class 1 among the rows that satisfy a rule with that among the "
    "others: compare the fractions of the two classes that satisfy it."
)
def bad_rates(right, a):
    def one(column):
        every = [np.isnan(column), *(column > t for t in np.unique(column[~np.isnan(column)]))]
        some = [rule for rule in every if rule.any() and not rule.all()]
        return max([0.0, *(abs(a.labels[r].mean() - a.labels[~r].mean()) for r in some)])

    return _scored(a, one)


@rules.mistake(
    "You separated rows of equal values, as happens when rows are sorted and counted one after the "
    "other: no t lies between equal values, so look at the counts only after the last of them."
)
def equal_values_separated(right, a):
    def one(column):
        blank = np.isnan(column)
        order = np.argsort(np.where(blank, np.inf, -column), kind="stable")[: np.sum(~blank)]
        steps = np.where(a.labels == 1, 1 / np.sum(a.labels == 1), -1 / np.sum(a.labels == 0))
        apart = np.abs(np.cumsum(steps[order]))
        return max([*np.round(apart, 12), _gaps(column, a.labels)[0]])

    return _scored(a, one)


@rules.mistake(
    'You tried rules of one value as well, "the value is t": a rule is "above t" or "missing".'
)
def single_values(right, a):
    def one(column):
        return max(_gaps(column, a.labels) + _gaps(column, a.labels, rule_of=np.equal))

    return _scored(a, one)


@rules.mistake(
    'You added the gap of "the value is missing" to the largest of the others: the score is the '
    "largest gap of a single rule."
)
def gaps_added(right, a):
    def one(column):
        missing, *others = _gaps(column, a.labels)
        return missing + max(others, default=0.0)

    return _scored(a, one)


@rules.mistake(
    "You computed the AUC of each column: it misses columns that tell the outcome by middle values."
)
def areas_with_the_rule(right, a):
    def one(column):
        low = np.where(np.isnan(column), -np.inf, column)
        ones, zeros = low[a.labels == 1][:, None], low[a.labels == 0]
        area = (ones > zeros).mean() + 0.5 * (ones == zeros).mean()
        return max(abs(2 * area - 1), _gaps(column, a.labels)[0])

    return _scored(a, one)


@finding.mistake(
    "You rounded the scores: then a score equal to threshold may fall below it, and different "
    "scores may become equal."
)
def scores_rounded(right, a):
    return _scored(a, lambda column: round(max(_gaps(column, a.labels)), 2))


@listing.mistake(
    "The weakest column comes first in your list: the highest score comes first, and the lower "
    "column only among equal scores."
)
def weakest_first(right, a):
    return sorted(right(), key=lambda place: (score(a.table[:, place], a.labels), place))
