"""The lesson's ungraded exercises, second part: the mask, and three predictions."""

from __future__ import annotations

import torch

from lepton_course.exercises import Call, Case, Exercise, Misconception, Value, exact

CELL = "lesson.ipynb#A-recurrent-cell-by-hand"
GRADIENTS = "lesson.ipynb#Vanishing-and-exploding-gradients"
PADDING = "lesson.ipynb#Padding-and-masking"


# --- the mask ---


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


def real_steps_cases(rng):
    lengths = torch.tensor([2, *rng.integers(3, 7, size=3), 7])
    return [
        Case("longest fills the row", (lengths, 7)),
        Case("room behind all", (lengths[:3], 9)),
        Case("one sequence", (torch.tensor([int(rng.integers(2, 5))]), 6)),
    ]


# --- predictions ---


def one_question(rng):
    return [Case("your prediction")]


EXERCISES = [
    Exercise(
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
        ],
        hints=(
            "Step t is real when t is less than the sequence's length.",
            "Compare a row of steps, torch.arange(longest), with a column of lengths.",
            "def real_steps(lengths, longest):\n"
            "    return torch.arange(longest) < lengths[:, None]",
        ),
    ),
    Exercise(
        name="predicted_shape",
        title="Your prediction: the last states",
        points=0,
        difficulty=1,
        minutes=2,
        reference=(1, 5, 32),
        cases=one_question,
        probe=Value(),
        compare=exact(),
        read=CELL,
        misconceptions=[
            Misconception(
                "no axis for layers",
                (5, 32),
                "Nearly: that is what one expects, but PyTorch puts an axis in front for the "
                "number of layers stacked on top of each other, here 1.",
            ),
            Misconception(
                "batch first",
                (5, 1, 32),
                "The right numbers in another order: batch_first speaks of the sequences only, and "
                "the last states keep the axis of layers in front.",
            ),
            Misconception(
                "all states",
                (5, 20, 32),
                "That is the first result, the states at all 20 steps: the second has the last "
                "step only.",
            ),
            Misconception(
                "steps for sequences",
                (1, 20, 32),
                "You kept the 20 steps and dropped the batch: there is one last state for each of "
                "the 5 sequences.",
            ),
            Misconception(
                "inputs for units",
                (1, 5, 12),
                "12 is the size of an input: the state has 32 units.",
            ),
            Misconception(
                "state of one sequence",
                (32,),
                "That is the last state of one sequence: there are 5 of them, and an axis for the "
                "layers in front.",
            ),
            Misconception(
                "both shapes",
                ((5, 20, 32), (1, 5, 32)),
                "You know both: asked for is the second one only.",
            ),
            Misconception(
                "time first",
                (20, 5, 32),
                "Those are all states, with time in front: asked for are the last states, and "
                "batch_first puts the batch in front of time.",
            ),
            Misconception(
                "layers at the end",
                (5, 32, 1),
                "The right numbers in another order: the axis of layers stands in front.",
            ),
            Misconception(
                "one sequence",
                (1, 32),
                "That is what one sequence without a batch has: here the 5 sequences stand "
                "between the layers and the units.",
            ),
            Misconception(
                "the input again",
                (5, 20, 12),
                "That is the shape of the input: a state has 32 numbers, not 12, and asked for is "
                "the last one of each sequence.",
            ),
            Misconception(
                "last inputs",
                (5, 12),
                "Those would be the last inputs: a state has 32 numbers, and PyTorch puts an axis "
                "for the layers in front.",
            ),
            Misconception(
                "units before sequences",
                (1, 32, 5),
                "The axis of layers is right: behind it come the sequences, then the units.",
            ),
            Misconception(
                "units first",
                (32, 5),
                "Sequences come before units, and PyTorch puts an axis for the layers in front.",
            ),
            Misconception(
                "steps and sequences",
                (1, 20, 5),
                "The 20 steps are over, only the last state is kept: behind the layers come the 5 "
                "sequences and the 32 units.",
            ),
            Misconception(
                "in quotes",
                "(1, 5, 32)",
                "The shape is right, but in quotes it is a text: write it without them.",
            ),
        ],
        hints=(
            "One last state for each sequence. How many sequences, how many units?",
            "In front there is one more axis: the number of layers.",
            "predicted_shape = (1, 5, 32)",
        ),
    ),
    Exercise(
        name="predicted_slope",
        title="Your prediction: a gradient after 50 steps",
        points=0,
        difficulty=1,
        minutes=2,
        reference="c",
        cases=one_question,
        probe=Value(),
        compare=exact(),
        read=GRADIENTS,
        misconceptions=[
            Misconception(
                "a half",
                "a",
                "A half is left after 6 or 7 steps already: 0.9 is multiplied with itself 50 "
                "times, not taken off.",
            ),
            Misconception(
                "a tenth",
                "b",
                "A tenth is left after 22 steps: after 44 it is a hundredth, and it goes on.",
            ),
            Misconception("capital C", "C", 'Right, but write it as a small letter: "c".'),
            Misconception(
                "capital A",
                "A",
                "Answer with a small letter, and think again: 0.9 is multiplied with itself 50 "
                "times.",
            ),
            Misconception(
                "capital B",
                "B",
                "Answer with a small letter, and think again: a tenth is left after 22 steps "
                "already.",
            ),
            Misconception(
                "the number",
                0.9**50,
                "The number is right: now answer with the letter that belongs to it, in quotes.",
            ),
        ],
        hints=(
            "The factors are multiplied: 0.9 · 0.9 · 0.9 …",
            "0.9 to the power of 7 is about a half. How often does 7 go into 50?",
            'predicted_slope = "c"',
        ),
    ),
    Exercise(
        name="predicted_lead",
        title="Your prediction: the GRU's lead",
        points=0,
        difficulty=2,
        minutes=2,
        reference="b",
        cases=one_question,
        probe=Value(),
        compare=exact(),
        read="lesson.ipynb#Who-buys-again",
        misconceptions=[
            Misconception(
                "far better",
                "a",
                "It sees more, that is true, but more is worth something only if it tells about "
                "the future: run on and see.",
            ),
            Misconception(
                "far worse",
                "c",
                "It can learn recency and frequency from the purchases, too, and it has 70 000 "
                "examples to do so: run on and see.",
            ),
            Misconception("capital B", "B", 'Write it as a small letter: "b". Then run on.'),
            Misconception(
                "capital A",
                "A",
                "Answer with a small letter: and more is worth something only if it tells about "
                "the future.",
            ),
            Misconception(
                "capital C",
                "C",
                "Answer with a small letter: and would it not learn recency and frequency, too?",
            ),
        ],
        hints=(
            "What could the order of the purchases tell that their number and the last one do not?",
            "Half of the customers have bought once. What can be read in one purchase?",
            'predicted_lead = "b"',
        ),
    ),
]
