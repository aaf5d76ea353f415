"""The lesson's steps of an optimiser, with momentum and with RMSProp. They earn no points."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import tuple_order

heavy_ball = exercise(
    "momentum_step",
    title="Try it: a step with momentum",
    points=0,
    difficulty=1,
    minutes=4,
    probe=Call(fresh=True),
    compare=close(),
    read="lesson.ipynb#Momentum",
    returns=("weights", "velocity"),
    forms=[tuple_order((1, 0), "You returned (velocity, weights): the weights come first.")],
)


@heavy_ball.reference
def momentum_step(weights, gradient, velocity, learning_rate, momentum=0.9):
    """Return (weights, velocity), new float arrays of the shape of weights, after one step."""
    faster = gradient + momentum * velocity
    return weights - learning_rate * faster, faster


@heavy_ball.alternative
def by_torch(weights, gradient, velocity, learning_rate, momentum=0.9):
    faster = torch.tensor(velocity).mul(momentum).add(torch.tensor(gradient))
    return torch.tensor(weights).sub(faster, alpha=learning_rate).numpy(), faster.numpy()


@heavy_ball.cases
def momentum_cases(rng):
    def case(part, shape, rate, *momentum, start=1.0):
        drawn = [rng.normal(size=shape) for _ in range(3)]
        return Case(part, (drawn[0], drawn[1], start * drawn[2], rate, *momentum))

    return [
        case("the first step", (3,), 0.1, start=0.0),
        case("later steps", (2, 3), 0.25),
        case("later steps", (1,), 1.0, 0.5),
        case("later steps", (4, 1, 2), 0.01, 0.99),
        case("later steps", (2, 2), 0.5, 0.0),
    ]


@heavy_ball.mistake(
    "You moved by the old velocity: first update the velocity with the gradient, then move."
)
def old_velocity(right, a):
    return a.weights - a.learning_rate * a.velocity, right()[1]


@heavy_ball.mistake("You moved uphill: the step goes against the velocity.")
def uphill(right, a):
    return right(learning_rate=-a.learning_rate)


@heavy_ball.mistake("Your step ignores the velocity: that is plain SGD.")
def plain_sgd(right, a):
    return right(momentum=0.0)


@heavy_ball.mistake(
    "You multiplied the gradient by 1 - momentum: that is a running mean, as in Adam; PyTorch's "
    "momentum adds the whole gradient."
)
def running_mean(right, a):
    return right(gradient=(1 - a.momentum) * a.gradient)


heavy_ball.hints(
    "The velocity changes first: it keeps a part of itself and takes up the gradient.",
    "velocity = momentum * velocity + gradient; then the weights move against it.",
    "def momentum_step(weights, gradient, velocity, learning_rate, momentum=0.9):\n"
    "    velocity = momentum * velocity + gradient\n"
    "    return weights - learning_rate * velocity, velocity",
)


scaled_step = exercise(
    "rmsprop_step",
    title="Try it: a step with RMSProp",
    points=0,
    difficulty=1,
    minutes=3,
    probe=Call(fresh=True),
    compare=close(),
    read="lesson.ipynb#RMSProp-and-Adam",
    returns=("weights", "square"),
    forms=[tuple_order((1, 0), "You returned (square, weights): the weights come first.")],
)


@scaled_step.reference
def rmsprop_step(weights, gradient, square, learning_rate, beta=0.99, epsilon=1e-8):
    """Return (weights, square), new float arrays of the shape of weights, after one step.

    square: running mean of the squared gradients, of the shape of weights, >= 0.
    """
    mean_square = beta * square + (1 - beta) * gradient**2
    return weights - learning_rate * gradient / (np.sqrt(mean_square) + epsilon), mean_square


@scaled_step.alternative
def rmsprop_by_torch(weights, gradient, square, learning_rate, beta=0.99, epsilon=1e-8):
    mean_square = torch.lerp(torch.tensor(gradient).square(), torch.tensor(square), beta)
    ratio = torch.tensor(gradient).div(mean_square.sqrt().add(epsilon))
    return torch.tensor(weights).sub(ratio, alpha=learning_rate).numpy(), mean_square.numpy()


@scaled_step.cases
def rmsprop_cases(rng):
    def case(part, shape, rate, *rest, start=1.0, steep=1.0):
        weights, gradient = rng.normal(size=(2, *shape))
        return Case(part, (weights, steep * gradient, start * rng.random(shape), rate, *rest))

    return [
        case("the first step", (3,), 0.1, start=0.0),
        case("the first step, nearly flat", (4,), 0.1, start=0.0, steep=1e-7),  # shows epsilon
        case("later steps", (2, 3), 0.25),
        case("later steps", (1,), 1.0, 0.5),
        case("later steps", (4, 1, 2), 0.01, 0.9, 0.1),
        case("later steps", (2, 2), 0.5, 0.0, 1.0),
    ]


@scaled_step.mistake("You divided by the mean square itself: divide by its root.")
def no_root(right, a):
    square = right()[1]
    return a.weights - a.learning_rate * a.gradient / (square + a.epsilon), square


@scaled_step.mistake(
    "You divided by the mean square of the step before: the argument is out of date once the "
    "line above has run."
)
def old_square(right, a):
    root = np.sqrt(a.square)
    return a.weights - a.learning_rate * a.gradient / (root + a.epsilon), right()[1]


@scaled_step.mistake(
    "You divided by the size of this gradient alone: divide by the root of the running mean."
)
def own_size(right, a):
    step = a.learning_rate * a.gradient / (abs(a.gradient) + a.epsilon)
    return a.weights - step, right()[1]


@scaled_step.mistake("You took the root of square + epsilon: epsilon is added after the root.")
def epsilon_in_the_root(right, a):
    square = right()[1]
    return a.weights - a.learning_rate * a.gradient / np.sqrt(square + a.epsilon), square


scaled_step.hints(
    "The square has the unit of a squared gradient. What has the unit of a gradient?",
    "Its root: np.sqrt(square).",
    "def rmsprop_step(weights, gradient, square, learning_rate, beta=0.99, epsilon=1e-8):\n"
    "    square = beta * square + (1 - beta) * gradient**2\n"
    "    weights = weights - learning_rate * gradient / (np.sqrt(square) + epsilon)\n"
    "    return weights, square",
)

EXERCISES = [heavy_ball, scaled_step]
