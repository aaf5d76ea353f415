"""The lesson's small exercises. They earn no points."""

from __future__ import annotations

import numpy as np

from lepton_course.exercises import (
    Call,
    Case,
    Exercise,
    Misconception,
    close,
    exact,
)

BY_HAND = "lesson.ipynb#Convolution-by-hand"


PADDING = "lesson.ipynb#Padding-and-stride"


FIELD = "lesson.ipynb#Receptive-field"


def blur_kernel(size):
    return np.full([size] * 2, size**-2.0)


def ones_kernel(size):
    return np.ones((size, size))


def divided_by_side(size):
    return np.ones((size, size)) / size


def one_row(size):
    return np.full(size, 1 / size)


def one_size(size):
    return np.ones((size, size)) / 9


def output_side(n, k, p=0, s=1):
    return len(range(0, n + p + p - k + 1, s))


def side_padded_once(n, k, p=0, s=1):
    return output_side(n + p, k, 0, s)


def side_minus_one(n, k, p=0, s=1):
    return output_side(n, k, p, s) - 1


def side_plus_padding(n, k, p=0, s=1):
    return output_side(n, k, p, s) - 1 + p


def side_without_padding(n, k, p=0, s=1):
    return output_side(n, k, 0, s)


def receptive_field(layers):
    seen = 1
    for kernel, stride in layers[::-1]:
        seen = kernel + stride * (seen - 1)
    return seen


def began_at_nothing(layers):
    return receptive_field(layers) - 1


def kernels_added(layers):
    return sum(kernel for kernel, _ in layers)


def strides_left_out(layers):
    return receptive_field([(kernel, 1) for kernel, _ in layers])


def own_stride_first(layers):
    field, step = 1, 1
    for kernel, stride in layers:
        step *= stride
        field += (kernel - 1) * step
    return field


def field_from_the_front(layers):
    return receptive_field(layers[::-1])


def kernels_multiplied(layers):
    return int(np.prod([kernel for kernel, _ in layers]))


def blur_kernel_cases(rng):
    return [Case("3 by 3", (3,)), Case("another size", (int(rng.choice([5, 7])),))]


def output_side_cases(rng):
    k = int(rng.choice([3, 5]))
    return [
        Case("a frame of zeros", (28, k, 2)),
        Case("steps of two", (28, k), {"s": 2}),
        Case("both", (int(rng.integers(20, 40)), k, 3, 2)),
    ]


def receptive_field_cases(rng):
    a, b = (int(k) for k in rng.permutation([3, 5]))
    return [
        Case("one layer", ([(a, 1)],)),
        Case("two layers without stride", ([(a, 1), (b, 1)],)),
        Case("with pooling", ([(a, 1), (2, 2), (b, 1)],)),
        Case("with pooling", ([(3, 1), (2, 2), (b, 1), (2, 2), (3, 1)],)),
    ]


EXERCISES = [
    Exercise(
        name="blur_kernel",
        title="Try it: a kernel that blurs",
        points=0,
        difficulty=1,
        minutes=3,
        reference=blur_kernel,
        cases=blur_kernel_cases,
        probe=Call(),
        compare=close(),
        read=BY_HAND,
        misconceptions=[
            Misconception(
                "not divided",
                ones_kernel,
                "Your weights add up to size * size, so the picture gets that much brighter: "
                "divide by it, and the brightness stays.",
            ),
            Misconception(
                "divided by the side",
                divided_by_side,
                "Your weights add up to size, not to 1: there are size * size of them.",
            ),
            Misconception(
                "one row",
                one_row,
                "You made one row of weights: the kernel is a square of shape (size, size).",
            ),
            Misconception(
                "always nine",
                one_size,
                "You always divide by 9, which suits 3 by 3 only: divide by size * size.",
            ),
        ],
        hints=(
            "To blur is to replace a pixel by the mean of its neighbourhood.",
            "All size * size weights are equal, and they add up to 1.",
            "def blur_kernel(size):\n    return np.ones((size, size)) / size**2",
        ),
    ),
    Exercise(
        name="output_side",
        title="Try it: two blanks",
        points=0,
        difficulty=1,
        minutes=5,
        reference=output_side,
        cases=output_side_cases,
        probe=Call(),
        compare=exact(),
        read=PADDING,
        misconceptions=[
            Misconception(
                "padding once",
                side_padded_once,
                "You counted the padding once, but the frame has two sides: "
                "the row grows by 2 * p.",
            ),
            Misconception(
                "no + 1",
                side_minus_one,
                "You counted the steps: the window also stands at the place before the first step, "
                "so add 1.",
            ),
            Misconception(
                "p at the end",
                side_plus_padding,
                "The padding is in the room already: at the end only the first place is missing.",
            ),
            Misconception(
                "no padding",
                side_without_padding,
                "You left the padding out: it makes the row 2 * p pixels longer.",
            ),
        ],
        hints=(
            "How many pixels does a frame of width p add to one row? It has a left and a right.",
            "room // s counts the steps. A window that makes no step still stands somewhere.",
            "def output_side(n, k, p=0, s=1):\n    room = n + 2 * p - k\n    return room // s + 1",
        ),
    ),
    Exercise(
        name="receptive_field",
        title="Try it: the receptive field",
        points=0,
        difficulty=2,
        minutes=10,
        reference=receptive_field,
        cases=receptive_field_cases,
        probe=Call(),
        compare=exact(),
        read=FIELD,
        misconceptions=[
            Misconception(
                "kernels added",
                kernels_added,
                "You added the kernels up: neighbouring windows overlap, so a layer adds only "
                "kernel - 1 steps to the field, which begins at 1.",
            ),
            Misconception(
                "strides left out",
                strides_left_out,
                "You did not use the strides: after a layer with stride 2, a step of one pixel in "
                "the map is a step of two pixels in the photo.",
            ),
            Misconception(
                "own stride first",
                own_stride_first,
                "You multiplied by a layer's own stride before you added its kernel: the stride "
                "spreads the windows of the layers that come after, not its own pixels.",
            ),
            Misconception(
                "from the wrong end",
                field_from_the_front,
                "You used the recursion in the wrong direction: kernel + stride * (field - 1) "
                "walks from the last layer back to the photo.",
            ),
            Misconception(
                "kernels multiplied",
                kernels_multiplied,
                "You multiplied the kernels: two layers of 3 by 3 see 5 by 5 pixels, not 9 by 9, "
                "because their windows overlap.",
            ),
            Misconception(
                "begun at 0",
                began_at_nothing,
                "Your result is one too small everywhere: before any layer, a value sees one "
                "pixel, itself; begin at 1.",
            ),
        ],
        hints=(
            "Keep two numbers: how many pixels are seen so far, and how many pixels of the photo "
            "lie between two neighbours of the current map.",
            "Both begin at 1. A layer widens the field by (kernel - 1) steps; afterwards its "
            "stride makes the steps longer.",
            "def receptive_field(layers):\n    field, step = 1, 1\n"
            "    for kernel, stride in layers:\n"
            "        field = field + (kernel - 1) * step\n        step = step * stride\n"
            "    return field",
        ),
    ),
]
