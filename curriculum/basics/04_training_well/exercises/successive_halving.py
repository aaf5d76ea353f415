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
    rate: whole, at least 2. first: epochs of the first round, at least 1.
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


def _search(
    curves, rate=2, first=1, *, afresh=False, up=False, at_the_end=False, highest=False,
    lowest_so_far=False, grows=True, stays=False, nan_first=False, last=False, nan=np.inf,
    in_order=np.sort, places=False,
):  # fmt: skip
    """Successive halving, with any of the usual slips."""
    seen = np.where(np.isnan(curves), -np.inf if nan_first else nan, curves)
    if lowest_so_far:
        seen = np.minimum.accumulate(seen, axis=1)
    longest = curves.shape[1]
    alive, done, spent = np.arange(len(curves)), 0, 0
    target = min(first, longest)
    while True:
        spent += len(alive) * (target if afresh else target - done)
        now = seen[alive, (longest if at_the_end else target) - 1]
        order = np.argsort(-now if highest else now, kind="stable")
        number = -(-len(alive) // rate) if up else max(1, len(alive) // rate)
        if target == longest and not stays:
            number = 1
        alive, done = in_order(alive[order[:number]]), target
        if len(alive) == 1 or target == longest:
            break
        target = min(target * rate if grows else target + first, longest)
    if last and target < longest:
        spent += longest - target
    return int(order[0] if places else alive[0]), spent


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
        Case("a number that does not divide", (curves(2, 9), 3, 2)),
        Case("the epochs run out", (crossing(12, 3), 2, 2)),
        Case("the epochs run out", (crossing(13, 5), 2, 2)),
        Case("the epochs run out", (crossing(7, 4), 2, 4)),
        Case("the epochs run out", (crossing(6, 4), 2, 5)),
        Case("the epochs run out", (curves(9, 1), 3)),
        Case("one trial", (curves(1, 5), 2, 3)),
        Case("nan and ties", (broken, 2, 2)),
        Case("nan and ties", (diverged,)),
        Case("nan and ties", (tied, 2)),
        Case("nan and ties", (overtaken,)),
        Case("nan and ties", (huge, 2, 2)),
    ]


def _slipped(**slip):
    def successive_halving(curves, rate=2, first=1):
        return _search(curves, rate, first, **slip)

    return successive_halving


rounds = halving.group("The rounds", make=lambda slip: _slipped(**slip()))


@rounds.mistake(
    "You counted each round from the first epoch: a survivor goes on from its checkpoint, so a "
    "round costs only the epochs that are new."
)
def trained_afresh():
    return {"afresh": True}


@rounds.mistake("You rounded the number of survivors up: alive // rate stay, and at least one.")
def rounded_up():
    return {"up": True}


@rounds.mistake(
    "You ranked the trials by their last losses, which a search has not seen yet: use the loss "
    "after the epochs that were run."
)
def ranked_by_the_end():
    return {"at_the_end": True}


@rounds.mistake("You kept the highest losses: the lowest stay.")
def highest_kept():
    return {"highest": True}


@rounds.mistake(
    "You ranked by the lowest loss so far: rank by the loss after the round's last epoch."
)
def ranked_by_the_lowest_so_far():
    return {"lowest_so_far": True}


@rounds.mistake(
    "Your rounds all have the same length: after each round the number of epochs is multiplied by "
    "rate."
)
def rounds_of_one_length():
    return {"grows": False}


@rounds.mistake(
    "After the round that used up all epochs you returned the first of several survivors: the one "
    "with the lowest loss wins."
)
def first_survivor_wins():
    return {"stays": True}


@rounds.mistake(
    "A trial whose loss is nan won: sorting puts it first, or last, by accident; count it as worse "
    "than any number."
)
def nan_wins():
    return {"nan_first": True}


@rounds.mistake(
    "You gave nan a large number: a loss can be larger still, and then nan wins; use infinity."
)
def nan_is_a_number():
    return {"nan": 1e3}


@rounds.mistake(
    "Equal losses are decided by who was ahead a round earlier: the lower trial number comes "
    "first, so sort the survivors by number before you rank them again."
)
def ties_by_the_round_before():
    return {"in_order": lambda survivors: survivors}


@rounds.mistake(
    "Your winner is a place among the survivors: return the trial's row in curves, so keep the "
    "numbers of the trials alive."
)
def place_among_survivors():
    return {"places": True, "in_order": lambda survivors: survivors}


@rounds.mistake("You trained the winner to the end: the search stops as soon as one trial is left.")
def winner_trained_on():
    return {"last": True}


halving.hints(
    "Play it on paper for 4 trials and rate 2: who runs how long, and who stays after each round?",
    "Keep a list of the trials alive and the number of epochs done. Each round: how far do they "
    "run now, what does that cost, who has the lowest losses there?",
    "target = min(first, E) at first, then min(done * rate, E). Cost: len(alive) * (target - "
    "done). Rank by curves[alive, target - 1], nan as infinity, with a stable sort. Keep "
    "max(1, len(alive) // rate), and 1 when target is E.",
)
