"""How far apart are two applications?: right answers, misconceptions and cases of `distances`."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import transposed

distance = exercise(
    "distances",
    title="How far apart are two applications?",
    points=2,
    difficulty=2,
    minutes=8,
    probe=Call(),
    compare=close(rtol=1e-4, atol=8e-4),  # float32, and the square may be multiplied out
    read="lesson.ipynb#Broadcasting",
    forms=[
        transposed(
            "Rows and columns are swapped: result[i, j] belongs to row i of a and row j of b, "
            "so insert the new axis after the rows of a, a[:, None]."
        ),
    ],
)


@distance.reference
def distances(a, b):
    """Euclidean distances between the rows of two tables.

    a: float tensor (N, F). b: float tensor (M, F). Returns a float tensor (N, M): entry [i, j]
    is the distance of row i of `a` and row j of `b`, at least 0.
    """
    return torch.linalg.vector_norm(a.unsqueeze(1) - b, dim=2)


@distance.alternative
def distances_by_formula(a, b):
    return _square_multiplied_out(a, b).clamp(min=0).sqrt()


@distance.alternative
def distances_in_loops(a, b):
    result = torch.empty(len(a), len(b))
    for i, j in np.ndindex(len(a), len(b)):
        result[i, j] = (a[i] - b[j]).norm()
    return result


@distance.alternative
def distances_by_cdist(a, b):
    return torch.cdist(a, b)


def _square_multiplied_out(a, b):
    """Squared distances (N, M) as |a|**2 + |b|**2 - 2 a b: rounding can take them below 0."""
    return (a**2).sum(dim=1)[:, None] + (b**2).sum(dim=1) - 2 * a @ b.T


@distance.cases
def cases(rng):
    def rows(count, width, spread=4.0):
        values = np.round(rng.normal(scale=spread, size=(count, width)), 2)
        return torch.tensor(values, dtype=torch.float32)

    def equal_rows():
        """Rows whose square, multiplied out, is below 0 for two pairs of them.

        Processors round the sums of few columns alike on both sides, so there are eight.
        """
        for _ in range(1000):
            some = rows(5, 8, spread=0.25)  # near 0, where little is lost by rounding
            again = torch.cat([some.flip(0), rows(2, 8)])
            if (_square_multiplied_out(some, again) < 0).sum() >= 2:
                return some, again
        raise ValueError("no draw rounds below 0 on this processor")

    return [
        Case("one row each", (rows(1, 2), rows(1, 2) + 9)),
        Case("one row against several", (rows(1, 3) - 2, rows(4, 3))),
        Case("several against several", (rows(4, 3), rows(5, 3) + 1)),
        Case("several against several", (rows(3, 3), rows(3, 3))),
        Case("several against several", (rows(5, 1), rows(2, 1))),
        Case("several against several", equal_rows()),
    ]


@distance.mistake("You return squared distances: take the square root of the sum.")
def not_rooted(right, a):
    return right() ** 2


@distance.mistake(
    "You added absolute differences, which is the Manhattan distance; the Euclidean distance "
    "squares them, adds them up and takes the root."
)
def city_blocks(a, b):
    return (a[:, None] - b[None]).abs().sum(dim=2)


@distance.mistake(
    "You took the mean of the squares, which makes the distance smaller the more columns there "
    "are: sum them."
)
def mean_instead_of_sum(right, a):
    return right() / a.a.shape[1] ** 0.5


@distance.mistake(
    "You added the differences and squared the sum, so that positive and negative ones cancel: "
    "square each difference first, then add."
)
def added_before_squaring(a, b):
    return (a[:, None] - b[None]).sum(dim=2).square().sqrt()


@distance.mistake(
    "You computed the cosine similarity, which is 1 for rows that point in the same direction, "
    "however far apart they are: subtract, square, add, take the root."
)
def cosines(a, b):
    return (a / a.norm(dim=1, keepdim=True)) @ (b / b.norm(dim=1, keepdim=True)).T


@distance.mistake(
    "You computed dot products, which are large for rows that point in the same direction: "
    "subtract, square, add, take the root."
)
def products(a, b):
    return a @ b.T


axes = distance.group("Axes")


@axes.mistake(
    "You subtracted row i from row i: give a the shape (N, 1, F), so that broadcasting pairs "
    "each of its rows with every row of b."
)
def row_by_row(a, b):
    return torch.linalg.vector_norm(a - b, dim=1)


@axes.mistake(
    "You summed over axis 0, the rows of a: the features are the last axis of (N, M, F), dim=2."
)
def added_over_rows(a, b):
    return ((a[:, None] - b[None]) ** 2).sum(dim=0).sqrt()


@axes.mistake(
    "You summed over axis 1, the rows of b: the features are the last axis of (N, M, F), dim=2."
)
def added_over_the_rows_of_b(a, b):
    return ((a[:, None] - b[None]) ** 2).sum(dim=1).sqrt()


@axes.mistake(
    "You took the norm of all differences at once: name the axis of the features, dim=2, so that "
    "one number is left for each pair of rows."
)
def one_number_for_all(a, b):
    return (a[:, None] - b[None]).norm()


formula = distance.group("The square multiplied out")


@formula.mistake(
    "You expanded the square, and its middle term lacks the factor 2: (a - b)**2 is a**2 - 2 "
    "* a * b + b**2."
)
def one_product_only(a, b):
    return (_square_multiplied_out(a, b) + a @ b.T).sqrt()


@formula.mistake(
    "Right, except where two rows are equal: a**2 - 2 * a * b + b**2 is not exactly 0 there "
    "but can round to a number below 0, whose root is nan; subtract first and then square, or "
    "clamp(min=0)."
)
def nan_for_equal_rows(a, b):
    return _square_multiplied_out(a, b).sqrt()


@distance.mistake(
    "Nearly: equal rows get a distance of about 0.001, as happens when a small number is "
    "added under the root. Equal rows have distance 0; subtract first, and nothing needs to "
    "be added."
)
def a_little_under_the_root(right, a):
    return (right() ** 2 + 1e-6).sqrt()


distance.hints(
    "Write down the three shapes: a is (N, F), b is (M, F), and the differences you need are "
    "(N, M, F). Where do axes of size 1 belong?",
    "Insert an axis of size 1 between the two of a: a[:, None] has shape (N, 1, F). Against b "
    "of shape (M, F) it broadcasts to (N, M, F).",
    "Subtract after inserting the axis; square; sum over dim 2; square root.",
)
