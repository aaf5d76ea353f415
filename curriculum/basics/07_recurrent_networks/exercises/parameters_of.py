"""Exercise `parameters_of` of the lesson: what a recurrent layer learns, counted."""

from __future__ import annotations

from lepton_course.exercises import Call, Case, Exercise, Misconception, exact

CELL = "lesson.ipynb#A-recurrent-cell-by-hand"


def parameters_of(inputs, units, blocks):
    return blocks * units * (inputs + units + 2)


def _counted(weights, biases):
    def count(inputs, units, blocks):
        return blocks * (units * (inputs + weights(inputs, units)) + biases(units) * units)

    return count


def quotes_left_on(inputs, units, blocks):
    return units * (inputs + "units")


def parameters_of_cases(rng):
    inputs, units = int(rng.integers(5, 40)), int(rng.integers(50, 99))
    return [
        Case("RNN", (inputs, units, 1)),
        Case("GRU", (inputs, units, 3)),
        Case("LSTM", (units, inputs, 4)),
    ]


EXERCISE = Exercise(
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
        Misconception(
            "units times units",
            _counted(lambda c, h: h * h, lambda h: 2),
            "You put units * units into the first blank: that line multiplies by `units` "
            "already, for it counts the weights of one unit inside the brackets.",
        ),
        Misconception(
            "units among the biases",
            _counted(lambda c, h: h, lambda h: 2 * h),
            "You multiplied by `units` twice in the biases: the line does it already, and "
            "each unit has two.",
        ),
        Misconception(
            "blocks among the biases",
            lambda c, h, b: b * (h * (c + h) + 2 * b * h),
            "You counted the blocks twice in the biases: the last line multiplies by them, "
            "and within a block each unit has two biases.",
        ),
        Misconception(
            "a bias for each weight",
            lambda c, h, b: b * (h * (c + h) + (c + h) * h),
            "You gave each unit a bias for each number that it reads: a bias is added once, "
            "and PyTorch keeps two for each unit.",
        ),
        Misconception(
            "no state, one bias",
            _counted(lambda c, h: 0, lambda h: 1),
            "Both blanks differ, as for a plain linear layer: each unit also reads the "
            "`units` numbers of the old state, and PyTorch keeps two biases.",
        ),
        Misconception(
            "two state weights",
            _counted(lambda c, h: 2, lambda h: 2),
            "You gave each unit two weights for the old state: it reads all units of it, so "
            "`units` weights.",
        ),
        Misconception(
            "blocks in the state",
            lambda c, h, b: b * (h * (c + b * h) + 2 * h),
            "You put the blocks into the first blank, too: the last line multiplies by "
            "them, and within a block each unit reads `units` numbers of the old state.",
        ),
        Misconception(
            "in quotes",
            quotes_left_on,
            "If the message above speaks of 'str': in quotes a name is only a text; write "
            "units, without them.",
        ),
    ],
    hints=(
        "Each unit has a weight for every number that it reads. What does it read besides x?",
        "W has the shape (units, inputs), U the shape (units, units); each bias has (units,).",
        "def parameters_of(inputs, units, blocks):\n    weights = units * (inputs + units)\n"
        "    biases = 2 * units\n    return blocks * (weights + biases)",
    ),
)
