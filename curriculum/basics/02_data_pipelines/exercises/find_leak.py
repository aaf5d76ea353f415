"""Which column knows the outcome: the exercise `find_leak`."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, exact, exercise
from lepton_course.authoring.wrong_forms import as_array, reversed_order

finding = exercise(
    "find_leak",
    title="Find the leak",
    points=3,
    difficulty=4,
    minutes=14,
    probe=Call(),
    compare=exact(),
    read="lesson.ipynb#What-goes-wrong:-a-column-that-knows-the-future",
    forms=[
        as_array("The columns are right, but in a NumPy array: return a list of ints."),
        reversed_order(
            "The columns are right, but the weakest comes first: sort in descending order."
        ),
    ],
)


def score(column, labels):
    """Return the largest gap between the classes over the rules "above t" and "missing"."""
    bad = labels == 1
    known = column[~np.isnan(column)]
    rules = [np.isnan(column), *(column > limit for limit in np.unique(known))]
    return max(abs(rule[bad].mean() - rule[~bad].mean()) for rule in rules)


@finding.reference
def find_leak(table, labels, threshold):
    """Return the columns that separate the classes too well, a list of ints, strongest first.

    table: float (N, F), missing values are nan. labels: whole numbers (N,), 0 and 1, both present.
    A rule is "the value is above t", for any t, or "the value is missing"; a missing value is never
    above t. Its gap is the absolute difference between the fractions of class 1 and of class 0 that
    satisfy it. A column's score is the largest gap of its rules. Columns with a score of at least
    threshold are returned, the lower column first among equal scores.
    """
    scores = [score(column, labels) for column in table.T]
    found = [place for place, value in enumerate(scores) if value >= threshold]
    return sorted(found, key=lambda place: -scores[place])


@finding.alternative
def by_sorting(table, labels, threshold):
    ones, zeros = np.sum(labels == 1), np.sum(labels == 0)
    found = []
    for place in range(table.shape[1]):
        values = table[:, place]
        blank = np.isnan(values)
        gaps = [abs(np.sum(blank & (labels == 1)) / ones - np.sum(blank & (labels == 0)) / zeros)]
        for limit in values[~blank].tolist():
            above = values > limit
            gap = np.sum(above & (labels == 1)) / ones - np.sum(above & (labels == 0)) / zeros
            gaps.append(abs(gap))
        if max(gaps) >= threshold:
            found.append((-max(gaps), place))
    return [place for _, place in sorted(found)]


@finding.cases
def cases(rng):
    """Tables whose fractions are sixteenths, so that scores are exact."""

    def table(*columns):
        values = np.stack(columns, axis=1)
        order = rng.permutation(len(values))
        return values[order], labels[order]

    labels = np.repeat([0, 1], [16, 8])

    def apart(zeros, ones, low=-1.5, high=2.5):
        """A column that is high in that many rows of class 0, and of class 1."""
        high_zero = np.arange(16) < zeros
        high_one = np.arange(8) < ones
        return np.where(np.concatenate([high_zero, high_one]), high, low)

    def noisy(column):
        return column + np.round(rng.uniform(0, 0.4, len(column)), 3)

    def blanked(column, rows):
        return np.where(np.isin(np.arange(24), rows), np.nan, column)

    same = np.full(24, 0.5)
    weak = np.resize([0.25, -0.75], 24)
    near = apart(0, 8, 0.1, 0.4)
    signs = apart(1, 8, -2.5, 2.5)
    tell = np.where(np.isin(np.arange(24), [0, 1]), 0.25, np.nan)
    tell[16:20] = 0.75
    yield Case("one leak", (*table(weak, apart(0, 8), weak), 0.9))
    yield Case("one leak", (*table(apart(1, 7), noisy(apart(0, 8))), 0.875))
    yield Case("one leak", (*table(near, weak, signs), 0.8))
    yield Case("one leak", (np.array([[2.5], [0.5], [-0.5]]), np.array([1, 0, 0]), 0.75))
    # Only the two highest values tell, and no decile lies just below; one value is far from others.
    even = np.array([*range(1, 16), 19.5, 0.5, 2.5, 5.5, 7.5, 10.5, 12.5, 20.5, 20.5])
    yield Case("one leak", (*table(weak, even), 0.25))
    far = np.concatenate([np.repeat([-1.5, 0.5, 900.0], [2, 13, 1]), np.full(8, 2.5)])
    yield Case("one leak", (*table(far, weak), 0.9))
    yield Case("one leak", (*table(weak, apart(2, 6)), 0.625))
    yield Case("lower means bad", (*table(weak, noisy(apart(16, 1)), weak), 0.7))
    yield Case("lower means bad", (*table(apart(15, 0), apart(8, 4)), 0.5))
    yield Case("missingness tells", (*table(weak, blanked(same, [0, *range(16, 24)])), 0.8))
    yield Case("missingness tells", (*table(blanked(same, range(2, 16)), weak), 0.75))
    mixed = blanked(apart(0, 8), [16, 17])
    yield Case("missingness tells", (*table(blanked(weak, [3]), mixed, np.full(24, np.nan)), 0.6))
    yield Case("missing counts as not above", (*table(weak, tell), 0.6))
    yield Case("missing counts as not above", (*table(tell, weak), 0.45))
    half = blanked(np.resize([0.25, -0.75], 24), range(20, 24))
    yield Case("missing counts as not above", (*table(half, weak), 0.625))
    low = blanked(np.repeat([-1.25, 3.0], [16, 8]), range(20, 24))
    yield Case("missing counts as not above", (*table(weak, low), 0.75))
    middle = np.concatenate([np.repeat([0.0, 9.0], 8), np.full(8, 5.5)])
    yield Case("several, strongest first", (*table(apart(2, 7), weak, apart(1, 8)), 0.5))
    yield Case("several, strongest first", (*table(middle, apart(8, 8), apart(0, 8)), 0.5))
    yield Case("several, strongest first", (*table(apart(4, 8), -apart(4, 8), weak), 0.75))
    # Together in one part, so that neither an empty list nor a list of all columns earns it.
    yield Case("all columns, or none", (*table(weak, apart(4, 6)), 0.625))
    yield Case("all columns, or none", (*table(apart(4, 6)), 1.0))
    more = np.concatenate([apart(0, 8), np.full(6, 2.5)])
    padded = np.concatenate([labels, np.zeros(6, int)])
    yield Case("all columns, or none", (more[:, None], padded, 0.75))
    few = np.array([[1.5, -2.0], [-1.5, -2.0], [0.5, 2.0], [2.5, -2.0]])
    yield Case("all columns, or none", (few, np.array([0, 1, 0, 1]), 0.75))
    alike = np.array([[1.5, -2.0]] * 3)
    yield Case("all columns, or none", (alike, np.array([0, 1, 0]), 0.0))


rules = finding.group("The rules")


def _sorted(scores, threshold):
    found = [place for place, value in enumerate(scores) if value >= threshold]
    return sorted(found, key=lambda place: -scores[place])


@rules.mistake("You missed columns whose low values mean bad: take the absolute value of the gap.")
def only_high_values(table, labels, threshold):
    def one(column):
        rules = [np.isnan(column), *(column > t for t in [-np.inf, *column[~np.isnan(column)]])]
        return max(rule[labels == 1].mean() - rule[labels == 0].mean() for rule in rules)

    return _sorted([one(column) for column in table.T], threshold)


@rules.mistake(
    'You missed columns whose missing values tell the outcome: "the value is missing" is a rule of '
    "its own."
)
def blanks_dropped(table, labels, threshold):
    def one(column):
        known = column[~np.isnan(column)]
        gaps = [
            abs(np.mean(column[labels == 1] > t) - np.mean(column[labels == 0] > t)) for t in known
        ]
        return max(gaps, default=0.0)

    return _sorted([one(column) for column in table.T], threshold)


@rules.mistake(
    "You took the fractions among rows with a known value: a missing value counts as not above t, "
    "so divide by all rows of the class."
)
def among_known_rows(table, labels, threshold):
    def one(column):
        blank = np.isnan(column)
        gaps = [abs(blank[labels == 1].mean() - blank[labels == 0].mean())]
        for t in column[~blank]:
            of = [column[(labels == kind) & ~blank] for kind in (0, 1)]
            if all(map(len, of)):
                gaps.append(abs(np.mean(of[1] > t) - np.mean(of[0] > t)))
        return max(gaps)

    return _sorted([one(column) for column in table.T], threshold)


def _with_value(table, labels, threshold, value):
    """Score with missing values replaced; value: what a column's known values are replaced by."""
    filled = np.stack([np.where(np.isnan(c), value(c[~np.isnan(c)]), c) for c in table.T], axis=1)
    return find_leak(filled, labels, threshold)


