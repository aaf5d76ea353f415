"""More mistakes in `k_anonymity`, which is declared beside."""

from __future__ import annotations

import itertools

import numpy as np

from .k_anonymity import _groups, hiding

rows = hiding.group("Which rows are alike")


@rows.mistake(
    "You looked at one column at a time: rows are alike only if they agree in all "
    "quasi-identifiers, and an attacker who knows them all knows more than each tells by itself."
)
def column_by_column(right, a):
    found = [right(quasi=column[:, None]) for column in a.quasi.T]
    ks, diversities, exposed = zip(*found, strict=True)
    return min(ks), min(diversities), sum(exposed)


@rows.mistake(
    "Your groups hold only rows that follow one another: rows that agree may stand anywhere in the "
    "table, so sort the rows first or use a dictionary."
)
def neighbours_only(right, a):
    rows = zip(map(tuple, a.quasi.tolist()), a.sensitive.tolist(), strict=True)
    runs = [[v for _, v in run] for _, run in itertools.groupby(rows, key=lambda row: row[0])]
    exposed = sum(len(run) for run in runs if len(set(run)) == 1)
    return min(map(len, runs)), min(len(set(run)) for run in runs), exposed


def _keyed(key):
    """Groups of rows that have the same `key`."""

    def k_anonymity(quasi, sensitive):
        coded = [key(row) for row in quasi.tolist()]
        _, numbers = np.unique(coded, axis=0, return_inverse=True)
        groups = _groups(numbers.reshape(-1, 1), sensitive)
        exposed = sum(len(g) for g in groups if len(set(g)) == 1)
        return min(map(len, groups)), min(len(set(g)) for g in groups), exposed

    return k_anonymity


keys = hiding.group("The key of a group", make=_keyed)


@keys.mistake(
    "You ran the codes of a row together: (1, 12) and (11, 2) are then the same. Take the tuple of "
    "the codes, or compare whole rows."
)
def run_together(row):
    return "".join(map(str, row))


@keys.mistake(
    "You packed the codes of a row into one number by powers of 10: codes are not limited to 0 to "
    "9, so different rows get the same number. Take the tuple of the codes."
)
def powers_of_ten(row):
    return sum(code * 10**place for place, code in enumerate(row))


@keys.mistake(
    "You packed the codes of a row into one number by powers of 10: codes are not limited to 0 to "
    "9, so different rows get the same number. Take the tuple of the codes.",
    name="powers of ten from the right",
)
def powers_from_the_right(row):
    return sum(code * 10**place for place, code in enumerate(reversed(row)))


@keys.mistake(
    "You added the codes of a row up: different rows can have the same sum. Take the tuple of the "
    "codes, or compare whole rows."
)
def codes_added(row):
    return sum(row)


@keys.mistake(
    "You forgot which column a code belongs to: (1, 2) and (2, 1) are different rows. Take the "
    "tuple of the codes as they stand."
)
def columns_forgotten(row):
    return sorted(row)


@rows.mistake(
    "You looked at one column at a time: rows are alike only if they agree in all "
    "quasi-identifiers, and an attacker who knows them all knows more than each tells by itself.",
    name="exposed by any column",
)
def exposed_by_any_column(right, a):
    found = [right(quasi=column[:, None]) for column in a.quasi.T]
    exposed = np.zeros(len(a.quasi), dtype=bool)
    for column in a.quasi.T:
        for code in np.unique(column):
            alike = column == code
            exposed |= alike & (len(np.unique(a.sensitive[alike])) == 1)
    return (
        min(k for k, *_ in found),
        min(diversity for _, diversity, _ in found),
        int(exposed.sum()),
    )


@rows.mistake(
    "You counted the rows of the groups with the fewest different values: a group exposes its rows "
    "only if it has a single value."
)
def rows_of_the_least_diverse(right, a):
    k, diversity, _ = right()
    groups = _groups(a.quasi, a.sensitive)
    return k, diversity, sum(len(g) for g in groups if len(set(g)) == diversity)
