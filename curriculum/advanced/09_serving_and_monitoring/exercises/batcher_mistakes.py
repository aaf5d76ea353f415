"""The mistakes that learners make in the exercise `batcher`."""

from __future__ import annotations

import numpy as np

from .batcher import batcher, batching, simulated

times = batching.group("When a batch begins")


@times.mistake(
    "Your batches always wait for max_wait: a full one begins at once if the model is free."
)
def full_batches_wait(*args):
    return simulated(*args, start=lambda full, late: late)


@times.mistake("Your batches wait until they are full: after max_wait a batch begins as it is.")
def only_full_batches(arrivals, max_batch, max_wait, service):
    return simulated(arrivals, max_batch, 1e4, service)


@times.mistake("Your batches never wait: they begin as soon as the model is free and one is there.")
def never_waits(arrivals, max_batch, max_wait, service):
    return simulated(arrivals, max_batch, 0.0, service)


@times.mistake(
    "Your model computes several batches at once: a batch begins only when the one before is done."
)
def batches_overlap(*args):
    return simulated(*args, busy=False)


@times.mistake(
    "You count max_wait from the moment at which the model is free: it is counted from the arrival "
    "of the first waiting request."
)
def wait_counted_from_free(*args):
    def deadline(arrivals, first, max_wait, free):
        return max(arrivals[first], free) + max_wait

    return simulated(*args, deadline=deadline)


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

    return simulated(arrivals, max_batch, max_wait, service, deadline=deadline)


contents = batching.group("What is in a batch")


@contents.mistake("A request that arrives at the moment a batch begins belongs to it.")
def late_by_nothing(*args):
    return simulated(*args, closed=False)


@contents.mistake(
    "Your batches hold only what had arrived within max_wait of their first request: while the "
    "model is busy more arrive, and they go along, up to max_batch."
)
def closed_while_busy(arrivals, max_batch, max_wait, service):
    """Batches are put together without looking at the model, and then queue up."""
    batches, _ = simulated(arrivals, max_batch, max_wait, service, busy=False)
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
    return simulated(arrivals, max_batch + 1, max_wait, longer)


costs = batching.group("What a batch costs")


@costs.mistake("You charge the time of one request for each batch: service[size - 1] is its time.")
def cost_of_one(*args):
    return simulated(*args, cost=lambda size, service: service[0])


@costs.mistake("You charge each batch as a full one: service[size - 1] is the time of its size.")
def cost_of_a_full_batch(*args):
    return simulated(*args, cost=lambda size, service: service[-1])


@costs.mistake(
    "You multiply by the size of the batch: service[size - 1] is the whole batch's time."
)
def cost_times_size(*args):
    return simulated(*args, cost=lambda size, service: size * service[size - 1])


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

    return simulated(*args, deadline=deadline)


@times.mistake(
    "You stop waiting when nobody else will come: a service cannot know that, so the last batch "
    "waits for max_wait, too."
)
def last_batch_does_not_wait(*args):
    def deadline(arrivals, first, max_wait, free):
        return min(arrivals[first] + max_wait, arrivals[-1])

    return simulated(*args, deadline=deadline)


@times.mistake(
    "Each of your batches waits for max_wait after the model is free, full or not: max_wait is "
    "counted from the first request's arrival, and a full batch does not wait."
)
def always_waits_from_free(*args):
    def deadline(arrivals, first, max_wait, free):
        return max(arrivals[first], free) + max_wait

    return simulated(*args, deadline=deadline, start=lambda full, late: late)


@times.mistake(
    "You look whether a batch is full only when the model becomes free: one that fills up while "
    "the model idles begins at that moment."
)
def full_seen_when_free_alone(arrivals, max_batch, max_wait, service):
    def deadline(arrivals, first, max_wait, free):
        last = first + max_batch - 1
        is_full = last < len(arrivals) and arrivals[last] <= max(free, arrivals[first])
        return arrivals[last] if is_full else arrivals[first] + max_wait

    slips = {"deadline": deadline, "start": lambda full, late: late}
    return simulated(arrivals, max_batch, max_wait, service, **slips)


@contents.mistake("You take all that wait, however many: a batch holds at most max_batch.")
def no_largest_batch(arrivals, max_batch, max_wait, service):
    def cost(size, service):
        return service[min(size, max_batch) - 1]

    return simulated(arrivals, max_batch, max_wait, service, most=len(arrivals), cost=cost)


@contents.mistake(
    "You cut the arrivals into groups of max_batch: a batch that has waited for max_wait begins "
    "with those who are there."
)
def groups_of_max_batch(arrivals, max_batch, max_wait, service):
    batches = np.arange(len(arrivals)) // max_batch
    answered = np.zeros(len(arrivals))
    free = -np.inf
    for first in range(0, len(arrivals), max_batch):
        group = arrivals[first : first + max_batch]
        ready = group[-1] if len(group) == max_batch else max(group[-1], group[0] + max_wait)
        free = max(free, ready) + service[len(group) - 1]
        answered[first : first + max_batch] = free
    return batches, answered


@costs.mistake("You took the time of a batch one larger: service[size - 1] is that of `size`.")
def cost_of_one_more(*args):
    return simulated(*args, cost=lambda size, service: service[min(size, len(service) - 1)])


@costs.mistake(
    "You answer a batch's requests one after the other: all of them are answered when it is done."
)
def one_after_the_other(arrivals, max_batch, max_wait, service):
    batches, answered = batcher(arrivals, max_batch, max_wait, service)
    sizes = np.bincount(batches)
    place = np.arange(len(arrivals)) - (np.cumsum(sizes) - sizes)[batches]
    size = sizes[batches]
    return batches, answered - service[size - 1] * (size - 1 - place) / size


@times.mistake(
    "Your batch begins with the last request that arrives within max_wait: a service cannot know "
    "that it is the last, so the batch waits until it is full or max_wait is over."
)
def begins_with_the_last(arrivals, max_batch, max_wait, service):
    def deadline(arrivals, first, max_wait, free):
        within = np.searchsorted(arrivals, arrivals[first] + max_wait, side="right")
        return arrivals[max(within - 1, first)]

    return simulated(arrivals, max_batch, max_wait, service, deadline=deadline)
