"""The three gradients of a linear layer: the exercise `linear_backward`."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import transposed, tuple_order

backward = exercise(
    "linear_backward",
    title="Backward through a linear layer",
    points=2,
    difficulty=3,
    minutes=8,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#Backpropagation",
    returns=("d_x", "d_weight", "d_bias"),
    forms=[
        tuple_order(
            (1, 2, 0), "Your gradients are right, but in the wrong order: d_x comes first, then "
            "d_weight and d_bias.",
        ),
        transposed(
            "d_weight is transposed: like the weight itself, it has shape (outputs, inputs).",
            of="d_weight",
        ),
    ],
)  # fmt: skip


@backward.reference
def linear_backward(x, weight, upstream):
    """Return (d_x, d_weight, d_bias) of x @ weight.T + bias.

    x, d_x: float arrays (..., I), with any axes in front. weight, d_weight: (O, I), as in
    torch.nn.Linear. upstream: the loss's gradient with respect to the output, (..., O).
    d_bias: (O,).
    """
    inputs = x.reshape(-1, weight.shape[1])
    slopes = upstream.reshape(-1, weight.shape[0])
    return upstream @ weight, slopes.T @ inputs, slopes.sum(axis=0)


@backward.alternative
def via_autograd(x, weight, upstream):
    leaves = [torch.tensor(a, requires_grad=True) for a in (x, weight, np.zeros(len(weight)))]
    functional.linear(*leaves).backward(torch.tensor(upstream))
    return tuple(leaf.grad.numpy() for leaf in leaves)


@backward.alternative
def via_tensordot(x, weight, upstream):
    axes = tuple(range(x.ndim - 1))
    d_weight = np.tensordot(upstream, x, (axes, axes))
    return np.einsum("...o,oi->...i", upstream, weight), d_weight, upstream.sum(axis=axes)


@backward.cases
def cases(rng):
    def case(part, front, inputs, outputs):
        x, weight, upstream = (
            rng.normal(scale=2, size=size).round(1)
            for size in ((*front, inputs), (outputs, inputs), (*front, outputs))
        )
        return Case(part, (x, weight, upstream))

    return [
        case("a batch", (4,), 3, 2),
        case("a batch", (2,), 2, 2),
        case("a batch", (1,), 1, 1),
        case("a batch", (3,), 4, 5),
        case("one trace", (), 3, 4),
        case("one trace", (), 2, 1),
        case("traces of several sensors", (3, 2), 4, 3),
        case("traces of several sensors", (2, 1, 4), 2, 3),
    ]


@backward.mistake(
    "You transposed the weight for d_x, as in the forward pass: upstream has one column for each "
    "output, and weight one row for each, so d_x is upstream @ weight."
)
def forward_again(right, a):
    size = a.weight.size
    back = np.resize(a.weight.ravel(), size).reshape(a.weight.shape[::-1]).T
    return a.upstream @ back, *right()[1:]


several = backward.group("Axes in front")


@several.mistake(
    "You averaged over the rows: every row adds its part, and where the loss is a mean, upstream "
    "holds that factor already."
)
def averaged(right, a):
    d_x, d_weight, d_bias = right()
    rows = a.x.size / a.x.shape[-1]
    return d_x, d_weight / rows, d_bias / rows


@several.mistake(
    "d_bias is the upstream gradient of each row: the bias is added to every row, so its gradient "
    "is the sum over all rows, of shape (outputs,)."
)
def bias_not_summed(right, a):
    return *right()[:2], a.upstream.copy()


@several.mistake(
    "d_bias is summed over the first axis only: with more axes in front, sum over all but the last."
)
def bias_summed_over_one_axis(right, a):
    return *right()[:2], a.upstream.sum(axis=0)


@several.mistake(
    "d_bias is a mean over the rows: the bias reaches every row, and the contributions add up."
)
def bias_averaged(right, a):
    d_x, d_weight, d_bias = right()
    return d_x, d_weight, d_bias / (a.x.size / a.x.shape[-1])


@several.mistake(
    "You turned upstream with reshape(outputs, -1), which mixes rows and columns up: make it "
    "(rows, outputs) with reshape(-1, outputs), and transpose that."
)
def reshaped_to_transpose(right, a):
    turned = a.upstream.reshape(len(a.weight), -1)
    return right()[0], turned @ a.x.reshape(-1, a.x.shape[-1]), turned.sum(axis=1)


@several.mistake(
    "Your d_weight and d_bias are those of the last trace: every trace adds to both, so use += in "
    "a loop."
)
def last_trace_only(right, a):
    last = (-1,) * (a.x.ndim - 1)
    return right()[0], np.outer(a.upstream[last], a.x[last]), a.upstream[last].copy()


@backward.mistake(
    "Your d_bias is all ones, as if the loss were the sum of the outputs: sum upstream over the "
    "rows."
)
def bias_of_ones(right, a):
    return *right()[:2], np.ones(len(a.weight))


@backward.mistake(
    "Your d_x leaves upstream out, as if it were all ones: multiply upstream by the weight, whose "
    "rows say how far each output moves with each input."
)
def weight_summed(right, a):
    rest = right()[1:]
    return np.broadcast_to(a.weight.sum(axis=0), a.x.shape).copy(), *rest


backward.hints(
    "For a single trace, output o is the sum over i of weight[o, i] * x[i], plus bias[o]. Which "
    "outputs does x[i] reach, and with what factor?",
    "Shapes decide most of it: d_x = upstream @ weight works with any axes in front. For d_weight "
    "and d_bias, first make x (rows, inputs) and upstream (rows, outputs) with reshape(-1, …).",
    "With those two tables: d_weight is the transposed upstream times x, d_bias the sum of "
    "upstream over axis 0. Return d_x, d_weight, d_bias.",
)
