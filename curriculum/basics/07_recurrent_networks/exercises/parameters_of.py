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
    "You counted one bias for each unit: mathematics needs no more, but PyTorch keeps two, "
    "bias_ih and bias_hh.",
    name="one bias",
)(_counted(lambda c, h: h, lambda h: 1))


counting.mistake(
    "You counted the inputs twice: the second matrix, U, multiplies the state, which has `units` "
    "numbers.",
    name="inputs twice",
)(_counted(lambda c, h: c, lambda h: 2))


counting.mistake(
    "You left out U: each unit also has a weight for each unit of the old state.", name="no state"
)(_counted(lambda c, h: 0, lambda h: 2))


counting.mistake(
    "You gave each unit one weight for the old state: it reads all units of it, so `units` "
    "weights.",
    name="one state weight",
)(_counted(lambda c, h: 1, lambda h: 2))


counting.mistake(
    "You counted no biases: each block has two of them for each unit.", name="no biases"
)(_counted(lambda c, h: h, lambda h: 0))


counting.mistake(
    "You multiplied by `units` twice in the biases: the line does it already, and each unit has "
    "two.",
    name="units among the biases",
)(_counted(lambda c, h: h, lambda h: 2 * h))


counting.mistake(
    "You put units * units into the first blank: that line multiplies by `units` already, for it "
    "counts the weights of one unit inside the brackets.",
    name="units times units",
)(_counted(lambda c, h: h * h, lambda h: 2))


@counting.mistake(
    "You counted the blocks twice in the biases: the last line multiplies by them, and within a "
    "block each unit has two biases."
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
