"""How far apart are two applications?: right answers, misconceptions and cases of `distances`."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import as_array, as_list, flattened, transposed

distance = exercise(
    "distances",
    title="How far apart are two applications?",
    points=2,
    difficulty=2,
    minutes=8,
    probe=Call(),
    compare=close(rtol=1e-4, atol=1e-3),
    read="lesson.ipynb#Broadcasting",
    forms=[
        transposed(
            "Rows and columns are exchanged: result[i, j] belongs to row i of a and "
            "row j of b, so put the new axis behind a's rows."
        ),
        as_list(
            "The numbers are right, but you returned lists: return one tensor of shape (N, M)."
        ),
        as_array("The numbers are right, but you returned a NumPy array: stay in torch."),
        flattened(
            "The numbers are right, but all in one row: return a table of shape (N, "
            "M), with a row for each row of a."
        ),
    ],
)


@distance.reference
def distances(a, b):
    return torch.linalg.vector_norm(a.unsqueeze(1) - b, dim=2)


@distance.alternative
def distances_by_formula(a, b):
    squares = (a**2).sum(dim=1)[:, None] + (b**2).sum(dim=1) - 2 * a @ b.T
    return squares.clamp(min=0).sqrt()


@distance.alternative
def distances_in_loops(a, b):
    result = torch.empty(len(a), len(b))
    for i, j in np.ndindex(len(a), len(b)):
        result[i, j] = (a[i] - b[j]).norm()
    return result


@distance.cases
def cases(rng):
    def rows(count, width):
        values = rng.permutation(np.arange(count * width)) - count
        return torch.tensor(values.reshape(count, width), dtype=torch.float32)

    return [
        Case("one row each", (rows(1, 2), rows(1, 2) + 9)),
        Case("one row against several", (rows(1, 3) - 2, rows(4, 3))),
        Case("several against several", (rows(4, 3), rows(5, 3) + 1)),
    ]


@distance.mistake("You return squared distances: take the square root of the sum.")
def not_rooted(a, b):
    return distances(a, b) ** 2


@distance.mistake(
    "You added absolute differences, the way along city blocks; this distance squares them, adds, "
    "and takes the root."
)
def city_blocks(a, b):
    return (a[:, None] - b[None]).abs().sum(dim=2)


@distance.mistake(
    "You added the differences as they are, so that + and - cancel out: square them first."
)
def differences_added(a, b):
    return (a[:, None] - b[None]).sum(dim=2)


@distance.mistake(
    "You subtracted row i from row i: broadcasting needs a of shape (N, 1, F) to meet every row "
    "of b."
)
def row_by_row(a, b):
    return torch.linalg.vector_norm(a - b, dim=1)


@distance.mistake(
    "You took the mean of the squares, which makes the distance smaller the more columns there "
    "are: sum them."
)
def mean_instead_of_sum(a, b):
    return ((a[:, None] - b[None]) ** 2).mean(dim=2).sqrt()


@distance.mistake(
    "You added over axis 0, which are the rows of a: the features are the last axis, dim=2 of (N, "
    "M, F)."
)
def added_over_rows(a, b):
    return ((a[:, None] - b[None]) ** 2).sum(dim=0).sqrt()


@distance.mistake(
    "You stopped at the differences, of shape (N, M, F): one number for each pair is left when "
    "you square, sum over the last axis and take the root."
)
def not_added(a, b):
    return a[:, None] - b[None]


@distance.mistake(
    "You took the norm of all differences together: name the axis of the features, dim=2, so that "
    "one number for each pair is left."
)
def one_number_for_all(a, b):
    return (a[:, None] - b[None]).norm()


@distance.mistake(
    "You multiplied the rows with each other (the dot product), which is large for rows that are "
    "alike: subtract, square, add, take the root."
)
def products(a, b):
    return a @ b.T


@distance.mistake(
    "You kept the largest difference of each pair: all of them count, squared and added."
)
def largest_difference(a, b):
    return (a[:, None] - b[None]).abs().amax(dim=2)


@distance.mistake(
    "You added over axis 1, which are the rows of b: the features are the last axis, dim=2 of (N, "
    "M, F)."
)
def added_over_the_rows_of_b(a, b):
    return ((a[:, None] - b[None]) ** 2).sum(dim=1).sqrt()


@distance.mistake(
    "You multiplied the square out, and its middle term is missing a 2: (a - b)**2 is a**2 - 2 * "
    "a * b + b**2."
)
def one_product_only(a, b):
    return ((a**2).sum(dim=1)[:, None] + (b**2).sum(dim=1) - a @ b.T).sqrt()


@distance.mistake(
    "You added the differences and squared the sum, so that + and - cancel out: square each "
    "difference first, then add."
)
def added_before_squaring(a, b):
    return (a[:, None] - b[None]).sum(dim=2).square().sqrt()


@distance.mistake("You added the rows to each other: a distance comes from their difference.")
def added_instead_of_subtracted(a, b):
    return (a[:, None] + b[None]).norm(dim=2)


@distance.mistake(
    "You computed the cosine of the angle between the rows, which is 1 for rows that point the "
    "same way, however far apart: subtract, square, add, take the root."
)
def cosines(a, b):
    return (a / a.norm(dim=1, keepdim=True)) @ (b / b.norm(dim=1, keepdim=True)).T


@distance.mistake(
    "The numbers are right, but in the shape (N, M, 1): leave keepdim=True out, or drop the last "
    "axis with squeeze(2)."
)
def last_axis_kept(a, b):
    return distances(a, b)[..., None]


distance.hints(
    "Write down the three shapes: a is (N, F), b is (M, F), and the differences that you need are "
    "(N, M, F). Where do the ones go?",
    "Give a an axis of size 1 between its two: a[:, None] has shape (N, 1, F). Against b of shape "
    "(M, F) it broadcasts to (N, M, F).",
    "Subtract after inserting the axis; square; sum over dim 2; square root.",
)
