"""The lesson's small exercises. They earn no points."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.exercises import Call, Case, Exercise, Misconception, close, exact

CELL = "lesson.ipynb#A-recurrent-cell-by-hand"


# --- a fading memory ---


def fading_memory(values, keep):
    weights = keep ** np.arange(len(values))
    return (1 - keep) * np.array(
        [weights[: t + 1][::-1] @ values[: t + 1] for t in range(len(values))]
    )


def _rewritten(rule, state=0.0):
    """Walks through the values with another rule: (state, value, keep) -> state."""

    def walk(values, keep):
        found, now = [], state
        for newest in values:
            now = rule(now, newest, keep)
            found.append(now)
        return np.array(found)

    return walk


def state_before(values, keep):
    return np.concatenate([[0.0], fading_memory(values, keep)[:-1]])


def last_state_only(values, keep):
    return fading_memory(values, keep)[-1]


def began_with_the_first(values, keep):
    return _rewritten(lambda s, v, k: k * s + (1 - k) * v, state=values[0])(values, keep)


def zero_in_front(values, keep):
    return np.concatenate([[0.0], fading_memory(values, keep)])


def not_carried_on(values, keep):
    return (1 - keep) * values


def as_a_list(values, keep):
    return fading_memory(values, keep).tolist()


def mean_so_far(values, keep):
    return np.cumsum(values) / np.arange(1, len(values) + 1)


def value_before_for_the_state(values, keep):
    return keep * np.concatenate([[0.0], values[:-1]]) + (1 - keep) * values


def value_for_the_state(values, keep):
    return keep * values + (1 - keep) * values


def returned_in_the_loop(values, keep):
    return fading_memory(values, keep)[:1]


def fading_memory_cases(rng):
    return [
        Case("keeps much", (rng.normal(size=9), 0.9)),
        Case("keeps little", (rng.normal(size=6), 0.25)),
        Case("one value", (rng.normal(size=1), 0.7)),
    ]


# --- parameters ---


def parameters_of(inputs, units, blocks):
    return blocks * units * (inputs + units + 2)


def _counted(weights, biases):
    def count(inputs, units, blocks):
        return blocks * (units * (inputs + weights(inputs, units)) + biases(units) * units)

    return count


def parameters_of_cases(rng):
    inputs, units = int(rng.integers(5, 40)), int(rng.integers(50, 99))
    return [
        Case("RNN", (inputs, units, 1)),
        Case("GRU", (inputs, units, 3)),
        Case("LSTM", (units, inputs, 4)),
    ]


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


EXERCISES = [
    Exercise(
        name="fading_memory",
        title="Try it: a fading memory",
        points=0,
        difficulty=1,
        minutes=4,
        reference=fading_memory,
        alternatives=[_rewritten(lambda s, v, k: s + (1 - k) * (v - s))],
        cases=fading_memory_cases,
        probe=Call(),
        compare=close(),
        read=CELL,
        misconceptions=[
            Misconception(
                "shares swapped",
                _rewritten(lambda s, v, k: (1 - k) * s + k * v),
                "You kept the share 1 - keep of the old state: it should fade slowly when keep is "
                "near 1, so the old state gets keep and the new value the rest.",
            ),
            Misconception(
                "all of the value",
                _rewritten(lambda s, v, k: k * s + v),
                "You added the whole value: then the state grows beyond the values; give the new "
                "value the share 1 - keep.",
            ),
            Misconception(
                "nothing fades",
                _rewritten(lambda s, v, k: s + (1 - k) * v),
                "Your old state never fades: multiply it by keep at each step.",
            ),
            Misconception(
                "not carried on",
                not_carried_on,
                "Each of your states knows its own value only: carry the state on from step to "
                "step, as the old note.",
            ),
            Misconception(
                "keep for both",
                _rewritten(lambda s, v, k: k * s + k * v),
                "You multiplied both by keep: the two shares add up to 1, so the value gets "
                "1 - keep.",
            ),
            Misconception(
                "state before",
                state_before,
                "You noted the state before it was rewritten: append it after the value has been "
                "read.",
            ),
            Misconception(
                "zero in front",
                zero_in_front,
                "Your result begins with the state 0 from before the first value: one state for "
                "each value is asked for.",
            ),
            Misconception(
                "last state only",
                last_state_only,
                "You returned the last state only: return the states after all values, as an "
                "array.",
            ),
            Misconception(
                "began with the first",
                began_with_the_first,
                "You began with the first value as the state: here the state is 0 before anything "
                "has been read.",
            ),
            Misconception(
                "a list",
                as_a_list,
                "Your states are right, in a list: make an array of it at the end, "
                "np.array(states).",
            ),
            Misconception(
                "mean so far",
                mean_so_far,
                "You took the mean of all values so far, which forgets nothing and does not use "
                "keep: the share keep of the old state stays at each step.",
            ),
            Misconception(
                "value before",
                value_before_for_the_state,
                "You mixed each value with the value before it: mix it with the state before it, "
                "in which all earlier values are left.",
            ),
            Misconception(
                "value for the state",
                value_for_the_state,
                "Your result is the values themselves: the share keep belongs to the old state, "
                "not to the new value.",
            ),
            Misconception(
                "returned in the loop",
                returned_in_the_loop,
                "There is one state only: your return stands inside the loop, so it ends after the "
                "first value; move it to the left.",
            ),
            Misconception(
                "no brackets",
                _rewritten(lambda s, v, k: k * s + 1 - k * v),
                "Without brackets, 1 - keep * value is 1 minus a product: write "
                "(1 - keep) * value.",
            ),
            Misconception(
                "tanh",
                _rewritten(lambda s, v, k: np.tanh(k * s + (1 - k) * v)),
                "You squashed the state with tanh: that comes with the recurrent network below, "
                "this memory is only a weighted mean.",
            ),
            Misconception(
                "keep twice",
                _rewritten(lambda s, v, k: k * (s + (1 - k) * v)),
                "You multiplied the new value by keep, too: it comes in with the share 1 - keep, "
                "and fades from the next step on.",
            ),
        ],
        hints=(
            "What is left of the old state, and what is the share of the new value?",
            "The shares keep and 1 - keep add up to 1: the state is a weighted mean of the past.",
            "def fading_memory(values, keep):\n    …\n"
            "        state = keep * state + (1 - keep) * value\n    …",
        ),
    ),
    Exercise(
        name="parameters_of",
        title="Try it: two blanks",
        points=0,
        difficulty=1,
        minutes=5,
        reference=parameters_of,
        cases=parameters_of_cases,
        probe=Call(),
        compare=exact(),
        read=CELL,
        misconceptions=[
            Misconception(
                "one bias",
                _counted(lambda c, h: h, lambda h: 1),
                "You counted one bias for each unit: mathematics needs no more, but PyTorch keeps "
                "two, bias_ih and bias_hh.",
            ),
            Misconception(
                "inputs twice",
                _counted(lambda c, h: c, lambda h: 2),
                "You counted the inputs twice: the second matrix, U, multiplies the state, which "
                "has `units` numbers.",
            ),
            Misconception(
                "no state",
                _counted(lambda c, h: 0, lambda h: 2),
                "You left out U: each unit also has a weight for each unit of the old state.",
            ),
            Misconception(
                "one state weight",
                _counted(lambda c, h: 1, lambda h: 2),
                "You gave each unit one weight for the old state: it reads all units of it, so "
                "`units` weights.",
            ),
            Misconception(
                "no biases",
                _counted(lambda c, h: h, lambda h: 0),
                "You counted no biases: each block has two of them for each unit.",
            ),
            Misconception(
                "biases times units",
                _counted(lambda c, h: h, lambda h: h),
                "You gave each unit as many biases as there are units: it has two.",
            ),
            Misconception(
                "four biases",
                _counted(lambda c, h: h, lambda h: 4),
                "You counted the blocks among the biases: they are multiplied in the last line, so "
                "each block has two biases for each unit.",
            ),
            Misconception(
                "one number too many",
                _counted(lambda c, h: h + 1, lambda h: 2),
                "You have one number too many for each unit: it has a weight for each input and "
                "for each unit of the old state, and two biases.",
            ),
            Misconception(
                "states twice",
                _counted(lambda c, h: 2 * h, lambda h: 2),
                "You counted the weights for the old state twice: there is one matrix U with a "
                "weight for each unit.",
            ),
            Misconception(
                "inputs twice, one bias",
                _counted(lambda c, h: c, lambda h: 1),
                "Both blanks differ: the second matrix reads the state, which has `units` numbers, "
                "and PyTorch keeps two biases for each unit.",
            ),
            Misconception(
                "a bias for each block",
                lambda c, h, b: b * (h * (c + h) + b * h),
                "You put the blocks into the second blank: the last line multiplies by them, and "
                "within a block each unit has two biases.",
            ),
            Misconception(
                "blocks for units",
                lambda c, h, b: b * (h * (c + b) + 2 * h),
                "You put the blocks into the first blank: each unit reads all `units` numbers of "
                "the old state.",
            ),
            Misconception(
                "a bias for each input",
                lambda c, h, b: b * (h * (c + h) + c * h),
                "You gave each unit a bias for each input: biases do not belong to inputs, each "
                "unit has two.",
            ),
        ],
        hints=(
            "Each unit has a weight for every number that it reads. What does it read besides x?",
            "W has the shape (units, inputs), U the shape (units, units); each bias has (units,).",
            "def parameters_of(inputs, units, blocks):\n    weights = units * (inputs + units)\n"
            "    biases = 2 * units\n    return blocks * (weights + biases)",
        ),
    ),
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
]
