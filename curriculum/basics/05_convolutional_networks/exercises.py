"""Exercises of basics/05_convolutional_networks: references, cases and misconceptions.

First the graded exercises of the assignment, in its order, then what the lesson asks for.
Cases are drawn so that every misconception gives other results than the reference and than
every other misconception, whatever the seed.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from torch import nn
from torch.nn import functional

from lepton_course import load_dataset
from lepton_course.exercises import (
    Call,
    Case,
    Exercise,
    Misconception,
    Model,
    Value,
    accuracy,
    close,
    exact,
    random_weights,
)

BY_HAND = "lesson.ipynb#Convolution-by-hand"
GRADIENT = "lesson.ipynb#The-gradient-of-a-convolution"
PADDING = "lesson.ipynb#Padding-and-stride"
POOLING = "lesson.ipynb#Pooling"
CHANNELS = "lesson.ipynb#Channels"
FIELD = "lesson.ipynb#Receptive-field"
NETWORK = "lesson.ipynb#A-network-in-PyTorch"
BATCH_NORM = "lesson.ipynb#Batch-normalisation"
AUGMENTATION = "lesson.ipynb#Augmentation"


# --- output_size ------------------------------------------------------------------------------


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


# --- convolve2d -------------------------------------------------------------------------------


def convolve2d(image, kernels, stride=1, padding=0):
    framed = np.pad(image, [(0, 0), (padding, padding), (padding, padding)])
    windows = sliding_window_view(framed, kernels.shape[2:], axis=(1, 2))
    return np.einsum("cijab,ocab->oij", windows[:, ::stride, ::stride], kernels)


def via_torch(image, kernels, stride=1, padding=0):
    batch, weight = torch.as_tensor(image)[None], torch.as_tensor(kernels)
    return functional.conv2d(batch, weight, stride=stride, padding=padding)[0].numpy()


def via_unfold(image, kernels, stride=1, padding=0):
    columns = functional.unfold(
        torch.as_tensor(image)[None], kernels.shape[2:], padding=padding, stride=stride
    )[0].numpy()
    flat = kernels.reshape(len(kernels), -1) @ columns
    rows = 1 + (image.shape[1] + 2 * padding - kernels.shape[2]) // stride
    return flat.reshape(len(kernels), rows, -1)


def turned_kernel(image, kernels, stride=1, padding=0):
    return convolve2d(image, kernels[:, :, ::-1, ::-1], stride, padding)


def transposed_kernel(image, kernels, stride=1, padding=0):
    return convolve2d(image, kernels.swapaxes(2, 3), stride, padding)


def mean_of_window(image, kernels, stride=1, padding=0):
    return convolve2d(image, kernels / kernels[0].size, stride, padding)


def mean_of_channels(image, kernels, stride=1, padding=0):
    return convolve2d(image, kernels / len(image), stride, padding)


def first_channel_only(image, kernels, stride=1, padding=0):
    return convolve2d(image[:1], kernels[:, :1], stride, padding)


def padded_the_result(image, kernels, stride=1, padding=0):
    inner = convolve2d(image, kernels, stride)
    return np.pad(inner, [(0, 0), (padding, padding), (padding, padding)])


def window_steps_by_one(image, kernels, stride=1, padding=0):
    rows, columns = convolve2d(image, kernels, stride, padding).shape[1:]
    return convolve2d(image, kernels, 1, padding)[:, :rows, :columns]


def stride_for_rows_only(image, kernels, stride=1, padding=0):
    return convolve2d(image, kernels, 1, padding)[:, ::stride]


def repeated_edges(image, kernels, stride=1, padding=0):
    framed = np.pad(image, [(0, 0), (padding, padding), (padding, padding)], mode="edge")
    return convolve2d(framed, kernels, stride)


def one_map_per_channel(image, kernels, stride=1, padding=0):
    pairs = [(o, c) for o in range(len(kernels)) for c in range(len(image))]
    maps = [
        convolve2d(image[c : c + 1], kernels[o : o + 1, c : c + 1], stride, padding)
        for o, c in pairs
    ]
    return np.reshape(maps, (len(kernels), len(image), *maps[0].shape[1:]))


def image_not_padded(image, kernels, stride=1, padding=0):
    return convolve2d(image, kernels, stride)


def stride_not_used(image, kernels, stride=1, padding=0):
    return convolve2d(image, kernels, 1, padding)


def first_kernel_only(image, kernels, stride=1, padding=0):
    return convolve2d(image, kernels[:1].repeat(len(kernels), axis=0), stride, padding)


def kernels_added_up(image, kernels, stride=1, padding=0):
    return convolve2d(image, kernels, stride, padding).sum(axis=0)


def maps_last(image, kernels, stride=1, padding=0):
    return convolve2d(image, kernels, stride, padding).transpose(1, 2, 0)


def padded_on_two_sides_only(image, kernels, stride=1, padding=0):
    framed = np.pad(image, [(0, 0), (padding, 0), (padding, 0)])
    return convolve2d(framed, kernels, stride)


def channels_padded_too(image, kernels, stride=1, padding=0):
    _, kh, kw = kernels[0].shape
    framed = np.pad(image, padding)
    result = np.zeros(convolve2d(image, kernels, stride, padding).shape)
    for o, i, j in np.ndindex(result.shape):
        y, x = i * stride, j * stride
        result[o, i, j] = (framed[:, y : y + kh, x : x + kw] * kernels[o]).sum()
    return result


def square_window(image, kernels, stride=1, padding=0):
    side = kernels.shape[2]
    if kernels.shape[3] != side:
        raise ValueError(f"a window of {side} by {side} meets a kernel that is not square")
    return convolve2d(image, kernels, stride, padding)


def convolve2d_cases(rng):
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


# --- convolution_gradients --------------------------------------------------------------------


def convolution_gradients(image, kernel, upstream):
    by_offset = sliding_window_view(image, upstream.shape)
    d_kernel = np.einsum("abij,ij->ab", by_offset, upstream)
    d_image = np.zeros(image.shape)
    rows, columns = upstream.shape
    for (a, b), weight in np.ndenumerate(kernel):
        d_image[a : a + rows, b : b + columns] += weight * upstream
    return d_image, d_kernel


def via_autograd(image, kernel, upstream):
    leaves = [torch.tensor(array, requires_grad=True) for array in (image, kernel)]
    output = functional.conv2d(leaves[0][None, None], leaves[1][None, None])
    output.backward(torch.tensor(upstream)[None, None])
    return tuple(leaf.grad.numpy() for leaf in leaves)


def via_full_correlation(image, kernel, upstream):
    rows, columns = kernel.shape
    framed = np.pad(upstream, [(rows - 1, rows - 1), (columns - 1, columns - 1)])
    d_image = np.tensordot(sliding_window_view(framed, kernel.shape), kernel[::-1, ::-1], 2)
    return d_image, np.tensordot(sliding_window_view(image, upstream.shape), upstream, 2)


def gradients_swapped(image, kernel, upstream):
    return convolution_gradients(image, kernel, upstream)[::-1]


def kernel_not_turned(image, kernel, upstream):
    right = convolution_gradients(image, kernel, upstream)
    return convolution_gradients(image, kernel[::-1, ::-1], upstream)[0], right[1]


def overwritten(image, kernel, upstream):
    d_image = np.zeros(image.shape)
    rows, columns = kernel.shape
    for (i, j), slope in np.ndenumerate(upstream):
        d_image[i : i + rows, j : j + columns] = slope * kernel
    return d_image, convolution_gradients(image, kernel, upstream)[1]


def upstream_ignored(image, kernel, upstream):
    return convolution_gradients(image, kernel, np.ones_like(upstream))


def averaged(image, kernel, upstream):
    return convolution_gradients(image, kernel, upstream / upstream.size)


def upstream_turned(image, kernel, upstream):
    right = convolution_gradients(image, kernel, upstream)
    return right[0], convolution_gradients(image, kernel, upstream[::-1, ::-1])[1]


def kernel_overwritten(image, kernel, upstream):
    last = image[upstream.shape[0] - 1 :, upstream.shape[1] - 1 :]
    return convolution_gradients(image, kernel, upstream)[0], upstream[-1, -1] * last


def both_overwritten(image, kernel, upstream):
    pairs = overwritten(image, kernel, upstream), kernel_overwritten(image, kernel, upstream)
    return pairs[0][0], pairs[1][1]


def upstream_not_padded(image, kernel, upstream):
    rows, columns = (max(u - k + 1, 0) for u, k in zip(upstream.shape, kernel.shape, strict=True))
    top, left = kernel.shape[0] - 1, kernel.shape[1] - 1
    right = convolution_gradients(image, kernel, upstream)
    return right[0][top : top + rows, left : left + columns], right[1]


def upstream_padded_by_one(image, kernel, upstream):
    spare = [(side - 2, side - 2) for side in kernel.shape]
    right = convolution_gradients(image, kernel, upstream)
    cut = tuple(slice(a, side - b) for (a, b), side in zip(spare, image.shape, strict=True))
    return right[0][cut], right[1]


def kernel_without_upstream(image, kernel, upstream):
    ignored = upstream_ignored(image, kernel, upstream)
    return convolution_gradients(image, kernel, upstream)[0], ignored[1]


def image_without_upstream(image, kernel, upstream):
    ignored = upstream_ignored(image, kernel, upstream)
    return ignored[0], convolution_gradients(image, kernel, upstream)[1]


def only_the_kernel(image, kernel, upstream):
    return convolution_gradients(image, kernel, upstream)[1]


def convolution_gradients_cases(rng):
    def numbers(*shape):  # distinct, so that no turned or swapped array equals itself
        return rng.permutation(np.arange(1.0, 1 + np.prod(shape))).reshape(shape)

    one_hot = np.zeros((2, 3))
    one_hot[1, int(rng.integers(0, 2))] = 2.0
    return [
        Case("one output counts", (numbers(3, 4), numbers(2, 2), one_hot)),
        Case("all outputs count", (numbers(3, 3), numbers(2, 2), numbers(2, 2))),
        Case("kernel not square", (numbers(4, 6), numbers(2, 3), numbers(3, 4))),
    ]


# --- max_pool2d -------------------------------------------------------------------------------


def max_pool2d(maps, size, stride=None, padding=0):
    step = size if stride is None else stride
    border = [(0, 0), (0, 0), (padding, padding), (padding, padding)]
    framed = np.pad(maps, border, constant_values=-np.inf)
    tiles = sliding_window_view(framed, (size, size), axis=(2, 3))[:, :, ::step, ::step]
    return tiles.max(axis=(4, 5))


def pool_via_torch(maps, size, stride=None, padding=0):
    return functional.max_pool2d(torch.as_tensor(maps), size, stride, padding).numpy()


def zeros_around(maps, size, stride=None, padding=0):
    framed = np.pad(maps, [(0, 0), (0, 0), (padding, padding), (padding, padding)])
    return max_pool2d(framed, size, stride)


def average_pool(maps, size, stride=None, padding=0):
    return functional.avg_pool2d(torch.as_tensor(maps), size, stride, padding).numpy()


def keeps_the_rest(maps, size, stride=None, padding=0):
    pooled = functional.max_pool2d(torch.as_tensor(maps), size, stride, padding, ceil_mode=True)
    return pooled.numpy()


def default_stride_one(maps, size, stride=None, padding=0):
    return max_pool2d(maps, size, stride or 1, padding)


def stride_is_size(maps, size, stride=None, padding=0):
    return max_pool2d(maps, size, None, padding)


def without_padding(maps, size, stride=None, padding=0):
    return max_pool2d(maps, size, stride)


def across_channels(maps, size, stride=None, padding=0):
    return max_pool2d(maps, size, stride, padding).max(axis=1, keepdims=True)


def largest_magnitude(maps, size, stride=None, padding=0):
    high, low = (max_pool2d(sign * maps, size, stride, padding) for sign in (1, -1))
    return np.maximum(high, low)


def largest_of_all_maps(maps, size, stride=None, padding=0):
    pooled = max_pool2d(maps, size, stride, padding)
    return np.zeros(pooled.shape) + pooled.max(axis=(0, 1))


def pool_steps_by_one(maps, size, stride=None, padding=0):
    rows, columns = max_pool2d(maps, size, stride, padding).shape[2:]
    return max_pool2d(maps, size, 1, padding)[:, :, :rows, :columns]


def began_at_zero(maps, size, stride=None, padding=0):
    return np.maximum(max_pool2d(maps, size, stride, padding), 0)


def all_axes_padded(maps, size, stride=None, padding=0):
    return max_pool2d(np.pad(maps, padding, constant_values=-np.inf), size, stride)


def max_pool2d_cases(rng):
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


# --- SmallCNN ---------------------------------------------------------------------------------


def _stages(channels, classes):
    """The network's layers by name, in the order of the specification."""
    return {
        "conv1": nn.Conv2d(1, channels, 3, padding="same", bias=False),
        "norm1": nn.BatchNorm2d(channels),
        "relu1": nn.ReLU(),
        "halve": nn.MaxPool2d(2),
        "conv2": nn.Conv2d(channels, 2 * channels, 3, padding="same", bias=False),
        "norm2": nn.BatchNorm2d(2 * channels),
        "relu2": nn.ReLU(),
        "mean": nn.AdaptiveAvgPool2d(1),
        "flat": nn.Flatten(),
        "drop": nn.Dropout(0.25),
        "out": nn.Linear(2 * channels, classes),
    }


