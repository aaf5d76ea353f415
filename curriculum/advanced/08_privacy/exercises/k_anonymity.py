"""How well a table hides its rows: the exercise `k_anonymity`."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np

from lepton_course.authoring import Call, Case, exact, exercise
from lepton_course.authoring.wrong_forms import only_value, tuple_order

hiding = exercise(
    "k_anonymity",
    title="How well a table hides its rows",
    points=2,
    difficulty=2,
    minutes=8,
    probe=Call(),
    compare=exact(),
    read="lesson.ipynb#k-anonymity,-by-hand",
    returns=("k", "l", "exposed"),
    forms=[
        only_value(0, "You returned k alone: return the three numbers (k, l, exposed)."),
        tuple_order((1, 0, 2), "You swapped k and l: k counts rows, l counts different values."),
    ],
)


@hiding.reference
def k_anonymity(quasi, sensitive):
    """Return (k, l, exposed), three ints, of a table.

    quasi: int array (N, Q), the quasi-identifiers. sensitive: int array (N,). N and Q at least 1.
    """
    _, group = np.unique(quasi, axis=0, return_inverse=True)
    sizes = np.bincount(group)
    pairs = np.unique(np.stack([group, sensitive], axis=1), axis=0)
    kinds = np.bincount(pairs[:, 0])
    return int(sizes.min()), int(kinds.min()), int(sizes[kinds == 1].sum())


@hiding.alternative
def with_a_dictionary(quasi, sensitive):
    members = defaultdict(list)
    for row, value in zip(quasi.tolist(), sensitive.tolist(), strict=True):
        members[tuple(row)].append(value)
    lists = list(members.values())
    return (
        min(len(values) for values in lists),
        min(len(set(values)) for values in lists),
        sum(len(values) for values in lists if len(set(values)) == 1),
    )


def _groups(quasi, sensitive):
    members = defaultdict(list)
    for row, value in zip(quasi.tolist(), sensitive.tolist(), strict=True):
        members[tuple(row)].append(value)
    return list(members.values())


@hiding.cases
def cases(rng):
    def table(sizes, kinds, columns):
        """A shuffled table whose group g has sizes[g] rows and kinds[g] different values."""
        names = set()
        while len(names) < len(sizes):
            names.add(tuple(rng.integers(-2, 3, columns).tolist()))
        quasi = [name for name, size in zip(names, sizes, strict=True) for _ in range(size)]
        values = [
            rng.choice(40, many, replace=False)[
                rng.permutation([*range(many), *rng.integers(0, many, size - many)])
            ]
            for size, many in zip(sizes, kinds, strict=True)
        ]
        order = rng.permutation(len(quasi))
        return np.array(quasi)[order], np.concatenate(values)[order] - 9

    def of_long_codes(sizes, kinds, before=()):
        """Groups whose codes collide as one text or in base 10, after the columns `before`."""
        b = int(rng.integers(4, 9))
        names = [[1, 10 + b], [11, b], [3, b], [13, b - 1], [2, 10 + b], [103, b - 1], [b, 3]]
        quasi = [[*before, *n] for n, size in zip(names, sizes, strict=True) for _ in range(size)]
        values = [
            np.arange(size) % many + place
            for place, (size, many) in enumerate(zip(sizes, kinds, strict=True))
        ]
        order = rng.permutation(len(quasi))
        return np.array(quasi)[order], np.concatenate(values)[order]

    def lone(size, many):
        return np.full((size, 1), 7), rng.permutation(np.arange(size) % many) - many // 2

    return [
        Case("one group", lone(6, 3)),
        Case("one group", lone(1, 1)),
        Case("one group", lone(5, 1)),
        Case("the smallest group", table([9, 4, 7, 6, 8, 5, 7], [5, 4, 3, 6, 4, 5, 7], 2)),
        Case("the smallest group", table([8, 6, 12, 7, 9, 8, 7, 10], [4, 5, 2, 6, 3, 7, 4, 5], 3)),
        Case("the smallest group", of_long_codes([6, 3, 7, 4, 5, 8, 9], [3, 2, 4, 2, 4, 3, 5])),
        Case(
            "groups with one value",
            of_long_codes([2, 5, 4, 6, 3, 4, 5], [1, 2, 1, 1, 2, 2, 1], (6, 4)),
        ),
        Case("groups with one value", table([3, 10, 5, 6], [2, 1, 3, 1], 3)),
        Case("groups with one value", table([1, 4, 1, 6, 2], [1, 3, 1, 1, 2], 4)),
        Case("groups with one value", table([5, 11, 4], [3, 2, 1], 2)),
    ]


groups = hiding.group("Groups")


@groups.mistake(
    "You grouped by one column: rows are alike only if they agree in all quasi-identifiers."
)
def by_the_first_column(right, a):
    return right(quasi=a.quasi[:, :1])


@groups.mistake(
    "Your groups include the sensitive value: rows are grouped by the quasi-identifiers alone, "
    "which are what an attacker knows."
)
def sensitive_value_in_the_group(right, a):
    return right(quasi=np.column_stack([a.quasi, a.sensitive]))


@groups.mistake(
    "You took the largest or a typical group: a promise to everybody is worth what it is worth "
    "to the worst-hidden row, the minimum."
)
def the_largest_group(quasi, sensitive):
    groups = _groups(quasi, sensitive)
    exposed = sum(len(g) for g in groups if len(set(g)) == 1)
    return max(map(len, groups)), max(len(set(g)) for g in groups), exposed


@groups.mistake(
    "You counted the groups, or the different values of the whole table: k and l are about the "
    "rows and the values within one group."
)
def counted_over_the_table(quasi, sensitive):
    groups = _groups(quasi, sensitive)
    exposed = sum(len(g) for g in groups if len(set(g)) == 1)
    return len(groups), len(np.unique(sensitive)), exposed


@groups.mistake(
    "Your l belongs to the smallest group alone: take the fewest different values over all groups."
)
def diversity_of_the_smallest_group(quasi, sensitive):
    groups = _groups(quasi, sensitive)
    smallest = min(groups, key=len)
    exposed = sum(len(g) for g in groups if len(set(g)) == 1)
    return len(smallest), len(set(smallest)), exposed


@groups.mistake(
    "Your l is the largest of any group: take the fewest different values over the groups, since a "
    "promise to everybody is worth what it is worth to the worst-hidden row."
)
def the_most_diverse_group(right, a):
    k, _, exposed = right()
    return k, max(len(set(g)) for g in _groups(a.quasi, a.sensitive)), exposed


@groups.mistake(
    "Your l counts the different values of the whole table: count those within one group, and take "
    "the fewest over the groups."
)
def values_of_the_table(right, a):
    k, _, exposed = right()
    return k, len(np.unique(a.sensitive)), exposed


out = hiding.group("Exposed rows", read="lesson.ipynb#Where-it-fails")


@out.mistake(
    "You counted groups as exposed: count their rows, since each of these people's value is known."
)
def exposed_groups(right, a):
    k, diversity, _ = right()
    groups = _groups(a.quasi, a.sensitive)
    return k, diversity, sum(len(set(g)) == 1 for g in groups)


@out.mistake(
    "You counted rows that are alone in their group: a row in a larger group is exposed, too, if "
    "all rows of the group have one sensitive value."
)
def only_unique_rows(right, a):
    k, diversity, _ = right()
    return k, diversity, sum(len(g) == 1 for g in _groups(a.quasi, a.sensitive))


@out.mistake(
    "You left out rows that are alone in their group: one row has one value, so it is exposed."
)
def without_unique_rows(right, a):
    k, diversity, exposed = right()
    return k, diversity, exposed - sum(len(g) == 1 for g in _groups(a.quasi, a.sensitive))


@out.mistake(
    "You gave the fraction of exposed rows: give their number, an int.", name="exposed as fraction"
)
def exposed_fraction(right, a):
    k, diversity, exposed = right()
    return k, diversity, exposed / len(a.sensitive)


@out.mistake(
    "You took all rows as exposed as soon as one group has a single value: count the rows of such "
    "groups only."
)
def all_or_none(right, a):
    k, diversity, _ = right()
    return k, diversity, len(a.sensitive) if diversity == 1 else 0


@out.mistake(
    "You counted the rows that are not exposed: an exposed row is in a group with a single "
    "sensitive value."
)
def hidden_rows(right, a):
    k, diversity, exposed = right()
    return k, diversity, len(a.sensitive) - exposed


@out.mistake(
    "You counted every row whose value is the most frequent of its group: a group exposes its rows "
    "only if it holds a single value."
)
def majorities(right, a):
    k, diversity, _ = right()
    groups = _groups(a.quasi, a.sensitive)
    return k, diversity, sum(max(Counter(g).values()) for g in groups)


hiding.hints(
    "First sort the rows into groups that agree in every quasi-identifier.",
    "A dictionary from the row, as a tuple, to the list of its sensitive values holds all that is "
    "asked for: lengths, and sizes of sets.",
    "Append each value to the list at tuple(row). Over these lists v: min(len(v)), "
    "min(len(set(v))), and the sum of len(v) where len(set(v)) == 1.",
)