@rules.mistake(
    "You replaced missing values by 0: a missing value is above no t, not even above a negative "
    "one."
)
def zero_for_missing(table, labels, threshold):
    return _with_value(table, labels, threshold, lambda known: 0.0)


@rules.mistake(
    "You filled in medians first: then a missing value is above some t, and the rule for missing "
    "values has nothing left to find."
)
def median_for_missing(table, labels, threshold):
    return _with_value(
        table, labels, threshold, lambda known: np.median(known) if len(known) else 0.0
    )


@rules.mistake(
    "Missing values count as above every t in your answer, as where sorting puts nan last: they "
    "are above none."
)
def missing_is_above(table, labels, threshold):
    return _with_value(table, labels, threshold, lambda known: np.inf)


@rules.mistake(
    "You computed the AUC of each column: it misses columns that tell the outcome by middle values "
    "or by missing ones."
)
def areas(table, labels, threshold):
    def one(column):
        ones, zeros = (c[~np.isnan(c)] for c in (column[labels == 1], column[labels == 0]))
        if not (len(ones) and len(zeros)):
            return 0.0
        above = ones[:, None] - zeros
        return abs(2 * np.mean((above > 0) + 0.5 * (above == 0)) - 1)

    return _sorted([one(column) for column in table.T], threshold)