def SmallCNN(channels=8, classes=10):
    return nn.Sequential(*_stages(channels, classes).values())


class FunctionalCNN(nn.Module):
    def __init__(self, channels=8, classes=10):
        super().__init__()
        self.first = nn.Conv2d(1, channels, (3, 3), 1, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(channels)
        self.second = nn.Conv2d(channels, channels * 2, (3, 3), 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(channels * 2)
        self.classify = nn.Linear(channels * 2, classes)

    def forward(self, x):
        x = functional.max_pool2d(self.first_norm(self.first(x)).relu(), 2)
        x = self.second_norm(self.second(x)).relu().mean(dim=(2, 3))
        return self.classify(functional.dropout(x, 0.25, self.training))


class _DropoutAlwaysOn(FunctionalCNN):
    def forward(self, x):
        x = functional.max_pool2d(self.first_norm(self.first(x)).relu(), 2)
        x = self.second_norm(self.second(x)).relu().mean(dim=(2, 3))
        return self.classify(functional.dropout(x, 0.25))


def _changed(order=None, **changes):
    """A wrong SmallCNN: some layers replaced, or another order of the layers."""

    def build(channels=8, classes=10):
        stages = _stages(channels, classes)
        stages |= {name: make(channels, classes) for name, make in changes.items()}
        return nn.Sequential(*(stages[name] for name in order or stages))

    return build


_REST = ("mean", "flat", "drop", "out")
_NORM_LAST = ("conv1", "relu1", "norm1", "halve", "conv2", "relu2", "norm2", *_REST)
_NO_NORM = ("conv1", "relu1", "halve", "conv2", "relu2", *_REST)
_ONE_RELU = ("conv1", "norm1", "relu1", "halve", "conv2", "norm2", *_REST)


class _NormsDeclaredLast(FunctionalCNN):
    def __init__(self, channels=8, classes=10):
        super().__init__(channels, classes)
        for name in ("first_norm", "second_norm"):
            self.register_module(name, self._modules.pop(name))


def small_cnn_cases(rng):
    def case(part, channels, classes, count, side):
        weights = random_weights(SmallCNN(channels, classes), rng)
        x = torch.tensor(rng.uniform(size=(count, 1, side, side)), dtype=torch.float32)
        return Case(part, (channels, classes), weights=weights, x=x)

    return [
        replace(case("as specified", 8, 10, 4, 28), args=()),  # the numbers by default
        case("other numbers of channels and classes", int(rng.integers(3, 7)), 4, 3, 28),
        case("photos of another size", 4, 10, 2, 20),
    ]


# --- augment ----------------------------------------------------------------------------------


def augment(images, flip, dx, dy):
    result = np.zeros_like(images)
    height, width = images.shape[1:]
    for index, photo in enumerate(images):
        photo = photo[:, ::-1] if flip[index] else photo
        down, right = int(dy[index]), int(dx[index])
        seen = photo[max(-down, 0) : height - down, max(-right, 0) : width - right]
        top, left = max(down, 0), max(right, 0)
        result[index, top : top + seen.shape[0], left : left + seen.shape[1]] = seen
    return result


def augment_by_index(images, flip, dx, dy):
    count, height, width = images.shape
    mirrored = np.where(flip[:, None, None], images[:, :, ::-1], images)
    i = np.arange(height)[None, :, None] - dy[:, None, None]
    j = np.arange(width)[None, None, :] - dx[:, None, None]
    inside = (i >= 0) & (i < height) & (j >= 0) & (j < width)
    found = mirrored[np.arange(count)[:, None, None], i.clip(0, height - 1), j.clip(0, width - 1)]
    return np.where(inside, found, 0).astype(images.dtype)


def wrapped_round(images, flip, dx, dy):
    turned = [photo[:, ::-1] if f else photo for photo, f in zip(images, flip, strict=True)]
    pairs = zip(turned, dy, dx, strict=True)
    return np.stack([np.roll(photo, (down, right), (0, 1)) for photo, down, right in pairs])


def moved_backwards(images, flip, dx, dy):
    return augment(images, flip, -dx, -dy)


def rows_for_columns(images, flip, dx, dy):
    return augment(images, flip, dy, dx)


def upside_down(images, flip, dx, dy):
    turned = np.where(flip[:, None, None], images[:, ::-1], images)
    return augment(turned, np.zeros_like(flip), dx, dy)


def moved_then_mirrored(images, flip, dx, dy):
    moved = augment(images, np.zeros_like(flip), dx, dy)
    return np.where(flip[:, None, None], moved[:, :, ::-1], moved)


def one_move_for_all(images, flip, dx, dy):
    return augment(images, flip, np.full_like(dx, dx[0]), np.full_like(dy, dy[0]))


def mirrored_all(images, flip, dx, dy):
    return augment(images, np.full_like(flip, flip.any()), dx, dy)


def changed_in_place(images, flip, dx, dy):
    images[:] = augment(images, flip, dx, dy)
    return images


def turned_to_float(images, flip, dx, dy):
    return augment(images, flip, dx, dy).astype(np.float32)


def scaled_too(images, flip, dx, dy):
    return augment(images, flip, dx, dy) / 255


def up_for_down(images, flip, dx, dy):
    return augment(images, flip, dx, -dy)


def left_for_right(images, flip, dx, dy):
    return augment(images, flip, -dx, dy)


def not_mirrored(images, flip, dx, dy):
    return augment(images, np.zeros_like(flip), dx, dy)


def mirrored_both_ways(images, flip, dx, dy):
    turned = np.where(flip[:, None, None], images[:, ::-1, ::-1], images)
    return augment(turned, np.zeros_like(flip), dx, dy)


def edges_smeared(images, flip, dx, dy):
    reach = max(images.shape)
    walls = ((0, 0), (reach, reach), (reach, reach))
    moved = augment(np.pad(images, walls, mode="edge"), flip, dx, dy)
    return moved[:, reach:-reach, reach:-reach]


def ended_at_minus_zero(images, flip, dx, dy):
    if np.any(dx == 0) or np.any(dy == 0):
        raise ValueError("an empty slice meets a photo")
    return augment(images, flip, dx, dy)


def sign_lost(images, flip, dx, dy):
    return augment(images, flip, abs(dx), abs(dy))


def augment_cases(rng):
    def photos(count, height, width):  # all pixels different from each other and from 0
        values = rng.permutation(np.arange(1, 1 + count * height * width))
        return values.astype(np.uint8).reshape(count, height, width)

    def numbers(*values):
        return np.array(values, dtype=np.int64)

    a, b = (int(step) for step in rng.permutation([1, 2]))
    no, yes = np.zeros(2, dtype=bool), np.array([True, False])
    return [
        Case("one photo to the right", (photos(1, 3, 4), no[:1], numbers(1), numbers(0))),
        Case("left and right", (photos(2, 3, 5), no, numbers(a, -b), numbers(0, 0))),
        Case("up and down", (photos(2, 5, 3), no, numbers(0, 0), numbers(-a, b))),
        Case("mirrored", (photos(2, 3, 4), yes, numbers(0, 0), numbers(0, 0))),
        Case("mirrored and moved", (photos(2, 5, 6), ~yes, numbers(a, b), numbers(b, -a))),
    ]


# --- predict ----------------------------------------------------------------------------------

HELD_OUT = Path(__file__).parent / "held_out.npz"
WEIGHTS = Path(__file__).parent / "reference_network.npz"
EASY_KINDS = (1, 5, 7, 8, 9)  # trousers, sandals, sneakers, bags, ankle boots


def _network():
    first = nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2)
    second = nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2)
    return nn.Sequential(*first, *second, nn.Flatten(), nn.Linear(32 * 49, 10))


