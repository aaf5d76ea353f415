"""The lesson's small exercises. They earn no points."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, close, exact, exercise

gating = exercise(
    "relu_backward",
    title="Try it: backward through a ReLU",
    points=0,
    difficulty=1,
    minutes=3,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#Backpropagation",
)


@gating.reference
def relu_backward(x, upstream):
    """Gradient with respect to x, a float array of the shape of x and upstream; 0 where x is 0."""
    return np.where(x > 0, upstream, 0.0)


@gating.cases
def relu_backward_cases(rng):
    return [
        Case("a row", (np.array([-1.5, 2.0, 0.0, 3.0]), rng.normal(size=4).round(1))),
        Case("a row", (np.array([0.5]), rng.normal(size=1).round(1))),
        Case("a table", (rng.normal(size=(3, 5)).round(1), rng.normal(size=(3, 5)).round(1))),
        Case("a table", (rng.normal(size=(4, 2)).round(1), rng.normal(size=(4, 2)).round(1))),
    ]


@gating.mistake("You applied the ReLU to the gradient: what decides is the sign of x.")
def relu_of_the_gradient(right, a):
    return np.maximum(a.upstream, 0)


@gating.mistake("You passed everything on: where x is negative, the output does not move with x.")
def everything(right, a):
    return a.upstream + 0.0


@gating.mistake("You returned the slope alone: multiply it by the upstream gradient.")
def slope_alone(right, a):
    return (a.x > 0) * 1.0


@gating.mistake("You multiplied by x: the slope of a ReLU is 1 where x is positive.")
def times_x(right, a):
    return right() * a.x


gating.hints(
    "How far does max(0, x) move when x moves a little? It depends on the sign of x.",
    "The slope is 1 where x > 0 and 0 elsewhere. Multiply by the upstream gradient.",
    "def relu_backward(x, upstream):\n    return upstream * (x > 0)",
)


sharing = exercise(
    "softmax",
    title="Try it: two blanks",
    points=0,
    difficulty=2,
    minutes=5,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#Softmax-and-cross-entropy",
)


@sharing.reference
def softmax(logits):
    """Probabilities, a float array (N, K), of logits (N, K) of any size."""
    powers = np.exp(logits - np.amax(logits, axis=1)[:, None])
    return powers / powers.sum(axis=1)[:, None]


@sharing.cases
def softmax_cases(rng):
    return [
        Case("small logits", (rng.normal(size=(2, 3)).round(1),)),
        Case("small logits", (rng.normal(size=(1, 1)).round(1),)),
        Case("small logits", (rng.normal(size=(4, 2)).round(1),)),
        Case("large logits", (rng.normal(scale=2000, size=(3, 3)).round(1),)),
        Case("large logits", (rng.normal(scale=2, size=(2, 5)) + [[-3000], [3000]],)),
    ]


@sharing.mistake(
    "Large logits overflow to inf, and inf / inf is nan: subtract each row's largest logit first."
)
def overflowing(right, a):
    with np.errstate(all="ignore"):
        powers = np.exp(a.logits)
        return powers / powers.sum(axis=1, keepdims=True)


@sharing.mistake(
    "You normalised over the traces: each row's probabilities add up to 1, so sum along axis 1."
)
def over_the_traces(right, a):
    powers = np.exp(a.logits - a.logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=0, keepdims=True)


@sharing.mistake(
    "You subtracted the largest logit of all: a row far below it underflows to 0 / 0; take the "
    "largest of each row."
)
def one_maximum(right, a):
    with np.errstate(all="ignore"):
        powers = np.exp(a.logits - a.logits.max())
        return powers / powers.sum(axis=1, keepdims=True)


sharing.hints(
    "Both blanks are about a row: its largest logit, and the sum of its powers.",
    "Axis 1 runs over the kinds of one trace, and keepdims=True lets the result be subtracted.",
    "def softmax(logits):\n"
    "    powers = np.exp(logits - logits.max(axis=1, keepdims=True))\n"
    "    return powers / powers.sum(axis=1, keepdims=True)",
)


counting = exercise(
    "count_parameters",
    title="Try it: count the parameters",
    points=0,
    difficulty=2,
    minutes=5,
    probe=Call(),
    compare=exact(),
    read="lesson.ipynb#The-multilayer-perceptron",
)


@counting.reference
def count_parameters(sizes):
    """Weights and biases, an int, of a network. sizes: units, from the input to the output."""
    return sum(m + n * m for n, m in zip(sizes, sizes[1:], strict=False))


@counting.cases
def count_parameters_cases(rng):
    width = int(rng.integers(5, 90))
    return [
        Case("no hidden layer", ([40, 10],)),
        Case("no hidden layer", ([1, 1],)),
        Case("hidden layers", ([40, width, 10],)),
        Case("hidden layers", ([3, 8, 8, 2],)),
        Case("hidden layers", ([12, 9, 7, 9, 4],)),
    ]


@counting.mistake("You left the biases out: each unit of a layer has one.")
def no_biases(right, a):
    return right() - sum(a.sizes[1:])


@counting.mistake("You gave the inputs biases, too: they are numbers that come in, not units.")
def inputs_with_biases(right, a):
    return right() + a.sizes[0]


@counting.mistake("You counted one bias a layer: each unit has its own.")
def one_bias_a_layer(right, a):
    return right() - sum(a.sizes[1:]) + len(a.sizes) - 1


counting.hints(
    "A layer from n to m units: how many weights does one of its units have, and how many units "
    "are there?",
    "n * m weights and m biases. Add up over the pairs of neighbours in sizes.",
    "def count_parameters(sizes):\n"
    "    return sum(n * m + m for n, m in zip(sizes[:-1], sizes[1:]))",
)
