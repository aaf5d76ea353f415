"""Max pooling: the exercise `max_pool2d`."""

from __future__ import annotations

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from torch.nn import functional

from lepton_course.authoring import Call, Case, close, exercise

pooling = exercise(
    "max_pool2d",
    title="Max pooling",
    points=2,
    difficulty=2,
    minutes=10,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#Pooling",
)


@pooling.reference
def max_pool2d(maps, size, stride=None, padding=0):
    """Largest value of each size by size window: maps (N, C, H, W) to a float array (N, C, H', W').

    size, stride and padding in pixels; padding never wins, and without a stride windows lie side
    by side. H' = (H + 2 * padding - size) // stride + 1, W' likewise.
    Source: the documentation of torch.nn.MaxPool2d.
    """
    step = size if stride is None else stride
    padded = _padded(maps, padding, -np.inf)
    tiles = sliding_window_view(padded, (size, size), axis=(2, 3))[:, :, ::step, ::step]
    return tiles.max(axis=(4, 5))


def _padded(maps, padding, value):
    """maps (N, C, H, W) with so many pixels of a value on each side of every map."""
    widths = [(0, 0), (0, 0), (padding, padding), (padding, padding)]
    return np.pad(maps, widths, constant_values=value)


@pooling.alternative
def pool_via_torch(maps, size, stride=None, padding=0):
    return functional.max_pool2d(torch.as_tensor(maps), size, stride, padding).numpy()


@pooling.cases
def cases(rng):
    def numbers(*shape):  # half of them below 0, all different, some of them whole
        values = np.arange(np.prod(shape)) - np.prod(shape) // 2
        return rng.permutation(values).reshape(shape) * 1.3

    below_zero = -1 - np.abs(numbers(1, 1, 4, 6))
    magnitude = numbers(1, 1, 4, 4)
    magnitude[0, 0, :2, :2] = [[-30.4, 2.1], [1.3, -3.2]]
    return [
        Case("windows side by side", (magnitude, 2)),
        Case("windows side by side", (numbers(2, 3, 4, 6), 2)),
        Case("windows side by side", (numbers(1, 2, 3, 2), 1)),
        Case("windows that overlap", (numbers(1, 1, 5, 6), 3, 1)),
        Case("windows that overlap", (numbers(3, 1, 6, 5), 3, 2)),
        Case("sides that leave a remainder", (numbers(1, 2, 5, 7), 2)),
        Case("sides that leave a remainder", (numbers(1, 1, 8, 6), 2, 3)),
        Case("padding", (below_zero, 2, 2, 1)),
        Case("padding", (below_zero * 1e30, 3, 2, 1)),
        Case("padding", (numbers(1, 2, 6, 5), 3, None, 1)),
        Case("padding", (numbers(2, 1, 5, 6), 5, 3, 2)),
    ]


@pooling.mistake("You took the mean of each window: max pooling keeps the largest value.")
def average_pool(right, a):
    maps = torch.as_tensor(a.maps)
    return functional.avg_pool2d(maps, a.size, a.stride, a.padding).numpy()


@pooling.mistake("You compared absolute values: the maximum is the largest number, with its sign.")
def largest_magnitude(right, a):
    high, low = right(), right(maps=-a.maps)
    return np.maximum(high, low)


@pooling.mistake(
    "Where all values of a window are negative you return 0: your search for the largest starts at "
    "0; start at -np.inf, or take .max() of the window."
)
def began_at_zero(right, a):
    return np.maximum(right(), 0)


@pooling.mistake(
    "All your maps are the same: .max() without axes looks at all photos and channels together; "
    "take it over the window's two axes only, axis=(2, 3)."
)
def one_maximum_for_all_maps(right, a):
    pooled = right()
    return np.broadcast_to(pooled.max(axis=(0, 1)), pooled.shape)


@pooling.mistake(
    "You took the largest value over all channels, so only one map is left: each channel is "
    "pooled on its own, and their number stays."
)
def across_channels(right, a):
    return right().max(axis=1, keepdims=True)


stride_mistakes = pooling.group("Stride", read="lesson.ipynb#Padding-and-stride")


@stride_mistakes.mistake(
    "Without a stride your window moves by one pixel: for pooling the default stride is the "
    "window's own size."
)
def stride_1_by_default(right, a):
    return right(stride=a.stride or 1)


@stride_mistakes.mistake(
    "Your window always moves by its own size: use stride when it is given, and size only when it "
    "is None."
)
def stride_not_used(right, a):
    return right(stride=None)


@stride_mistakes.mistake(
    "Your output has the right size, but the window moves by one pixel: output [i, j] looks at "
    "the padded map from row i * stride, column j * stride."
)
def steps_of_one(right, a):
    rows, columns = right().shape[2:]
    return right(stride=1)[:, :, :rows, :columns]


@stride_mistakes.mistake(
    "You kept the incomplete windows at the right and lower edge: here, as in PyTorch, a window "
    "that does not fit is dropped; round the size down."
)
def kept_the_rest(right, a):
    maps = torch.as_tensor(a.maps)
    return functional.max_pool2d(maps, a.size, a.stride, a.padding, ceil_mode=True).numpy()


padding_mistakes = pooling.group("Padding", read="lesson.ipynb#Padding-and-stride")


@padding_mistakes.mistake(
    "You padded with zeros: where all pixels of a window are negative, the padding wins and a "
    "value appears that was never there; pad with -np.inf."
)
def padded_with_zeros(right, a):
    return right(maps=_padded(a.maps, a.padding, 0), padding=0)


@padding_mistakes.mistake(
    "You padded with a low number: maps may hold lower ones, and then the padding wins; pad with "
    "-np.inf."
)
def padded_with_a_low_number(right, a):
    return right(maps=_padded(a.maps, a.padding, -1e9), padding=0)


@padding_mistakes.mistake("You left out the padding: put -np.inf around each map first.")
def padding_not_used(right, a):
    return right(padding=0)


@padding_mistakes.mistake(
    "np.pad(maps, padding) pads every axis, so it adds photos and channels that were not there: "
    "give the widths, (0, 0) twice and (padding, padding) twice."
)
def all_axes_padded(right, a):
    return right(maps=np.pad(a.maps, a.padding, constant_values=-np.inf), padding=0)


pooling.hints(
    "A window and a step, as in a convolution, but no kernel: what do you do with the window "
    "instead?",
    "Choose the stride first (None means size). Pad the last two axes with -np.inf. The output's "
    "sides come from the formula for a convolution with kernel = size.",
    "For output row i and column j take maps[:, :, i * stride : i * stride + size, j * stride : j "
    "* stride + size] of the padded maps. Its maximum over the axes 2 and 3 has shape (N, C), and "
    "belongs at result[:, :, i, j].",
)
