"""The lesson's small exercises, 'Try it'. They earn no points."""

from __future__ import annotations

import math

from lepton_course.exercises import Call, Case, Exercise, Misconception, close, exact

ALL_REDUCE = "lesson.ipynb#Broadcast-and-all-reduce"
RING = "lesson.ipynb#The-ring"
PAYS = "lesson.ipynb#When-it-pays"


# --- root_traffic -----------------------------------------------------------------------------


def root_traffic(world, numbers):
    return 2 * numbers * (world - 1)


def one_way(world, numbers):
    return (world - 1) * numbers


def itself_too(world, numbers):
    return 2 * world * numbers


def once_each(world, numbers):
    return 2 * (world - 1)


def both_at_once(world, numbers):
    return 2 * numbers


def one_way_with_itself(world, numbers):
    return world * numbers


def bracket_forgotten(world, numbers):
    return (2 * world - 1) * numbers


def every_pair(world, numbers):
    return world * (world - 1) * numbers


def in_bytes(world, numbers):
    return 8 * (world - 1) * numbers


def added_to_the_partners(world, numbers):
    return 2 * (world - 1) + numbers


def subtracted(world, numbers):
    return 0


def one_partner_too_many(world, numbers):
    return 2 * (world + 1) * numbers


def both_apart(world, numbers):
    return (world - 1) * numbers, (world - 1) * numbers


def load_in_a_ring(world, numbers):
    return 2 * (world - 1) * numbers / world


def traffic_cases(rng):
    world = int(rng.integers(5, 9))
    numbers = world * int(rng.integers(20, 40))
    return [
        Case("two workers", (2, 100)),
        Case("many workers", (world, numbers)),
        Case("many workers", (world + 2, numbers)),
    ]


# --- ring_traffic -----------------------------------------------------------------------------


def ring_traffic(world, numbers):
    return 2 * numbers - 2 * numbers / world


def half_a_ring(world, numbers):
    return (world - 1) * numbers / world


def whole_tensors(world, numbers):
    return numbers * 2 * (world - 1)


def one_chunk(world, numbers):
    return numbers / world


def per_step_of_one_less(world, numbers):
    return 2.0 * numbers


def steps_without_cutting(world, numbers):
    return (world - 1) * numbers


def divided_by_steps(world, numbers):
    return numbers / (world - 1)


def steps_alone(world, numbers):
    return 2.0 * (world - 1)


def received_too(world, numbers):
    return 4 * (world - 1) * numbers / world


def three_halves(world, numbers):
    return 3 * (world - 1) * numbers / world


def cut_twice(world, numbers):
    return 2 * (world - 1) * numbers / world**2


def ring_cases(rng):
    world = int(rng.integers(5, 9))
    return [
        Case("two workers", (2, 100)),
        Case("four workers", (4, 4 * int(rng.integers(5, 50)))),
        Case("more workers", (world, world * int(rng.integers(10, 40)))),
    ]


# --- ring_seconds -----------------------------------------------------------------------------


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


