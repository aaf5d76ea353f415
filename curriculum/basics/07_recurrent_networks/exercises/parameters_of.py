"""Exercise `parameters_of` of the lesson: what a recurrent layer learns, counted."""

from __future__ import annotations

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
    return blocks * units * (inputs + units + 2)


@counting.cases
def cases(rng):
    inputs, units = int(rng.integers(5, 40)), int(rng.integers(50, 99))
    return [
        Case("RNN", (inputs, units, 1)),
        Case("GRU", (inputs, units, 3)),
        Case("LSTM", (units, inputs, 4)),
    ]


def _counted(weights, biases):
    def count(inputs, units, blocks):
        return blocks * (units * (inputs + weights(inputs, units)) + biases(units) * units)

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
    "You gave each unit as many biases as there are units: it has two.", name="biases times units"
)(_counted(lambda c, h: h, lambda h: h))


counting.mistake(
    "You counted the blocks among the biases: they are multiplied in the last line, so each block "
    "has two biases for each unit.",
    name="four biases",
)(_counted(lambda c, h: h, lambda h: 4))


counting.mistake(
    "You have one number too many for each unit: it has a weight for each input and for each unit "
    "of the old state, and two biases.",
    name="one number too many",
)(_counted(lambda c, h: h + 1, lambda h: 2))


counting.mistake(
    "You counted the weights for the old state twice: there is one matrix U with a weight for "
    "each unit.",
    name="states twice",
)(_counted(lambda c, h: 2 * h, lambda h: 2))


counting.mistake(
    "Both blanks differ: the second matrix reads the state, which has `units` numbers, and "
    "PyTorch keeps two biases for each unit.",
    name="inputs twice, one bias",
)(_counted(lambda c, h: c, lambda h: 1))


counting.mistake(
    "You put the blocks into the second blank: the last line multiplies by them, and within a "
    "block each unit has two biases.",
    name="a bias for each block",
)(lambda c, h, b: b * (h * (c + h) + b * h))


counting.mistake(
    "You put the blocks into the first blank: each unit reads all `units` numbers of the old "
    "state.",
    name="blocks for units",
)(lambda c, h, b: b * (h * (c + b) + 2 * h))


counting.mistake(
    "You gave each unit a bias for each input: biases do not belong to inputs, each unit has two.",
    name="a bias for each input",
)(lambda c, h, b: b * (h * (c + h) + c * h))


counting.mistake(
    "You put units * units into the first blank: that line multiplies by `units` already, for it "
    "counts the weights of one unit inside the brackets.",
    name="units times units",
)(_counted(lambda c, h: h * h, lambda h: 2))


counting.mistake(
    "You multiplied by `units` twice in the biases: the line does it already, and each unit has "
    "two.",
    name="units among the biases",
)(_counted(lambda c, h: h, lambda h: 2 * h))


counting.mistake(
    "You counted the blocks twice in the biases: the last line multiplies by them, and within a "
    "block each unit has two biases.",
    name="blocks among the biases",
)(lambda c, h, b: b * (h * (c + h) + 2 * b * h))


counting.mistake(
    "You gave each unit a bias for each number that it reads: a bias is added once, and PyTorch "
    "keeps two for each unit.",
    name="a bias for each weight",
)(lambda c, h, b: b * (h * (c + h) + (c + h) * h))


counting.mistake(
    "Both blanks differ, as for a plain linear layer: each unit also reads the `units` numbers of "
    "the old state, and PyTorch keeps two biases.",
    name="no state, one bias",
)(_counted(lambda c, h: 0, lambda h: 1))


counting.mistake(
    "You gave each unit two weights for the old state: it reads all units of it, so `units` "
    "weights.",
    name="two state weights",
)(_counted(lambda c, h: 2, lambda h: 2))


counting.mistake(
    "You put the blocks into the first blank, too: the last line multiplies by them, and within a "
    "block each unit reads `units` numbers of the old state.",
    name="blocks in the state",
)(lambda c, h, b: b * (h * (c + b * h) + 2 * h))


@counting.mistake(
    "If the message above speaks of 'str': in quotes a name is only a text; write units, without "
    "them."
)
def in_quotes(inputs, units, blocks):
    return units * (inputs + "units")


counting.hints(
    "Each unit has a weight for every number that it reads. What does it read besides x?",
    "W has the shape (units, inputs), U the shape (units, units); each bias has (units,).",
    "def parameters_of(inputs, units, blocks):\n"
    "    weights = units * (inputs + units)\n"
    "    biases = 2 * units\n"
    "    return blocks * (weights + biases)",
)
