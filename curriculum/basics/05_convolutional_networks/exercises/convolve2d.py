"""Convolution with channels: right answers, misconceptions and cases of `convolve2d`."""

from __future__ import annotations

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from torch.nn import functional

from lepton_course.authoring import Call, Case, close, exercise

convolution = exercise(
    "convolve2d",
    title="Convolution with channels",
    points=3,
    difficulty=3,
    minutes=20,
    probe=Call(),
    compare=close(atol=1e-6),
    read="lesson.ipynb#Convolution-by-hand",
)


@convolution.reference
def convolve2d(image, kernels, stride=1, padding=0):
    framed = np.pad(image, [(0, 0), (padding, padding), (padding, padding)])
    windows = sliding_window_view(framed, kernels.shape[2:], axis=(1, 2))
    return np.einsum("cijab,ocab->oij", windows[:, ::stride, ::stride], kernels)


@convolution.alternative
def via_torch(image, kernels, stride=1, padding=0):
    batch, weight = torch.as_tensor(image)[None], torch.as_tensor(kernels)
    return functional.conv2d(batch, weight, stride=stride, padding=padding)[0].numpy()


@convolution.alternative
def via_unfold(image, kernels, stride=1, padding=0):
    columns = functional.unfold(
        torch.as_tensor(image)[None], kernels.shape[2:], padding=padding, stride=stride
    )[0].numpy()
    flat = kernels.reshape(len(kernels), -1) @ columns
    rows = 1 + (image.shape[1] + 2 * padding - kernels.shape[2]) // stride
    return flat.reshape(len(kernels), rows, -1)


@convolution.cases
def cases(rng):
    def numbers(*shape):  # whole numbers without 0, so that a case can be checked on paper
        return (rng.integers(1, 6, size=shape) * rng.choice([-1, 1], size=shape)).astype(float)

    def kernels(*shape):  # never equal to its own mirror image or transpose
        values = rng.permuted(np.tile(np.arange(1.0, 10.0), (shape[0] * shape[1], 1)), axis=1)
        return values[:, : shape[2] * shape[3]].reshape(shape)

    return [
        Case("one channel", (numbers(1, 3, 4), kernels(1, 1, 2, 2))),
        Case("several channels", (numbers(2, 3, 4), kernels(1, 2, 2, 2))),
        Case("several kernels", (numbers(3, 4, 5), kernels(2, 3, 3, 2))),
        Case("padding", (numbers(1, 3, 4), kernels(1, 1, 3, 3), 1, 1)),
        Case("stride", (numbers(1, 5, 7), kernels(1, 1, 2, 2), 2)),
        Case("padding and stride", (numbers(2, 6, 8), kernels(3, 2, 3, 3), 2, 1)),
    ]


@convolution.mistake(
    "You turned the kernel by 180 degrees, as a mathematician's convolution does; deep learning's "
    "convolution lays it on the image as it is, so leave out the flip."
)
def turned_kernel(image, kernels, stride=1, padding=0):
    return convolve2d(image, kernels[:, :, ::-1, ::-1], stride, padding)


@convolution.mistake(
    "You used kernel[column, row]: rows and columns are exchanged, so edges are found in the "
    "wrong direction; the first index counts rows, in image and kernel alike."
)
def transposed_kernel(image, kernels, stride=1, padding=0):
    return convolve2d(image, kernels.swapaxes(2, 3), stride, padding)


@convolution.mistake(
    "You took the mean over the window, but a convolution adds the products up: use a sum, and "
    "nothing to divide by."
)
def mean_instead_of_sum(image, kernels, stride=1, padding=0):
    return convolve2d(image, kernels / kernels[0].size, stride, padding)


@convolution.mistake(
    "Your window fails where a kernel is not square: take kh rows and kw columns, and work out "
    "the height with kh and the width with kw."
)
def square_window(image, kernels, stride=1, padding=0):
    side = kernels.shape[2]
    if kernels.shape[3] != side:
        raise ValueError(f"a window of {side} by {side} meets a kernel that is not square")
    return convolve2d(image, kernels, stride, padding)


channels = convolution.group("Channels", read="lesson.ipynb#Channels")


@channels.mistake(
    "You averaged over the channels, but their contributions are added: one output is the sum "
    "over all channels and the whole window."
)
def mean_over_channels(image, kernels, stride=1, padding=0):
    return convolve2d(image, kernels / len(image), stride, padding)


@channels.mistake(
    "You looked at channel 0 only: each kernel has one slice for every channel, and all of them "
    "are summed into one map."
)
def first_channel_only(image, kernels, stride=1, padding=0):
    return convolve2d(image[:1], kernels[:, :1], stride, padding)


