"""The lesson's small exercises. They earn no points."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, close, exact, exercise
from lepton_course.authoring.wrong_forms import one_too_few

blurring = exercise(
    "blur_kernel",
    title="Try it: a kernel that blurs",
    points=0,
    difficulty=1,
    minutes=3,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#Convolution-by-hand",
)


@blurring.reference
def blur_kernel(size):
    """Equal weights, float array (size, size), that add up to 1."""
    return np.full([size] * 2, size**-2.0)


@blurring.cases
def blur_kernel_cases(rng):
    return [
        Case("3 by 3", (3,)),
        Case("another size", (1,)),
        Case("another size", (4,)),
        Case("another size", (int(rng.choice([5, 7])),)),
    ]


@blurring.mistake(
    "Your weights add up to size * size, so the picture gets that much brighter: divide by size * "
    "size to keep the brightness."
)
def not_divided(right, a):
    return right() * a.size**2


@blurring.mistake("Your weights add up to size, not to 1: there are size * size of them.")
def divided_by_the_side(right, a):
    return right() * a.size


@blurring.mistake("You made one row of weights: the kernel is a square of shape (size, size).")
def one_row(right, a):
    return right().sum(axis=0)


@blurring.mistake("You always divide by 9, which fits 3 by 3 only: divide by size * size.")
def always_nine(right, a):
    return right() * a.size**2 / 9


blurring.hints(
    "To blur is to replace a pixel by the mean of its neighbourhood.",
    "All size * size weights are equal, and they add up to 1.",
    "def blur_kernel(size):\n    return np.ones((size, size)) / size**2",
)


side = exercise(
    "output_side",
    title="Try it: two blanks",
    points=0,
    difficulty=1,
    minutes=5,
    probe=Call(),
    compare=exact(),
    read="lesson.ipynb#Padding-and-stride",
    forms=[
        one_too_few(
            "You counted the steps only: the window's starting position gives an output too, so "
            "add 1."
        ),
    ],
)


@side.reference
def output_side(n, k, p=0, s=1):
    """Side of the output, an int: n pixels, kernel k, padding p on each side, stride s."""
    return len(range(0, n + p + p - k + 1, s))


@side.cases
def output_side_cases(rng):
    k = int(rng.choice([3, 5]))
    n = 2 * int(rng.integers(10, 20))
    return [
        Case("padding", (28, k, 2)),
        Case("padding", (n + 1, k + 1, 1)),
        Case("stride", (28, k), {"s": 2}),
        Case("stride", (17, 4), {"s": 3}),
        Case("stride", (n + 1, 1), {"s": 2}),
        Case("padding and stride", (n, k, 3, 2)),
        Case("padding and stride", (n + 3, 2, 1, 4)),
    ]


@side.mistake(
    "You counted the padding once, but there are zeros on both sides: the row grows by 2 * p."
)
def padding_once(right, a):
    return right(n=a.n + a.p, p=0)


@side.mistake(
    "The padding is in the room already: at the end add 1, for the window's starting position."
)
def p_at_the_end(right, a):
    return right() - 1 + a.p


@side.mistake("You left the padding out: it makes the row 2 * p pixels longer.")
def no_padding(right, a):
    return right(p=0)


side.hints(
    "How many pixels does a padding of p add to one row? It has a left and a right.",
    "room // s counts the steps. A window that takes no step still gives one output.",
    "def output_side(n, k, p=0, s=1):\n    room = n + 2 * p - k\n    return room // s + 1",
)


seeing = exercise(
    "receptive_field",
    title="Try it: the receptive field",
    points=0,
    difficulty=2,
    minutes=10,
    probe=Call(),
    compare=exact(),
    read="lesson.ipynb#Receptive-field",
    forms=[
        one_too_few(
            "Your result is one too small everywhere: before any layer, a value "
            "sees one pixel, itself; start at 1."
        ),
    ],
)


@seeing.reference
def receptive_field(layers):
    """Side, in pixels (an int), of what one output sees. layers: pairs (kernel, stride)."""
    seen = 1
    for kernel, stride in layers[::-1]:
        seen = kernel + stride * (seen - 1)
    return seen


@seeing.cases
def receptive_field_cases(rng):
    a, b = (int(k) for k in rng.permutation([3, 5]))
    return [
        Case("one layer", ([(a, 1)],)),
        Case("two layers without stride", ([(a, 1), (b, 1)],)),
        Case("with pooling", ([(a, 1), (2, 2), (b, 1)],)),
        Case("with pooling", ([(3, 1), (2, 2), (b, 1), (2, 2), (3, 1)],)),
    ]


@seeing.mistake(
    "You added up the kernels: neighbouring windows overlap, so a layer adds only kernel - 1 steps "
    "to the field, which begins at 1."
)
def kernels_added(layers):
    return sum(kernel for kernel, _ in layers)


@seeing.mistake(
    "You did not use the strides: after a layer with stride 2, a step of one pixel in the map is "
    "a step of two pixels in the photo."
)
def strides_left_out(right, a):
    return right(layers=[(kernel, 1) for kernel, _ in a.layers])


@seeing.mistake(
    "You multiplied by a layer's own stride before you added its kernel: the stride spreads the "
    "windows of the layers that come after, not its own pixels."
)
def own_stride_first(layers):
    field, step = 1, 1
    for kernel, stride in layers:
        step *= stride
        field += (kernel - 1) * step
    return field


@seeing.mistake(
    "You ran the recursion in the wrong direction: kernel + stride * (field - 1) goes from the "
    "last layer back to the photo."
)
def from_the_wrong_end(right, a):
    return right(layers=a.layers[::-1])


@seeing.mistake(
    "You multiplied the kernels: two layers of 3 by 3 see 5 by 5 pixels, not 9 by 9, because "
    "their windows overlap."
)
def kernels_multiplied(layers):
    return int(np.prod([kernel for kernel, _ in layers]))


seeing.hints(
    "Keep two numbers: how many pixels are seen so far, and how many pixels of the photo lie "
    "between two neighbours of the current map.",
    "Both begin at 1. A layer widens the field by (kernel - 1) steps; afterwards its stride makes "
    "the steps longer.",
    "def receptive_field(layers):\n"
    "    field, step = 1, 1\n"
    "    for kernel, stride in layers:\n"
    "        field = field + (kernel - 1) * step\n"
    "        step = step * stride\n"
    "    return field",
)
