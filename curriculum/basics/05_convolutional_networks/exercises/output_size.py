"""How large is the output?: the exercise `output_size`."""

from __future__ import annotations

from lepton_course.authoring import Call, Case, exact, exercise
from lepton_course.authoring.wrong_forms import one_too_few

sizing = exercise(
    "output_size",
    title="How large is the output?",
    points=2,
    difficulty=1,
    minutes=10,
    probe=Call(),
    compare=exact(),
    read="lesson.ipynb#Padding-and-stride",
    forms=[
        one_too_few(
            "Your result is one too small everywhere: the division counts the steps, but the "
            "window also stands where it starts; add 1."
        ),
    ],
)


@sizing.reference
def output_size(size, kernel, stride=1, padding=0, dilation=1):
    """Side of a convolution's output, an int.

    size, kernel, padding and dilation are in pixels of the input, stride in pixels per step.
    Source: Dumoulin and Visin, arXiv:1603.07285, relationship 15.
    """
    last_start = size + 2 * padding - dilation * (kernel - 1) - 1
    return 1 + last_start // stride


@sizing.alternative
def count_starts(size, kernel, stride=1, padding=0, dilation=1):
    reach = (kernel - 1) * dilation
    return len(range(-padding, size + padding - reach, stride))


@sizing.cases
def cases(rng):
    odd = int(rng.choice([3, 5]))
    even = odd + 1
    size = 2 * int(rng.integers(9, 20))  # even: a stride of 2 leaves a pixel over below
    return [
        Case("no padding, stride 1", (28, odd)),
        Case("no padding, stride 1", (size + 1, even)),
        Case("no padding, stride 1", (1, 1)),
        Case("padding", (size, odd, 1, 1)),
        Case("padding", (size + 3, even, 1, int(rng.integers(2, 5)))),
        Case("stride", (28, 3, 3)),  # a third of a step is left over, below two thirds:
        Case("stride", (29, 3, 3)),  # so rounding up, down and to the nearest all differ
        Case("stride", (size, odd, 2)),
        Case("stride", (size + 1, 2, 4)),
        Case("dilation", (size, odd, 1, 0, 2)),
        Case("dilation", (size + 1, even, 1, 0, 3)),
        Case("dilation", (size, 1, 1, 0, 4)),
        Case("everything together", (size, odd, 2, 2, 3)),
        Case("everything together", (size + 1, odd, 2, 3, 3)),
        Case("everything together", (size + 1, even, 2, 1, 2)),
    ]


def _room(a):
    """How far the window can move along the padded row, in pixels."""
    return a.size + 2 * a.padding - a.dilation * (a.kernel - 1) - 1


padding_mistakes = sizing.group("Padding")


@padding_mistakes.mistake("You left the padding out: it makes the row 2 * padding pixels longer.")
def padding_left_out(right, a):
    return right(padding=0)


@padding_mistakes.mistake(
    "You added the padding once, but there are zeros on both sides: a row grows by 2 * padding."
)
def padding_on_one_side(right, a):
    return right(size=a.size + a.padding, padding=0)


@padding_mistakes.mistake(
    "You added the padding to the result, but it is put around the image before the window moves: "
    "add 2 * padding to size before you divide by the stride."
)
def padding_after_stride(right, a):
    return right(padding=0) + 2 * a.padding


stride_mistakes = sizing.group("Stride and rounding")


@stride_mistakes.mistake(
    "You left the stride out: divide the distance that the window can move by it, then add 1."
)
def stride_left_out(right, a):
    return right(stride=1)


@stride_mistakes.mistake(
    "You rounded up, which counts a last window that hangs over the edge; PyTorch drops it, so "
    "round down with //."
)
def rounded_up(right, a):
    return 1 - (-_room(a) // a.stride)


@stride_mistakes.mistake(
    "You rounded to the nearest integer, which sometimes counts a window that hangs over the edge: "
    "always round down, with //."
)
def rounded_to_nearest(right, a):
    return 1 + round(_room(a) / a.stride)


@stride_mistakes.mistake(
    "You divided with /, which gives a float and sometimes a fraction of a window: divide with //, "
    "which rounds down and keeps integers."
)
def true_division(right, a):
    return 1 + _room(a) / a.stride


@stride_mistakes.mistake(
    "You added 1 before dividing: size + 2 * padding - covered is the distance that the window can "
    "move; divide it by the stride first, then add 1 for the place where the window starts."
)
def one_added_before_dividing(right, a):
    return (_room(a) + 1) // a.stride


@stride_mistakes.mistake(
    "Only the kernel is divided by the stride, because // binds tighter than -: put the difference "
    "in brackets, then divide."
)
def divided_before_subtracting(right, a):
    covered = a.dilation * (a.kernel - 1) + 1
    return a.size + 2 * a.padding - covered // a.stride + 1


@stride_mistakes.mistake(
    "You divided the row and the kernel separately, and so rounded twice: subtract first, then "
    "divide the difference once."
)
def divided_separately(right, a):
    covered = a.dilation * (a.kernel - 1) + 1
    return (a.size + 2 * a.padding) // a.stride - covered // a.stride + 1


dilation_mistakes = sizing.group("Dilation")


@dilation_mistakes.mistake(
    "You did not use dilation: it spreads the kernel's values apart, so that the kernel covers "
    "dilation * (kernel - 1) + 1 pixels."
)
def dilation_left_out(right, a):
    return right(dilation=1)


@dilation_mistakes.mistake(
    "You took a kernel of kernel * dilation pixels, but only the kernel - 1 gaps between its "
    "values grow: it covers dilation * (kernel - 1) + 1 pixels."
)
def kernel_times_dilation(right, a):
    return right(kernel=a.kernel * a.dilation, dilation=1)


@dilation_mistakes.mistake(
    "Your kernel covers one pixel too few: `dilation * (kernel - 1)` is the distance from its "
    "first value to its last, and the first one covers a pixel too; add 1."
)
def covered_one_short(right, a):
    return 1 + (_room(a) + 1) // a.stride


sizing.hints(
    "Draw a row of 7 pixels on paper and move a window of 3 along it in steps of 2. How often can "
    "it start?",
    "The padded row has size + 2 * padding pixels. The kernel covers dilation * (kernel - 1) + 1 "
    "of them. The difference is the distance that the window can move.",
    "Work out three numbers in three lines: the length of the padded row; the pixels that the "
    "dilated kernel covers; their difference, the distance to move. Whole steps of `stride` fit "
    "into that distance (//), and the place where the window starts counts too.",
)
