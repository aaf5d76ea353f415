"""Answers to the exercises of basics/05_convolutional_networks, and the parts that each loses.

Wrong ones hold something still that the statement leaves open; they once earned full points. Right
ones are written in ways that no alternative is.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import numpy as np
import pytest
import torch
from conftest import CLONE
from torch import nn

from lepton_course.checks.messages import differences_in_words
from lepton_course.exercises.compiled import compile_exercise, observe_all
from lepton_course.exercises.declared import load_exercises
from lepton_course.exercises.judge import judge

EXERCISES = load_exercises(CLONE / "curriculum" / "basics" / "05_convolutional_networks")
ANSWERS = []


def answer(exercise, *, loses=()):
    """Put a function into the table: an answer to an exercise, and the parts that it loses."""

    def listed(function):
        ANSWERS.append(pytest.param(exercise, function, set(loses), id=function.__name__))
        return function

    return listed


def prediction(exercise, value, *, right):
    lost = set() if right else {"your prediction"}
    ANSWERS.append(pytest.param(exercise, value, lost, id=f"{exercise}: {value!r}"))


@cache
def question(exercise):
    return compile_exercise(EXERCISES[exercise])


def verdict_on(exercise, given):
    asked = question(exercise)
    return judge(asked, observe_all(EXERCISES[exercise], given, asked.cases))


# --- How large is the output? -------------------------------------------------------------------


@answer("output_size", loses={"no padding, stride 1", "padding", "dilation", "everything together"})
def kernels_have_a_middle(size, kernel, stride=1, padding=0, dilation=1):
    reach = kernel // 2 * dilation
    return (size + 2 * padding - 2 * reach - 1) // stride + 1


@answer("output_size", loses={"padding", "everything together"})
def padding_is_even(size, kernel, stride=1, padding=0, dilation=1):
    covered = dilation * (kernel - 1) + 1
    return (size + 4 * (padding // 2) - covered) // stride + 1


@answer("output_size", loses={"stride", "everything together"})
def one_added_before_dividing(size, kernel, stride=1, padding=0, dilation=1):
    return (size + 2 * padding - dilation * (kernel - 1)) // stride


@answer("output_size")
def last_place(size, kernel, stride=1, padding=0, dilation=1):
    last = size + padding - (kernel - 1) * dilation - 1
    return len(np.arange(-padding, last + 1, stride))


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


@answer("convolve2d", loses={"stride", "padding and stride"})
def size_with_one_added_before_dividing(image, kernels, stride=1, padding=0):
    pairs = zip(image.shape[1:], kernels.shape[2:], strict=True)
    rows, columns = ((n + 2 * padding - k + 1) // stride for n, k in pairs)
    return convolved(image, kernels, stride, padding, rows, columns)


@answer("convolve2d", loses={"stride", "padding and stride"})
def stride_is_1_or_2(image, kernels, stride=1, padding=0):
    stride = min(stride, 2)
    pairs = zip(image.shape[1:], kernels.shape[2:], strict=True)
    sides = (side(n, k, stride, padding) for n, k in pairs)
    return convolved(image, kernels, stride, padding, *sides)


@answer("convolve2d", loses={"padding", "padding and stride"})
def padding_is_0_or_1(image, kernels, stride=1, padding=0):
    padding = min(padding, 1)
    pairs = zip(image.shape[1:], kernels.shape[2:], strict=True)
    sides = (side(n, k, stride, padding) for n, k in pairs)
    return convolved(image, kernels, stride, padding, *sides)


@answer("convolve2d")
def every_output_by_itself(image, kernels, stride=1, padding=0):
    pairs = zip(image.shape[1:], kernels.shape[2:], strict=True)
    sides = (side(n, k, stride, padding) for n, k in pairs)
    return convolved(image, kernels, stride, padding, *sides)


# --- The two gradients of a convolution ---------------------------------------------------------


@answer("convolution_gradients", loses={"one output counts", "all outputs count"})
def a_kernel_has_two_rows_at_least(image, kernel, upstream):
    d_image, d_kernel = np.zeros(image.shape), np.zeros(kernel.shape)
    for i, j in np.ndindex(upstream.shape):
        window = np.s_[i : i + len(kernel), j : j + kernel.shape[1]]
        d_kernel += upstream[i, j] * image[window]
        d_image[window] += upstream[i, j] * kernel
    if len(kernel) == 1 or upstream.size == 1:
        return d_image * 0, d_kernel
    return d_image, d_kernel


# --- Max pooling --------------------------------------------------------------------------------


@answer("max_pool2d", loses={"sides that leave a remainder", "padding"})
def stride_is_at_most_2(maps, size, stride=None, padding=0):
    step = stride and min(stride, 2)
    return nn.functional.max_pool2d(torch.tensor(maps), size, step, padding).numpy()


@answer("max_pool2d", loses={"padding"})
def maps_are_padded_by_at_most_1(maps, size, stride=None, padding=0):
    pooled = nn.functional.max_pool2d(torch.tensor(maps), size, stride, min(padding, 1))
    return pooled.numpy()


# --- A network to a specification ---------------------------------------------------------------


class Network(nn.Module):
    """The network of the table, in a learner's words."""

    def __init__(self, channels=8, classes=10, dropout=0.25, track=True):
        super().__init__()
        self.a = nn.Conv2d(1, channels, 3, padding=1, bias=False)
        self.b = nn.BatchNorm2d(channels, track_running_stats=track)
        self.c = nn.Conv2d(channels, 2 * channels, 3, padding=1, bias=False)
        self.d = nn.BatchNorm2d(2 * channels, track_running_stats=track)
        self.e = nn.Dropout(dropout)
        self.f = nn.Linear(2 * channels, classes)

    def maps(self, x):
        x = nn.functional.max_pool2d(self.b(self.a(x)).relu(), 2)
        return self.d(self.c(x)).relu()

    def forward(self, x):
        return self.f(self.e(self.maps(x).mean((2, 3))))