EXERCISES = [
    Exercise(
        name="root_traffic",
        title="The load at rank 0",
        points=0,
        difficulty=1,
        minutes=3,
        reference=root_traffic,
        cases=traffic_cases,
        probe=Call(),
        compare=exact(),
        read=ALL_REDUCE,
        misconceptions=[
            Misconception(
                "one way",
                one_way,
                "You counted one direction: the tensors come in, and the sum goes out again.",
            ),
            Misconception(
                "itself too",
                itself_too,
                "You counted rank 0 among the others: it sends nothing to itself, so there are "
                "world - 1 partners.",
            ),
            Misconception(
                "one way with itself",
                one_way_with_itself,
                "You counted `world` tensors in one direction: there are world - 1 partners, and "
                "the sum goes out again.",
            ),
            Misconception(
                "bracket forgotten",
                bracket_forgotten,
                "That is one tensor too many: rank 0 has world - 1 partners in each direction, so "
                "it is twice (world - 1), with a bracket.",
            ),
            Misconception(
                "tensors counted",
                once_each,
                "You counted tensors: each of them has `numbers` numbers.",
            ),
            Misconception(
                "one partner",
                both_at_once,
                "You counted one partner: rank 0 talks with each of the others, one by one.",
            ),
            Misconception(
                "every pair",
                every_pair,
                "That is what all ranks would move if each talked with each: here all goes through "
                "rank 0, which has world - 1 partners.",
            ),
            Misconception(
                "bytes",
                in_bytes,
                "You counted bytes, four for each number: numbers are asked for.",
            ),
            Misconception(
                "added",
                added_to_the_partners,
                "You added the numbers to the partners: each of the 2 (world - 1) tensors has so "
                "many, so multiply.",
            ),
            Misconception(
                "subtracted",
                subtracted,
                "You subtracted what is sent from what is received: both load the network card, so "
                "add them.",
            ),
            Misconception(
                "one partner too many",
                one_partner_too_many,
                "You counted world + 1 partners: rank 0 is one of the `world` ranks, so there are "
                "world - 1 others.",
            ),
            Misconception(
                "both apart",
                both_apart,
                "You returned both directions apart: their sum is asked for.",
            ),
            Misconception(
                "the load in a ring",
                load_in_a_ring,
                "That is what each rank sends in a ring (the next section): here whole tensors come"
                " to rank 0 and go out again.",
            ),
        ],
        hints=(
            "How many partners does rank 0 have? How often does a tensor pass between them?",
            "Each of world - 1 partners sends one tensor and receives one.",
            "def root_traffic(world, numbers):\n    return 2 * (world - 1) * numbers",
        ),
    ),
    Exercise(
        name="ring_traffic",
        title="What each rank sends in a ring",
        points=0,
        difficulty=2,
        minutes=4,
        reference=ring_traffic,
        cases=ring_cases,
        probe=Call(),
        compare=close(),
        read=RING,
        misconceptions=[
            Misconception(
                "half a ring",
                half_a_ring,
                "You counted one half of the ring: reduce-scatter and all-gather have world - 1 "
                "steps each.",
            ),
            Misconception(
                "whole tensors",
                whole_tensors,
                "You sent the whole tensor in every step: a step carries one chunk, and there are "
                "`world` chunks.",
            ),
            Misconception(
                "one chunk",
                one_chunk,
                "That is one chunk, so what a rank sends in one step: there are 2 (world - 1) "
                "steps.",
            ),
            Misconception(
                "as many as the root's",
                steps_without_cutting,
                "That grows with every worker: there are 2 halves of world - 1 steps, and each "
                "step carries a chunk of numbers / world. (With two workers that is a half, with "
                "more it is less.)",
            ),
            Misconception(
                "one chunk too large",
                divided_by_steps,
                "That is one chunk, and of world - 1: there are `world` chunks and 2 (world - 1) "
                "steps.",
            ),
            Misconception(
                "divided by the steps",
                per_step_of_one_less,
                "You cut the tensor into world - 1 chunks: there is one chunk for each rank, so "
                "`world` of them.",
            ),
            Misconception(
                "steps alone",
                steps_alone,
                "That is the number of steps: in each of them a chunk goes out, which has numbers /"
                " world numbers.",
            ),
            Misconception(
                "received too",
                received_too,
                "You counted what a rank receives, too: here only what it sends is asked for.",
            ),
            Misconception(
                "three halves",
                three_halves,
                "There are two halves, reduce-scatter and all-gather: the reducing happens while "
                "values are scattered, and takes no step of its own.",
            ),
            Misconception(
                "cut twice",
                cut_twice,
                "You divided by world twice: a chunk is numbers / world, and each rank sends one in"
                " every step.",
            ),
        ],
        hints=(
            "How many halves does the ring have, and how many steps each?",
            "Two halves of world - 1 steps; in each step one chunk of numbers / world.",
            "def ring_traffic(world, numbers):\n"
            "    steps = 2 * (world - 1)\n"
            "    return steps * numbers / world",
        ),
    ),
    Exercise(
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
    ),
]