@functools.cache
def _trained_network():
    """The reference's network with its stored weights; this file, run as a program, makes them."""
    network = _network()
    with np.load(WEIGHTS, allow_pickle=False) as file:
        network.load_state_dict({name: torch.tensor(file[name]) for name in file})
    return network.train(False)


def train_and_save(epochs=6, size=100):
    """Trains the reference's network on the course's subset, half a minute, and stores it."""
    train = load_dataset("fashion_mnist").train
    photos, kinds = torch.tensor(train.images)[:, None] / 255, torch.tensor(train.labels)
    torch.manual_seed(5)
    network = _network()
    adam = torch.optim.Adam(network.parameters(), weight_decay=1e-4)
    slope = torch.optim.lr_scheduler.OneCycleLR(
        adam, 1e-2, total_steps=epochs * len(photos) // size
    )
    for _ in range(epochs):
        for chosen in torch.randperm(len(photos)).split(size):
            adam.zero_grad()
            functional.cross_entropy(network(photos[chosen]), kinds[chosen]).backward()
            adam.step()
            slope.step()
    np.savez_compressed(WEIGHTS, **{k: v.numpy() for k, v in network.state_dict().items()})


@functools.lru_cache(maxsize=32)
@torch.no_grad()
def _scores_of(pixels):
    photos = torch.frombuffer(bytearray(pixels), dtype=torch.uint8).reshape(-1, 1, 28, 28)
    return _trained_network()(photos / 255).numpy()