@channels.mistake(
    "You made one map for each kernel and channel: the maps of all channels are added, so that "
    "one map is left for each kernel."
)
def one_map_per_channel(image, kernels, stride=1, padding=0):
    pairs = [(o, c) for o in range(len(kernels)) for c in range(len(image))]
    maps = [
        convolve2d(image[c : c + 1], kernels[o : o + 1, c : c + 1], stride, padding)
        for o, c in pairs
    ]
    return np.reshape(maps, (len(kernels), len(image), *maps[0].shape[1:]))


@channels.mistake("All your maps come from the first kernel: map o needs kernels[o].")
def first_kernel_only(image, kernels, stride=1, padding=0):
    return convolve2d(image, kernels[:1].repeat(len(kernels), axis=0), stride, padding)


@channels.mistake(
    "You added the maps of all kernels, or made one map only: add over the channels, and keep one "
    "map for each kernel."
)
def kernels_added_up(image, kernels, stride=1, padding=0):
    return convolve2d(image, kernels, stride, padding).sum(axis=0)


@channels.mistake(
    "Your numbers are right, but the maps stand on the last axis, as in Keras: return (O, H', W')."
)
def maps_last(image, kernels, stride=1, padding=0):
    return convolve2d(image, kernels, stride, padding).transpose(1, 2, 0)


padding_mistakes = convolution.group("Padding and stride", read="lesson.ipynb#Padding-and-stride")


@padding_mistakes.mistake(
    "You put the frame of zeros around the result: the size can be right, but the border is not; "
    "pad the image first, then let the window move."
)
def padded_the_result(image, kernels, stride=1, padding=0):
    inner = convolve2d(image, kernels, stride)
    return np.pad(inner, [(0, 0), (padding, padding), (padding, padding)])


@padding_mistakes.mistake(
    "Your output has the right size for the stride, but its window still moves by one pixel: "
    "output [i, j] looks at the image from row i * stride, column j * stride."
)
def steps_of_one(image, kernels, stride=1, padding=0):
    rows, columns = convolve2d(image, kernels, stride, padding).shape[1:]
    return convolve2d(image, kernels, 1, padding)[:, :rows, :columns]


@padding_mistakes.mistake(
    "Your stride moves the window down, but not to the right: use it for the columns as well."
)
def stride_for_rows_only(image, kernels, stride=1, padding=0):
    return convolve2d(image, kernels, 1, padding)[:, ::stride]


@padding_mistakes.mistake(
    "You padded with copies of the edge pixels: this padding is zeros (np.pad does this when you "
    "name no mode)."
)
def repeated_edges(image, kernels, stride=1, padding=0):
    framed = np.pad(image, [(0, 0), (padding, padding), (padding, padding)], mode="edge")
    return convolve2d(framed, kernels, stride)


@padding_mistakes.mistake(
    "You did not pad: put the frame of zeros around the image before the window moves."
)
def padding_left_out(image, kernels, stride=1, padding=0):
    return convolve2d(image, kernels, stride)


@padding_mistakes.mistake(
    "You did not use the stride: the window moves by it in both directions, which makes the "
    "output smaller."
)
def stride_left_out(image, kernels, stride=1, padding=0):
    return convolve2d(image, kernels, 1, padding)


@padding_mistakes.mistake(
    "You padded above and on the left only: np.pad wants (padding, padding), before and after, "
    "for rows and for columns."
)
def two_sides_only(image, kernels, stride=1, padding=0):
    framed = np.pad(image, [(0, 0), (padding, 0), (padding, 0)])
    return convolve2d(framed, kernels, stride)


@padding_mistakes.mistake(
    "np.pad(image, padding) pads every axis, so there are channels of zeros that no kernel has: "
    "name the widths, ((0, 0), (padding, padding), (padding, padding))."
)
def channels_padded_too(image, kernels, stride=1, padding=0):
    _, kh, kw = kernels[0].shape
    framed = np.pad(image, padding)
    result = np.zeros(convolve2d(image, kernels, stride, padding).shape)
    for o, i, j in np.ndindex(result.shape):
        y, x = i * stride, j * stride
        result[o, i, j] = (framed[:, y : y + kh, x : x + kw] * kernels[o]).sum()
    return result


convolution.hints(
    "Start from the lesson's `slide` for one channel and one kernel. What changes when a window "
    "has C layers?",
    "Pad the two last axes of the image. Make an array of zeros of shape (O, oh, ow), with oh and "
    "ow from `output_size`. Then fill it in three loops: o, i, j.",
    "For output [o, i, j]: the window begins in row i * stride and column j * stride of the "
    "padded image, is kh by kw large and keeps all channels (`:` on the first axis). It has the "
    "shape of kernels[o]; multiply the two and sum everything to one number.",
)
