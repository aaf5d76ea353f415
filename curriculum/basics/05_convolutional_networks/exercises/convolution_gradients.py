"""The two gradients of a convolution: right answers, misconceptions and cases.

The learner writes `convolution_gradients`.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from torch.nn import functional

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import only_value, tuple_order

backward_pass = exercise(
    "convolution_gradients",
    title="The two gradients of a convolution",
    points=3,
    difficulty=4,
    minutes=25,
    probe=Call(),
    compare=close(atol=1e-6),
    read="lesson.ipynb#The-gradient-of-a-convolution",
    returns=("d_image", "d_kernel"),
    forms=[
        tuple_order(
            (1, 0),
            "Both gradients are right, but in the wrong order: return d_image "
            "first, then d_kernel.",
        ),
        only_value(1, "You returned d_kernel alone: return the pair d_image, d_kernel."),
    ],
)


@backward_pass.reference
def convolution_gradients(image, kernel, upstream):
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
    def numbers(*shape):  # distinct, so that no turned or swapped array equals itself
        return rng.permutation(np.arange(1.0, 1 + np.prod(shape))).reshape(shape)

    one_hot = np.zeros((2, 3))
    one_hot[1, int(rng.integers(0, 2))] = 2.0
    return [
        Case("one output counts", (numbers(3, 4), numbers(2, 2), one_hot)),
        Case("all outputs count", (numbers(3, 3), numbers(2, 2), numbers(2, 2))),
        Case("kernel not square", (numbers(4, 6), numbers(2, 3), numbers(3, 4))),
    ]


@backward_pass.mistake(
    "Your d_kernel is right, but in d_image the kernel lies the wrong way round: pixel (i + a, j "
    "+ b) was met by kernel[a, b]; if you slide over a padded upstream, turn the kernel by 180 "
    "degrees, and if you add pieces, do not."
)
def kernel_turned(image, kernel, upstream):
    right = convolution_gradients(image, kernel, upstream)
    return convolution_gradients(image, kernel[::-1, ::-1], upstream)[0], right[1]


@backward_pass.mistake(
    "Your d_kernel is right, but in d_image each window overwrites the one before: a pixel lies "
    "in several windows and collects from all of them, so use += ."
)
def overwritten(image, kernel, upstream):
    d_image = np.zeros(image.shape)
    rows, columns = kernel.shape
    for (i, j), slope in np.ndenumerate(upstream):
        d_image[i : i + rows, j : j + columns] = slope * kernel
    return d_image, convolution_gradients(image, kernel, upstream)[1]


@backward_pass.mistake(
    "You counted every output alike: the chain rule multiplies each output's share by its own "
    "upstream[i, j]."
)
def upstream_left_out(image, kernel, upstream):
    return convolution_gradients(image, kernel, np.ones_like(upstream))


@backward_pass.mistake(
    "You divided by the number of outputs: the chain rule sums over them; if a mean is wanted, "
    "upstream holds its factor already."
)
def averaged(image, kernel, upstream):
    return convolution_gradients(image, kernel, upstream / upstream.size)


@backward_pass.mistake(
    "Your d_image is right, but for d_kernel you turned upstream by 180 degrees: slide it over "
    "the image as it is."
)
def upstream_turned(image, kernel, upstream):
    right = convolution_gradients(image, kernel, upstream)
    return right[0], convolution_gradients(image, kernel, upstream[::-1, ::-1])[1]


@backward_pass.mistake(
    "Your d_image is right, but in d_kernel each output overwrites the one before: every output "
    "adds its upstream[i, j] * window, so use += ."
)
def d_kernel_overwritten(image, kernel, upstream):
    last = image[upstream.shape[0] - 1 :, upstream.shape[1] - 1 :]
    return convolution_gradients(image, kernel, upstream)[0], upstream[-1, -1] * last


@backward_pass.mistake(
    "Each output overwrites what the one before has left, in both gradients: they are sums over "
    "all outputs, so use += ."
)
def both_overwritten(image, kernel, upstream):
    pairs = overwritten(image, kernel, upstream), d_kernel_overwritten(image, kernel, upstream)
    return pairs[0][0], pairs[1][1]


@backward_pass.mistake(
    "Your d_kernel is right, but d_image is smaller than the image: a pixel at the border has a "
    "gradient too; pad upstream with kh - 1 rows and kw - 1 columns of zeros on each side."
)
def upstream_not_padded(image, kernel, upstream):
    rows, columns = (max(u - k + 1, 0) for u, k in zip(upstream.shape, kernel.shape, strict=True))
    top, left = kernel.shape[0] - 1, kernel.shape[1] - 1
    right = convolution_gradients(image, kernel, upstream)
    return right[0][top : top + rows, left : left + columns], right[1]


@backward_pass.mistake(
    "You padded upstream by one pixel, which suits kernels of 2 by 2 only: pad with kh - 1 rows "
    "and kw - 1 columns on each side."
)
def upstream_padded_by_one(image, kernel, upstream):
    spare = [(side - 2, side - 2) for side in kernel.shape]
    right = convolution_gradients(image, kernel, upstream)
    cut = tuple(slice(a, side - b) for (a, b), side in zip(spare, image.shape, strict=True))
    return right[0][cut], right[1]


@backward_pass.mistake(
    "Your d_image is right, but d_kernel counts every output alike: multiply each window by its "
    "upstream[i, j]."
)
def upstream_left_out_of_d_kernel(image, kernel, upstream):
    ignored = upstream_left_out(image, kernel, upstream)
    return convolution_gradients(image, kernel, upstream)[0], ignored[1]


@backward_pass.mistake(
    "Your d_kernel is right, but d_image counts every output alike: what an output sends back is "
    "upstream[i, j] * kernel."
)
def upstream_left_out_of_d_image(image, kernel, upstream):
    ignored = upstream_left_out(image, kernel, upstream)
    return ignored[0], convolution_gradients(image, kernel, upstream)[1]


backward_pass.hints(
    "Write the forward pass as a sum: output[i, j] = sum over a, b of kernel[a, b] * image[i + a, "
    "j + b]. Where does kernel[a, b] stand in it?",
    "Think of one output at a time. Output [i, j] used a window of the image. It sends "
    "upstream[i, j] * window to d_kernel, and upstream[i, j] * kernel to that window of d_image.",
    "Begin with two arrays of zeros. Go through all i, j of upstream with two loops; take the "
    "window image[i : i + kh, j : j + kw]; add to d_kernel and to the same window of d_image what "
    "the method hint says, with +=. Return d_image, then d_kernel.",
)
