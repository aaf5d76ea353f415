"""What the lesson has its reader predict. It earns no points."""

from __future__ import annotations

from lepton_course.authoring import prediction

PADDING = "lesson.ipynb#Padding-and-stride"
CHANNELS = "lesson.ipynb#Channels"

SLICE = 3 * 3
"""Weights of a 3 by 3 kernel for one input channel."""

EXERCISES = [
    prediction(
        "predicted_shape",
        "Your prediction: the shape",
        (8, 14, 14),
        read=CHANNELS,
        wrong={
            (8, 15, 15): (
                "You rounded up: a last window would overhang the edge, so it is dropped.",
                PADDING,
            ),
            (8, 12, 12): (
                "12 is right without padding: here two zeros are added on each side.",
                PADDING,
            ),
            (8, 28, 28): (
                "28 is right for stride 1: with stride 2 the window visits every second pixel "
                "only.",
                PADDING,
            ),
            (1, 14, 14): (
                "The size is right, but each of the 8 kernels makes its own map: the output "
                "has 8 channels."
            ),
            (14, 14, 8): "The numbers are right in Keras's order: PyTorch writes channels first.",
            (8, 13, 13): (
                "13 is the number of whole steps: the window's starting position counts as well.",
                PADDING,
            ),
            (8, 24, 24): (
                "24 is right without padding and for stride 1: here two zeros are added on each "
                "side, and the window moves by two.",
                PADDING,
            ),
            (1, 8, 14, 14): (
                "Right for a batch of one photo: this question is about one photo without a "
                "batch axis, (channels, rows, columns)."
            ),
            (14, 14): "The size is right: put the number of maps that come out in front of it.",
        },
        hints=(
            "Which number of the layer says how many maps come out?",
            "Use output_side for the two other numbers: n = 28, k = 5, p = 2, s = 2.",
            "predicted_shape = (8, 14, 14)",
        ),
    ),
    prediction(
        "predicted_parameters",
        "Your prediction: the parameters",
        16 * (8 * SLICE + 1),
        difficulty=2,
        minutes=3,
        read=CHANNELS,
        wrong={
            16 * 8 * SLICE: (
                "You counted the weights, but not the biases: one for each output channel."
            ),
            16 * (SLICE + 1): (
                "You gave each kernel one slice: it has one for every input channel, so 8."
            ),
            16 * 8 * (SLICE + 1): (
                "You counted a bias for each slice: the slices' sums are added first, and one "
                "bias per output channel comes on top."
            ),
            16 * (8 * SLICE * 14 * 14 + 1): (
                "You gave every position its own weights: the kernel is shared by all "
                "positions, so the photo's size does not count."
            ),
            8 * SLICE: "You counted one kernel: there are 16 of them, and a bias for each.",
            16 * SLICE: (
                "You gave each kernel one slice and no bias: it has one slice for every input "
                "channel, so 8, and one bias."
            ),
            8 * (16 * SLICE + 1): (
                "You swapped the channels: 16 kernels, each with 8 slices and one bias."
            ),
        },
        hints=(
            "How many weights does one kernel have? How many kernels are there?",
            "One kernel: 8 slices of 3 by 3 weights, and a bias. Then times 16.",
            "predicted_parameters = 16 * (8 * 3 * 3 + 1)",
        ),
    ),
    prediction(
        "predicted_drop",
        "Your prediction: the off-centre camera",
        "c",
        difficulty=2,
        read="lesson.ipynb#An-experiment:-the-off-centre-camera",
        wrong={
            "a": (
                "Most people say so, because the same kernels run over the whole photo: the maps "
                "do move along, but the Linear layer after them has a weight for each position. "
                "Run the next cells."
            ),
            "b": (
                "Pooling tolerates a pixel or so, and no more: run the next cells and see how "
                "steep the curve is."
            ),
        },
        hints=(
            "The convolutions give the same values at shifted positions. What does the layer after "
            "Flatten do with positions?",
            "The Linear layer has its own weight for each of the 7 by 7 positions in each map.",
            'predicted_drop = "c"',
        ),
    ),
]
