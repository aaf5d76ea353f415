"""Run a linear layer with a low-rank update, and merge it: the exercise `lora`."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import tuple_order

adapting = exercise(
    "lora",
    title="LoRA: run it, merge it",
    points=3,
    difficulty=2,
    minutes=8,
    probe=Call(fresh=True),
    compare=close(rtol=1e-6, atol=1e-8),
    read="lesson.ipynb#LoRA",
    returns=("y", "merged"),
    forms=[tuple_order((1, 0), "You returned the merged weight first: y comes first.")],
)


@adapting.reference
def lora(x, weight, bias, a, b, alpha):
    """Return (y, merged): the layer's output, float (…, O), and its merged weight, float (O, I).

    x: float (…, I), any number of leading axes. weight: (O, I). bias: (O,). a: (r, I). b: (O, r).
    The update is alpha / r * b @ a. Source: Hu et al. (2022), section 4.1.
    """
    scale = alpha / a.shape[0]
    update = (x @ a.T) @ b.T
    return x @ weight.T + bias + scale * update, weight + scale * np.matmul(b, a)


@adapting.alternative
def by_merging_first(x, weight, bias, a, b, alpha):
    merged = weight + sum(
        alpha / len(a) * np.outer(column, row) for column, row in zip(b.T, a, strict=True)
    )
    return np.einsum("...i,oi->...o", x, merged) + bias, merged


@adapting.alternative
def with_torch(x, weight, bias, a, b, alpha):
    inputs, kernel, offset, down, up = (torch.tensor(value) for value in (x, weight, bias, a, b))
    rank = down.shape[0]
    y = functional.linear(inputs, kernel, offset)
    y = y + functional.linear(functional.linear(inputs, down), up) * (alpha / rank)
    return y.numpy(), torch.addmm(kernel, up, down, alpha=alpha / rank).numpy()


@adapting.cases
def cases(rng):
    def case(part, leading, inputs, outputs, rank, alpha, start=1.0):
        shapes = (*leading, inputs), (outputs, inputs), (outputs,), (rank, inputs), (outputs, rank)
        drawn = [rng.normal(size=shape) for shape in shapes]
        return Case(part, (*drawn[:4], start * drawn[4], alpha))

    return [
        case("a batch", (4,), 5, 3, 2, 3.0),
        case("a batch", (1,), 3, 3, 3, 2.1),
        case("a batch", (6,), 2, 4, 1, 0.25),
        case("other leading axes", (2, 3), 4, 2, 3, 8.0),
        case("other leading axes", (), 3, 5, 2, 1.4),
        case("other leading axes", (2, 1, 2), 1, 1, 1, 2.0),
        case("rank above both sides", (3,), 2, 3, 4, 2.5),
        case("rank above both sides", (2,), 1, 2, 3, 0.0),
        case("before training, b is 0", (2,), 6, 4, 2, 16.0, start=0.0),
    ]


scaling = adapting.group("The scale alpha / r")


@scaling.mistake("You did not scale the update: multiply it by alpha / r.")
def not_scaled(right, a):
    return right(alpha=float(len(a.a)))


@scaling.mistake("You scaled by alpha alone: divide it by the rank.")
def alpha_alone(right, a):
    return right(alpha=a.alpha * len(a.a))


@scaling.mistake("You divided by the square root of the rank: divide by the rank itself.")
def root_of_the_rank(right, a):
    return right(alpha=a.alpha * len(a.a) ** 0.5)


@scaling.mistake(
    "You divided alpha by the number of inputs: r is the rank, the number of rows of a."
)
def divided_by_the_inputs(right, a):
    return right(alpha=a.alpha * len(a.a) / a.x.shape[-1])


@scaling.mistake(
    "You divided alpha by the number of outputs: r is the rank, the number of rows of a."
)
def divided_by_the_outputs(right, a):
    return right(alpha=a.alpha * len(a.a) / len(a.b))


@scaling.mistake("You divided with //, which drops the fraction: alpha / r is a float.")
def whole_division(right, a):
    return right(alpha=a.alpha // len(a.a) * len(a.a))


@scaling.mistake("You scaled the whole output: scale only the update.")
def everything_scaled(right, a):
    scale = a.alpha / len(a.a)
    update = scale * (a.b @ a.a)
    return scale * (a.x @ (a.weight + a.b @ a.a).T + a.bias), a.weight + update


@scaling.mistake("You divided the rank by alpha: the scale is alpha / r.")
def upside_down(right, a):
    return right(alpha=len(a.a) ** 2 / a.alpha if a.alpha else np.inf)


@scaling.mistake("You scaled the bias, too: scale only the update.")
def bias_scaled(right, a):
    y, merged = right()
    return y + (a.alpha / len(a.a) - 1) * a.bias, merged


@scaling.mistake("Your y holds the update without its scale: multiply it by alpha / r.")
def y_without_scale(right, a):
    return right(alpha=float(len(a.a)))[0], right()[1]


parts = adapting.group("The parts")


@parts.mistake("You returned the update alone: add the frozen layer's own output.")
def update_alone(right, a):
    merged = right()[1]
    return a.x @ (merged - a.weight).T, merged


@parts.mistake("You forgot the bias: the frozen layer's output is x @ weight.T + bias.")
def bias_forgotten(right, a):
    y, merged = right()
    return y - a.bias, merged


@parts.mistake("You added the update twice: with the merged weight, y already contains it.")
def update_twice(right, a):
    y, merged = right()
    return y + a.x @ (merged - a.weight).T, merged


@parts.mistake("Your y ignores a and b: it is the frozen layer's output.")
def frozen_output(right, a):
    return right(alpha=0.0)[0], right()[1]


@parts.mistake("You returned weight as it was: merge alpha / r * b @ a into it.")
def not_merged(right, a):
    return right()[0], a.weight.copy()


@parts.mistake("You returned the update as the merged weight: add the frozen weight.")
def update_as_merged(right, a):
    y, merged = right()
    return y, merged - a.weight


@parts.mistake("You merged without the scale: add alpha / r * b @ a to the weight.")
def merged_without_scale(right, a):
    return right()[0], right(alpha=float(len(a.a)))[1]


@parts.mistake("You subtracted the update: add it.")
def subtracted(right, a):
    return right(alpha=-a.alpha)


adapting.hints(
    "Write the shapes beside each product. x meets a first: (…, I) times (I, r).",
    "y is the frozen layer's output plus alpha / r times x through a, then through b. The merged "
    "weight is weight plus alpha / r times the product of b and a.",
    "The scale is alpha divided by the number of rows of a. To the frozen layer's output, add the "
    "scale times x, times a transposed, times b transposed. To weight, add the scale times b "
    "times a.",
)