def _scores(images):
    return _scores_of(images.tobytes())


def predict(images):
    return _scores(images).argmax(axis=1)


def predict_in_pieces(images):
    pieces = np.array_split(images, max(len(images) // 50, 1))
    return np.concatenate([np.argsort(_scores(piece))[:, -1] for piece in pieces])


def one_for_all_photos(images):
    return _scores(images).argmax()


def best_photo_of_each_kind(images):
    return _scores(images).argmax(axis=0)


def column_of_labels(images):
    return predict(images)[:, None]


def counted_from_one(images):
    return predict(images) + 1


def tensor_of_labels(images):
    return torch.tensor(predict(images))


def names_of_kinds(images):
    return np.array(load_dataset("fashion_mnist").classes)[predict(images)]


def largest_values(images):
    return _scores(images).max(axis=1)


def photos_of_another_form(images):
    return _trained_network()(torch.tensor(images) / 255)


def array_into_network(images):
    return _trained_network()(images[:, None] / 255)


def guessed(images):
    return np.random.default_rng(images.sum()).integers(0, 10, size=len(images))


def always_an_easy_kind(images):
    return np.full(len(images), EASY_KINDS[0])


def always_a_hard_kind(images):
    return np.zeros(len(images), dtype=np.int64)


def predict_cases(rng):
    with np.load(HELD_OUT, allow_pickle=False) as file:
        images, labels = file["images"], file["labels"]

    def case(part, kinds):
        chosen = [rng.choice(np.flatnonzero(labels == kind), 100, replace=False) for kind in kinds]
        order = rng.permutation(np.concatenate(chosen))
        return Case(part, (images[order],), expected=labels[order])

    return [case("trousers, shoes and bags", EASY_KINDS), case("all ten kinds", range(10))]


# --- In the lesson: three small exercises and three predictions -------------------------------


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


def one_question(rng):
    return [Case("your prediction")]


def _wrong_value(name, value, sentence, read=""):
    return Misconception(name, value, sentence, read)


# --- Declarations -----------------------------------------------------------------------------

EXERCISES = [
    Exercise(
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
                "You added the padding once, but it is put on both sides: "
                "a row grows by 2 * padding.",
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
    ),
    Exercise(
        name="convolve2d",
        title="Convolution with channels",
        points=3,
        difficulty=3,
        minutes=20,
        reference=convolve2d,
        cases=convolve2d_cases,
        probe=Call(),
        compare=close(atol=1e-6),
        alternatives=[via_torch, via_unfold],
        read=BY_HAND,
        misconceptions=[
            Misconception(
                "turned kernel",
                turned_kernel,
                "You turned the kernel by 180 degrees, as a mathematician's convolution does; deep "
                "learning's convolution lays it on the image as it is, so leave out the flip.",
            ),
            Misconception(
                "transposed kernel",
                transposed_kernel,
                "You used kernel[column, row]: rows and columns are exchanged, so edges are found "
                "in the wrong direction; the first index counts rows, in image and kernel alike.",
            ),
            Misconception(
                "mean instead of sum",
                mean_of_window,
                "You took the mean over the window, but a convolution adds the products up: "
                "use a sum, and nothing to divide by.",
            ),
            Misconception(
                "mean over channels",
                mean_of_channels,
                "You averaged over the channels, but their contributions are added: "
                "one output is the sum over all channels and the whole window.",
                CHANNELS,
            ),
            Misconception(
                "first channel only",
                first_channel_only,
                "You looked at channel 0 only: each kernel has one slice for every channel, "
                "and all of them are summed into one map.",
                CHANNELS,
            ),
            Misconception(
                "padded the result",
                padded_the_result,
                "You put the frame of zeros around the result: the size can be right, but the "
                "border is not; pad the image first, then let the window move.",
                PADDING,
            ),
            Misconception(
                "steps of one",
                window_steps_by_one,
                "Your output has the right size for the stride, but its window still moves by one "
                "pixel: output [i, j] looks at the image from row i * stride, column j * stride.",
                PADDING,
            ),
            Misconception(
                "stride for rows only",
                stride_for_rows_only,
                "Your stride moves the window down, but not to the right: "
                "use it for the columns as well.",
                PADDING,
            ),
            Misconception(
                "repeated edges",
                repeated_edges,
                "You padded with copies of the edge pixels: this padding is zeros "
                "(np.pad does this when you name no mode).",
                PADDING,
            ),
            Misconception(
                "one map per channel",
                one_map_per_channel,
                "You made one map for each kernel and channel: the maps of all channels are "
                "added, so that one map is left for each kernel.",
                CHANNELS,
            ),
            Misconception(
                "padding left out",
                image_not_padded,
                "You did not pad: put the frame of zeros around the image before the window moves.",
                PADDING,
            ),
            Misconception(
                "stride left out",
                stride_not_used,
                "You did not use the stride: the window moves by it in both directions, which "
                "makes the output smaller.",
                PADDING,
            ),
            Misconception(
                "first kernel only",
                first_kernel_only,
                "All your maps come from the first kernel: map o needs kernels[o].",
                CHANNELS,
            ),
            Misconception(
                "kernels added up",
                kernels_added_up,
                "You added the maps of all kernels, or made one map only: add over the channels, "
                "and keep one map for each kernel.",
                CHANNELS,
            ),
            Misconception(
                "maps last",
                maps_last,
                "Your numbers are right, but the maps stand on the last axis, as in Keras: "
                "return (O, H', W').",
                CHANNELS,
            ),
            Misconception(
                "two sides only",
                padded_on_two_sides_only,
                "You padded above and on the left only: np.pad wants (padding, padding), before "
                "and after, for rows and for columns.",
                PADDING,
            ),
            Misconception(
                "channels padded too",
                channels_padded_too,
                "np.pad(image, padding) pads every axis, so there are channels of zeros that no "
                "kernel has: name the widths, ((0, 0), (padding, padding), (padding, padding)).",
                PADDING,
            ),
            Misconception(
                "square window",
                square_window,
                "Your window fails where a kernel is not square: take kh rows and kw columns, "
                "and work out the height with kh and the width with kw.",
            ),
        ],
        hints=(
            "Start from the lesson's `slide` for one channel and one kernel. What changes when a "
            "window has C layers?",
            "Pad the two last axes of the image. Make an array of zeros of shape (O, oh, ow), with "
            "oh and ow from `output_size`. Then fill it in three loops: o, i, j.",
            "For output [o, i, j]: the window begins in row i * stride and column j * stride of "
            "the padded image, is kh by kw large and keeps all channels (`:` on the first axis). "
            "It has the shape of kernels[o]; multiply the two and sum everything to one number.",
        ),
    ),
    Exercise(
        name="convolution_gradients",
        title="The two gradients of a convolution",
        points=3,
        difficulty=4,
        minutes=25,
        reference=convolution_gradients,
        cases=convolution_gradients_cases,
        probe=Call(),
        compare=close(atol=1e-6),
        alternatives=[via_autograd, via_full_correlation],
        read=GRADIENT,
        misconceptions=[
            Misconception(
                "order of the results",
                gradients_swapped,
                "Both gradients are right, but in the wrong order: "
                "return d_image first, then d_kernel.",
            ),
            Misconception(
                "kernel turned",
                kernel_not_turned,
                "Your d_kernel is right, but in d_image the kernel lies the wrong way round: pixel "
                "(i + a, j + b) was met by kernel[a, b]; if you slide over a padded upstream, turn "
                "the kernel by 180 degrees, and if you add pieces, do not.",
            ),
            Misconception(
                "overwritten",
                overwritten,
                "Your d_kernel is right, but in d_image each window overwrites the one before: "
                "a pixel lies in several windows and collects from all of them, so use += .",
            ),
            Misconception(
                "upstream left out",
                upstream_ignored,
                "You counted every output alike: the chain rule multiplies each output's share by "
                "its own upstream[i, j].",
            ),
            Misconception(
                "averaged",
                averaged,
                "You divided by the number of outputs: the chain rule sums over them; "
                "if a mean is wanted, upstream holds its factor already.",
            ),
            Misconception(
                "upstream turned",
                upstream_turned,
                "Your d_image is right, but for d_kernel you turned upstream by 180 degrees: "
                "slide it over the image as it is.",
            ),
            Misconception(
                "d_kernel overwritten",
                kernel_overwritten,
                "Your d_image is right, but in d_kernel each output overwrites the one before: "
                "every output adds its upstream[i, j] * window, so use += .",
            ),
            Misconception(
                "both overwritten",
                both_overwritten,
                "Each output overwrites what the one before has left, in both gradients: they "
                "are sums over all outputs, so use += .",
            ),
            Misconception(
                "upstream not padded",
                upstream_not_padded,
                "Your d_kernel is right, but d_image is smaller than the image: a pixel at the "
                "border has a gradient too; pad upstream with kh - 1 rows and kw - 1 columns of "
                "zeros on each side.",
            ),
            Misconception(
                "upstream padded by one",
                upstream_padded_by_one,
                "You padded upstream by one pixel, which suits kernels of 2 by 2 only: pad with "
                "kh - 1 rows and kw - 1 columns on each side.",
            ),
            Misconception(
                "upstream left out of d_kernel",
                kernel_without_upstream,
                "Your d_image is right, but d_kernel counts every output alike: multiply each "
                "window by its upstream[i, j].",
            ),
            Misconception(
                "upstream left out of d_image",
                image_without_upstream,
                "Your d_kernel is right, but d_image counts every output alike: what an output "
                "sends back is upstream[i, j] * kernel.",
            ),
            Misconception(
                "one gradient",
                only_the_kernel,
                "You returned d_kernel alone: return the pair d_image, d_kernel.",
            ),
        ],
        hints=(
            "Write the forward pass as a sum: output[i, j] = sum over a, b of "
            "kernel[a, b] * image[i + a, j + b]. Where does kernel[a, b] stand in it?",
            "Think of one output at a time. Output [i, j] used a window of the image. It sends "
            "upstream[i, j] * window to d_kernel, and upstream[i, j] * kernel to that window of "
            "d_image.",
            "Begin with two arrays of zeros. Go through all i, j of upstream with two loops; take "
            "the window image[i : i + kh, j : j + kw]; add to d_kernel and to the same window of "
            "d_image what the method hint says, with +=. Return d_image, then d_kernel.",
        ),
    ),
    Exercise(
        name="max_pool2d",
        title="Max pooling",
        points=2,
        difficulty=2,
        minutes=15,
        reference=max_pool2d,
        cases=max_pool2d_cases,
        probe=Call(),
        compare=close(),
        alternatives=[pool_via_torch],
        read=POOLING,
        misconceptions=[
            Misconception(
                "padded with zeros",
                zeros_around,
                "You padded with zeros: where all pixels are negative, the padding itself wins and "
                "a value appears that was never there; pad with -np.inf.",
            ),
            Misconception(
                "average",
                average_pool,
                "You took the mean of each window: max pooling keeps the largest value.",
            ),
            Misconception(
                "kept the rest",
                keeps_the_rest,
                "You kept the incomplete windows at the right and lower edge: here, as in PyTorch, "
                "a window that does not fit is dropped; round the size down.",
                PADDING,
            ),
            Misconception(
                "stride 1 by default",
                default_stride_one,
                "Without a stride your window moves by one pixel: for pooling the default stride "
                "is the window's own size.",
            ),
            Misconception(
                "stride not used",
                stride_is_size,
                "Your window always moves by its own size: use stride when it is given, "
                "and size only when it is None.",
            ),
            Misconception(
                "padding not used",
                without_padding,
                "You left out the padding: put a frame of -np.inf around each map first.",
                PADDING,
            ),
            Misconception(
                "across channels",
                across_channels,
                "You took the largest value over all channels, so only one map is left: "
                "each channel is pooled on its own, and their number stays.",
            ),
            Misconception(
                "largest magnitude",
                largest_magnitude,
                "You compared absolute values, so -30 beats 2: the maximum is the largest number, "
                "with its sign.",
            ),
            Misconception(
                "one maximum for all maps",
                largest_of_all_maps,
                "All your maps are alike: .max() without axes looks at all photos and channels "
                "together; take it over the window's two axes only, axis=(2, 3).",
            ),
            Misconception(
                "steps of one",
                pool_steps_by_one,
                "Your output has the right size, but its window moves by one pixel: output [i, "
                "j] looks at the map from row i * stride, column j * stride.",
            ),
            Misconception(
                "began at zero",
                began_at_zero,
                "Where all values of a window are negative you give 0: your search for the "
                "largest begins at 0; begin at -np.inf, or take .max() of the window.",
            ),
            Misconception(
                "all axes padded",
                all_axes_padded,
                "np.pad(maps, padding) pads every axis, so there are photos and channels that "
                "nobody gave you: name the widths, (0, 0) twice and (padding, padding) twice.",
                PADDING,
            ),
        ],
        hints=(
            "A window and a step, as in a convolution, but no kernel: what is done with the window "
            "instead?",
            "Choose the stride first (None means size). Pad the last two axes with -np.inf. The "
            "output's sides come from the formula for a convolution with kernel = size.",
            "For output row i and column j take maps[:, :, i * stride : i * stride + size, "
            "j * stride : j * stride + size] of the padded maps. Its maximum over the axes 2 and 3 "
            "has shape (N, C), and belongs at result[:, :, i, j].",
        ),
    ),
    Exercise(
        name="SmallCNN",
        title="A network to a specification",
        points=3,
        difficulty=3,
        minutes=20,
        reference=SmallCNN,
        cases=small_cnn_cases,
        probe=Model(mode="eval"),
        compare=close(rtol=1e-4, atol=1e-5),
        alternatives=[FunctionalCNN],
        read=NETWORK,
        misconceptions=[
            Misconception(
                "softmax inside",
                _changed(out=lambda c, k: nn.Sequential(nn.Linear(2 * c, k), nn.Softmax(dim=1))),
                "Your network ends with a softmax: cross_entropy applies its own to logits, and "
                "a second one makes the gradients small; return the Linear layer's values.",
            ),
            Misconception(
                "normalised after ReLU",
                _changed(_NORM_LAST),
                "You normalise after the ReLU: the specification, like the paper, puts "
                "batch normalisation between the convolution and the ReLU.",
                BATCH_NORM,
            ),
            Misconception(
                "one ReLU",
                _changed(_ONE_RELU),
                "The second block has no ReLU: its negative values go on unchanged and the block "
                "loses its nonlinearity; add the ReLU after its batch normalisation.",
            ),
            Misconception(
                "no padding",
                _changed(
                    conv1=lambda c, k: nn.Conv2d(1, c, 3, bias=False),
                    conv2=lambda c, k: nn.Conv2d(c, 2 * c, 3, bias=False),
                ),
                "Your convolutions do not pad, so each takes a pixel from every side: with a "
                "3 by 3 kernel, padding=1 keeps the size.",
                PADDING,
            ),
            Misconception(
                "biases kept",
                _changed(
                    conv1=lambda c, k: nn.Conv2d(1, c, 3, padding=1),
                    conv2=lambda c, k: nn.Conv2d(c, 2 * c, 3, padding=1),
                ),
                "Your convolutions have biases: the batch normalisation behind them takes off the "
                "mean, and the bias with it; say bias=False.",
                BATCH_NORM,
            ),
            Misconception(
                "flattened maps",
                _changed(
                    mean=lambda c, k: nn.Identity(),
                    out=lambda c, k: nn.Linear(2 * c * 14 * 14, k),
                ),
                "You flatten whole maps into the Linear layer, which then needs 196 times as many "
                "weights and one size of photo; average each map to one number first.",
                POOLING,
            ),
            Misconception(
                "maximum of the map",
                _changed(mean=lambda c, k: nn.AdaptiveMaxPool2d(1)),
                "You take the largest value of each map: the specification asks for its mean "
                "(global average pooling).",
                POOLING,
            ),
            Misconception(
                "mean pooling inside",
                _changed(halve=lambda c, k: nn.AvgPool2d(2)),
                "Between the blocks you average 2 by 2 windows: the specification asks for "
                "max pooling there.",
                POOLING,
            ),
            Misconception(
                "dropout always on",
                _DropoutAlwaysOn,
                "Your dropout also works in eval mode: functional.dropout needs "
                "training=self.training, or use the layer nn.Dropout.",
                BATCH_NORM,
            ),
            Misconception(
                "no batch normalisation",
                _changed(
                    _NO_NORM,
                    conv1=lambda c, k: nn.Conv2d(1, c, 3, padding=1),
                    conv2=lambda c, k: nn.Conv2d(c, 2 * c, 3, padding=1),
                ),
                "Your network has no batch normalisation: put nn.BatchNorm2d behind each "
                "convolution, which then needs no bias.",
                BATCH_NORM,
            ),
            Misconception(
                "channels not doubled",
                _changed(
                    conv2=lambda c, k: nn.Conv2d(c, c, 3, padding=1, bias=False),
                    norm2=lambda c, k: nn.BatchNorm2d(c),
                    out=lambda c, k: nn.Linear(c, k),
                ),
                "Your second convolution makes `channels` maps: the specification asks for twice "
                "as many, 2 * channels.",
                CHANNELS,
            ),
            Misconception(
                "no pooling between",
                _changed(halve=lambda c, k: nn.Identity()),
                "Nothing is pooled between your two blocks: the specification halves rows and "
                "columns there.",
                POOLING,
            ),
            Misconception(
                "pooled twice",
                _changed(relu2=lambda c, k: nn.Sequential(nn.ReLU(), nn.MaxPool2d(2))),
                "You pool after the second block too: the specification pools once, between the "
                "blocks, and then takes the mean of each map.",
                POOLING,
            ),
            Misconception(
                "numbers fixed",
                lambda channels=8, classes=10: SmallCNN(),
                "Your network has 8 channels and 10 classes whatever is asked: use the arguments "
                "`channels` and `classes`.",
            ),
            Misconception(
                "mean of a fixed window",
                _changed(mean=lambda c, k: nn.AvgPool2d(14)),
                "Your mean is taken over 14 by 14 pixels, which suits photos of 28 by 28 only: "
                "nn.AdaptiveAvgPool2d(1) or .mean(dim=(2, 3)) takes maps of any size.",
                POOLING,
            ),
            Misconception(
                "ReLU on the logits",
                _changed(out=lambda c, k: nn.Sequential(nn.Linear(2 * c, k), nn.ReLU())),
                "Your network ends with a ReLU: logits may be negative, and a kind below 0 would "
                "learn nothing more; return the Linear layer's values.",
            ),
            Misconception(
                "normalisations created last",
                _NormsDeclaredLast,
                "Your layers seem right but stand in another order: weights are put in by the "
                "order of creation, so create each normalisation right after its convolution.",
            ),
        ],
        hints=(
            "Write the specification's table as a list of layers, one line each; nn.Sequential "
            "takes them in that order.",
            "A block is convolution, batch normalisation, ReLU. The mean of each map is "
            "nn.AdaptiveAvgPool2d(1), which leaves (N, 2 * channels, 1, 1): flatten that.",
            "Eleven layers: the block with `channels` maps (three layers), max pooling, the block "
            "with 2 * channels maps (three layers), mean of each map, Flatten, Dropout, Linear "
            "from 2 * channels to classes. Both convolutions: 3 by 3, padding 1, no bias.",
        ),
    ),
    Exercise(
        name="augment",
        title="Mirror and move photos",
        points=2,
        difficulty=3,
        minutes=20,
        reference=augment,
        cases=augment_cases,
        probe=Call(),
        compare=exact(),
        alternatives=[augment_by_index],
        read=AUGMENTATION,
        misconceptions=[
            Misconception(
                "wrapped round",
                wrapped_round,
                "What you push out on one side comes in again on the other, as np.roll does: a "
                "sleeve would appear beside the wrong shoulder; fill the empty strip with zeros.",
            ),
            Misconception(
                "moved backwards",
                moved_backwards,
                "Your photos move the other way: a positive dx goes to the right and a positive "
                "dy down, so new[i, j] comes from old[i - dy, j - dx].",
            ),
            Misconception(
                "rows for columns",
                rows_for_columns,
                "You exchanged the directions: dx moves along the columns (last axis), "
                "dy along the rows.",
            ),
            Misconception(
                "upside down",
                upside_down,
                "You mirrored top and bottom: left and right are the columns, the last axis, and a "
                "shirt that stands on its head is no photo of this warehouse.",
            ),
            Misconception(
                "moved, then mirrored",
                moved_then_mirrored,
                "You moved first and mirrored afterwards, which turns a step to the right into one "
                "to the left: mirror first, then move.",
            ),
            Misconception(
                "one move for all",
                one_move_for_all,
                "All photos of the batch moved like the first one: use dx[n] and dy[n] for "
                "photo n.",
            ),
            Misconception(
                "mirrored all",
                mirrored_all,
                "You mirrored the whole batch as soon as one photo asked for it: "
                "mirror photo n only where flip[n] is True.",
            ),
            Misconception(
                "changed in place",
                changed_in_place,
                "The result is right, but you wrote it into the images that were given, so the "
                "training set itself is moved further in every epoch; work on a new array.",
            ),
            Misconception(
                "turned to float",
                turned_to_float,
                "The pixels are right, but no longer of the type that came in: "
                "make the new array with the dtype of images, uint8 here.",
            ),
            Misconception(
                "scaled too",
                scaled_too,
                "You also divided by 255: augmentation moves pixels and leaves their values alone; "
                "scale once, in one place, where the network gets its input.",
            ),
            Misconception(
                "up for down",
                up_for_down,
                "Your dy counts upwards, as in a diagram: rows of an image are counted from the "
                "top, so a positive dy moves down.",
            ),
            Misconception(
                "left for right",
                left_for_right,
                "A positive dx moves your photos to the left: the new column j comes from the "
                "old column j - dx.",
            ),
            Misconception(
                "not mirrored",
                not_mirrored,
                "You did not use flip: where it is True, exchange left and right before you move.",
            ),
            Misconception(
                "mirrored both ways",
                mirrored_both_ways,
                "You mirrored rows as well, so the piece stands on its head: only the last axis "
                "is reversed, [:, ::-1] of one photo.",
            ),
            Misconception(
                "edges smeared",
                edges_smeared,
                "You filled the empty strip with copies of the edge: zeros come in.",
            ),
            Misconception(
                "slice ends at -0",
                ended_at_minus_zero,
                "It stops where dx or dy is 0: a slice that ends at -dx is empty when dx is 0; "
                "end it at width - dx, and likewise for rows.",
            ),
            Misconception(
                "sign lost",
                sign_lost,
                "Negative steps move your photos like positive ones: a negative dx moves to the "
                "left, a negative dy up.",
            ),
        ],
        hints=(
            "Start with one photo and dx = 1. Which columns of the new photo come from which "
            "columns of the old one? Which column stays 0?",
            "Make np.zeros_like(images). For each photo: mirror it if asked, then copy the part "
            "that stays visible to its new place. Slices: what is cut off on one side is free on "
            "the other.",
            "With dx > 0 the old columns 0 … W - dx go to the new columns dx … W; with dx < 0 the "
            "old columns -dx … W go to 0 … W + dx. Rows likewise with dy. max(dx, 0) and "
            "max(-dx, 0) give both starts without an if.",
        ),
    ),
    Exercise(
        name="predict",
        title="Sort photos that nobody has seen",
        points=3,
        difficulty=5,
        minutes=40,
        reference=predict,
        cases=predict_cases,
        probe=Call(),
        compare=accuracy(at_least=0.85, tolerance=0.03),
        alternatives=[predict_in_pieces],
        read=NETWORK,
        misconceptions=[
            Misconception(
                "logits instead of labels",
                _scores,
                "You returned the network's ten values for each photo: the label is the place of "
                "the largest one, argmax over axis 1.",
            ),
            Misconception(
                "one label for all",
                one_for_all_photos,
                "You returned a single number: argmax without an axis looks at all photos "
                "together; say axis=1 (dim=1 in PyTorch).",
            ),
            Misconception(
                "argmax over the photos",
                best_photo_of_each_kind,
                "You returned ten numbers, the best photo for each kind: argmax must go over the "
                "kinds, which are axis 1.",
            ),
            Misconception(
                "column of labels",
                column_of_labels,
                "Your labels stand in a column of shape (N, 1): return a flat array of shape (N,).",
            ),
            Misconception(
                "tensor instead of array",
                tensor_of_labels,
                "You returned a torch tensor: a NumPy array is asked for; end with .cpu().numpy().",
            ),
            Misconception(
                "names instead of labels",
                names_of_kinds,
                "You returned names: the labels are the whole numbers 0 to 9, and a name is found "
                "with classes[label] where people read it.",
            ),
            Misconception(
                "counted from one",
                counted_from_one,
                "Almost no label is right, which is worse than guessing, and happens when kinds "
                "are counted from 1: labels go from 0 (T-shirt/top) to 9 (ankle boot).",
            ),
            Misconception(
                "guessing",
                guessed,
                "One label in ten is right, which is guessing: is it the trained network that you "
                "ask, are pixels scaled as in training, and did the loss fall below 2.3?",
            ),
            Misconception(
                "always the same easy kind",
                always_an_easy_kind,
                "Every photo seems to get the same label, as from a network whose loss stood still "
                "at 2.3: lower the learning rate or normalise, and train again.",
                "lesson.ipynb#A-loss-that-stands-still",
            ),
            Misconception(
                "always the same hard kind",
                always_a_hard_kind,
                "Every photo seems to get the same label, as from a network whose loss stood still "
                "at 2.3: lower the learning rate or normalise, and train again.",
                "lesson.ipynb#A-loss-that-stands-still",
            ),
            Misconception(
                "largest values",
                largest_values,
                "You returned the largest logits instead of their places: in PyTorch, max gives "
                "values and places, and argmax the places alone.",
            ),
            Misconception(
                "photos of another form",
                photos_of_another_form,
                "torch stopped, and says above why: the network takes floats of shape (N, 1, 28, "
                "28), so float(), / 255 and a channel axis; and .numpy() wants torch.no_grad() "
                "around the network.",
            ),
            Misconception(
                "array into the network",
                array_into_network,
                "torch cannot take a NumPy array into a network: torch.tensor(images) first.",
            ),
        ],
        hints=(
            "First reach 87 % on 1000 photos that you hold out of the training set. Only then "
            "write predict.",
            "A SmallCNN learns slowly here, because it averages whole maps. The lesson's network "
            "with batch normalisation, or wider maps, gets further in the same time. In predict, "
            "do to the photos exactly what you did in training.",
            "Train with Adam and a learning rate near 0.003 for three or four epochs of batches of "
            "64; keep the network in a global name. predict: uint8 to a float tensor of shape "
            "(N, 1, 28, 28), divided by 255; eval mode; torch.no_grad(); argmax over dim 1; NumPy.",
        ),
    ),
    # In the lesson, without points.
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
    Exercise(
        name="predicted_shape",
        title="Your prediction: the shape",
        points=0,
        difficulty=1,
        minutes=2,
        reference=(8, 14, 14),
        cases=one_question,
        probe=Value(),
        compare=exact(),
        read=CHANNELS,
        misconceptions=[
            _wrong_value(
                "rounded up",
                (8, 15, 15),
                "You rounded up: the last window would hang over the edge, so it is dropped.",
                PADDING,
            ),
            _wrong_value(
                "padding left out",
                (8, 12, 12),
                "12 is right without padding: here two zeros stand on each side.",
                PADDING,
            ),
            _wrong_value(
                "stride left out",
                (8, 28, 28),
                "28 is right for steps of one: with stride 2 the window stands at every second "
                "pixel only.",
                PADDING,
            ),
            _wrong_value(
                "channels of the input",
                (1, 14, 14),
                "The size is right, but each of the 8 kernels makes its own map: "
                "the output has 8 channels.",
            ),
            _wrong_value(
                "channels last",
                (14, 14, 8),
                "The numbers are right in Keras's order: PyTorch writes channels first.",
            ),
            _wrong_value(
                "steps counted",
                (8, 13, 13),
                "13 is the number of whole steps: the window also stands at the place before the "
                "first one.",
                PADDING,
            ),
            _wrong_value(
                "neither padding nor stride",
                (8, 24, 24),
                "24 is right without padding and for steps of one: here two zeros stand on each "
                "side, and the window moves by two.",
                PADDING,
            ),
            _wrong_value(
                "photos too",
                (1, 8, 14, 14),
                "Right for a batch of one photo: this question is about one photo without a "
                "batch axis, (channels, rows, columns).",
            ),
            _wrong_value(
                "one map",
                (14, 14),
                "The size is right: put the number of maps that come out in front of it.",
            ),
        ],
        hints=(
            "Which number of the layer says how many maps come out?",
            "Use output_side for the two other numbers: n = 28, k = 5, p = 2, s = 2.",
            "predicted_shape = (8, 14, 14)",
        ),
    ),
    Exercise(
        name="predicted_parameters",
        title="Your prediction: the parameters",
        points=0,
        difficulty=2,
        minutes=3,
        reference=16 * (8 * 3 * 3 + 1),
        cases=one_question,
        probe=Value(),
        compare=exact(),
        read=CHANNELS,
        misconceptions=[
            _wrong_value(
                "no biases",
                16 * 8 * 9,
                "You counted the weights, but not the biases: one for each output channel.",
            ),
            _wrong_value(
                "one slice",
                16 * 9 + 16,
                "You gave each kernel one slice: it has one for every input channel, so 8.",
            ),
            _wrong_value(
                "a bias for each slice",
                16 * 8 * (9 + 1),
                "You counted a bias for each slice: the slices' sums are added first, "
                "and one bias per output channel comes on top.",
            ),
            _wrong_value(
                "weights at each position",
                16 * 8 * 9 * 14 * 14 + 16,
                "You gave every position its own weights: the kernel is shared by all positions, "
                "so the picture's size does not count.",
            ),
            _wrong_value(
                "one kernel",
                8 * 9,
                "You counted one kernel: there are 16 of them, and a bias for each.",
            ),
            _wrong_value(
                "one slice in each kernel",
                16 * 9,
                "You gave each kernel one slice and no bias: it has one slice for every input "
                "channel, so 8, and one bias.",
            ),
            _wrong_value(
                "channels exchanged",
                8 * (16 * 9 + 1),
                "You exchanged the channels: 16 kernels, each with 8 slices and one bias.",
            ),
        ],
        hints=(
            "How many numbers are in one kernel? How many kernels are there?",
            "One kernel: 8 slices of 3 by 3 numbers, and a bias. Then times 16.",
            "predicted_parameters = 16 * (8 * 3 * 3 + 1)",
        ),
    ),
    Exercise(
        name="predicted_drop",
        title="Your prediction: the crooked camera",
        points=0,
        difficulty=2,
        minutes=2,
        reference="c",
        cases=one_question,
        probe=Value(),
        compare=exact(),
        read="lesson.ipynb#The-crooked-camera",
        misconceptions=[
            _wrong_value(
                "no drop",
                "a",
                "Most people say so, because the same kernels run over the whole photo: the maps "
                "do move along, but the Linear layer behind them has a weight for each place. "
                "Run on.",
            ),
            _wrong_value(
                "a small drop",
                "b",
                "Pooling forgives a pixel or so, and no more: run on and see how steep the curve "
                "is.",
            ),
        ],
        hints=(
            "The convolutions give the same values at other places. What does the layer after "
            "Flatten do with places?",
            "The Linear layer has its own weight for each of the 7 by 7 places of each map.",
            'predicted_drop = "c"',
        ),
    ),
]


if __name__ == "__main__":
    train_and_save()
