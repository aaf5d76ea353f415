"""Exercise `parameters_of` of the lesson: what a recurrent layer learns, counted."""

from __future__ import annotations

import math

from lepton_course.authoring import Call, Case, exact, exercise

counting = exercise(
    "parameters_of",
    title="Try it: two blanks",
    points=0,
    difficulty=1,
    minutes=5,
    probe=Call(),
    compare=exact(),
    read="lesson.ipynb#A-recurrent-cell-by-hand",
)


@counting.reference
def parameters_of(inputs, units, blocks):
    """Return the number of parameters of a recurrent layer of PyTorch, a whole number.

    inputs: features of a step; units: size of the hidden state; blocks: 1 for an RNN, 3 for a
    GRU, 4 for an LSTM. Each block has both weight matrices and two biases.
    """
    return blocks * units * (inputs + units + 2)


@counting.alternative
def parameters_counted(inputs, units, blocks):
    shapes = (inputs, units), (units, units), (units,), (units,)
    return blocks * sum(math.prod(shape) for shape in shapes)


@counting.cases
def cases(rng):
    inputs, units = 2 * int(rng.integers(5, 20)), 2 * int(rng.integers(25, 50)) + 1
    return [
        Case("RNN", (inputs, units, 1)),
        Case("RNN", (1, 1, 1)),
        Case("GRU", (inputs + 1, units + 1, 3)),
        Case("LSTM", (units, inputs, 4)),
    ]


def _counted(weights, biases):
    """A layer with other numbers for a unit: weights(c, h) for the state, biases(h)."""

    def count(inputs, units, blocks):
        return blocks * units * (inputs + weights(inputs, units) + biases(units))

    return count


counting.mistake(
    "Your total lacks one bias for each unit of each block: one would do in theory, but PyTorch "
    "keeps two, bias_ih and bias_hh.",
    name="one bias",
)(_counted(lambda c, h: h, lambda h: 1))


counting.mistake(
    "Your total has units * inputs in place of U: the second matrix multiplies the state, "
    "which has `units` numbers, so it has units * units.",
    name="inputs twice",
)(_counted(lambda c, h: c, lambda h: 2))


counting.mistake(
    "Your total lacks U: in each block every unit also has a weight for each unit of the old "
    "state.",
    name="no state",
)(_counted(lambda c, h: 0, lambda h: 2))


counting.mistake(
    "Your total has `units` numbers in place of U: each unit reads all units of the old "
    "state, so U has units * units.",
    name="one state weight",
)(_counted(lambda c, h: 1, lambda h: 2))


counting.mistake(
    "Your total lacks the biases: each unit of each block has two, bias_ih and bias_hh.",
    name="no biases",
)(_counted(lambda c, h: h, lambda h: 0))


counting.mistake(
    "Your total has 2 * units * units in place of the biases: a block has two for each unit, "
    "2 * units, and the line multiplies by `units` already.",
    name="units among the biases",
)(_counted(lambda c, h: h, lambda h: 2 * h))


counting.mistake(
    "Your total has units ** 3 in place of U: the line multiplies by `units` already, and the "
    "brackets hold the weights of one unit.",
    name="units times units",
)(_counted(lambda c, h: h * h, lambda h: 2))


@counting.mistake(
    "Your total counts the blocks twice in the biases: the last line multiplies by them, and "
    "within a block each unit has two biases."
)
def blocks_among_the_biases(inputs, units, blocks):
    return blocks * units * (inputs + units + 2 * blocks)


counting.hints(
    "Each unit has a weight for every number that it reads. What does it read besides x?",
    "W has the shape (units, inputs), U the shape (units, units); each bias has (units,).",
    "def parameters_of(inputs, units, blocks):\n"
    "    weights = units * (inputs + units)\n"
    "    biases = 2 * units\n"
    "    return blocks * (weights + biases)",
)
