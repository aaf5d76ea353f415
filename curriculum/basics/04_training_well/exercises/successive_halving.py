"""Spend a budget on the trials that deserve it: the exercise `successive_halving`."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, exact, exercise
from lepton_course.authoring.wrong_forms import one_too_many, tuple_order

halving = exercise(
    "successive_halving",
    title="Successive halving",
    points=3,
    difficulty=3,
    minutes=12,
    probe=Call(),
    compare=exact(),
    read="lesson.ipynb#Successive-halving",
    returns=("winner", "epochs_spent"),
    forms=[
        one_too_many("You number the trials from 1: the first row is trial 0.", of="winner"),
        tuple_order((1, 0), "You returned (epochs_spent, winner): the winner comes first."),
    ],
)


@halving.reference
def successive_halving(curves, rate=2, first=1):
    """Return (winner, epochs_spent), two ints.

    curves: float (T, E), the validation loss of trial t after each of E epochs; nan is the worst.
    rate: whole, at least 2. first: epochs of the first round, at least 1, which is always run.
    Source: Jamieson and Talwalkar (2016), with training that goes on where it stopped.
    """
    alive, done, spent = np.arange(len(curves)), 0, 0
    for target in _stops(curves.shape[1], rate, first):
        spent += len(alive) * (target - done)
        ranked = alive[np.lexsort((alive, curves[alive, target - 1]))]  # nan comes last
        kept = 1 if target == curves.shape[1] else max(1, len(alive) // rate)
        alive, done = np.sort(ranked[:kept]), target
        if len(alive) == 1:
            break
    return alive.item(), spent


def _stops(longest, rate, first):
    """Return the epochs at which rounds end: first, then rate times as many, up to the longest."""
    stops = [first * rate**k for k in range(longest)]
    return [stop for stop in stops if stop < longest] + [longest]


@halving.alternative
def with_masks(curves, rate=2, first=1):
    losses = np.where(np.isnan(curves), np.inf, curves)
    running = np.ones(len(losses), dtype=bool)
    epochs = min(first, losses.shape[1])
    cost = int(running.sum()) * epochs
    while running.sum() > 1:
        now = losses[:, epochs - 1]
        number = int(running.sum()) // rate
        if epochs == losses.shape[1] or number < 1:
            number = 1
        places = np.flatnonzero(running)
        best = places[np.argsort(now[places], kind="stable")[:number]]
        running[:] = False
        running[best] = True
        if number > 1:
            longer = min(rate * epochs, losses.shape[1])
            cost += number * (longer - epochs)
            epochs = longer
    return int(np.flatnonzero(running)[0]), cost


@halving.cases
def cases(rng):
    def curves(trials, epochs):
        """Falling curves that cross, all values different."""
        start = rng.uniform(1, 3, (trials, 1))
        end = rng.uniform(-0.5, 1, (trials, 1))
        speed = rng.uniform(0.1, 1.5, (trials, 1))
        return (
            end
            + start * np.exp(-speed * np.arange(epochs))
            + rng.normal(scale=0.1, size=(trials, epochs))
        )

    def crossing(trials, epochs):
        """The later a trial falls, the lower it ends; the winner of round one is the worst."""
        values = curves(trials, epochs)
        values[:, -1] = rng.permutation(values[:, 0])
        return values

    def overtaken_by(values, ahead, behind):
        """The curves, with the best trial after `ahead` epochs behind another after `behind`."""
        first, second = np.argsort(values[:, ahead - 1])[:2]
        if values[first, behind - 1] < values[second, behind - 1]:
            values[[first, second], ahead:] = values[[second, first], ahead:]
        return values

    two = curves(2, 9)
    broken = curves(5, 6)
    broken[[0, 2], :2] = np.nan
    diverged = curves(4, 4)
    diverged[:] = np.nan
    tied = rng.choice([0.25, 0.5], size=(40, 4))
    overtaken = np.array([[0.5, 0.25, 0.25], [0.25, 0.25, 0.25], [0.75, 0, 0], [0.75, 0, 0]])
    huge = rng.uniform(1e6, 1e12, size=(4, 3))
    huge[:3] = np.nan
    return [
        Case("rate 2", (curves(8, 8),)),
        Case("rate 2", (crossing(16, 7), 2, 1)),
        Case("other rates", (curves(9, 9), 3, 1)),
        Case("other rates", (curves(20, 10), 3, 1)),
        Case("other rates", (crossing(20, 11), 4, 2)),
        Case("other rates", (curves(5, 20), 5, 3)),
        Case("a number that does not divide", (curves(7, 8), 2, 1)),
        Case("a number that does not divide", (curves(11, 30), 3, 2)),
        Case("a number that does not divide", (two[np.argsort(-two[:, 1])], 3, 2)),
        Case("a number that does not divide", (overtaken_by(curves(7, 8), 1, 3), 3)),
        Case("the epochs run out", (crossing(12, 3), 2, 2)),
        Case("the epochs run out", (crossing(13, 5), 2, 2)),
        Case("the epochs run out", (crossing(7, 4), 2, 4)),
        Case("the epochs run out", (crossing(6, 4), 2, 5)),
        Case("the epochs run out", (curves(9, 1), 3)),
        Case("one trial", (curves(1, 5), 2, 3)),
        Case("one trial", (curves(1, 17), 3, 11)),
        Case("nan and ties", (broken, 2, 2)),
        Case("nan and ties", (diverged,)),
        Case("nan and ties", (tied, 2)),
        Case("nan and ties", (overtaken,)),
        Case("nan and ties", (huge, 2, 2)),
    ]


halving.hints(
    "Play it on paper for 4 trials and rate 2: who runs how long, and who stays after each round?",
    "Keep a list of the trials alive and the number of epochs done. Each round: how far do they "
    "run now, what does that cost, who has the lowest losses there?",
    "target = min(first, E) at first, then min(done * rate, E). Cost: len(alive) * (target - "
    "done). Rank by curves[alive, target - 1], nan as infinity, with a stable sort. Keep "
    "max(1, len(alive) // rate), and 1 when target is E.",
)
