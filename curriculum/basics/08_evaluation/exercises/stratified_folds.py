"""Deal rows to folds, class by class: the exercise `stratified_folds`."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, exact, exercise
from lepton_course.authoring.wrong_forms import as_list, one_too_many, reversed_order

dealing = exercise(
    "stratified_folds",
    title="Stratified folds",
    points=3,
    difficulty=3,
    minutes=12,
    probe=Call(),
    compare=exact(),
    read="lesson.ipynb#Stratified-folds",
    forms=[
        as_list(),
        one_too_many("You numbered the folds from 1: the first fold is fold 0."),
        reversed_order("Your folds are in reverse order: entry i is the fold of row i."),
    ],
)


@dealing.reference
def stratified_folds(labels, k, order):
    """Return the fold of each row, 0 to k - 1: int64 (N,).

    labels: whole numbers (N,); order: a permutation of the rows, int (N,). The classes are dealt
    in ascending order, the rows of each in the order given by `order`, and each class
    continues after the fold of the row before it.
    """
    dealt = order[np.argsort(labels[order], kind="stable")]
    folds = np.empty(len(labels), dtype=np.int64)
    folds[dealt] = np.arange(len(labels)) % k
    return folds


@dealing.alternative
def one_card_after_the_other(labels, k, order):
    folds = np.zeros(len(labels), dtype=int)
    turn = 0
    for kind in sorted(set(labels.tolist())):
        for row in order:
            if labels[row] == kind:
                folds[row] = turn
                turn = (turn + 1) % k
    return folds


@dealing.cases
def cases(rng):
    def drawn(part, counts, k, kinds=None):
        kinds = np.arange(len(counts)) if kinds is None else np.array(kinds)
        labels = rng.permutation(np.repeat(kinds, counts))
        return Case(part, (labels, k, rng.permutation(len(labels))))

    in_order = rng.permutation(np.repeat([0, 1], [8, 7]))
    return [
        drawn("two classes", [14, 6], 5),
        drawn("two classes", [23, 9], 4),
        Case("two classes", (in_order, 3, np.arange(15))),
        drawn("more classes", [7, 5, 11], 3),
        drawn("more classes", [3, 4, 2, 6, 5], 2),
        drawn("any whole numbers as labels", [5, 9, 4], 4, kinds=[-30, 2, 7]),
        drawn("any whole numbers as labels", [6, 7], 6, kinds=[5, -8]),
        drawn("classes smaller than k", [11, 2, 3], 5),
        drawn("classes smaller than k", [1, 1, 1, 1], 7),
        drawn("one fold, one class, one row", [9], 4),
        drawn("one fold, one class, one row", [4, 5], 1),
        drawn("one fold, one class, one row", [1], 2),
    ]


classes = dealing.group("The classes")


@classes.mistake(
    "You dealt without looking at the classes: deal all rows of one class, then those of the next, "
    "so that every fold gets its share of each."
)
def not_stratified(labels, k, order):
    folds = np.empty(len(labels), dtype=np.int64)
    folds[order] = np.arange(len(labels)) % k
    return folds


@classes.mistake(
    "You start each class at fold 0 again, so the first folds get the surplus rows of every class "
    "and grow larger than the last: continue where the previous class ended."
)
def each_class_begins_at_fold_0(labels, k, order):
    folds = np.empty(len(labels), dtype=np.int64)
    for kind in np.unique(labels):
        rows = order[labels[order] == kind]
        folds[rows] = np.arange(len(rows)) % k
    return folds


@classes.mistake(
    "You start each class at fold 0 again, and deal its rows in their original order: continue "
    "where the previous class ended, and deal in the order given by `order`."
)
def each_class_begins_at_fold_0_without_order(labels, k, order):
    return each_class_begins_at_fold_0(labels, k, np.arange(len(labels)))


@classes.mistake(
    "You dealt the classes in the order in which they first occur: deal them in ascending order."
)
def classes_as_they_come(labels, k, order):
    folds = np.empty(len(labels), dtype=np.int64)
    kinds = list(dict.fromkeys(labels[order].tolist()))
    dealt = np.concatenate([order[labels[order] == kind] for kind in kinds])
    folds[dealt] = np.arange(len(labels)) % k
    return folds


@classes.mistake("You dealt the classes in descending order: the smallest label comes first.")
def classes_descending(right, a):
    return right(labels=-a.labels)


@classes.mistake(
    "Your classes begin at 0, so rows with a label below 0 stay in fold 0: labels are any whole "
    "numbers, and np.unique(labels) lists them."
)
def labels_below_0_left_out(labels, k, order):
    kinds = range(max(labels.max(), -1) + 1)
    dealt = np.array([row for kind in kinds for row in order if labels[row] == kind], dtype=int)
    folds = np.zeros(len(labels), dtype=np.int64)
    folds[dealt] = np.arange(len(dealt)) % k
    return folds


@classes.mistake(
    "The first row of a class goes to the fold that got the last row of the class before: it goes "
    "to the next fold."
)
def last_fold_twice(labels, k, order):
    folds = np.empty(len(labels), dtype=np.int64)
    start = 0
    for kind in np.unique(labels):
        rows = order[labels[order] == kind]
        folds[rows] = (start + np.arange(len(rows))) % k
        start = folds[rows[-1]]
    return folds


rows_of_a_class = dealing.group("The rows of a class")


@rows_of_a_class.mistake(
    "You dealt the rows of each class in their original order: deal them in the order given by "
    "`order`."
)
def order_ignored(right, a):
    return right(order=np.arange(len(a.labels)))


@rows_of_a_class.mistake(
    "Entry i of your result is the fold of row order[i]: put each fold at its row, folds[row] = …."
)
def not_put_back(right, a):
    return right()[a.order]


@rows_of_a_class.mistake(
    "You returned the folds in the order in which the rows are dealt: entry i belongs to row i, so "
    "put each fold at its row, folds[row] = …."
)
def in_dealing_order(labels, k, order):
    return np.arange(len(labels)) % k


@rows_of_a_class.mistake(
    "You looked the fold up at dealt[i], where it must be stored: folds[dealt] = np.arange(N) % k."
)
def looked_up_in_place_of_stored(labels, k, order):
    dealt = order[np.argsort(labels[order], kind="stable")]
    return dealt % k


@rows_of_a_class.mistake(
    "You read `order` as the position of each row: order[0] is the row that is dealt first."
)
def order_turned_round(right, a):
    return right(order=np.argsort(a.order))


@rows_of_a_class.mistake(
    "You cut each class into blocks, one for each fold: deal its rows one by one, to each fold in "
    "turn."
)
def blocks_of_each_class(labels, k, order):
    folds = np.empty(len(labels), dtype=np.int64)
    for kind in np.unique(labels):
        for fold, block in enumerate(np.array_split(order[labels[order] == kind], k)):
            folds[block] = fold
    return folds


@rows_of_a_class.mistake(
    "You dealt back and forth: after fold k - 1 comes fold 0 again, not fold k - 1."
)
def to_and_fro(labels, k, order):
    dealt = order[np.argsort(labels[order], kind="stable")]
    turn = np.arange(len(labels)) % (2 * k)
    folds = np.empty(len(labels), dtype=np.int64)
    folds[dealt] = np.minimum(turn, 2 * k - 1 - turn)
    return folds


@rows_of_a_class.mistake(
    "You gave each fold a block of consecutive rows: deal one row to each fold in turn."
)
def blocks(labels, k, order):
    dealt = order[np.argsort(labels[order], kind="stable")]
    folds = np.empty(len(labels), dtype=np.int64)
    for fold, block in enumerate(np.array_split(dealt, k)):
        folds[block] = fold
    return folds


dealing.hints(
    "Think of cards: sort the pack by class, then deal it to k players, one card each in turn.",
    "First make the list of rows in the order in which they are dealt. The position in that list, "
    "modulo k, is the fold.",
    "For each kind of np.unique(labels), order[labels[order] == kind] are its rows as they are "
    "dealt. Concatenate them to `dealt`; folds[dealt] = np.arange(N) % k.",
)
