"""Categories as columns: the exercise `one_hot`."""

from __future__ import annotations

from collections import Counter

import numpy as np

from lepton_course.authoring import Call, Case, exact, exercise
from lepton_course.authoring.wrong_forms import as_list, tuple_order

encoding = exercise(
    "one_hot",
    title="One-hot encoding, rare and unseen",
    points=2,
    difficulty=2,
    minutes=9,
    probe=Call(),
    compare=exact(),
    read="lesson.ipynb#Categories",
    returns=("names", "columns"),
    forms=[
        as_list("The columns are right, but in a list: return a NumPy array.", of="columns"),
        tuple_order((1, 0), "You returned (columns, names): the names come first."),
    ],
)


@encoding.reference
def one_hot(train, other, min_count):
    """Encode `other` with the categories of `train`; return (names, columns).

    train: strings (N,). other: strings (M,). "" is a missing value. names: list of the categories
    that at least min_count rows of train have, sorted, then "rare". columns: float (M, len(names)).
    A category without a column of its own counts as rare; a missing value has 0 in every column.
    """
    values, counts = np.unique(train[train != ""], return_counts=True)
    common = [str(value) for value in values[counts >= min_count]]
    hot = [other == value for value in common]
    rest = (other != "") & ~np.isin(other, common)
    return [*common, "rare"], np.stack([*hot, rest], axis=1).astype(float)


@encoding.alternative
def row_by_row(train, other, min_count):
    counted = Counter(train.tolist())
    names = sorted(v for v, n in counted.items() if v and n >= min_count) + ["rare"]
    places = {name: place for place, name in enumerate(names[:-1])}
    columns = np.zeros((len(other), len(names)), dtype=np.float32)
    for row, value in enumerate(other.tolist()):
        if value:
            columns[row, places.get(value, len(names) - 1)] = 1
    return names, columns


@encoding.cases
def cases(rng):
    def drawn(**counts):
        values = [value for value, count in counts.items() for _ in range(count)]
        return rng.permutation(np.array(values))

    def texts(*values):
        return np.array(values)

    homes = drawn(rent=4, owner=5, parents=3)
    yield Case("all are common", (homes, texts("owner", "rent", "owner", "parents"), 2))
    yield Case("all are common", (drawn(b=1, a=2), texts("b"), 0))
    signs = drawn(loft=3, Villa=2, attic=4)
    yield Case("all are common", (signs, texts("attic", "Villa", "loft"), 2))
    jobs = drawn(fixed=6, freelance=3, partime=2, none=1)
    asked = texts("partime", "none", "fixed", "freelance", "fixed")
    yield Case("rare ones", (jobs, asked, 3))
    yield Case("rare ones", (drawn(x=2, y=2, z=1), texts("z", "y", "x"), 2))
    yield Case("unseen ones", (homes, texts("sublet", "rent", "Rent", "rent"), 1))
    yield Case("unseen ones", (drawn(m=1), texts("n", "m"), 5))
    yield Case("unseen ones", (drawn(m=2, q=1), texts("tent", "q", "m ", " q"), 0))
    blanks = np.concatenate([homes, texts("", "", "", "")])
    yield Case(
        "missing values", (rng.permutation(blanks), texts("", "parents", "", "shed", "owner"), 4)
    )
    yield Case("missing values", (texts("", ""), texts("u", ""), 1))
    never = drawn(dorm=3, flat=3, loft=3)
    yield Case("not in other", (never, texts("loft", "loft"), 3))


counting = encoding.group("Which categories get a column")


@counting.mistake(
    "You made columns for the categories of other: use those of train, or the model's weights "
    "would meet different columns than in training."
)
def categories_of_other(right, a):
    return right(train=a.other)


@counting.mistake("You counted in both tables: only train decides which categories are common.")
def counted_in_both(right, a):
    return right(train=np.concatenate([a.train, a.other]))


@counting.mistake("A category with exactly min_count rows is common: use >=, not >.")
def more_than_min_count(right, a):
    return right(min_count=a.min_count + 1)


@counting.mistake("You ignored min_count: a category with fewer rows in train gets no column.")
def min_count_ignored(right, a):
    return right(min_count=0)


@counting.mistake(
    "You kept as many categories as min_count says: it is the number of rows that a category needs."
)
def so_many_categories(right, a):
    values, counts = np.unique(a.train[a.train != ""], return_counts=True)
    most = values[np.argsort(-counts, kind="stable")[: a.min_count]]
    kept = np.isin(a.train, most)
    return (
        right(train=a.train[kept], min_count=1) if kept.any() else right(min_count=len(a.train) + 1)
    )


@counting.mistake(
    "With min_count 0, categories of other have columns, too: a column needs at least one row of "
    "train."
)
def zero_takes_all(right, a):
    if a.min_count > 0:
        return right()
    return right(train=np.concatenate([a.train, a.other]))


