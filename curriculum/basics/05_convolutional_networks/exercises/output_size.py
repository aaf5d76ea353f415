"""How large is the output?: right answers, misconceptions and cases of `output_size`."""

from __future__ import annotations

from lepton_course.exercises import (
    Call,
    Case,
    Exercise,
    Misconception,
    exact,
)

PADDING = "lesson.ipynb#Padding-and-stride"


def output_size(size, kernel, stride=1, padding=0, dilation=1):
    last_start = size + 2 * padding - dilation * (kernel - 1) - 1
    return 1 + last_start // stride


def count_starts(size, kernel, stride=1, padding=0, dilation=1):
    reach = (kernel - 1) * dilation
    return len(range(-padding, size + padding - reach, stride))


def rounded_up(size, kernel, stride=1, padding=0, dilation=1):
    return 1 - -(size + 2 * padding - dilation * (kernel - 1) - 1) // stride


def without_the_first(size, kernel, stride=1, padding=0, dilation=1):
    return output_size(size, kernel, stride, padding, dilation) - 1


def padded_on_one_side(size, kernel, stride=1, padding=0, dilation=1):
    return output_size(size + padding, kernel, stride, 0, dilation)


def padded_after_stride(size, kernel, stride=1, padding=0, dilation=1):
    return output_size(size, kernel, stride, 0, dilation) + 2 * padding


def without_dilation(size, kernel, stride=1, padding=0, dilation=1):
    return output_size(size, kernel, stride, padding)


def kernel_times_dilation(size, kernel, stride=1, padding=0, dilation=1):
    return output_size(size, kernel * dilation, stride, padding)


def true_division(size, kernel, stride=1, padding=0, dilation=1):
    return (size + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1


def divided_before_subtracting(size, kernel, stride=1, padding=0, dilation=1):
    covered = dilation * (kernel - 1) + 1
    return size + 2 * padding - covered // stride + 1


def divided_separately(size, kernel, stride=1, padding=0, dilation=1):
    covered = dilation * (kernel - 1) + 1
    return (size + 2 * padding) // stride - covered // stride + 1


def covered_one_short(size, kernel, stride=1, padding=0, dilation=1):
    return (size + 2 * padding - dilation * (kernel - 1)) // stride + 1


def size_without_padding(size, kernel, stride=1, padding=0, dilation=1):
    return output_size(size, kernel, stride, 0, dilation)


def size_without_stride(size, kernel, stride=1, padding=0, dilation=1):
    return output_size(size, kernel, 1, padding, dilation)


def rounded_to_nearest(size, kernel, stride=1, padding=0, dilation=1):
    return round((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1


def rounded_down_to_a_float(size, kernel, stride=1, padding=0, dilation=1):
    return float(output_size(size, kernel, stride, padding, dilation))


def output_size_cases(rng):
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


EXERCISE = Exercise(
    name="output_size",
    title="How large is the output?",
    points=2,
    difficulty=1,
    minutes=10,
    reference=output_size,
    cases=output_size_cases,
    probe=Call(),
    compare=exact(),
    alternatives=[count_starts],
    read=PADDING,
    misconceptions=[
        Misconception(
            "rounded up",
            rounded_up,
            "You rounded up, which counts a last window that hangs over the edge; "
            "it is dropped, so round down with //.",
        ),
        Misconception(
            "no + 1",
            without_the_first,
            "Your result is one too small everywhere: the division counts the steps, but the "
            "window also stands at the place before the first step; add 1.",
        ),
        Misconception(
            "padding on one side",
            padded_on_one_side,
            "You added the padding once, but it is put on both sides: a row grows by 2 * padding.",
        ),
        Misconception(
            "padding after stride",
            padded_after_stride,
            "You added the padding to the result, but the frame is put around the image "
            "before the window moves: add it before you divide by the stride.",
        ),
        Misconception(
            "dilation left out",
            without_dilation,
            "You did not use dilation: it spreads the kernel's values apart, so that the "
            "window covers dilation * (kernel - 1) + 1 pixels.",
        ),
        Misconception(
            "kernel times dilation",
            kernel_times_dilation,
            "You took a window of kernel * dilation pixels, but only the kernel - 1 gaps "
            "between its values grow: it covers dilation * (kernel - 1) + 1.",
        ),
        Misconception(
            "true division",
            true_division,
            "You divided with /, which gives a float and sometimes half a pixel; "
            "a number of windows is whole, so use //.",
        ),
        Misconception(
            "divided before subtracting",
            divided_before_subtracting,
            "Your stride divides the covered pixels only, because // comes before -: put the "
            "difference in brackets, then divide.",
        ),
        Misconception(
            "divided separately",
            divided_separately,
            "You divided the row and the window one by one, and rounded twice: subtract "
            "first, then divide what is left once.",
        ),
        Misconception(
            "covered one short",
            covered_one_short,
            "Your window covers one pixel too few: `dilation * (kernel - 1)` counts the "
            "steps from its first value to its last, and the first one covers a pixel too; "
            "add 1.",
        ),
        Misconception(
            "padding left out",
            size_without_padding,
            "You left the padding out: it makes the row 2 * padding pixels longer.",
        ),
        Misconception(
            "stride left out",
            size_without_stride,
            "You left the stride out: divide the way that the window can go by it, before "
            "you add 1.",
        ),
        Misconception(
            "rounded to nearest",
            rounded_to_nearest,
            "You rounded to the nearest number, which sometimes counts a window that hangs "
            "over the edge: always round down, with //.",
        ),
        Misconception(
            "float",
            rounded_down_to_a_float,
            "Your numbers are right, but they are floats, as np.floor and / give them: a "
            "number of windows is whole, so use // or wrap it in int().",
        ),
    ],
    hints=(
        "Draw a row of 7 pixels on paper and move a window of 3 along it in steps of 2. "
        "How often can it start?",
        "The row has size + 2 * padding pixels. The window covers "
        "dilation * (kernel - 1) + 1 of them. What is left is the way that it can go.",
        "Work out three numbers in three lines: the length of the padded row; the pixels "
        "that the spread-out kernel covers; their difference, the way to go. Whole steps of "
        "`stride` fit into that way (//), and the first place, before any step, counts too.",
    ),
)
