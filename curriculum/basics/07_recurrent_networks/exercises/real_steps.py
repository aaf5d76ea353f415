"""Exercise `real_steps` of the lesson: the mask of padded sequences."""

from __future__ import annotations

import torch

from lepton_course.exercises import Call, Case, Exercise, Misconception, exact

PADDING = "lesson.ipynb#Padding-and-masking"


def real_steps(lengths, longest):
    return lengths.unsqueeze(1) > torch.arange(longest)


def real_steps_one_by_one(lengths, longest):
    mask = torch.zeros(len(lengths), longest, dtype=torch.bool)
    for row, length in zip(mask, lengths, strict=True):
        row[:length] = True
    return mask


def one_step_too_many(lengths, longest):
    return real_steps(lengths + 1, longest)


def padding_marked(lengths, longest):
    return ~real_steps(lengths, longest)


def steps_by_rows(lengths, longest):
    return real_steps(lengths, longest).T


def numbers_for_booleans(lengths, longest):
    return real_steps(lengths, longest).float()


def flush_right(lengths, longest):
    return real_steps(lengths, longest).flip(1)


def last_step_only(lengths, longest):
    return torch.arange(longest) == lengths[:, None] - 1


def as_long_as_the_longest(lengths, longest):
    return real_steps(lengths, int(lengths.max()))


def nested_lists(lengths, longest):
    return real_steps(lengths, longest).tolist()


def as_numpy(lengths, longest):
    return real_steps(lengths, longest).numpy()


def whole_numbers(lengths, longest):
    return real_steps(lengths, longest).int()


def ones_everywhere(lengths, longest):
    return torch.ones(len(lengths), longest)


def all_true(lengths, longest):
    return torch.ones(len(lengths), longest, dtype=torch.bool)


def counted_from_one(lengths, longest):
    return torch.arange(1, longest) < lengths[:, None]


def numbers_of_the_steps(lengths, longest):
    return torch.arange(longest).expand(len(lengths), longest)


def one_axis_more(lengths, longest):
    return real_steps(lengths, longest).unsqueeze(2)


def equal_instead_of_less(lengths, longest):
    return torch.arange(longest) == lengths[:, None]


def greater_instead_of_less(lengths, longest):
    return torch.arange(longest) > lengths[:, None]


def first_step_left_out(lengths, longest):
    return real_steps(lengths, longest) & (torch.arange(longest) > 0)


def one_step_too_few(lengths, longest):
    return real_steps(lengths - 1, longest)


def lengths_not_a_column(lengths, longest):
    return torch.arange(longest) < lengths


def one_long_row(lengths, longest):
    return real_steps(lengths, longest).flatten()


def list_of_rows(lengths, longest):
    return list(real_steps(lengths, longest))


def first_length_for_all(lengths, longest):
    return real_steps(lengths[:1].expand_as(lengths), longest)


def one_row_for_all(lengths, longest):
    return torch.arange(longest) < lengths.max()


def triangle(lengths, longest):
    return torch.ones(len(lengths), longest).tril().bool()


def all_false(lengths, longest):
    return torch.zeros(len(lengths), longest, dtype=torch.bool)


def lengths_as_they_are(lengths, longest):
    return lengths.clone()


def slice_up_to_a_tensor(lengths, longest):
    mask = torch.zeros(len(lengths), longest, dtype=torch.bool)
    mask[:, :lengths] = True
    return mask


def range_of_python(lengths, longest):
    return range(longest) < lengths[:, None]


def real_steps_cases(rng):
    lengths = torch.tensor([2, *rng.integers(3, 7, size=3), 7])
    return [
        Case("longest fills the row", (lengths, 7)),
        Case("room behind all", (lengths[:3], 9)),
        Case("one sequence", (torch.tensor([int(rng.integers(2, 5))]), 6)),
    ]


