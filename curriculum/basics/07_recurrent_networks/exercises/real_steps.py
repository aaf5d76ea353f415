"""Exercise `real_steps` of the lesson: the mask of padded sequences."""

from __future__ import annotations

import torch

from lepton_course.authoring import Call, Case, exact, exercise
from lepton_course.authoring.wrong_forms import as_array, as_list

masking = exercise(
    "real_steps",
    title="Try it: the mask",
    points=0,
    difficulty=2,
    minutes=8,
    probe=Call(),
    compare=exact(),
    read="lesson.ipynb#Padding-and-masking",
    forms=[
        as_list("You returned nested lists: compare tensors, and you get a tensor without a loop."),
        as_array(
            "You made a NumPy array: use torch.arange, so that the mask can be multiplied with "
            "tensors."
        ),
    ],
)


@masking.reference
def real_steps(lengths, longest):
    """Return the mask (N, longest): true at [n, t] where t < lengths[n].

    lengths: whole numbers (N,); longest: the number of steps, at least max(lengths).
    """
    return lengths.unsqueeze(1) > torch.arange(longest)


@masking.alternative
def real_steps_one_by_one(lengths, longest):
    mask = torch.zeros(len(lengths), longest, dtype=torch.bool)
    for row, length in zip(mask, lengths, strict=True):
        row[:length] = True
    return mask


@masking.cases
def cases(rng):
    lengths = torch.tensor([3, 7, *rng.integers(2, 7, size=3), 3])
    return [
        Case("longest fills the row", (lengths, 7)),
        Case("longest fills the row", (torch.tensor([2, 1]), 2)),
        Case("room beyond all", (lengths[-3:], 10)),
        Case("one sequence", (torch.tensor([int(rng.integers(2, 5))]), 6)),
        Case("one sequence", (torch.tensor([1]), 1)),
    ]


@masking.mistake(
    "Your mask has one real step too many: steps count from 0, so the last real one is length - 1."
)
def one_too_many(right, a):
    return right(lengths=a.lengths + 1)


@masking.mistake(
    "Your mask has one real step too few: of a sequence of length 3, the steps 0, 1 and 2 are real."
)
def one_too_few(right, a):
    return right(lengths=a.lengths - 1)


@masking.mistake("Your mask is true for the padding: invert it, because true means real.")
def padding_marked(right, a):
    return ~right()


@masking.mistake(
    "Shapes (longest,) and (N,) are compared element by element: make a column of the lengths, "
    "lengths[:, None], so that each meets all steps."
)
def lengths_not_a_column(lengths, longest):
    return torch.arange(longest) < lengths


@masking.mistake("Your real steps are at the end of the rows: the padding comes after them.")
def flush_right(right, a):
    return right().flip(1)


@masking.mistake(
    "Your mask marks one step per row: all steps before the end are real, so compare with <."
)
def last_step_only(lengths, longest):
    return torch.arange(longest) == lengths[:, None] - 1


@masking.mistake("Your mask leaves out step 0: count the steps from 0.")
def first_step_left_out(right, a):
    return right() & (torch.arange(a.longest) > 0)


@masking.mistake(
    "Your rows end with the longest sequence: make them `longest` steps long, even if no sequence "
    "is."
)
def as_long_as_the_longest(right, a):
    return right(longest=int(a.lengths.max()))


@masking.mistake(
    "You used the first sequence's length for all rows: lengths[:, None] has one per row."
)
def first_length(right, a):
    return right(lengths=a.lengths[:1].expand_as(a.lengths))


masking.hints(
    "Step t is real when t is less than the sequence's length.",
    "Compare a row of steps, torch.arange(longest), with a column of lengths.",
    "def real_steps(lengths, longest):\n    return torch.arange(longest) < lengths[:, None]",
)
