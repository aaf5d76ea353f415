"""When to stop, and which weights to keep: the exercise `early_stopping`."""

from __future__ import annotations

import itertools
import math

import numpy as np

from lepton_course.authoring import Call, Case, exact, exercise
from lepton_course.authoring.wrong_forms import one_too_few, tuple_order

stopping = exercise(
    "early_stopping",
    title="Early stopping",
    points=2,
    difficulty=2,
    minutes=8,
    probe=Call(),
    compare=exact(),
    read="lesson.ipynb#Early-stopping",
    returns=("best_epoch", "epochs_run"),
    forms=[
        one_too_few("You count epochs from 0: the first one is epoch 1.", of="best_epoch"),
        tuple_order((1, 0), "You returned (epochs_run, best_epoch): the best epoch comes first."),
    ],
)


@stopping.reference
def early_stopping(losses, patience, min_delta=0.0):
    """Return (best_epoch, epochs_run), two ints, counted from 1.

    losses: validation losses, one an epoch, as training would see them; nan is no improvement.
    An epoch improves when its loss is below the best one so far by more than min_delta. Training
    ends after `patience` epochs in a row without improvement, or with the last loss. best_epoch is
    the last that improved, 0 if none did.
    """
    best, best_epoch = math.inf, 0
    for epoch, loss in enumerate(losses, start=1):
        if loss < best - min_delta:
            best, best_epoch = loss, epoch
        if epoch - best_epoch >= patience:
            return best_epoch, epoch
    return best_epoch, len(losses)


@stopping.alternative
def with_a_counter(losses, patience, min_delta=0.0):
    kept, waited, run = 0, 0, 0
    lowest = None
    while run < len(losses) and waited < patience:
        loss = losses[run]
        run += 1
        is_number = not math.isnan(loss) and loss < math.inf
        if is_number and (lowest is None or loss + min_delta < lowest):
            lowest, kept, waited = loss, run, 0
        else:
            waited += 1
    return kept, run


@stopping.cases
def cases(rng):
    def around(*losses):
        """These losses with a little noise, in steps of 1/64, so that sums are exact."""
        return [value + int(rng.integers(-3, 4)) / 64 for value in losses]

    nan, inf = math.nan, math.inf
    return [
        Case("stops", (around(2.0, 1.0, 1.5, 1.75, 1.25, 0.25), 3)),
        Case("stops", (around(1.0, 2.0, 0.5), 1)),
        Case("stops", (around(3.0, 2.0, 2.5, 1.0, 1.5, 1.25, 0.5, 0.25), 2)),
        Case("runs to the end", (around(3.0, 2.0, 2.5, 1.0, 1.5), 2)),
        Case("runs to the end", (around(0.75), 4)),
        Case("runs to the end", (around(3.0, 2.0, 1.0), 1)),
        Case("falls, rises a little less, falls", (around(1.0, 2.0, 1.75, 1.5, 1.25), 3)),
        Case("equal losses", ([0.5, 0.5, 0.5, 0.25], 2)),
        Case("equal losses", ([-0.5, -0.75, -0.75, -0.75, -1.0], 3)),
        Case("improvements too small", ([2.0, 1.875, 1.75, 1.625, 1.0], 3, 0.25)),
        Case("improvements too small", ([2.0, 1.875, 1.625, 1.5, 1.25, 1.0], 2, 0.25)),
        Case("improvements too small", ([1.0, 0.5, 0.25], 2, 0.5)),
        Case("improvements too small", ([1.0, 1.125, 1.25, 1.375], 3, 0.25)),
        Case("not a number", ([1.5, nan, nan, 1.25], 2)),
        Case("not a number", ([nan, nan, 1.0, nan, 0.5], 3)),
        Case("not a number", ([nan, inf, nan], 2, 0.125)),
    ]


comparing = stopping.group("What counts as an improvement")


@comparing.mistake(
    "You compare each epoch with the one before it: compare with the best so far, or a loss that "
    "rises and then falls a little looks like progress."
)
def compared_with_the_previous(losses, patience, min_delta=0.0):
    kept, waited, last = 0, 0, math.inf
    for epoch, loss in enumerate(losses, start=1):
        kept, waited = (epoch, 0) if loss < last - min_delta else (kept, waited + 1)
        last = loss
        if waited >= patience:
            return kept, epoch
    return kept, len(losses)


def _run(losses, patience, min_delta=0.0, *, improves=None, resets=True, late=0):
    """Early stopping with another rule for improvements, or for patience."""
    improves = improves or (lambda loss, best, delta: loss < best - delta)
    best, kept, waited = math.inf, 0, 0
    for epoch, loss in enumerate(losses, start=1):
        if improves(loss, best, min_delta):
            best, kept = loss, epoch
            waited = 0 if resets else waited
        else:
            waited += 1
        if waited >= patience + late:
            return kept, epoch
    return kept, len(losses)


@comparing.mistake(
    "An equal loss counts as an improvement in your code: the loss must be lower than the best so "
    "far, by more than min_delta."
)
def equal_is_better(losses, patience, min_delta=0.0):
    return _run(losses, patience, min_delta, improves=lambda loss, best, d: loss <= best - d)


@comparing.mistake("You ignored min_delta: a gain of min_delta or less is no improvement.")
def min_delta_ignored(right, a):
    return right(min_delta=0.0)


