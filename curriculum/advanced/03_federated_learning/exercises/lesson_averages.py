"""Small exercises of the lesson on unlike data and on remedies for drift. They earn no points."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import as_list, in_percent

comparing = exercise(
    "label_skew",
    title="Try it: how unlike?",
    points=0,
    difficulty=1,
    minutes=4,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#Data-that-differ",
    forms=[as_list(), in_percent()],
)


@comparing.reference
def label_skew(counts):
    """Return the total variation distance, float array (K,), of each label mix from the pooled one.

    counts: int array (K, C), examples of client k with label c; no client is empty.
    """
    pooled = counts.sum(axis=0) / counts.sum()
    return 0.5 * np.abs(counts / counts.sum(axis=1, keepdims=True) - pooled).sum(axis=1)


@comparing.alternative
def client_by_client(counts):
    everybody = np.array([sum(column) for column in counts.T.tolist()], dtype=float)
    pooled = everybody / everybody.sum()
    distances = []
    for row in counts:
        excess = row / row.sum() - pooled
        distances.append(excess[excess > 0].sum())
    return np.array(distances)


@comparing.cases
def tables_of_counts(rng):
    def case(part, clients, classes, low=1, high=60):
        return Case(part, (rng.integers(low, high, (clients, classes)),))

    sizes = np.array([[3], [40], [150]])
    return [
        case("clients of about equal size", 4, 3, 20, 30),
        case("clients of about equal size", 2, 5, 10, 20),
        Case("clients of unequal size", (sizes * rng.integers(1, 9, (3, 4)),)),
        Case("clients of unequal size", (sizes[::-1] * rng.integers(1, 9, (3, 2)),)),
        Case("one label each", (np.diag(rng.integers(1, 50, 5)),)),
        Case("one label each", (np.diag(rng.integers(1, 50, 2)),)),
        case("one client", 1, 4),
    ]


@comparing.mistake(
    "You averaged the clients' mixes: pooled, a client with more rows counts for more. Add up the "
    "counts of each label first."
)
def mean_of_mixes(counts):
    mixes = counts / counts.sum(axis=1, keepdims=True)
    return np.abs(mixes - mixes.mean(axis=0)).sum(axis=1) / 2


@comparing.mistake("You took the sums of each client: the pooled mix has one sum for each label.")
def sums_of_clients(counts):
    mixes = counts / counts.sum(axis=1, keepdims=True)
    sums = counts.sum(axis=1, keepdims=True) / counts.sum()
    return np.abs(mixes - sums).sum(axis=1) / 2


@comparing.mistake("Half of the sum is asked for, so that mixes that share nothing are 1 apart.")
def without_the_half(right, a):
    return 2 * right()


@comparing.mistake("You compared with even shares: the pooled mix need not be even.")
def against_even_shares(counts):
    mixes = counts / counts.sum(axis=1, keepdims=True)
    return np.abs(mixes - 1 / counts.shape[1]).sum(axis=1) / 2


comparing.hints(
    "The pooled mix has one number for each diagnosis.",
    "For each label, add up the counts of all clients: sum over axis 0.",
    "def label_skew(counts):\n"
    "    mixes = counts / counts.sum(axis=1, keepdims=True)\n"
    "    pooled = counts.sum(axis=0) / counts.sum()\n"
    "    return np.abs(mixes - pooled).sum(axis=1) / 2",
)


gathering = exercise(
    "momentum_round",
    title="Try it: the server's momentum",
    points=0,
    difficulty=2,
    minutes=5,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#Remedies-for-drift",
    returns=("weights", "velocity"),
)


@gathering.reference
def momentum_round(weights, average, velocity, beta):
    """Return (weights, velocity), float arrays (P,), after a round of server momentum.

    weights: the server's (P,). average: the mean of the clients' weights (P,). velocity: (P,).
    """
    new_velocity = beta * velocity + average - weights
    return weights + new_velocity, new_velocity


@gathering.alternative
def number_by_number(weights, average, velocity, beta):
    after = []
    speeds = []
    for w, a, v in zip(weights.tolist(), average.tolist(), velocity.tolist(), strict=True):
        speeds.append(v * beta + (a - w))
        after.append(w + speeds[-1])
    return np.array(after), np.array(speeds)


@gathering.cases
def rounds(rng):
    def case(part, size, beta, moving=True):
        weights = rng.normal(size=size)
        average = weights + 0.3 * rng.normal(size=size)
        return Case(part, (weights, average, moving * rng.normal(size=size), beta))

    return [
        case("the first round", 4, 0.5, moving=False),
        case("the first round", 7, 0.9, moving=False),
        case("a later round", 5, 0.5),
        case("a later round", 3, 0.9),
        case("a later round", 1, 0.25),
        case("without momentum", 6, 0.0),
    ]


@gathering.mistake(
    "You added the average itself to the velocity: the server's step is the mean update, the "
    "average minus the weights."
)
def average_added(weights, average, velocity, beta):
    velocity = beta * velocity + average
    return weights + velocity, velocity


@gathering.mistake("Your update is reversed: it must lead from the weights to the average.")
def turned_round(weights, average, velocity, beta):
    velocity = beta * velocity + weights - average
    return weights + velocity, velocity


@gathering.mistake("You added the velocity to the average: add it to the server's weights.")
def from_the_average(weights, average, velocity, beta):
    velocity = beta * velocity + average - weights
    return average + velocity, velocity


@gathering.mistake("You subtracted the velocity: it points to where the clients went, so add it.")
def subtracted(weights, average, velocity, beta):
    velocity = beta * velocity + average - weights
    return weights - velocity, velocity


@gathering.mistake("You moved by the old velocity: update it first, then move.")
def old_velocity(weights, average, velocity, beta):
    return weights + velocity, beta * velocity + average - weights


gathering.hints(
    "What is the mean update, given the average of the clients' weights?",
    "The mean update is average - weights; the server then moves by the new velocity.",
    "def momentum_round(weights, average, velocity, beta):\n"
    "    velocity = beta * velocity + (average - weights)\n"
    "    return weights + velocity, velocity",
)


pulling = exercise(
    "proximal_gradient",
    title="Try it: the pull of FedProx",
    points=0,
    difficulty=2,
    minutes=4,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#Remedies-for-drift",
    forms=[as_list()],
)


@pulling.reference
def proximal_gradient(gradient, weights, global_weights, mu):
    """Return the gradient (P,) of loss + mu / 2 * squared distance to global_weights, all (P,)."""
    return gradient + mu * weights - mu * global_weights


@pulling.alternative
def by_autograd(gradient, weights, global_weights, mu):
    pulled = torch.tensor(weights, requires_grad=True)
    spring = mu / 2 * (pulled - torch.tensor(global_weights)).square().sum()
    loss = (torch.tensor(gradient) * pulled).sum() + spring
    loss.backward()
    return pulled.grad.numpy()


@pulling.cases
def springs(rng):
    def case(part, size, mu, moved=1.0):
        start = rng.normal(size=size)
        return Case(part, (rng.normal(size=size), start + moved * rng.normal(size=size), start, mu))

    return [
        case("after some steps", 5, 0.1),
        case("after some steps", 3, 1.0),
        case("after some steps", 8, 2.5),
        case("at the first step", 4, 0.5, moved=0.0),
        case("without a pull", 1, 0.0),
        case("without a pull", 6, 0.0),
    ]


@pulling.mistake("Your spring pushes away: its gradient points from global_weights to weights.")
def pushed_away(gradient, weights, global_weights, mu):
    return gradient - mu * (weights - global_weights)


@pulling.mistake("The derivative of half a square is the distance itself: leave the half out.")
def half_left_in(gradient, weights, global_weights, mu):
    return gradient + mu / 2 * (weights - global_weights)


@pulling.mistake("You pulled towards zero, which is weight decay: pull towards global_weights.")
def towards_zero(gradient, weights, global_weights, mu):
    return gradient + mu * weights


@pulling.mistake("That adds the penalty's value to each number: add its gradient.")
def value_added(gradient, weights, global_weights, mu):
    return gradient + mu / 2 * np.sum((weights - global_weights) ** 2)


pulling.hints(
    "What is the derivative of (w - c) squared over 2?",
    "The spring adds mu times the vector from global_weights to weights.",
    "def proximal_gradient(gradient, weights, global_weights, mu):\n"
    "    return gradient + mu * (weights - global_weights)",
)
