"""The two gradients of a convolution: the exercise `convolution_gradients`."""

from __future__ import annotations

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from torch.nn import functional

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import tuple_order

backward_pass = exercise(
    "convolution_gradients",
    title="The two gradients of a convolution",
    points=3,
    difficulty=4,
    minutes=15,
    probe=Call(),
    compare=close(rtol=1e-4, atol=1e-4),
    read="lesson.ipynb#The-gradient-of-a-convolution",
    returns=("d_image", "d_kernel"),
    forms=[
        tuple_order(
            (1, 0),
            "Both gradients are right, but in the wrong order: return d_image, then d_kernel.",
        ),
    ],
)


@backward_pass.reference
def convolution_gradients(image, kernel, upstream):
    """Gradients (d_image, d_kernel) of a loss through a convolution, stride 1, no padding.

    image, d_image: float arrays (H, W). kernel, d_kernel: (kh, kw). upstream: the loss's gradient
    with respect to the output, (H - kh + 1, W - kw + 1).
    Source: Dumoulin and Visin, arXiv:1603.07285, chapter 4.
    """
    by_offset = sliding_window_view(image, upstream.shape)
    d_kernel = np.einsum("abij,ij->ab", by_offset, upstream)
    d_image = np.zeros(image.shape)
    rows, columns = upstream.shape
    for (a, b), weight in np.ndenumerate(kernel):
        d_image[a : a + rows, b : b + columns] += weight * upstream
    return d_image, d_kernel


@backward_pass.alternative
def via_autograd(image, kernel, upstream):
    leaves = [torch.tensor(array, requires_grad=True) for array in (image, kernel)]
    output = functional.conv2d(leaves[0][None, None], leaves[1][None, None])
    output.backward(torch.tensor(upstream)[None, None])
    return tuple(leaf.grad.numpy() for leaf in leaves)


@backward_pass.alternative
def via_full_correlation(image, kernel, upstream):
    rows, columns = kernel.shape
    framed = np.pad(upstream, [(rows - 1, rows - 1), (columns - 1, columns - 1)])
    d_image = np.tensordot(sliding_window_view(framed, kernel.shape), kernel[::-1, ::-1], 2)
    return d_image, np.tensordot(sliding_window_view(image, upstream.shape), upstream, 2)


@backward_pass.cases
def cases(rng):
    def numbers(*shape):
        return rng.normal(scale=3, size=shape).round(1)

    one_hot = np.zeros((2, 3))
    one_hot[1, int(rng.integers(0, 2))] = -1.5
    return [
        Case("one output counts", (numbers(3, 4), numbers(2, 2), one_hot)),
        Case("one output counts", (numbers(3, 2), numbers(3, 2), numbers(1, 1))),
        Case("all outputs count", (numbers(3, 3), numbers(2, 2), numbers(2, 2))),
        Case("all outputs count", (numbers(2, 4), numbers(1, 1), numbers(2, 4))),
        Case("all outputs count", (numbers(1, 4), numbers(1, 2), numbers(1, 3))),
        Case("kernel not square", (numbers(4, 6), numbers(2, 3), numbers(3, 4))),
        Case("kernel not square", (numbers(6, 3), numbers(4, 1), numbers(3, 3))),
    ]


both = backward_pass.group("Both gradients")


@both.mistake(
    "You counted every output alike: the chain rule multiplies each output's contribution by its "
    "own upstream[i, j]."
)
def upstream_left_out(right, a):
    return right(upstream=np.ones_like(a.upstream))


@both.mistake(
    "You divided by the number of outputs: the chain rule sums over them; where the loss is a "
    "mean, upstream holds that factor already."
)
def averaged(right, a):
    return right(upstream=a.upstream / a.upstream.size)


@both.mistake(
    "In both gradients, each output overwrites the contribution of the previous one: they are sums "
    "over all outputs, so use +=."
)
def both_overwritten(right, a):
    return overwritten(right, a)[0], d_kernel_overwritten(right, a)[1]


in_d_image = backward_pass.group("The gradient with respect to the image")


@in_d_image.mistake(
    "In d_image the kernel is rotated the wrong way: pixel (i + a, j + b) was multiplied by "
    "kernel[a, b]; if you slide the kernel over a padded upstream, rotate it by 180 degrees, and "
    "if you add upstream[i, j] * kernel, do not."
)
def kernel_turned(right, a):
    return right(kernel=a.kernel[::-1, ::-1])[0], right()[1]


@in_d_image.mistake(
    "In d_image each window overwrites the previous one: a pixel lies in several windows and "
    "collects from all of them, so use +=."
)
def overwritten(right, a):
    d_image = np.zeros(a.image.shape)
    rows, columns = a.kernel.shape
    for (i, j), slope in np.ndenumerate(a.upstream):
        d_image[i : i + rows, j : j + columns] = slope * a.kernel
    return d_image, right()[1]


@in_d_image.mistake(
    "d_image counts every output alike: what an output sends back is upstream[i, j] * kernel."
)
def upstream_left_out_of_d_image(right, a):
    return upstream_left_out(right, a)[0], right()[1]


def _slid_over(d_image, kernel, padding):
    """d_image as the kernel gives it that slides over upstream with so much padding."""
    padded = np.pad(d_image, padding)
    lost_rows, lost_columns = kernel.shape[0] - 1, kernel.shape[1] - 1
    rows, columns = padded.shape
    return padded[lost_rows : rows - lost_rows, lost_columns : columns - lost_columns]


@in_d_image.mistake(
    "You slide the kernel over upstream without padding, so pixels at the border get no gradient: "
    "pad upstream with kh - 1 rows and kw - 1 columns of zeros on each side."
)
def upstream_not_padded(right, a):
    return _slid_over(right()[0], a.kernel, 0), right()[1]


@in_d_image.mistake(
    "You padded upstream by one pixel, which fits 2 by 2 kernels only: pad with kh - 1 rows and kw "
    "- 1 columns on each side."
)
def upstream_padded_by_one(right, a):
    return _slid_over(right()[0], a.kernel, 1), right()[1]


in_d_kernel = backward_pass.group("The gradient with respect to the kernel")


@in_d_kernel.mistake(
    "For d_kernel you rotated upstream by 180 degrees: slide it over the image as it is."
)
def upstream_turned(right, a):
    return right()[0], right(upstream=a.upstream[::-1, ::-1])[1]


@in_d_kernel.mistake(
    "In d_kernel each output overwrites the previous one: every output adds its upstream[i, j] * "
    "window, so use +=."
)
def d_kernel_overwritten(right, a):
    last_window = a.image[a.upstream.shape[0] - 1 :, a.upstream.shape[1] - 1 :]
    return right()[0], a.upstream[-1, -1] * last_window


@in_d_kernel.mistake(
    "d_kernel counts every output alike: multiply each window by its upstream[i, j]."
)
def upstream_left_out_of_d_kernel(right, a):
    return right()[0], upstream_left_out(right, a)[1]


backward_pass.hints(
    "Write the forward pass as a sum: output[i, j] = sum over a, b of kernel[a, b] * image[i + a, "
    "j + b]. Where does kernel[a, b] appear in it?",
    "Think of one output at a time. Output [i, j] used a window of the image. It sends "
    "upstream[i, j] * window to d_kernel, and upstream[i, j] * kernel to that window of d_image.",
    "Start with two arrays of zeros. Go through all i, j of upstream with two loops; take the "
    "window image[i : i + kh, j : j + kw]; add to d_kernel and to the same window of d_image what "
    "the method hint says, with +=. Return d_image, then d_kernel.",
)
