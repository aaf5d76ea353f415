"""Convolution with channels: the exercise `convolve2d`."""

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
    minutes=10,
    probe=Call(),
    compare=close(rtol=1e-4, atol=1e-4),
    read="lesson.ipynb#Convolution-by-hand",
)


@convolution.reference
def convolve2d(image, kernels, stride=1, padding=0):
    """Cross-correlation of image (C, H, W) with kernels (O, C, kh, kw): float array (O, H', W').

    padding: zeros on each side, in pixels. H' = (H + 2 * padding - kh) // stride + 1, W' likewise.
    Source: the documentation of torch.nn.Conv2d.
    """
    padded = _padded(image, padding)
    windows = sliding_window_view(padded, kernels.shape[2:], axis=(1, 2))
    return np.einsum("cijab,ocab->oij", windows[:, ::stride, ::stride], kernels)


def _padded(image, padding, **mode):
    """image (C, H, W) with so many pixels on each side of every channel; zeros without a mode."""
    return np.pad(image, [(0, 0), (padding, padding), (padding, padding)], **mode)


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
    def numbers(*shape):  # one decimal: some are whole, and all can be checked on paper
        return rng.normal(scale=3, size=shape).round(1)

    return [
        Case("one channel", (numbers(1, 3, 4), numbers(1, 1, 2, 2))),
        Case("one channel", (numbers(1, 1, 1), numbers(1, 1, 1, 1))),
        Case("several channels", (numbers(2, 3, 4), numbers(1, 2, 2, 2))),
        Case("several kernels", (numbers(3, 4, 5), numbers(2, 3, 3, 2))),
        Case("padding", (numbers(1, 3, 4), numbers(1, 1, 3, 3), 1, 1)),
        Case("padding", (numbers(2, 5, 4), numbers(2, 2, 2, 4), 1, 3)),
        Case("stride", (numbers(1, 5, 7), numbers(1, 1, 2, 2), 2)),
        Case("stride", (numbers(2, 7, 8), numbers(2, 2, 1, 3), 3)),
        Case("padding and stride", (numbers(2, 6, 8), numbers(3, 2, 3, 3), 2, 1)),
        Case("padding and stride", (numbers(1, 8, 5), numbers(2, 1, 4, 3), 4, 2)),
    ]


@convolution.mistake(
    "You rotated the kernel by 180 degrees, as convolution in mathematics does; deep learning's "
    "convolution lays the kernel on the image as it is, so leave out the flip."
)
def turned_kernel(right, a):
    return right(kernels=a.kernels[:, :, ::-1, ::-1])


@convolution.mistake(
    "You took the mean over the window, but a convolution adds up the products: use a sum, and do "
    "not divide."
)
def mean_instead_of_sum(right, a):
    return right() / a.kernels[0].size


@convolution.mistake(
    "Your result has a batch axis: the image has none, so take [0] of what PyTorch returns."
)
def batch_axis_kept(right, a):
    return right()[None]


channels = convolution.group("Channels", read="lesson.ipynb#Channels")


@channels.mistake(
    "You averaged over the channels, but their contributions are added: one output is the sum "
    "over all channels and the whole window."
)
def mean_over_channels(right, a):
    return right() / len(a.image)


@channels.mistake(
    "You used channel 0 only: each kernel has one slice for every channel, and the products of "
    "all channels are summed into one map."
)
def first_channel_only(right, a):
    return right(image=a.image[:1], kernels=a.kernels[:, :1])


@channels.mistake("All your maps come from the first kernel: map o needs kernels[o].")
def first_kernel_only(right, a):
    return right(kernels=a.kernels[:1].repeat(len(a.kernels), axis=0))


@channels.mistake(
    "You kept one map for each kernel and channel: add the maps of all channels, so that one map "
    "is left for each kernel."
)
def one_map_per_channel(right, a):
    alone = [
        right(image=channel[None], kernels=kernels[:, None])
        for channel, kernels in zip(a.image, a.kernels.swapaxes(0, 1), strict=True)
    ]
    return np.stack(alone, axis=1)


padding_mistakes = convolution.group("Padding", read="lesson.ipynb#Padding-and-stride")


@padding_mistakes.mistake("You did not pad: put zeros around the image before the window moves.")
def padding_left_out(right, a):
    return right(padding=0)


@padding_mistakes.mistake(
    "You put the zeros around the result: pad the image first, then let the window move."
)
def padded_the_result(right, a):
    return _padded(right(padding=0), a.padding)


@padding_mistakes.mistake(
    "You padded with copies of the edge pixels: this padding is zeros, which np.pad gives without "
    "a mode."
)
def repeated_edges(right, a):
    return right(image=_padded(a.image, a.padding, mode="edge"), padding=0)


@padding_mistakes.mistake(
    "You padded at the top and on the left only: np.pad takes (padding, padding), before and "
    "after, for rows and for columns."
)
def two_sides_only(right, a):
    return right(image=np.pad(a.image, [(0, 0), (a.padding, 0), (a.padding, 0)]), padding=0)


@padding_mistakes.mistake(
    "np.pad(image, padding) pads every axis, so channels of zeros come before the image's: give "
    "the widths, ((0, 0), (padding, padding), (padding, padding))."
)
def channels_padded_too(right, a):
    return right(image=np.pad(a.image, a.padding)[: len(a.image)], padding=0)


stride_mistakes = convolution.group("Stride", read="lesson.ipynb#Padding-and-stride")


@stride_mistakes.mistake(
    "You did not use the stride: the window moves by it in both directions, which makes the "
    "output smaller."
)
def stride_left_out(right, a):
    return right(stride=1)


@stride_mistakes.mistake(
    "Your output has the right size for the stride, but the window still moves by one pixel: "
    "output [i, j] looks at the padded image from row i * stride, column j * stride."
)
def steps_of_one(right, a):
    rows, columns = right().shape[1:]
    return right(stride=1)[:, :rows, :columns]


@stride_mistakes.mistake(
    "Your stride moves the window down, but not to the right: use it for the columns as well."
)
def stride_for_rows_only(right, a):
    return right(stride=1)[:, :: a.stride]


@stride_mistakes.mistake(
    "Your output lacks its last row or column: divide by the stride first, then add 1."
)
def one_added_before_dividing(right, a):
    sides = zip(a.image.shape[1:], a.kernels.shape[2:], strict=True)
    rows, columns = ((n + 2 * a.padding - k + 1) // a.stride for n, k in sides)
    return right()[:, :rows, :columns]


convolution.hints(
    "Start from the lesson's `slide` for one channel and one kernel. What changes when a window "
    "has C channels?",
    "Pad the last two axes of the image. Make an array of zeros of shape (O, oh, ow), with oh and "
    "ow from the lesson's formula. Then fill it in three loops: o, i, j.",
    "For output [o, i, j]: the window starts in row i * stride and column j * stride of the "
    "padded image, has kh rows and kw columns and keeps all channels (`:` on the first axis). It "
    "has the shape of kernels[o]; multiply the two and sum everything to one number.",
)