@rules.mistake(
    "You measured the correlation with the label: it misses columns that separate the classes "
    "without a linear trend, and those with missing values."
)
def correlation(table, labels, threshold):
    def one(column):
        filled = np.nan_to_num(column)
        if np.ptp(filled) == 0:
            return 0.0
        return abs(np.corrcoef(filled, labels)[0, 1])

    return _sorted([one(column) for column in table.T], threshold)


@rules.mistake("You tried a single t for each column, its median: try each of its values as t.")
def only_the_median(table, labels, threshold):
    def one(column):
        blank = np.isnan(column)
        middle = np.median(column[~blank]) if not blank.all() else 0.0
        rules = [blank, column > middle]
        return max(abs(r[labels == 1].mean() - r[labels == 0].mean()) for r in rules)

    return _sorted([one(column) for column in table.T], threshold)


listing = finding.group("The list")


@listing.mistake("The columns are right, but sorted by column: the strongest comes first.")
def in_column_order(right, a):
    return sorted(right())


@listing.mistake("Of columns with equal scores, the lower one comes first; yours come last.")
def later_first(right, a):
    return sorted(right(), key=lambda p: (-score(a.table[:, p], a.labels), -p))


@listing.mistake("A score of exactly threshold counts, too: use >=.")
def above_threshold(right, a):
    return [p for p in right() if score(a.table[:, p], a.labels) > a.threshold]


@listing.mistake("You returned only the strongest column: return all that reach the threshold.")
def the_strongest_alone(right, a):
    return right()[:1]


@listing.mistake("Columns are counted from 0.")
def counted_from_one(right, a):
    return [place + 1 for place in right()]


finding.hints(
    "Take one column and one value of t. What fraction of the bad loans lies above it, and what "
    "fraction of the good ones?",
    "A comparison with nan is False, so column > t treats missing values as the statement asks. "
    "Try each value of the column as t, and np.isnan(column) as one more rule; keep the largest "
    "gap.",
    "gap = abs(rule[labels == 1].mean() - rule[labels == 0].mean()). Collect each column's largest "
    "gap, keep those >= threshold, and sort by the gap, in descending order; sorted is stable.",
)
