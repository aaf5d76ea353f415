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


def _simulated(
    arrivals, max_batch, max_wait, service, *, start=None, closed=True, deadline=None, cost=None,
    busy=True,
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
        end = min(max(int(np.searchsorted(arrivals, begin, side)), first + 1), first + max_batch)
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
    return _simulated(*args)


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


def _slip(**slips):
    return lambda *args: _simulated(*args, **slips)


times = batching.group("When a batch begins")


@times.mistake(
    "Your batches always wait for max_wait: a full one begins at once if the model is free."
)
def full_batches_wait(*args):
    return _simulated(*args, start=lambda full, late: late)


@times.mistake("Your batches wait until they are full: after max_wait a batch begins as it is.")
def only_full_batches(arrivals, max_batch, max_wait, service):
    return _simulated(arrivals, max_batch, 1e4, service)


@times.mistake("Your batches never wait: they begin as soon as the model is free and one is there.")
def never_waits(arrivals, max_batch, max_wait, service):
    return _simulated(arrivals, max_batch, 0.0, service)


@times.mistake(
    "Your model computes several batches at once: a batch begins only when the one before is done."
)
def batches_overlap(*args):
    return _simulated(*args, busy=False)


@times.mistake(
    "You count max_wait from the moment at which the model is free: it is counted from the arrival "
    "of the first waiting request."
)
def wait_counted_from_free(*args):
    def deadline(arrivals, first, max_wait, free):
        return max(arrivals[first], free) + max_wait

    return _simulated(*args, deadline=deadline)


@times.mistake(
    "You count max_wait from the latest arrival: it is counted from the first waiting request, or "
    "a steady trickle would make it wait for ever."
)
def wait_counted_from_the_latest(arrivals, max_batch, max_wait, service):
    def deadline(arrivals, first, max_wait, free):
        last = first
        while last + 1 < len(arrivals) and arrivals[last + 1] <= arrivals[last] + max_wait:
            last += 1
        return arrivals[last] + max_wait

    return _simulated(arrivals, max_batch, max_wait, service, deadline=deadline)


contents = batching.group("What is in a batch")


@contents.mistake("A request that arrives at the moment a batch begins belongs to it.")
def late_by_nothing(*args):
    return _simulated(*args, closed=False)


@contents.mistake(
    "Your batches hold only what had arrived within max_wait of their first request: while the "
    "model is busy more arrive, and they go along, up to max_batch."
)
def closed_while_busy(arrivals, max_batch, max_wait, service):
    """Batches are put together without looking at the model, and then queue up."""
    batches, _ = _simulated(arrivals, max_batch, max_wait, service, busy=False)
    answered, free = np.zeros(len(arrivals)), -np.inf
    for number in range(batches[-1] + 1):
        members = np.flatnonzero(batches == number)
        full = len(members) == max_batch
        ready = arrivals[members[-1]] if full else arrivals[members[0]] + max_wait
        free = max(free, ready) + service[len(members) - 1]
        answered[members] = free
    return batches, answered


@contents.mistake("Your batches may hold one request more than max_batch.")
def one_more_than_max_batch(arrivals, max_batch, max_wait, service):
    longer = np.append(service, service[-1])
    return _simulated(arrivals, max_batch + 1, max_wait, longer)


costs = batching.group("What a batch costs")


@costs.mistake("You charge the time of one request for each batch: service[size - 1] is its time.")
def cost_of_one(*args):
    return _simulated(*args, cost=lambda size, service: service[0])


@costs.mistake("You charge each batch as a full one: service[size - 1] is the time of its size.")
def cost_of_a_full_batch(*args):
    return _simulated(*args, cost=lambda size, service: service[-1])


@costs.mistake(
    "You multiply by the size of the batch: service[size - 1] is the whole batch's time."
)
def cost_times_size(*args):
    return _simulated(*args, cost=lambda size, service: size * service[size - 1])


@costs.mistake("You returned how long each request took: the second value is the time of day.")
def durations(right, a):
    batches, answered = right()
    return batches, answered - a.arrivals


@costs.mistake("You give the time at which a batch begins: it is answered when it is done.")
def begin_of_the_batch(arrivals, max_batch, max_wait, service):
    batches, answered = batcher(arrivals, max_batch, max_wait, service)
    return batches, answered - service[np.bincount(batches)[batches] - 1]


@times.mistake(
    "A model that was busy takes at once what waits: still, a batch that is not full is ready only "
    "when its first request has waited for max_wait."
)
def takes_at_once_after_work(*args):
    def deadline(arrivals, first, max_wait, free):
        return free if free > arrivals[first] else arrivals[first] + max_wait

    return _simulated(*args, deadline=deadline)


batching.hints(
    "Go from batch to batch. Who is the first request that is not in a batch yet?",
    "A batch is ready when max_batch requests have come or its first one has waited max_wait, "
    "whichever is earlier. It begins when it is ready and the model is free, with all that have "
    "arrived by then, at most max_batch.",
    "begin = max(free, min(arrival of the max_batch-th, first arrival + max_wait)); its members "
    "are those with arrivals <= begin, at most max_batch. The model is free again after "
    "service[size - 1].",
)
