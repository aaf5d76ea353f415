"""Seconds that a ring takes, from latency and bandwidth. An exercise of the lesson."""

from __future__ import annotations

import math

from lepton_course.authoring import Call, Case, close, exercise

timing = exercise(
    "ring_seconds",
    title="The seconds of a ring",
    points=0,
    difficulty=2,
    minutes=5,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#When-it-pays",
)


def _sent(world, size):
    return 2 * size - 2 * size / world


@timing.reference
def ring_seconds(world, size, latency, bandwidth):
    return 2 * (world - 1) * latency + _sent(world, size) / bandwidth


@timing.cases
def cases(rng):
    size, bandwidth = float(rng.uniform(1e3, 1e4)), float(rng.uniform(1e3, 3e3))
    world = int(rng.integers(5, 12))
    return [
        Case("two workers", (2, 1000, 0.5, 1000)),
        Case("latency", (world, 10.0, 0.25, 1e3)),
        Case("bandwidth", (world, size, 0.001, bandwidth)),
    ]


@timing.mistake("You computed one step: the ring has 2 (world - 1) of them.")
def one_step(world, size, latency, bandwidth):
    return latency + size / world / bandwidth


@timing.mistake("You paid the latency once: every one of the 2 (world - 1) messages pays it.")
def one_latency(world, size, latency, bandwidth):
    return latency + _sent(world, size) / bandwidth


@timing.mistake("You left the latency out: every message pays it, however short it is.")
def no_latency(world, size, latency, bandwidth):
    return _sent(world, size) / bandwidth


@timing.mistake("You sent the whole tensor in every step: a message carries size / world bytes.")
def whole_tensor(world, size, latency, bandwidth):
    return 2 * (world - 1) * (latency + size / bandwidth)


@timing.mistake("You counted one half of the ring: there are 2 (world - 1) steps.")
def half_the_steps(world, size, latency, bandwidth):
    return (world - 1) * (latency + size / world / bandwidth)


@timing.mistake("You counted 2 world steps: after world - 1 steps of each half all is done.")
def too_many_steps(world, size, latency, bandwidth):
    return 2 * world * (latency + size / world / bandwidth)


@timing.mistake(
    "You sent one chunk in all: 2 (world - 1) counts for the bytes, too, so the sum needs a "
    "bracket."
)
def one_chunk_in_all(world, size, latency, bandwidth):
    return 2 * (world - 1) * latency + size / world / bandwidth


@timing.mistake("You turned bytes into bits: size is in bytes, and bandwidth in bytes a second.")
def in_bits(world, size, latency, bandwidth):
    return 2 * (world - 1) * latency + 8 * _sent(world, size) / bandwidth


@timing.mistake(
    "You sent the tensor once: each of 2 (world - 1) messages carries size / world, nearly twice "
    "the tensor."
)
def tensor_sent_once(world, size, latency, bandwidth):
    return 2 * (world - 1) * latency + size / bandwidth


@timing.mistake(
    "You multiplied by the bandwidth: more bytes in a second take fewer seconds, so divide."
)
def times_the_bandwidth(world, size, latency, bandwidth):
    return 2 * (world - 1) * (latency + size / world * bandwidth)


@timing.mistake(
    "Latency and bandwidth are exchanged: latency is added as it is, and bytes are divided by "
    "bandwidth."
)
def latency_and_bandwidth_exchanged(world, size, latency, bandwidth):
    return ring_seconds(world, size, bandwidth, latency)


@timing.mistake(
    "You divided the latency, too: in the formula only n is divided by W and β, so the bracket "
    "must close elsewhere."
)
def latency_divided_too(world, size, latency, bandwidth):
    return 2 * (world - 1) * (latency + size) / (world * bandwidth)


@timing.mistake("You doubled before subtracting: there are 2 (world - 1) messages, with a bracket.")
def one_message_too_many(world, size, latency, bandwidth):
    return (2 * world - 1) * (latency + size / world / bandwidth)


@timing.mistake("Right, but in milliseconds: seconds are asked for.")
def in_milliseconds(world, size, latency, bandwidth):
    return 1000 * ring_seconds(world, size, latency, bandwidth)


@timing.mistake(
    "You took the larger of latency and transfer: in this model a message takes the one and then "
    "the other, so add them."
)
def the_larger_of_both(world, size, latency, bandwidth):
    return 2 * (world - 1) * max(latency, size / world / bandwidth)


@timing.mistake(
    "Your latency is right, but you counted the bytes of one half of the ring: all 2 (world - 1) "
    "messages carry size / world bytes."
)
def half_of_the_bytes(world, size, latency, bandwidth):
    return 2 * (world - 1) * latency + _sent(world, size) / bandwidth / 2


@timing.mistake("You took `size` for a number of floats: it is in bytes already.")
def size_in_numbers(world, size, latency, bandwidth):
    return 2 * (world - 1) * latency + 4 * _sent(world, size) / bandwidth


@timing.mistake(
    "That is a tree, with log2(world) steps of the whole tensor: a ring has 2 (world - 1) steps, "
    "each with a chunk."
)
def through_a_tree(world, size, latency, bandwidth):
    return 2 * math.log2(world) * (latency + size / bandwidth)


@timing.mistake("You subtracted the latency: it makes every message slower, so add it.")
def latency_subtracted(world, size, latency, bandwidth):
    return _sent(world, size) / bandwidth - 2 * (world - 1) * latency


@timing.mistake(
    "You sent twice the tensor, which is right only for very many workers: each of 2 (world - 1) "
    "messages carries size / world bytes."
)
def twice_the_tensor(world, size, latency, bandwidth):
    return 2 * (world - 1) * latency + 2 * size / bandwidth


timing.hints(
    "How long does one message take? How many messages come one after the other?",
    "One message: latency + size / world / bandwidth. There are 2 (world - 1).",
    "def ring_seconds(world, size, latency, bandwidth):\n"
    "    return 2 * (world - 1) * (latency + size / (world * bandwidth))",
)
