"""Keep customers together: the exercise `group_split`."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, exact, exercise

splitting = exercise(
    "group_split",
    title="No customer on both sides",
    points=2,
    difficulty=2,
    minutes=8,
    probe=Call(),
    compare=exact(),
    read="lesson.ipynb#Splits",
)


@splitting.reference
def group_split(groups, order, test_rows):
    """Return the mask of the test set, bool (N,).

    groups: strings or whole numbers (N,), each row's group. order: list of all groups, in the order
    in which they were drawn. test_rows: whole number. Groups join the test set with all of their
    rows, in this order, until it has at least test_rows rows.
    """
    test = np.zeros(len(groups), dtype=bool)
    for group in order:
        if test.sum() >= test_rows:
            break
        test |= groups == group
    return test


@splitting.alternative
def by_running_sum(groups, order, test_rows):
    sizes = np.array([np.sum(groups == group) for group in order])
    before = np.cumsum(sizes) - sizes
    chosen = [group for group, rows in zip(order, before.tolist(), strict=True) if rows < test_rows]
    return np.array([group in chosen for group in groups.tolist()], dtype=bool)


@splitting.cases
def cases(rng):
    def rows(*sizes, names="abcdefgh"):
        owners = [names[i] for i, size in enumerate(sizes) for _ in range(size)]
        return rng.permutation(np.array(owners))

    def order(*names):
        return list(names)

    yield Case("one row each", (rows(1, 1, 1, 1, 1), order(*"dbeac"), 2))
    yield Case("one row each", (rows(1), order("a"), 1))
    yield Case("larger groups", (rows(3, 1, 4, 2), order(*"cadb"), 6))
    yield Case("larger groups", (rows(2, 5, 2, 1), order(*"badc"), 3))
    numbers = rng.permutation(np.array([7, 7, 7, -2, 40, 40, 5]))
    yield Case("larger groups", (numbers, [40, 7, 5, -2], 4))
    signed = rng.permutation(np.array([-3, -3, 3, 6, 6, -6]))
    yield Case("larger groups", (signed, [3, -6, -3, 6], 3))
    yield Case("larger groups", (rows(1, 2, 1, 2, 1, 1), order(*"fbeacd"), 1))
    yield Case("larger groups", (rows(1, 2, 1, 2, 1, 1), order(*"cfaebd"), 6))
    yield Case("larger groups", (rows(2, 6, 1, 5), order(*"cadb"), 4))
    yield Case("exactly enough", (rows(2, 2, 3), order(*"bac"), 4))
    yield Case("exactly enough", (rows(3, 1, 1, 2), order(*"adcb"), 3))
    yield Case("nobody, or everybody", (rows(2, 1, 2), order(*"cba"), 0))
    yield Case("nobody, or everybody", (rows(2, 2, 1), order(*"bca"), 9))
    yield Case("a group without rows", (rows(2, 0, 2, 2), order(*"bdac"), 3))


whole = splitting.group("Whole groups")


@whole.mistake(
    "Your test set splits a group: all rows of a group go to the same side, even if the test set "
    "gets a few rows more."
)
def cut_at_test_rows(right, a):
    test = right()
    last = [group for group in a.order if (test & (a.groups == group)).any()][-1:]
    for place in np.flatnonzero(np.isin(a.groups, last) & test)[::-1]:
        if test.sum() > a.test_rows:
            test[place] = False
    return test


@whole.mistake("You counted groups: test_rows is a number of rows.")
def counted_groups(right, a):
    return np.isin(a.groups, a.order[: a.test_rows])


@whole.mistake(
    "You ignored the groups: if you take the first rows of the table, some customers end up on "
    "both sides."
)
def first_rows(right, a):
    return np.arange(len(a.groups)) < a.test_rows


@whole.mistake(
    "Rows of other customers are in the test set, as happens when everything from a customer's "
    "first to last row joins: rows are in no particular order, so compare each one's customer."
)
def from_first_to_last(right, a):
    test = np.zeros(len(a.groups), dtype=bool)
    for group in a.order:
        if test.sum() >= a.test_rows:
            break
        places = np.flatnonzero(a.groups == group)
        if len(places):
            test[places[0] : places[-1] + 1] = True
    return test


@whole.mistake("One row of each customer joined: a customer joins with all rows.")
def one_row_each(right, a):
    test = np.zeros(len(a.groups), dtype=bool)
    for group in a.order:
        if test.sum() >= a.test_rows:
            break
        test[np.flatnonzero(a.groups == group)[:1]] = True
    return test


stopping = splitting.group("When to stop")


@stopping.mistake(
    "You stopped before the test set was large enough: it needs at least test_rows rows, so the "
    "group that takes it past this number still joins."
)
def stopped_before(right, a):
    test = np.zeros(len(a.groups), dtype=bool)
    for group in a.order:
        if test.sum() + np.sum(a.groups == group) > a.test_rows:
            break
        test |= a.groups == group
    return test


@stopping.mistake(
    "You skipped groups that do not fit: take every group in the given order, and stop once there "
    "are enough rows; otherwise, small customers are over-represented in the test set."
)
def large_ones_skipped(right, a):
    test = np.zeros(len(a.groups), dtype=bool)
    for group in a.order:
        if test.sum() + np.sum(a.groups == group) <= a.test_rows:
            test |= a.groups == group
    return test


@stopping.mistake(
    "Your first group joins even where test_rows is 0: look at the number of rows before a group "
    "joins."
)
def first_group_always(right, a):
    return right(test_rows=max(a.test_rows, 1))


@stopping.mistake(
    "You stopped at a group without rows: it adds none, and the next group's turn comes."
)
def stopped_at_an_empty_group(right, a):
    sizes = [np.sum(a.groups == group) for group in a.order]
    return right(order=a.order[: sizes.index(0)] if 0 in sizes else a.order)


@stopping.mistake("You took one group too many: stop as soon as there are exactly enough rows.")
def one_more_group(right, a):
    return right(test_rows=a.test_rows + 1)


@stopping.mistake(
    "You left out a group because fewer rows are closer to test_rows than more: the test set needs "
    "at least test_rows rows."
)
def closest_number(right, a):
    test = np.zeros(len(a.groups), dtype=bool)
    for group in a.order:
        more = test | (a.groups == group)
        if test.sum() >= a.test_rows or a.test_rows - test.sum() < more.sum() - a.test_rows:
            break
        test = more
    return test


@stopping.mistake(
    "The last group is missing: the one with which the test set reaches test_rows rows joins, too."
)
def last_group_missing(right, a):
    taken = [group for group in a.order if (right() & (a.groups == group)).any()]
    return np.isin(a.groups, taken[:-1])


@stopping.mistake(
    "Where the customers have fewer rows than test_rows, your test set is empty: then all of them "
    "are in it."
)
def empty_if_too_few(right, a):
    return right() & (len(a.groups) >= a.test_rows)


drawing = splitting.group("The order")


@drawing.mistake(
    "You counted the rows of other customers, as happens when counts of np.unique, which sorts, "
    "meet the customers in the order of `order`: look up each customer's own count."
)
def counts_of_others(right, a):
    counts = np.unique(a.groups, return_counts=True)[1]
    taken = []
    total = 0
    for group, count in zip(a.order, counts, strict=False):
        if total >= a.test_rows:
            break
        taken.append(group)
        total += count
    return np.isin(a.groups, taken)


@drawing.mistake("You ignored `order` and took the groups sorted: that is not a random draw.")
def sorted_groups(right, a):
    return right(order=sorted(a.order))


@drawing.mistake(
    "You took the groups as they appear in the table: take them in the order of `order`."
)
def in_order_of_appearance(right, a):
    return right(order=list(dict.fromkeys(a.groups.tolist())))


@drawing.mistake("You took the groups from the end of `order`: begin with its first group.")
def from_the_end(right, a):
    return right(order=a.order[::-1])


@drawing.mistake("You marked the training rows: True means that a row is in the test set.")
def training_marked(right, a):
    return ~right()


@drawing.mistake("You returned indices: return a mask, True for each row of the test set.")
def indices(right, a):
    return np.flatnonzero(right())


splitting.hints(
    "Begin with an empty test set. Which group joins first, and how many rows does it have?",
    "Walk through order. Before each group: are there enough rows already? If not, all of its rows "
    "join.",
    "Start from a mask of False. For each group of order: stop if the mask already has test_rows "
    "rows, else set the mask to True wherever groups equals this group.",
)
