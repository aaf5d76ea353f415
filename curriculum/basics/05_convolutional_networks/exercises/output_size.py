"""How large is the output?: right answers, misconceptions and cases of `output_size`."""

from __future__ import annotations

from lepton_course.authoring import Call, Case, exact, exercise
from lepton_course.authoring.wrong_forms import as_float, one_too_few

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
            "Your result is one too small everywhere: the division counts the "
            "steps, but the window also stands at the place before the first step; "
            "add 1."
        ),
        as_float(
            "Your numbers are right, but they are floats, as np.floor and / give "
            "them: a number of windows is whole, so use // or wrap it in int()."
        ),
    ],
)


@sizing.reference
def output_size(size, kernel, stride=1, padding=0, dilation=1):
    last_start = size + 2 * padding - dilation * (kernel - 1) - 1
    return 1 + last_start // stride


@sizing.alternative
def count_starts(size, kernel, stride=1, padding=0, dilation=1):
    reach = (kernel - 1) * dilation
    return len(range(-padding, size + padding - reach, stride))


@sizing.cases
def cases(rng):
    kernel, padding, dilation = int(rng.choice([3, 5])), int(rng.integers(2, 5)), 2
    size = 2 * int(rng.integers(8, 20)) + 1  # odd, so that stride 2 leaves a rest below
    dilated = Case("dilation", (size, kernel, 1, 0, dilation))
    together = Case("everything together", (size + 1, kernel, 2, padding, 3))
    return [
        Case("no padding, stride 1", (28, kernel)),
        Case("padding", (size, kernel, 1, padding)),
        Case("stride", (28, 3, 3)),  # a third of a step is left over, below two thirds:
        Case("stride", (29, 3, 3)),  # so rounding up, down and to the nearest all differ
        Case("stride", (size + 1, kernel, 2, padding)),
        dilated,
        together,
    ]


@sizing.mistake(
    "You rounded up, which counts a last window that hangs over the edge; it is dropped, so round "
    "down with //."
)
def rounded_up(size, kernel, stride=1, padding=0, dilation=1):
    return 1 - -(size + 2 * padding - dilation * (kernel - 1) - 1) // stride


@sizing.mistake(
    "You added the padding once, but it is put on both sides: a row grows by 2 * padding."
)
def padding_on_one_side(size, kernel, stride=1, padding=0, dilation=1):
    return output_size(size + padding, kernel, stride, 0, dilation)


@sizing.mistake(
    "You added the padding to the result, but the frame is put around the image before the window "
    "moves: add it before you divide by the stride."
)
def padding_after_stride(size, kernel, stride=1, padding=0, dilation=1):
    return output_size(size, kernel, stride, 0, dilation) + 2 * padding


@sizing.mistake(
    "You did not use dilation: it spreads the kernel's values apart, so that the window covers "
    "dilation * (kernel - 1) + 1 pixels."
)
def dilation_left_out(size, kernel, stride=1, padding=0, dilation=1):
    return output_size(size, kernel, stride, padding)


@sizing.mistake(
    "You took a window of kernel * dilation pixels, but only the kernel - 1 gaps between its "
    "values grow: it covers dilation * (kernel - 1) + 1."
)
def kernel_times_dilation(size, kernel, stride=1, padding=0, dilation=1):
    return output_size(size, kernel * dilation, stride, padding)


@sizing.mistake(
    "You divided with /, which gives a float and sometimes half a pixel; a number of windows is "
    "whole, so use //."
)
def true_division(size, kernel, stride=1, padding=0, dilation=1):
    return (size + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1


@sizing.mistake(
    "Your stride divides the covered pixels only, because // comes before -: put the difference "
    "in brackets, then divide."
)
def divided_before_subtracting(size, kernel, stride=1, padding=0, dilation=1):
    covered = dilation * (kernel - 1) + 1
    return size + 2 * padding - covered // stride + 1


@sizing.mistake(
    "You divided the row and the window one by one, and rounded twice: subtract first, then "
    "divide what is left once."
)
def divided_separately(size, kernel, stride=1, padding=0, dilation=1):
    covered = dilation * (kernel - 1) + 1
    return (size + 2 * padding) // stride - covered // stride + 1


@sizing.mistake(
    "Your window covers one pixel too few: `dilation * (kernel - 1)` counts the steps from its "
    "first value to its last, and the first one covers a pixel too; add 1."
)
def covered_one_short(size, kernel, stride=1, padding=0, dilation=1):
    return (size + 2 * padding - dilation * (kernel - 1)) // stride + 1


@sizing.mistake("You left the padding out: it makes the row 2 * padding pixels longer.")
def padding_left_out(size, kernel, stride=1, padding=0, dilation=1):
    return output_size(size, kernel, stride, 0, dilation)


@sizing.mistake(
    "You left the stride out: divide the way that the window can go by it, before you add 1."
)
def stride_left_out(size, kernel, stride=1, padding=0, dilation=1):
    return output_size(size, kernel, 1, padding, dilation)


@sizing.mistake(
    "You rounded to the nearest number, which sometimes counts a window that hangs over the edge: "
    "always round down, with //."
)
def rounded_to_nearest(size, kernel, stride=1, padding=0, dilation=1):
    return round((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1


sizing.hints(
    "Draw a row of 7 pixels on paper and move a window of 3 along it in steps of 2. How often can "
    "it start?",
    "The row has size + 2 * padding pixels. The window covers dilation * (kernel - 1) + 1 of "
    "them. What is left is the way that it can go.",
    "Work out three numbers in three lines: the length of the padded row; the pixels that the "
    "spread-out kernel covers; their difference, the way to go. Whole steps of `stride` fit into "
    "that way (//), and the first place, before any step, counts too.",
)
