"""Exercise `real_steps` of the lesson: the mask of padded sequences."""

from __future__ import annotations

import torch

from lepton_course.authoring import Call, Case, exact, exercise
from lepton_course.authoring.wrong_forms import as_array, as_list, flattened, transposed

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
        transposed(
            "Your mask has the shape (longest, N): a row belongs to a sequence, so "
            "make a column of the lengths, not of the steps."
        ),
        as_list(
            "The values are right, but in nested lists: compare tensors, and you "
            "get a tensor without a loop."
        ),
        as_array(
            "You made a NumPy array: use torch.arange, so that the mask can be "
            "multiplied with tensors."
        ),
        flattened("You laid all rows into one: keep a row for each sequence, (N, longest)."),
    ],
)


@masking.reference
def real_steps(lengths, longest):
    return lengths.unsqueeze(1) > torch.arange(longest)


@masking.alternative
def real_steps_one_by_one(lengths, longest):
    mask = torch.zeros(len(lengths), longest, dtype=torch.bool)
    for row, length in zip(mask, lengths, strict=True):
        row[:length] = True
    return mask


@masking.cases
def cases(rng):
    lengths = torch.tensor([2, *rng.integers(3, 7, size=3), 7])
    return [
        Case("longest fills the row", (lengths, 7)),
        Case("room behind all", (lengths[:3], 9)),
        Case("one sequence", (torch.tensor([int(rng.integers(2, 5))]), 6)),
    ]


@masking.mistake(
    "Your mask has one real step too many: steps are counted from 0, so the last real one is "
    "length - 1."
)
def one_too_many(lengths, longest):
    return real_steps(lengths + 1, longest)


@masking.mistake(
    "Your mask has one real step too few: of a sequence of length 3, the steps 0, 1 and 2 are real."
)
def one_too_few(lengths, longest):
    return real_steps(lengths - 1, longest)


@masking.mistake("Your mask is true for the padding: turn it around, true means real.")
def padding_marked(lengths, longest):
    return ~real_steps(lengths, longest)


@masking.mistake(
    "Shapes (longest,) and (N,) are compared number by number: make a column of the lengths, "
    "lengths[:, None], so that each meets all steps."
)
def lengths_not_a_column(lengths, longest):
    return torch.arange(longest) < lengths


@masking.mistake("Your mask holds numbers: leave the comparison as it is, it gives booleans.")
def numbers_for_booleans(lengths, longest):
    return real_steps(lengths, longest).float()


@masking.mistake("Your real steps stand at the end of the rows: the padding is behind them.")
def flush_right(lengths, longest):
    return real_steps(lengths, longest).flip(1)


@masking.mistake("You marked the last real step only: all steps before it are real, too.")
def last_step_only(lengths, longest):
    return torch.arange(longest) == lengths[:, None] - 1


@masking.mistake("The step 0 is missing: count the steps from 0.")
def first_step_left_out(lengths, longest):
    return real_steps(lengths, longest) & (torch.arange(longest) > 0)


@masking.mistake(
    "Your rows end with the longest sequence: make them `longest` steps long, even if no sequence "
    "is."
)
def as_long_as_the_longest(lengths, longest):
    return real_steps(lengths, int(lengths.max()))


@masking.mistake(
    "Your mask holds the numbers 0 and 1: leave the comparison as it is, it gives booleans."
)
def whole_numbers(lengths, longest):
    return real_steps(lengths, longest).int()


@masking.mistake(
    "Your mask is 1 everywhere and does not know the lengths: compare each step's number with them."
)
def ones_everywhere(lengths, longest):
    return torch.ones(len(lengths), longest)


@masking.mistake(
    "Your mask is true everywhere, and padding stays in: compare each step's number with the "
    "length of its sequence."
)
def all_true(lengths, longest):
    return torch.ones(len(lengths), longest, dtype=torch.bool)


@masking.mistake(
    "torch.arange(1, longest) has one step too few: torch.arange(longest) begins at 0 and has all "
    "of them."
)
def steps_from_one(lengths, longest):
    return torch.arange(1, longest) < lengths[:, None]


@masking.mistake("You returned the steps' numbers: compare them with a column of the lengths.")
def numbers_of_the_steps(lengths, longest):
    return torch.arange(longest).expand(len(lengths), longest)


@masking.mistake(
    "Your mask has a third axis: that is handy for multiplying by (N, T, H), but here (N, "
    "longest) is asked for."
)
def one_axis_more(lengths, longest):
    return real_steps(lengths, longest).unsqueeze(2)


@masking.mistake(
    "You compared with ==, which is true once at most: all steps before the length are real, so <."
)
def equal_instead_of_less(lengths, longest):
    return torch.arange(longest) == lengths[:, None]


@masking.mistake(
    "You compared with >, which marks padding: a step is real when its number is less than the "
    "length."
)
def greater_instead_of_less(lengths, longest):
    return torch.arange(longest) > lengths[:, None]


@masking.mistake(
    "Your rows are right, but in a list: compare the steps with a column of lengths, and one "
    "tensor comes out without a loop."
)
def list_of_rows(lengths, longest):
    return list(real_steps(lengths, longest))


@masking.mistake(
    "You used the first sequence's length for all rows: lengths[:, None] has one for each."
)
def first_length(lengths, longest):
    return real_steps(lengths[:1].expand_as(lengths), longest)


@masking.mistake("You made one row, for the longest sequence: each sequence needs its own.")
def one_row(lengths, longest):
    return torch.arange(longest) < lengths.max()


@masking.mistake(
    "You made a triangle, which fits the lengths 1, 2, 3, … only: compare with the lengths that "
    "are given."
)
def triangle(lengths, longest):
    return torch.ones(len(lengths), longest).tril().bool()


@masking.mistake(
    "Your mask is false everywhere: nothing was written into it, or the comparison never holds."
)
def all_false(lengths, longest):
    return torch.zeros(len(lengths), longest, dtype=torch.bool)


@masking.mistake(
    "You returned the lengths: compare them with the steps' numbers, torch.arange(longest)."
)
def lengths_returned(lengths, longest):
    return lengths.clone()


@masking.mistake(
    "The end of a slice is one number, and you gave it the lengths of all sequences: go row by "
    "row, or, without a loop, compare with torch.arange(longest)."
)
def slice_up_to_a_tensor(lengths, longest):
    mask = torch.zeros(len(lengths), longest, dtype=torch.bool)
    mask[:, :lengths] = True
    return mask


@masking.mistake(
    "Python says above what does not go together; the usual reason is range in place of "
    "torch.arange, which can be compared with a tensor."
)
def range_of_python(lengths, longest):
    return range(longest) < lengths[:, None]


masking.hints(
    "Step t is real when t is less than the sequence's length.",
    "Compare a row of steps, torch.arange(longest), with a column of lengths.",
    "def real_steps(lengths, longest):\n    return torch.arange(longest) < lengths[:, None]",
)