EXERCISE = Exercise(
    name="real_steps",
    title="Try it: the mask",
    points=0,
    difficulty=2,
    minutes=8,
    reference=real_steps,
    alternatives=[real_steps_one_by_one],
    cases=real_steps_cases,
    probe=Call(),
    compare=exact(),
    read=PADDING,
    misconceptions=[
        Misconception(
            "one too many",
            one_step_too_many,
            "Your mask has one real step too many: steps are counted from 0, so the last real "
            "one is length - 1.",
        ),
        Misconception(
            "one too few",
            one_step_too_few,
            "Your mask has one real step too few: of a sequence of length 3, the steps 0, 1 "
            "and 2 are real.",
        ),
        Misconception(
            "padding marked",
            padding_marked,
            "Your mask is true for the padding: turn it around, true means real.",
        ),
        Misconception(
            "transposed",
            steps_by_rows,
            "Your mask has the shape (longest, N): a row belongs to a sequence, so make a "
            "column of the lengths, not of the steps.",
        ),
        Misconception(
            "lengths not a column",
            lengths_not_a_column,
            "Shapes (longest,) and (N,) are compared number by number: make a column of the "
            "lengths, lengths[:, None], so that each meets all steps.",
        ),
        Misconception(
            "numbers",
            numbers_for_booleans,
            "Your mask holds numbers: leave the comparison as it is, it gives booleans.",
        ),
        Misconception(
            "flush right",
            flush_right,
            "Your real steps stand at the end of the rows: the padding is behind them.",
        ),
        Misconception(
            "last step only",
            last_step_only,
            "You marked the last real step only: all steps before it are real, too.",
        ),
        Misconception(
            "first step left out",
            first_step_left_out,
            "The step 0 is missing: count the steps from 0.",
        ),
        Misconception(
            "as long as the longest",
            as_long_as_the_longest,
            "Your rows end with the longest sequence: make them `longest` steps long, even if "
            "no sequence is.",
        ),
        Misconception(
            "lists",
            nested_lists,
            "The values are right, but in nested lists: compare tensors, and you get a tensor "
            "without a loop.",
        ),
        Misconception(
            "NumPy",
            as_numpy,
            "You made a NumPy array: use torch.arange, so that the mask can be multiplied with "
            "tensors.",
        ),
        Misconception(
            "whole numbers",
            whole_numbers,
            "Your mask holds the numbers 0 and 1: leave the comparison as it is, it gives "
            "booleans.",
        ),
        Misconception(
            "ones",
            ones_everywhere,
            "Your mask is 1 everywhere and does not know the lengths: compare each step's "
            "number with them.",
        ),
        Misconception(
            "all true",
            all_true,
            "Your mask is true everywhere, and padding stays in: compare each step's number "
            "with the length of its sequence.",
        ),
        Misconception(
            "steps from one",
            counted_from_one,
            "torch.arange(1, longest) has one step too few: torch.arange(longest) begins at 0 "
            "and has all of them.",
        ),
        Misconception(
            "numbers of the steps",
            numbers_of_the_steps,
            "You returned the steps' numbers: compare them with a column of the lengths.",
        ),
        Misconception(
            "one axis more",
            one_axis_more,
            "Your mask has a third axis: that is handy for multiplying by (N, T, H), but here "
            "(N, longest) is asked for.",
        ),
        Misconception(
            "equal",
            equal_instead_of_less,
            "You compared with ==, which is true once at most: all steps before the length are "
            "real, so <.",
        ),
        Misconception(
            "greater",
            greater_instead_of_less,
            "You compared with >, which marks padding: a step is real when its number is less "
            "than the length.",
        ),
        Misconception(
            "one long row",
            one_long_row,
            "You laid all rows into one: keep a row for each sequence, (N, longest).",
        ),
        Misconception(
            "list of rows",
            list_of_rows,
            "Your rows are right, but in a list: compare the steps with a column of "
            "lengths, and one tensor comes out without a loop.",
        ),
        Misconception(
            "first length",
            first_length_for_all,
            "You used the first sequence's length for all rows: lengths[:, None] has one for each.",
        ),
        Misconception(
            "one row",
            one_row_for_all,
            "You made one row, for the longest sequence: each sequence needs its own.",
        ),
        Misconception(
            "triangle",
            triangle,
            "You made a triangle, which fits the lengths 1, 2, 3, … only: compare with the "
            "lengths that are given.",
        ),
        Misconception(
            "all false",
            all_false,
            "Your mask is false everywhere: nothing was written into it, or the comparison "
            "never holds.",
        ),
        Misconception(
            "lengths returned",
            lengths_as_they_are,
            "You returned the lengths: compare them with the steps' numbers, "
            "torch.arange(longest).",
        ),
        Misconception(
            "slice up to a tensor",
            slice_up_to_a_tensor,
            "The end of a slice is one number, and you gave it the lengths of all sequences: go "
            "row by row, or, without a loop, compare with torch.arange(longest).",
        ),
        Misconception(
            "range of Python",
            range_of_python,
            "Python says above what does not go together; the usual reason is range in place of "
            "torch.arange, which can be compared with a tensor.",
        ),
    ],
    hints=(
        "Step t is real when t is less than the sequence's length.",
        "Compare a row of steps, torch.arange(longest), with a column of lengths.",
        "def real_steps(lengths, longest):\n    return torch.arange(longest) < lengths[:, None]",
    ),
)