@counting.mistake(
    "A category is missing: each common one has a column of its own, the first included, as the "
    "column of rare ones takes up the others."
)
def first_dropped(right, a):
    names, columns = right()
    return (names[1:], columns[:, 1:]) if len(names) > 1 else (names, columns)


@counting.mistake(
    "Your categories are sorted by their counts: sort them by name, so that the columns stay in "
    "place when counts change."
)
def by_counts(right, a):
    names, columns = right()
    order = sorted(range(len(names) - 1), key=lambda i: -np.sum(a.train == names[i]))
    order.append(len(names) - 1)
    return [names[i] for i in order], columns[:, order]


@counting.mistake(
    "You sorted the categories as if capitals were small letters: sort as Python does, capitals "
    "before small letters."
)
def sorted_without_capitals(right, a):
    names, columns = right()
    order = sorted(range(len(names) - 1), key=lambda i: names[i].lower())
    order.append(len(names) - 1)
    return [names[i] for i in order], columns[:, order]


@counting.mistake(
    "Your categories are not sorted: sort them by name, so that their order depends neither on the "
    "rows nor on the counts."
)
def in_order_of_appearance(right, a):
    names, columns = right()
    order = sorted(range(len(names) - 1), key=lambda i: a.train.tolist().index(names[i]))
    order.append(len(names) - 1)
    return [names[i] for i in order], columns[:, order]


others = encoding.group("Rare, unseen and missing")


@others.mistake(
    "Your unseen categories have 0 in every column: a category that is not in train counts as "
    "rare, too."
)
def unseen_lost(right, a):
    names, columns = right()
    columns[~np.isin(a.other, a.train), -1] = 0
    return names, columns


@others.mistake(
    "Your last column is always 0: a category without a column of its own counts as rare."
)
def rare_left_empty(right, a):
    names, columns = right()
    columns[:, -1] = 0
    return names, columns


@others.mistake(
    'A missing value ("") is not a category: it has 0 in every column, not 1 under rare.'
)
def blank_is_rare(right, a):
    names, columns = right()
    columns[a.other == "", -1] = 1
    return names, columns


@others.mistake('You gave missing values ("") a column of their own: they have 0 in every column.')
def blank_is_a_category(right, a):
    names, columns = right()
    if (a.train == "").sum() < max(a.min_count, 1):
        return names, columns
    return ["", *names], np.column_stack([a.other == "", columns]).astype(float)


@others.mistake('You left out "rare" where every category is common: it is always the last column.')
def rare_only_where_needed(right, a):
    names, columns = right()
    if set(a.train.tolist()) - {""} <= set(names):
        return names[:-1], columns[:, :-1]
    return names, columns


@others.mistake('You sorted "rare" in among the categories: it is always the last column.')
def rare_sorted_in(right, a):
    names, columns = right()
    order = sorted(range(len(names)), key=lambda i: names[i])
    return [names[i] for i in order], columns[:, order]


@others.mistake(
    'You changed capital letters: here "Rent" and "rent" are two categories. Spellings are '
    "repaired before, and one_hot takes the strings as they are."
)
def capitals_ignored(right, a):
    return right(train=np.char.lower(a.train), other=np.char.lower(a.other))


@others.mistake(
    'You removed spaces: here "m " and "m" are two categories. Spellings are repaired before, and '
    "one_hot takes the strings as they are."
)
def spaces_removed(right, a):
    return right(train=np.char.strip(a.train), other=np.char.strip(a.other))


@others.mistake(
    "Your categories that are rare in train have 0 in every column: they count as rare, like "
    "those that are not in train."
)
def rare_ones_lost(right, a):
    names, columns = right()
    columns[np.isin(a.other, a.train), -1] = 0
    return names, columns


@others.mistake(
    "A category without a column got 1 in that of another one, as np.searchsorted gives the next "
    "name for a name that it does not find: compare for equality, and count the others as rare."
)
def next_name(right, a):
    names, columns = right()
    columns[a.other != ""] = 0
    places = np.searchsorted(names[:-1], a.other) if len(names) > 1 else np.zeros(len(a.other), int)
    for row in np.flatnonzero(a.other != ""):
        columns[row, places[row]] = 1
    return names, columns


@others.mistake(
    'Your rare categories have 0 in every column, as happens when "rare" is written into an array '
    "of shorter strings, which cuts it off: write it into a list, or into a wider array."
)
def rare_cut_off(right, a):
    names, columns = right()
    if np.array(a.other).dtype.itemsize < np.array(["rare"]).dtype.itemsize:
        columns[:, -1] = 0
    return names, columns


encoding.hints(
    "Count the categories of train first. Which of them get a column, and in which order?",
    "np.unique(train, return_counts=True) gives sorted values and counts. Compare other with each "
    'common value; whatever is left and not "" is rare.',
    'common = values with counts >= min_count, without "". Columns: other == value for each '
    "of them, then (other != '') & ~np.isin(other, common). Stack along axis 1, as floats.",
)
