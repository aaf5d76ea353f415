"""Seconds that a ring takes, from latency and bandwidth. An exercise of the lesson."""

from __future__ import annotations

import math

from lepton_course.exercises import Call, Case, Exercise, Misconception, close

PAYS = "lesson.ipynb#When-it-pays"


def _sent(world, size):
    return 2 * size - 2 * size / world


def ring_seconds(world, size, latency, bandwidth):
    return 2 * (world - 1) * latency + _sent(world, size) / bandwidth


def seconds_of_a_step(world, size, latency, bandwidth):
    return latency + size / world / bandwidth


def one_latency(world, size, latency, bandwidth):
    return latency + _sent(world, size) / bandwidth


def without_latency(world, size, latency, bandwidth):
    return _sent(world, size) / bandwidth


def whole_tensor_each_step(world, size, latency, bandwidth):
    return 2 * (world - 1) * (latency + size / bandwidth)


def half_the_steps(world, size, latency, bandwidth):
    return (world - 1) * (latency + size / world / bandwidth)


def one_step_too_many(world, size, latency, bandwidth):
    return 2 * world * (latency + size / world / bandwidth)


def times_bandwidth(world, size, latency, bandwidth):
    return 2 * (world - 1) * (latency + size / world * bandwidth)


def one_chunk_in_all(world, size, latency, bandwidth):
    return 2 * (world - 1) * latency + size / world / bandwidth


def in_bits(world, size, latency, bandwidth):
    return 2 * (world - 1) * latency + 8 * _sent(world, size) / bandwidth


def not_cut(world, size, latency, bandwidth):
    return 2 * (world - 1) * latency + size / bandwidth


def arguments_exchanged(world, size, latency, bandwidth):
    return ring_seconds(world, size, bandwidth, latency)


def latency_divided_too(world, size, latency, bandwidth):
    return 2 * (world - 1) * (latency + size) / (world * bandwidth)


def one_message_too_many(world, size, latency, bandwidth):
    return (2 * world - 1) * (latency + size / world / bandwidth)


def in_milliseconds(world, size, latency, bandwidth):
    return 1000 * ring_seconds(world, size, latency, bandwidth)


def the_larger_of_both(world, size, latency, bandwidth):
    return 2 * (world - 1) * max(latency, size / world / bandwidth)


def half_of_the_bytes(world, size, latency, bandwidth):
    return 2 * (world - 1) * latency + _sent(world, size) / bandwidth / 2


def size_in_numbers(world, size, latency, bandwidth):
    return 2 * (world - 1) * latency + 4 * _sent(world, size) / bandwidth


def through_a_tree(world, size, latency, bandwidth):
    return 2 * math.log2(world) * (latency + size / bandwidth)


def latency_subtracted(world, size, latency, bandwidth):
    return _sent(world, size) / bandwidth - 2 * (world - 1) * latency


def twice_the_tensor(world, size, latency, bandwidth):
    return 2 * (world - 1) * latency + 2 * size / bandwidth


def seconds_cases(rng):
    size, bandwidth = float(rng.uniform(1e3, 1e4)), float(rng.uniform(1e3, 3e3))
    world = int(rng.integers(5, 12))
    return [
        Case("two workers", (2, 1000, 0.5, 1000)),
        Case("latency", (world, 10.0, 0.25, 1e3)),
        Case("bandwidth", (world, size, 0.001, bandwidth)),
    ]


EXERCISE = Exercise(
    name="ring_seconds",
    title="The seconds of a ring",
    points=0,
    difficulty=2,
    minutes=5,
    reference=ring_seconds,
    cases=seconds_cases,
    probe=Call(),
    compare=close(),
    read=PAYS,
    misconceptions=[
        Misconception(
            "one step",
            seconds_of_a_step,
            "You computed one step: the ring has 2 (world - 1) of them.",
        ),
        Misconception(
            "one latency",
            one_latency,
            "You paid the latency once: every one of the 2 (world - 1) messages pays it.",
        ),
        Misconception(
            "no latency",
            without_latency,
            "You left the latency out: every message pays it, however short it is.",
        ),
        Misconception(
            "whole tensor",
            whole_tensor_each_step,
            "You sent the whole tensor in every step: a message carries size / world bytes.",
        ),
        Misconception(
            "half the steps",
            half_the_steps,
            "You counted one half of the ring: there are 2 (world - 1) steps.",
        ),
        Misconception(
            "too many steps",
            one_step_too_many,
            "You counted 2 world steps: after world - 1 steps of each half all is done.",
        ),
        Misconception(
            "one chunk in all",
            one_chunk_in_all,
            "You sent one chunk in all: 2 (world - 1) counts for the bytes, too, so the sum "
            "needs a bracket.",
        ),
        Misconception(
            "bits",
            in_bits,
            "You turned bytes into bits: size is in bytes, and bandwidth in bytes a second.",
        ),
        Misconception(
            "tensor sent once",
            not_cut,
            "You sent the tensor once: each of 2 (world - 1) messages carries size / world, "
            "nearly twice the tensor.",
        ),
        Misconception(
            "times the bandwidth",
            times_bandwidth,
            "You multiplied by the bandwidth: more bytes in a second take fewer seconds, so "
            "divide.",
        ),
        Misconception(
            "latency and bandwidth exchanged",
            arguments_exchanged,
            "Latency and bandwidth are exchanged: latency is added as it is, and bytes are "
            "divided by bandwidth.",
        ),
        Misconception(
            "latency divided too",
            latency_divided_too,
            "You divided the latency, too: in the formula only n is divided by W and β, so the "
            "bracket must close elsewhere.",
        ),
        Misconception(
            "one message too many",
            one_message_too_many,
            "You doubled before subtracting: there are 2 (world - 1) messages, with a bracket.",
        ),
        Misconception(
            "milliseconds",
            in_milliseconds,
            "Right, but in milliseconds: seconds are asked for.",
        ),
        Misconception(
            "the larger of both",
            the_larger_of_both,
            "You took the larger of latency and transfer: in this model a message takes the one"
            " and then the other, so add them.",
        ),
        Misconception(
            "half of the bytes",
            half_of_the_bytes,
            "Your latency is right, but you counted the bytes of one half of the ring: all 2 "
            "(world - 1) messages carry size / world bytes.",
        ),
        Misconception(
            "size in numbers",
            size_in_numbers,
            "You took `size` for a number of floats: it is in bytes already.",
        ),
        Misconception(
            "through a tree",
            through_a_tree,
            "That is a tree, with log2(world) steps of the whole tensor: a ring has 2 (world - "
            "1) steps, each with a chunk.",
        ),
        Misconception(
            "latency subtracted",
            latency_subtracted,
            "You subtracted the latency: it makes every message slower, so add it.",
        ),
        Misconception(
            "twice the tensor",
            twice_the_tensor,
            "You sent twice the tensor, which is right only for very many workers: each of 2 "
            "(world - 1) messages carries size / world bytes.",
        ),
    ],
    hints=(
        "How long does one message take? How many messages come one after the other?",
        "One message: latency + size / world / bandwidth. There are 2 (world - 1).",
        "def ring_seconds(world, size, latency, bandwidth):\n"
        "    return 2 * (world - 1) * (latency + size / (world * bandwidth))",
    ),
)
