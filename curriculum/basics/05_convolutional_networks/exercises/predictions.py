"""What the lesson has its reader predict. It earns no points."""

from __future__ import annotations

from lepton_course.exercises import (
    Case,
    Exercise,
    Misconception,
    Value,
    exact,
)

PADDING = "lesson.ipynb#Padding-and-stride"


CHANNELS = "lesson.ipynb#Channels"


def one_question(rng):
    return [Case("your prediction")]


def _wrong_value(name, value, sentence, read=""):
    return Misconception(name, value, sentence, read)


EXERCISES = [
    Exercise(
        name="predicted_shape",
        title="Your prediction: the shape",
        points=0,
        difficulty=1,
        minutes=2,
        reference=(8, 14, 14),
        cases=one_question,
        probe=Value(),
        compare=exact(),
        read=CHANNELS,
        misconceptions=[
            _wrong_value(
                "rounded up",
                (8, 15, 15),
                "You rounded up: the last window would hang over the edge, so it is dropped.",
                PADDING,
            ),
            _wrong_value(
                "padding left out",
                (8, 12, 12),
                "12 is right without padding: here two zeros stand on each side.",
                PADDING,
            ),
            _wrong_value(
                "stride left out",
                (8, 28, 28),
                "28 is right for steps of one: with stride 2 the window stands at every second "
                "pixel only.",
                PADDING,
            ),
            _wrong_value(
                "channels of the input",
                (1, 14, 14),
                "The size is right, but each of the 8 kernels makes its own map: "
                "the output has 8 channels.",
            ),
            _wrong_value(
                "channels last",
                (14, 14, 8),
                "The numbers are right in Keras's order: PyTorch writes channels first.",
            ),
            _wrong_value(
                "steps counted",
                (8, 13, 13),
                "13 is the number of whole steps: the window also stands at the place before the "
                "first one.",
                PADDING,
            ),
            _wrong_value(
                "neither padding nor stride",
                (8, 24, 24),
                "24 is right without padding and for steps of one: here two zeros stand on each "
                "side, and the window moves by two.",
                PADDING,
            ),
            _wrong_value(
                "photos too",
                (1, 8, 14, 14),
                "Right for a batch of one photo: this question is about one photo without a "
                "batch axis, (channels, rows, columns).",
            ),
            _wrong_value(
                "one map",
                (14, 14),
                "The size is right: put the number of maps that come out in front of it.",
            ),
        ],
        hints=(
            "Which number of the layer says how many maps come out?",
            "Use output_side for the two other numbers: n = 28, k = 5, p = 2, s = 2.",
            "predicted_shape = (8, 14, 14)",
        ),
    ),
    Exercise(
        name="predicted_parameters",
        title="Your prediction: the parameters",
        points=0,
        difficulty=2,
        minutes=3,
        reference=16 * (8 * 3 * 3 + 1),
        cases=one_question,
        probe=Value(),
        compare=exact(),
        read=CHANNELS,
        misconceptions=[
            _wrong_value(
                "no biases",
                16 * 8 * 9,
                "You counted the weights, but not the biases: one for each output channel.",
            ),
            _wrong_value(
                "one slice",
                16 * 9 + 16,
                "You gave each kernel one slice: it has one for every input channel, so 8.",
            ),
            _wrong_value(
                "a bias for each slice",
                16 * 8 * (9 + 1),
                "You counted a bias for each slice: the slices' sums are added first, "
                "and one bias per output channel comes on top.",
            ),
            _wrong_value(
                "weights at each position",
                16 * 8 * 9 * 14 * 14 + 16,
                "You gave every position its own weights: the kernel is shared by all positions, "
                "so the picture's size does not count.",
            ),
            _wrong_value(
                "one kernel",
                8 * 9,
                "You counted one kernel: there are 16 of them, and a bias for each.",
            ),
            _wrong_value(
                "one slice in each kernel",
                16 * 9,
                "You gave each kernel one slice and no bias: it has one slice for every input "
                "channel, so 8, and one bias.",
            ),
            _wrong_value(
                "channels exchanged",
                8 * (16 * 9 + 1),
                "You exchanged the channels: 16 kernels, each with 8 slices and one bias.",
            ),
        ],
        hints=(
            "How many numbers are in one kernel? How many kernels are there?",
            "One kernel: 8 slices of 3 by 3 numbers, and a bias. Then times 16.",
            "predicted_parameters = 16 * (8 * 3 * 3 + 1)",
        ),
    ),
    Exercise(
        name="predicted_drop",
        title="Your prediction: the crooked camera",
        points=0,
        difficulty=2,
        minutes=2,
        reference="c",
        cases=one_question,
        probe=Value(),
        compare=exact(),
        read="lesson.ipynb#The-crooked-camera",
        misconceptions=[
            _wrong_value(
                "no drop",
                "a",
                "Most people say so, because the same kernels run over the whole photo: the maps "
                "do move along, but the Linear layer behind them has a weight for each place. "
                "Run on.",
            ),
            _wrong_value(
                "a small drop",
                "b",
                "Pooling forgives a pixel or so, and no more: run on and see how steep the curve "
                "is.",
            ),
        ],
        hints=(
            "The convolutions give the same values at other places. What does the layer after "
            "Flatten do with places?",
            "The Linear layer has its own weight for each of the 7 by 7 places of each map.",
            'predicted_drop = "c"',
        ),
    ),
]