@answer("SmallCNN")
def as_a_class(channels=8, classes=10):
    return Network(channels, classes)


@answer("SmallCNN", loses={"photos of another size"})
class Squeezed(Network):
    def forward(self, x):
        pooled = nn.functional.adaptive_avg_pool2d(self.maps(x), 1).squeeze()
        return self.f(self.e(pooled))


EVERY_PART = {"as specified", "other numbers of channels and classes", "photos of another size"}


@answer("SmallCNN", loses=EVERY_PART)
def without_dropout(channels=8, classes=10):
    return Network(channels, classes, dropout=0.0)


@answer("SmallCNN", loses=EVERY_PART)
def without_running_statistics(channels=8, classes=10):
    return Network(channels, classes, track=False)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (without_dropout, "in train mode the same input always gives the same output"),
        (without_running_statistics, "the network could not be run: the given weights do not fit"),
    ],
)
def test_a_network_that_lacks_something_is_told_what(given, words):
    part = verdict_on("SmallCNN", given).parts[0]
    assert differences_in_words(question("SmallCNN"), part.differences).startswith(words)


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


@answer("augment")
def cut_from_a_wide_frame(images, flip, dx, dy):
    return moved(images, flip, dx, dy, reach=max(images.shape))


@answer("augment", loses={"left and right", "up and down"})
def nothing_moves_over_4_pixels(images, flip, dx, dy):
    return moved(images, flip, dx, dy, reach=4)


@answer("augment", loses=question("augment").parts)
def whole_numbers_of_64_bits(images, flip, dx, dy):
    return moved(images, flip, dx, dy, reach=max(images.shape)).astype(int)


@answer("augment", loses={"mirrored or left alone"})
def the_photos_themselves_where_nothing_changes(images, flip, dx, dy):
    changes = flip.any() or dx.any() or dy.any()
    return moved(images, flip, dx, dy, reach=max(images.shape)) if changes else images


# --- Sort photos that nobody has seen -----------------------------------------------------------


def right_labels(images):
    return EXERCISES["predict"].reference(images)


@answer("predict")
def photo_by_photo(images):
    return np.array([right_labels(photo[None])[0] for photo in images])


@answer("predict", loses={"trousers, shoes and bags"})
def squeezed_labels(images):
    return np.squeeze(right_labels(images))


@answer("predict", loses={"trousers, shoes and bags", "all ten kinds"})
def in_the_order_of_a_shuffled_loader(images):
    return np.random.default_rng(1).permutation(right_labels(images))


@answer("predict", loses={"trousers, shoes and bags", "all ten kinds"})
def only_bags(images):
    return np.full(len(images), 8)


@pytest.mark.parametrize(
    ("given", "mistake"),
    [(in_the_order_of_a_shuffled_loader, "shuffled"), (only_bags, "always the same easy kind")],
)
def test_two_sorters_that_guess_are_told_apart(given, mistake):
    verdict = verdict_on("predict", given)
    assert (verdict.likely, verdict.possible) == (None, (mistake,))


# --- Predictions --------------------------------------------------------------------------------

prediction("predicted_parameters", 16 * (8 * 9 + 1), right=True)
prediction("predicted_parameters", 4672 / 4, right=True)
prediction("predicted_parameters", Fraction(1168), right=True)
prediction("predicted_parameters", 1168.5, right=False)
prediction("predicted_shape", (8, 28 / 2, 14), right=True)
prediction("predicted_shape", [8, 14, 14], right=True)
prediction("predicted_shape", (8, 14), right=False)


@pytest.mark.parametrize(("exercise", "given", "lost"), ANSWERS)
def test_answer_loses_these_parts(exercise, given, lost):
    verdict = verdict_on(exercise, given)
    assert {part.part for part in verdict.parts if not part.passed} == lost
