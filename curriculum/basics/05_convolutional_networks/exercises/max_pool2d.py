"""Max pooling: right answers, misconceptions and cases of `max_pool2d`."""

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
    minutes=15,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#Pooling",
)


@pooling.reference
def max_pool2d(maps, size, stride=None, padding=0):
    step = size if stride is None else stride
    border = [(0, 0), (0, 0), (padding, padding), (padding, padding)]
    framed = np.pad(maps, border, constant_values=-np.inf)
    tiles = sliding_window_view(framed, (size, size), axis=(2, 3))[:, :, ::step, ::step]
    return tiles.max(axis=(4, 5))


@pooling.alternative
def pool_via_torch(maps, size, stride=None, padding=0):
    return functional.max_pool2d(torch.as_tensor(maps), size, stride, padding).numpy()


@pooling.cases
def cases(rng):
    def numbers(*shape):  # half of them below 0, all different
        values = np.arange(np.prod(shape)) - np.prod(shape) // 2
        return rng.permutation(values).astype(float).reshape(shape)

    below_zero = -1.0 - np.abs(numbers(1, 1, 4, 4))
    magnitude = numbers(1, 1, 4, 4)
    magnitude[0, 0, :2, :2] = [[-30.0, 2.0], [1.0, -3.0]]
    return [
        Case("windows side by side", (magnitude, 2)),
        Case("windows side by side", (numbers(2, 3, 4, 6), 2)),
        Case("windows that overlap", (numbers(1, 1, 5, 5), 3, 1)),
        Case("sides that leave a rest", (numbers(1, 2, 5, 7), 2)),
        Case("padding", (below_zero, 2, 2, 1)),
        Case("padding", (numbers(1, 2, 6, 6), 3, 2, 1)),
    ]


@pooling.mistake(
    "You padded with zeros: where all pixels are negative, the padding itself wins and a value "
    "appears that was never there; pad with -np.inf."
)
def padded_with_zeros(maps, size, stride=None, padding=0):
    framed = np.pad(maps, [(0, 0), (0, 0), (padding, padding), (padding, padding)])
    return max_pool2d(framed, size, stride)


@pooling.mistake("You took the mean of each window: max pooling keeps the largest value.")
def average_pool(maps, size, stride=None, padding=0):
    return functional.avg_pool2d(torch.as_tensor(maps), size, stride, padding).numpy()


@pooling.mistake(
    "Without a stride your window moves by one pixel: for pooling the default stride is the "
    "window's own size."
)
def stride_1_by_default(maps, size, stride=None, padding=0):
    return max_pool2d(maps, size, stride or 1, padding)


@pooling.mistake(
    "Your window always moves by its own size: use stride when it is given, and size only when it "
    "is None."
)
def stride_not_used(maps, size, stride=None, padding=0):
    return max_pool2d(maps, size, None, padding)


@pooling.mistake(
    "You took the largest value over all channels, so only one map is left: each channel is "
    "pooled on its own, and their number stays."
)
def across_channels(maps, size, stride=None, padding=0):
    return max_pool2d(maps, size, stride, padding).max(axis=1, keepdims=True)


@pooling.mistake(
    "You compared absolute values, so -30 beats 2: the maximum is the largest number, with its "
    "sign."
)
def largest_magnitude(maps, size, stride=None, padding=0):
    high, low = (max_pool2d(sign * maps, size, stride, padding) for sign in (1, -1))
    return np.maximum(high, low)


@pooling.mistake(
    "All your maps are alike: .max() without axes looks at all photos and channels together; take "
    "it over the window's two axes only, axis=(2, 3)."
)
def one_maximum_for_all_maps(maps, size, stride=None, padding=0):
    pooled = max_pool2d(maps, size, stride, padding)
    return np.zeros(pooled.shape) + pooled.max(axis=(0, 1))


@pooling.mistake(
    "Your output has the right size, but its window moves by one pixel: output [i, j] looks at "
    "the map from row i * stride, column j * stride."
)
def steps_of_one(maps, size, stride=None, padding=0):
    rows, columns = max_pool2d(maps, size, stride, padding).shape[2:]
    return max_pool2d(maps, size, 1, padding)[:, :, :rows, :columns]


@pooling.mistake(
    "Where all values of a window are negative you give 0: your search for the largest begins at "
    "0; begin at -np.inf, or take .max() of the window."
)
def began_at_zero(maps, size, stride=None, padding=0):
    return np.maximum(max_pool2d(maps, size, stride, padding), 0)


padding_mistakes = pooling.group("Padding and stride", read="lesson.ipynb#Padding-and-stride")


@padding_mistakes.mistake(
    "You kept the incomplete windows at the right and lower edge: here, as in PyTorch, a window "
    "that does not fit is dropped; round the size down."
)
def kept_the_rest(maps, size, stride=None, padding=0):
    pooled = functional.max_pool2d(torch.as_tensor(maps), size, stride, padding, ceil_mode=True)
    return pooled.numpy()


@padding_mistakes.mistake("You left out the padding: put a frame of -np.inf around each map first.")
def padding_not_used(maps, size, stride=None, padding=0):
    return max_pool2d(maps, size, stride)


@padding_mistakes.mistake(
    "np.pad(maps, padding) pads every axis, so there are photos and channels that nobody gave "
    "you: name the widths, (0, 0) twice and (padding, padding) twice."
)
def all_axes_padded(maps, size, stride=None, padding=0):
    return max_pool2d(np.pad(maps, padding, constant_values=-np.inf), size, stride)


pooling.hints(
    "A window and a step, as in a convolution, but no kernel: what is done with the window "
    "instead?",
    "Choose the stride first (None means size). Pad the last two axes with -np.inf. The output's "
    "sides come from the formula for a convolution with kernel = size.",
    "For output row i and column j take maps[:, :, i * stride : i * stride + size, j * stride : j "
    "* stride + size] of the padded maps. Its maximum over the axes 2 and 3 has shape (N, C), and "
    "belongs at result[:, :, i, j].",
)
