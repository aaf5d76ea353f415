"""Which request goes into which batch, and when it is answered: the exercise `batcher`."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import as_list, one_too_many, only_value, tuple_order

batching = exercise(
    "batcher",
    title="Simulate dynamic batching",
    points=3,
    difficulty=3,
    minutes=13,
    probe=Call(),
    compare=close(rtol=1e-9, atol=1e-9),
    read="lesson.ipynb#Dynamic-batching,-counted",
    returns=("batches", "answered"),
    forms=[
        as_list(of="batches"),
        one_too_many("You count batches from 1: the first has number 0.", of="batches"),
        tuple_order((1, 0), "You swapped the two values: the batches come first."),
        only_value(1, "You returned the times alone: return (batches, answered)."),
    ],
)


@batching.reference
def batcher(arrivals, max_batch, max_wait, service):
    """Return (batches, answered): number of each request's batch, int (N,), and times, float (N,).

    arrivals: float array (N,), ascending, milliseconds. service: float array (max_batch,): the
    model's milliseconds for a batch of 1, 2, … requests. One batch is computed at a time.
    """
    batches = np.zeros(len(arrivals), dtype=np.int64)
    answered = np.zeros(len(arrivals))
    begin = -np.inf
    free = -np.inf
    number = -1
    size = max_batch
    for place, arrival in enumerate(arrivals):
        if size == max_batch or arrival > begin:
            number += 1
            size = 0
            last = place + max_batch - 1
            full = arrivals[last] if last < len(arrivals) else np.inf
            begin = max(free, min(full, arrival + max_wait))
        size += 1
        free = begin + service[size - 1]
        batches[place] = number
        answered[place - size + 1 : place + 1] = free
    return batches, answered


def simulated(
    arrivals, max_batch, max_wait, service, *, start=None, closed=True, deadline=None, cost=None,
    busy=True, most=None,
):  # fmt: skip
    """The simulation batch by batch, with any of the usual slips."""
    count = len(arrivals)
    batches = np.zeros(count, dtype=np.int64)
    answered = np.zeros(count)
    free, first, number = -np.inf, 0, 0
    while first < count:
        full = arrivals[first + max_batch - 1] if first + max_batch <= count else np.inf
        late = (deadline or _first_waited)(arrivals, first, max_wait, free)
        begin = max(free if busy else -np.inf, (start or min)(full, late))
        side = "right" if closed else "left"
        end = max(int(np.searchsorted(arrivals, begin, side)), first + 1)
        end = min(end, first + (most or max_batch))
        size = end - first
        free = begin + (service[size - 1] if cost is None else cost(size, service))
        batches[first:end] = number
        answered[first:end] = free
        first, number = end, number + 1
    return batches, answered


def _first_waited(arrivals, first, max_wait, free):
    return arrivals[first] + max_wait


@batching.alternative
def batch_by_batch(*args):
    return simulated(*args)


@batching.alternative
def event_by_event(arrivals, max_batch, max_wait, service):
    """A queue, filled up to the moment at which the next batch begins."""
    waiting, batch_of, done = [], {}, {}
    coming = list(enumerate(arrivals.tolist()))
    free = 0.0
    number = 0
    while coming or waiting:
        if not waiting:
            waiting.append(coming.pop(0))
        while coming and len(waiting) < max_batch:
            limit = max(waiting[0][1] + max_wait, free)
            if coming[0][1] > limit:
                break
            waiting.append(coming.pop(0))
        filled = waiting[max_batch - 1][1] if len(waiting) >= max_batch else float("inf")
        begin = max(free, min(filled, waiting[0][1] + max_wait))
        free = begin + float(service[len(waiting) - 1])
        for place, _ in waiting:
            batch_of[place], done[place] = number, free
        waiting, number = [], number + 1
    order = range(len(arrivals))
    return np.array([batch_of[i] for i in order], dtype=int), np.array([done[i] for i in order])


@batching.cases
def cases(rng):
    def quarters(low, high, size=None):
        """Whole quarters of a millisecond, which sums of floats keep exactly."""
        return rng.integers(4 * low, 4 * high, size) / 4

    def case(part, gaps, max_batch, max_wait, costs=None):
        arrivals = np.cumsum(np.asarray(gaps, dtype=float))
        if costs is None:
            costs = quarters(3, 6) + np.cumsum(quarters(1, 3, max_batch))
        return Case(part, (arrivals, max_batch, float(max_wait), np.asarray(costs, dtype=float)))

    part = "one request at a time"
    yield case(part, quarters(1, 30, 7), 1, 2.5, [7.25])
    yield case(part, quarters(60, 90, 4), 3, 4.75)
    yield case(part, [5.25], 2, 0.0)
    yield case(part, [2.5], 5, 6.5)
    part = "full batches"
    yield case(part, quarters(0, 2, 12), 6, 80)
    yield case(part, [3, *quarters(0, 1, 8)], 3, 60.5, [9.5, 9.75, 9.0])
    yield case(part, [1, 0, 0, 0, 0, 0, 0], 2, 9)
    part = "waiting times"
    yield case(part, quarters(3, 9, 14), 5, 11.25, 0.5 + np.arange(5) / 4)
    yield case(part, quarters(3, 8, 11), 6, 0.0, 0.25 + np.arange(6) / 4)
    yield case(part, [4, 3, 3, 9, 2.5, 3.5, 1, 40], 4, 6, np.array([0.5, 0.75, 1, 1]))
    part = "a model that falls behind"
    yield case(part, quarters(0, 5, 15), 4, 3.5, [8.25, 10.0, 13.0, 12.5])
    yield case(part, quarters(1, 4, 9), 2, 1.25, [11.75, 12.5])
    yield case(part, [2, 1, 9, 10, 0.5, 0.25, 30], 8, 1, np.full(8, 10.0))
    yield case(part, quarters(0, 9, 20), 3, 7.0)
    yield case(part, [1, 8, 3.5, 7, 2], 4, 6, [3.25, 3.5, 3.75, 4.0])


batching.hints(
    "Go from batch to batch. Who is the first request that is not in a batch yet?",
    "A batch is ready when max_batch requests have come or its first one has waited max_wait, "
    "whichever is earlier. It begins when it is ready and the model is free, with all that have "
    "arrived by then, at most max_batch.",
    "begin = max(free, min(arrival of the max_batch-th, first arrival + max_wait)); its members "
    "are those with arrivals <= begin, at most max_batch. The model is free again after "
    "service[size - 1].",
)
