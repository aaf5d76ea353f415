"""Repair a colleague's cross-validation: the exercise `out_of_fold`."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, exact, exercise
from lepton_course.authoring.wrong_forms import as_bool, as_float, as_list

repairing = exercise(
    "out_of_fold",
    title="Repair a leaking script",
    points=3,
    difficulty=4,
    minutes=13,
    probe=Call(),
    compare=exact(),
    read="lesson.ipynb#Five-leaks,-measured",
    forms=[as_list(), as_float(), as_bool()],
)


@repairing.reference
def out_of_fold(x, y, customers, folds, keep):
    """Return each row's label as predicted by a model that never saw its customer, int (N,).

    x: float (N, F). y: whole numbers (N,), 0 or 1. customers: strings (N,). The distinct customers,
    sorted, are assigned to folds 0, 1, …, folds - 1, 0, …. For each fold, the rows of the other
    folds give the means, the standard deviations (1 where 0), the `keep` columns whose class means
    lie furthest apart after scaling (the lower column first where equal), and both classes'
    centres. A row gets label 1 where it is nearer to the centre of class 1, else 0.
    """
    _, owner = np.unique(customers, return_inverse=True)
    fold_of = owner % folds
    labels = np.zeros(len(x), dtype=np.int64)
    for fold in range(folds):
        asked = fold_of == fold
        labels[asked] = _predict(x[~asked], y[~asked], x[asked], keep)
    return labels


def _predict(x, y, x_new, keep):
    """Return the labels of x_new. Means cancel in differences, so they are not subtracted."""
    std = x.std(axis=0)
    std = np.where(std == 0, 1.0, std)
    centres = [(x[y == kind] / std).mean(axis=0) for kind in (0, 1)]
    apart = np.abs(centres[1] - centres[0])
    chosen = np.lexsort([np.arange(len(apart)), -apart])[:keep]
    far = [((x_new / std - centre)[:, chosen] ** 2).sum(axis=1) for centre in centres]
    return (far[1] < far[0]).astype(np.int64)


@repairing.alternative
def with_a_dictionary(x, y, customers, folds, keep):
    fold_of = {name: i % folds for i, name in enumerate(sorted(set(customers.tolist())))}
    result = {}
    for fold in set(fold_of.values()):
        inside = [i for i, name in enumerate(customers.tolist()) if fold_of[name] == fold]
        outside = [i for i in range(len(x)) if i not in set(inside)]
        past, known = x[outside], y[outside]
        std = past.std(axis=0)
        std[std == 0] = 1
        past = (past - past.mean(axis=0)) / std
        new = (x[inside] - x[outside].mean(axis=0)) / std
        centres = np.array([past[known == kind].mean(axis=0) for kind in (0, 1)])
        gaps = abs(centres[1] - centres[0]).tolist()
        chosen = sorted(range(len(gaps)), key=lambda c: (-gaps[c], c))[:keep]
        for i, row in zip(inside, new, strict=True):
            far = [np.linalg.norm(row[chosen] - centre[chosen]) for centre in centres]
            result[i] = int(far[1] < far[0])
    return np.array([result[i] for i in range(len(x))])


@repairing.cases
def cases(rng):
    def owners(*sizes):
        names = [f"C{n}" for n in rng.permutation(len(sizes))]
        who = [name for name, size in zip(names, sizes, strict=True) for _ in range(size)]
        return np.array(who)

    def drawn(who, columns, signal=1.0, alike=0.1):
        """Rows of customers: labels are a customer's, and so are most of the numbers."""
        names, owner = np.unique(who, return_inverse=True)
        label = rng.permutation(np.arange(len(names)) % 2)
        own = rng.normal(size=(len(names), columns))
        own[:, : max(columns // 3, 1)] += signal * (2 * label - 1)[:, None]
        sizes = rng.uniform(0.5, 20, columns)
        x = own[owner] + alike * rng.normal(size=(len(who), columns))
        order = rng.permutation(len(who))
        return np.round(x * sizes, 3)[order], label[owner][order], who[order]

    def equally_far_apart(columns=24):
        """Columns that are equal in the second of two folds, and differ in the first."""
        who = np.array([f"C{n:02}" for n in range(20)])
        label = np.resize([0, 0, 1, 1], 20)
        x = rng.normal(0.3 * (2 * label - 1)[:, None], 1.0, (20, columns))
        x[1::2] = np.round(8 * x[1::2, :1]) / 8
        order = rng.permutation(20)
        return x[order], label[order], who[order]

    single, family = owners(*[1] * 24), owners(*[3, 1, 4, 2, 3, 2, 5, 1, 3, 2, 4, 2])
    yield Case("one row a customer", (*drawn(single, 6), 4, 2))
    yield Case("one row a customer", (*drawn(owners(*[1] * 15), 4, 0.6), 3, 4))
    yield Case("one row a customer", (*equally_far_apart(), 2, 1))
    x, y, who = drawn(owners(*[1] * 30), 6, 0.7)
    x[:, ::2] /= 1000
    yield Case("one row a customer", (x, y, who, 5, 3))
    yield Case("few rows, many columns", (*drawn(owners(*[1] * 16), 40, 0.1), 4, 3))
    yield Case("few rows, many columns", (*drawn(owners(*[1] * 20), 60, 0.0), 5, 1))
    yield Case("few rows, many columns", (*drawn(owners(*[1] * 24), 50, 0.0), 4, 2))
    yield Case("few rows, many columns", (*drawn(owners(*[1] * 22), 30, 0.0), 3, 4))
    yield Case("customers with several rows", (*drawn(family, 8, 0.2), 4, 5))
    yield Case("customers with several rows", (*drawn(family, 12, 0.1), 3, 12))
    x, y, who = drawn(owners(*[2] * 12), 5, 6.0)
    x[:, 3] = np.where(who == who[y == 1][0], 2.5, 7.5)
    yield Case("a column that hardly changes", (x, y, who, 6, 5))
    x, y, who = drawn(owners(*[1] * 18), 3, 0.8)
    x[:, 1] = -4.0
    yield Case("a column that hardly changes", (x, y, who, 2, 3))
    x, y, who = drawn(owners(*[1] * 8), 2, 0.8)
    yield Case("a column that hardly changes", (0 * x - 2.5, y, who, 4, 2))
    x, y, who = drawn(single, 5, 0.5)
    x[0] *= 400
    yield Case("an outlier", (x, y, who, 3, 2))
    x, y, who = drawn(owners(*[1] * 17), 7, 0.4)
    x[3] *= -300
    yield Case("an outlier", (x, y, who, 5, 3))


leaks = repairing.group("What leaks")


def _leaky(x, y, x_new, keep, statistics=None, chosen_on=None, floor=1.0, scaled=True):
    """Predict with statistics or columns from other rows, or choose columns before scaling."""
    std = (x if statistics is None else statistics).std(axis=0)
    std = np.where(std == 0, floor, std)
    past, known = chosen_on or (x, y)
    size = std if scaled else 1.0
    apart = np.abs(past[known == 1].mean(axis=0) / size - past[known == 0].mean(axis=0) / size)
    chosen = np.argsort(-apart, kind="stable")[:keep]
    centres = [x[y == kind].mean(axis=0) for kind in (0, 1)]
    far = [(((x_new - centre) / std)[:, chosen] ** 2).sum(axis=1) for centre in centres]
    return (far[1] < far[0]).astype(np.int64)


def _cross(a, *, owner=None, **changes):
    """Cross-validate with another rule for folds, or another source of statistics."""
    if owner is None:
        _, owner = np.unique(a.customers, return_inverse=True)
    fold_of = owner % a.folds
    labels = np.zeros(len(a.x), dtype=np.int64)
    for fold in range(a.folds):
        asked = fold_of == fold
        labels[asked] = _leaky(a.x[~asked], a.y[~asked], a.x[asked], a.keep, **changes)
    return labels


@leaks.mistake(
    "Scaling still uses all rows: compute means and standard deviations from the rows of the other "
    "folds, inside the loop."
)
def scaled_on_all_rows(right, a):
    return _cross(a, statistics=a.x)


@leaks.mistake(
    "The columns are still selected on all rows: select them inside the loop, on the rows of the "
    "other folds; with many columns, this leak is the largest."
)
def chosen_on_all_rows(right, a):
    return _cross(a, chosen_on=(a.x, a.y))


@leaks.mistake(
    "Scaling and the selection of columns still use all rows: move both into the loop, and compute "
    "them from the rows of the other folds."
)
def both_on_all_rows(right, a):
    return _cross(a, statistics=a.x, chosen_on=(a.x, a.y))


@leaks.mistake(
    "A customer's rows are still in several folds: assign customers to folds, and put each row in "
    "the fold of its customer."
)
def rows_dealt(right, a):
    return _cross(a, owner=np.arange(len(a.x)))


@leaks.mistake(
    "Customers are assigned in the order in which they appear: sort the distinct customers first."
)
def in_order_of_appearance(right, a):
    names = list(dict.fromkeys(a.customers.tolist()))
    return _cross(a, owner=np.array([names.index(name) for name in a.customers]))


@leaks.mistake(
    "Customers are assigned in blocks: assign them in turn, 0, 1, …, folds - 1, 0, 1, … (number % "
    "folds)."
)
def in_blocks(right, a):
    names, owner = np.unique(a.customers, return_inverse=True)
    return _cross(a, owner=owner * a.folds // len(names))


other = repairing.group("What else is wrong")


@other.mistake(
    "You compared class means before scaling: a column of large numbers then looks far apart; "
    "select after scaling."
)
def chosen_before_scaling(right, a):
    return _cross(a, scaled=False)


@other.mistake(
    "You put a tiny number in place of a standard deviation of 0: a row that differs there lies "
    "billions away from both centres; use 1."
)
def tiny_floor(right, a):
    return _cross(a, floor=1e-9)


@other.mistake(
    "A row that is equally near to both centres gets label 1 in your answer: it gets 0, so compare "
    "with <."
)
def ties_to_one(right, a):
    return np.where(np.ptp(a.x, axis=0).any(), right(), 1)


@other.mistake("Your predictions come fold after fold: put each one at the position of its row.")
def in_order_of_the_folds(right, a):
    _, owner = np.unique(a.customers, return_inverse=True)
    return right()[np.argsort(owner % a.folds, kind="stable")]


@other.mistake(
    "You divided a constant column by 0, and every distance became nan: use 1 in place of a "
    "standard deviation of 0."
)
def divided_by_zero(right, a):
    with np.errstate(invalid="ignore", divide="ignore"):
        return _cross(a, floor=0.0)


@other.mistake("You trained on the rows that you predict: train on the rows outside the fold.")
def trained_on_itself(right, a):
    _, owner = np.unique(a.customers, return_inverse=True)
    labels = np.zeros(len(a.x), dtype=np.int64)
    for fold in range(a.folds):
        inside = owner % a.folds == fold
        both = [np.any(a.y[inside] == kind) for kind in (0, 1)]
        past = inside if all(both) else ~inside
        labels[inside] = _predict(a.x[past], a.y[past], a.x[inside], a.keep)
    return labels


@other.mistake(
    "You kept the columns whose class means lie closest together: keep those furthest apart."
)
def closest_columns(right, a):
    columns = a.x.shape[1]
    _, owner = np.unique(a.customers, return_inverse=True)
    labels = np.zeros(len(a.x), dtype=np.int64)
    for fold in range(a.folds):
        asked = owner % a.folds == fold
        past, known = a.x[~asked], a.y[~asked]
        std = np.where(past.std(axis=0) == 0, 1.0, past.std(axis=0))
        apart = np.abs(past[known == 1].mean(axis=0) - past[known == 0].mean(axis=0)) / std
        chosen = np.argsort(apart, kind="stable")[: min(a.keep, columns)]
        labels[asked] = _predict(past[:, chosen], known, a.x[asked][:, chosen], a.keep)
    return labels


@other.mistake("The labels are swapped: 1 where a row is nearer to the centre of class 1.")
def labels_swapped(right, a):
    return 1 - right()


repairing.hints(
    "For each line of the script, ask: which rows does it look at, and would they be known on the "
    "day of the prediction?",
    "Everything that is learned moves into the loop and looks only at the other folds: mean, std, "
    "the selected columns, the centres. The folds are made of customers.",
    "names, owner = np.unique(customers, return_inverse=True); owner % folds is each row's fold. "
    "Predictions: labels[asked] = …, with a mask for the fold's rows. std where 0 becomes 1.",
)
