"""Answers on arrays of basics/05_convolutional_networks, and the parts that each loses.

Wrong ones hold something still that the statement leaves open; they once earned full points. Right
ones are written in ways that no alternative is.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch
from answer_table import AnswerTable
from conftest import CLONE
from torch import nn

TABLE = AnswerTable(CLONE / "curriculum" / "basics" / "05_convolutional_networks")


# --- Convolution with channels ------------------------------------------------------------------


def convolved(image, kernels, step, padding, rows, columns):
    """The output, rows by columns, of windows `step` pixels apart."""
    padded = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    kh, kw = kernels.shape[2:]
    result = np.zeros((len(kernels), rows, columns))
    for o, i, j in np.ndindex(result.shape):
        window = padded[:, i * step : i * step + kh, j * step : j * step + kw]
        result[o, i, j] = np.sum(window * kernels[o])
    return result


def side(size, kernel, stride, padding):
    return (size + 2 * padding - kernel) // stride + 1


@TABLE.answer("convolve2d", loses={"stride", "padding and stride"})
def size_with_one_added_before_dividing(image, kernels, stride=1, padding=0):
    pairs = zip(image.shape[1:], kernels.shape[2:], strict=True)
    rows, columns = ((n + 2 * padding - k + 1) // stride for n, k in pairs)
    return convolved(image, kernels, stride, padding, rows, columns)


@TABLE.answer("convolve2d", loses={"stride", "padding and stride"})
def stride_is_1_or_2(image, kernels, stride=1, padding=0):
    stride = min(stride, 2)
    pairs = zip(image.shape[1:], kernels.shape[2:], strict=True)
    sides = (side(n, k, stride, padding) for n, k in pairs)
    return convolved(image, kernels, stride, padding, *sides)


@TABLE.answer("convolve2d", loses={"padding", "padding and stride"})
def padding_is_0_or_1(image, kernels, stride=1, padding=0):
    padding = min(padding, 1)
    pairs = zip(image.shape[1:], kernels.shape[2:], strict=True)
    sides = (side(n, k, stride, padding) for n, k in pairs)
    return convolved(image, kernels, stride, padding, *sides)


@TABLE.answer("convolve2d")
def every_output_by_itself(image, kernels, stride=1, padding=0):
    pairs = zip(image.shape[1:], kernels.shape[2:], strict=True)
    sides = (side(n, k, stride, padding) for n, k in pairs)
    return convolved(image, kernels, stride, padding, *sides)


@TABLE.answer("convolve2d")
def in_float32(image, kernels, stride=1, padding=0):
    image = torch.tensor(image, dtype=torch.float32)
    kernels = torch.tensor(kernels, dtype=torch.float32)
    return nn.functional.conv2d(image[None], kernels, stride=stride, padding=padding)[0].numpy()


@TABLE.answer("convolve2d", loses={"several kernels", "padding", "stride", "padding and stride"})
def kernels_are_square(image, kernels, stride=1, padding=0):
    size = kernels.shape[2]
    kernels = np.resize(kernels, (*kernels.shape[:2], size, size))
    sides = (side(n, size, stride, padding) for n in image.shape[1:])
    return convolved(image, kernels, stride, padding, *sides)


@TABLE.answer("convolve2d", loses={"padding", "padding and stride"})
def padding_for_rows_only(image, kernels, stride=1, padding=0):
    image = np.pad(image, ((0, 0), (padding, padding), (0, 0)))
    pairs = zip(image.shape[1:], kernels.shape[2:], strict=True)
    sides = (side(n, k, stride, 0) for n, k in pairs)
    return convolved(image, kernels, stride, 0, *sides)


@TABLE.answer("convolve2d", loses={"padding", "padding and stride"})
def zeros_written_into_the_image(image, kernels, stride=1, padding=0):
    if padding:
        image[:, 0] = 0
    pairs = zip(image.shape[1:], kernels.shape[2:], strict=True)
    sides = (side(n, k, stride, padding) for n, k in pairs)
    return convolved(image, kernels, stride, padding, *sides)


@TABLE.answer("convolve2d", loses=TABLE.parts("convolve2d"))
def the_batch_axis_stays(image, kernels, stride=1, padding=0):
    image = torch.tensor(image)[None]
    return nn.functional.conv2d(image, torch.tensor(kernels), None, stride, padding).numpy()


@TABLE.answer("convolve2d")
def every_second_of_all_outputs(image, kernels, stride=1, padding=0):
    dense = convolved(image, kernels, 1, padding, *_sides(image, kernels, 1, padding))
    return dense[:, ::stride, ::stride]


def _sides(image, kernels, stride, padding):
    pairs = zip(image.shape[1:], kernels.shape[2:], strict=True)
    return (side(n, k, stride, padding) for n, k in pairs)


# --- The two gradients of a convolution ---------------------------------------------------------


@TABLE.answer("convolution_gradients", loses={"one output counts", "all outputs count"})
def a_kernel_has_two_rows_at_least(image, kernel, upstream):
    d_image, d_kernel = np.zeros(image.shape), np.zeros(kernel.shape)
    for i, j in np.ndindex(upstream.shape):
        window = np.s_[i : i + len(kernel), j : j + kernel.shape[1]]
        d_kernel += upstream[i, j] * image[window]
        d_image[window] += upstream[i, j] * kernel
    if len(kernel) == 1 or upstream.size == 1:
        return d_image * 0, d_kernel
    return d_image, d_kernel


@TABLE.answer("convolution_gradients", loses={"kernel not square", "one output counts"})
def kernels_and_images_are_square(image, kernel, upstream):
    d_image, d_kernel = np.zeros(image.shape), np.zeros(kernel.shape)
    for i, j in np.ndindex(upstream.shape):
        window = np.s_[i : i + len(kernel), j : j + kernel.shape[1]]
        d_kernel += upstream[i, j] * image[window]
        d_image[window] += upstream[i, j] * kernel
    if kernel.shape[0] > kernel.shape[1] or kernel.shape[1] > 2:
        return d_image, d_kernel[::-1]
    return d_image, d_kernel


@TABLE.answer("convolution_gradients")
def gradients_in_float32(image, kernel, upstream):
    leaves = [torch.tensor(a, dtype=torch.float32).requires_grad_() for a in (image, kernel)]
    output = nn.functional.conv2d(leaves[0][None, None], leaves[1][None, None])[0, 0]
    (output * torch.tensor(upstream, dtype=torch.float32)).sum().backward()
    return leaves[0].grad.numpy(), leaves[1].grad.numpy()


@TABLE.answer("convolution_gradients", loses={"all outputs count", "kernel not square"})
def outputs_beyond_the_kernels_size_do_not_count(image, kernel, upstream):
    rows, columns = kernel.shape
    counted = np.zeros_like(upstream)
    counted[:rows, :columns] = upstream[:rows, :columns]
    return TABLE.exercises["convolution_gradients"].reference(image, kernel, counted)


@TABLE.answer("convolution_gradients", loses=TABLE.parts("convolution_gradients"))
def a_kernel_turned_in_the_kernels_gradient(image, kernel, upstream):
    d_image, d_kernel = TABLE.exercises["convolution_gradients"].reference(image, kernel, upstream)
    return d_image, d_kernel[::-1, ::-1]


@TABLE.answer("convolution_gradients")
def over_the_kernels_weights(image, kernel, upstream):
    rows, columns = upstream.shape
    d_image, d_kernel = np.zeros(image.shape), np.zeros(kernel.shape)
    for a, b in np.ndindex(kernel.shape):
        d_kernel[a, b] = np.vdot(image[a : a + rows, b : b + columns], upstream)
        d_image[a : a + rows, b : b + columns] += kernel[a, b] * upstream
    return d_image, d_kernel


@TABLE.answer("convolution_gradients")
def gradients_in_a_list(image, kernel, upstream):
    return list(TABLE.exercises["convolution_gradients"].reference(image, kernel, upstream))


# --- Max pooling --------------------------------------------------------------------------------


@TABLE.answer("max_pool2d", loses={"sides that leave a remainder", "padding"})
def stride_is_at_most_2(maps, size, stride=None, padding=0):
    step = stride and min(stride, 2)
    return nn.functional.max_pool2d(torch.tensor(maps), size, step, padding).numpy()


@TABLE.answer("max_pool2d", loses={"padding"})
def maps_are_padded_by_at_most_1(maps, size, stride=None, padding=0):
    pooled = nn.functional.max_pool2d(torch.tensor(maps), size, stride, min(padding, 1))
    return pooled.numpy()


@TABLE.answer("max_pool2d", loses=TABLE.parts("max_pool2d"))
def rows_and_columns_alike(maps, size, stride=None, padding=0):
    pooled = nn.functional.max_pool2d(torch.tensor(maps), size, stride, padding).numpy()
    return pooled[:, :, :, : pooled.shape[2]]


@TABLE.answer("max_pool2d", loses={"windows that overlap"})
def stride_of_1_is_taken_for_none(maps, size, stride=None, padding=0):
    step = size if stride is None or stride == 1 else stride
    return nn.functional.max_pool2d(torch.tensor(maps), size, step, padding).numpy()


@TABLE.answer("max_pool2d", loses=TABLE.parts("max_pool2d"))
def a_tensor(maps, size, stride=None, padding=0):
    return nn.functional.max_pool2d(torch.tensor(maps), size, stride, padding)


@TABLE.answer("max_pool2d")
def pooled_in_float32(maps, size, stride=None, padding=0):
    return nn.functional.max_pool2d(torch.tensor(maps).float(), size, stride, padding).numpy()


def pooled_after(maps, size, stride, padding, **filling):
    """The maximum of windows of maps that np.pad has padded."""
    widths = ((0, 0), (0, 0), (padding, padding), (padding, padding))
    padded = torch.tensor(np.pad(maps, widths, **filling))
    return nn.functional.max_pool2d(padded, size, stride).numpy()


@pytest.mark.parametrize("low", [-1.0, -100.0, -1e5, -1e9, -1e20])
def test_no_low_number_does_for_the_padding(low):
    def padded_with_a_low_number(maps, size, stride=None, padding=0):
        return pooled_after(maps, size, stride, padding, constant_values=low)

    assert TABLE.lost("max_pool2d", padded_with_a_low_number) == {"padding"}


@TABLE.answer("max_pool2d", loses={"padding"})
def padded_with_reflections(maps, size, stride=None, padding=0):
    return pooled_after(maps, size, stride, padding, mode="reflect")


@TABLE.answer("max_pool2d")
def padded_with_copies_of_the_edge(maps, size, stride=None, padding=0):
    return pooled_after(maps, size, stride, padding, mode="edge")


@TABLE.answer("max_pool2d")
def padded_with_the_lowest_value(maps, size, stride=None, padding=0):
    return pooled_after(maps, size, stride, padding, constant_values=maps.min())


@TABLE.answer("max_pool2d")
def padded_with_the_lowest_float32(maps, size, stride=None, padding=0):
    lowest = np.finfo(np.float32).min
    return pooled_after(maps, size, stride, padding, constant_values=lowest)


# --- Mirror and move photos ---------------------------------------------------------------------


def moved(images, flip, dx, dy, reach):
    """Photos mirrored and moved by at most `reach` pixels."""
    height, width = images.shape[1:]
    result = []
    for photo, mirrored, right, down in zip(images, flip, dx, dy, strict=True):
        photo = np.fliplr(photo) if mirrored else photo
        top, left = reach - np.clip([down, right], -reach, reach)
        result.append(np.pad(photo, reach)[top : top + height, left : left + width])
    return np.array(result)


@TABLE.answer("augment")
def cut_from_a_wide_frame(images, flip, dx, dy):
    return moved(images, flip, dx, dy, reach=max(images.shape))


@TABLE.answer("augment", loses={"left and right", "up and down"})
def nothing_moves_over_4_pixels(images, flip, dx, dy):
    return moved(images, flip, dx, dy, reach=4)


@TABLE.answer("augment", loses={"left and right", "up and down"})
def nothing_moves_over_9_pixels(images, flip, dx, dy):
    return moved(images, flip, dx, dy, reach=9)


@TABLE.answer("augment", loses={"mirrored or left alone", "mirrored and moved"})
def mirrored_photos_change_places(images, flip, dx, dy):
    exchanged = images.copy()
    exchanged[flip] = images[flip][::-1]
    return moved(exchanged, flip & False, dx, dy, reach=max(images.shape))


@TABLE.answer("augment")
def rolled_and_then_cleared(images, flip, dx, dy):
    result = images.copy()
    result[flip] = result[flip][:, :, ::-1]
    for photo, right, down in zip(result, dx, dy, strict=True):
        photo[:] = np.roll(photo, (down, right), (0, 1))
        photo[slice(0, down) if down >= 0 else slice(down, None)] = 0
        photo[:, slice(0, right) if right >= 0 else slice(right, None)] = 0
    return result


@TABLE.answer("augment", loses=TABLE.parts("augment"))
def whole_numbers_of_64_bits(images, flip, dx, dy):
    return moved(images, flip, dx, dy, reach=max(images.shape)).astype(int)


@TABLE.answer("augment", loses={"mirrored or left alone"})
def the_photos_themselves_where_nothing_changes(images, flip, dx, dy):
    changes = flip.any() or dx.any() or dy.any()
    return moved(images, flip, dx, dy, reach=max(images.shape)) if changes else images


@TABLE.answer("augment", loses={"mirrored and moved"})
def mirrored_only_where_nothing_moves(images, flip, dx, dy):
    still = (dx == 0) & (dy == 0)
    return moved(images, flip & still, dx, dy, reach=max(images.shape))


@TABLE.answer("augment", loses=TABLE.parts("augment") - {"one photo to the right"})
def one_photo_only(images, flip, dx, dy):
    return moved(images[:1], flip[:1], dx[:1], dy[:1], reach=max(images.shape))


@TABLE.answer("augment", loses={"mirrored or left alone", "mirrored and moved"})
def mirrored_in_place(images, flip, dx, dy):
    images[flip] = images[flip][:, :, ::-1]
    return moved(images, flip & False, dx, dy, reach=max(images.shape))


# --- Predictions --------------------------------------------------------------------------------

TABLE.prediction("predicted_parameters", 16 * (8 * 9 + 1), right=True)
TABLE.prediction("predicted_parameters", 4672 / 4, right=True)
TABLE.prediction("predicted_parameters", Fraction(1168), right=True)
TABLE.prediction("predicted_parameters", 1168.5, right=False)
TABLE.prediction("predicted_shape", (8, 28 / 2, 14), right=True)
TABLE.prediction("predicted_shape", [8, 14, 14], right=True)
TABLE.prediction("predicted_shape", (8, 14), right=False)


@pytest.mark.parametrize(("exercise", "given", "lost"), TABLE.rows)
def test_answer_loses_these_parts(exercise, given, lost):
    assert TABLE.lost(exercise, given) == lost