@comparing.mistake(
    "You lower the best loss even where an epoch gained too little: the best so far is the loss of "
    "the last epoch that improved, so that many small gains add up to an improvement."
)
def best_without_improvement(losses, patience, min_delta=0.0):
    lowest = np.fmin.accumulate([math.inf, *losses])  # fmin passes over nan
    kept = 0
    for epoch, loss in enumerate(losses, start=1):
        if loss < lowest[epoch - 1] - min_delta:
            kept = epoch
        elif epoch - kept >= patience:
            return kept, epoch
    return kept, len(losses)


@comparing.mistake(
    "You skipped nan: an epoch whose loss is nan has not improved, so it uses up patience."
)
def nan_passed_over(losses, patience, min_delta=0.0):
    numbers = [(epoch, loss) for epoch, loss in enumerate(losses, 1) if not math.isnan(loss)]
    kept, run = early_stopping([loss for _, loss in numbers], patience, min_delta)
    stopped = run < len(numbers) or run - kept >= patience
    return numbers[kept - 1][0] if kept else 0, numbers[run - 1][0] if stopped else len(losses)


@comparing.mistake(
    "In your code nan passes for an improvement: every comparison with nan is False, so write the "
    "test for better, not for worse."
)
def nan_is_better(losses, patience, min_delta=0.0):
    def improves(loss, best, delta):
        return not loss >= best - delta

    return _run(losses, patience, min_delta, improves=improves)


@comparing.mistake(
    "You added min_delta: a loss must lie below the best so far by more than it, so compare with "
    "best - min_delta."
)
def min_delta_added(losses, patience, min_delta=0.0):
    return _run(losses, patience, min_delta, improves=lambda loss, best, d: loss < best + d)


@comparing.mistake(
    "You took min_delta for a fraction of the best loss: it is a difference, so compare with "
    "best - min_delta."
)
def min_delta_as_a_fraction(losses, patience, min_delta=0.0):
    return _run(losses, patience, min_delta, improves=lambda loss, best, d: loss < best * (1 - d))


@comparing.mistake(
    "You began with the first loss as the best: if it is nan, nothing is ever lower; begin with "
    "infinity, and with 0 for its epoch."
)
def first_loss_is_the_best(losses, patience, min_delta=0.0):
    best, kept = losses[0], 1
    for epoch, loss in enumerate(losses, start=1):
        if loss < best - min_delta:
            best, kept = loss, epoch
        if epoch - kept >= patience:
            return kept, epoch
    return kept, len(losses)


waiting = stopping.group("Patience")


@waiting.mistake(
    "You end training at the first nan: it is an epoch without improvement, like any other, and "
    "training ends after `patience` of them in a row."
)
def ended_by_nan(losses, patience, min_delta=0.0):
    numbers = itertools.takewhile(lambda loss: not math.isnan(loss), losses)
    kept, run = early_stopping([*numbers], patience, min_delta)
    return kept, run + (run - kept < patience and run < len(losses))


counting = stopping.group("What is returned")


@counting.mistake("If no epoch improved, best_epoch is 0: begin with 0, not with 1.")
def best_epoch_1_without_improvement(right, a):
    return max(right()[0], 1), right()[1]


@counting.mistake("You number the epochs from 0: the first one is epoch 1, and 0 means none.")
def epochs_from_0(right, a):
    return max(right()[0] - 1, 0), right()[1]


@counting.mistake(
    "Your epochs_run is the best epoch plus patience even where the losses end before: count the "
    "epochs that were run."
)
def patience_after_the_best(right, a):
    return right()[0], right()[0] + a.patience


@counting.mistake("Your epochs_run counts all losses: training has ended before the last of them.")
def all_losses_counted(right, a):
    return right()[0], len(a.losses)


@counting.mistake(
    "You left out the epoch in which training ended: it was run as well, so count it."
)
def last_epoch_left_out(right, a):
    kept, run = right()
    return kept, run - (run - kept >= a.patience)


@waiting.mistake(
    "You count all epochs without improvement: an improvement sets the count back to 0."
)
def never_set_back(losses, patience, min_delta=0.0):
    return _run(losses, patience, min_delta, resets=False)


@waiting.mistake(
    "You stop one epoch late: training ends as soon as `patience` epochs in a row have not "
    "improved."
)
def one_epoch_late(losses, patience, min_delta=0.0):
    return _run(losses, patience, min_delta, late=1)


@waiting.mistake(
    "You took the lowest of all losses: training has stopped before some of them, so nobody would "
    "have seen them."
)
def lowest_of_all(losses, patience, min_delta=0.0):
    _, run = early_stopping(losses, patience, min_delta)
    return (0 if np.isnan(losses).all() else int(np.nanargmin(losses)) + 1), run


@waiting.mistake(
    "You returned the last epoch as the best one: the weights to keep are those of the last "
    "improvement."
)
def last_epoch_kept(right, a):
    return right()[1], right()[1]


stopping.hints(
    "Walk through the losses as training would, one epoch at a time. Which two things must you "
    "remember?",
    "Remember the best loss, starting at infinity, and its epoch, starting at 0. After each epoch: "
    "is it lower by more than min_delta? If not, how many epochs ago was the best one?",
    "for epoch, loss in enumerate(losses, 1): where loss < best - min_delta, remember both; where "
    "epoch - best_epoch equals patience, return; after the loop, all of the losses were run.",
)
