"""Numbers that go in and out of rank 0 when it makes all sums. An exercise of the lesson."""

from __future__ import annotations

from lepton_course.exercises import Call, Case, Exercise, Misconception, exact

ALL_REDUCE = "lesson.ipynb#Broadcast-and-all-reduce"


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


def load_in_a_ring_rounded(world, numbers):
    return 2 * (world - 1) * numbers // world


def one_tensor_in_and_many_out(world, numbers):
    return (world + 1) * numbers


def traffic_cases(rng):
    world = int(rng.integers(5, 9))
    numbers = world * int(rng.integers(20, 40))
    return [
        Case("two workers", (2, 100)),
        Case("many workers", (world, numbers)),
        Case("many workers", (world + 2, 21 * (world + 2) + 1)),  # not cut evenly
    ]


EXERCISE = Exercise(
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
        Misconception(
            "the load in a ring, rounded",
            load_in_a_ring_rounded,
            "That is what each rank sends in a ring (the next section): here whole tensors come "
            "to rank 0 and go out again.",
        ),
        Misconception(
            "one tensor for each rank, and one",
            one_tensor_in_and_many_out,
            "You counted world + 1 tensors: one comes in from each of the world - 1 partners, and "
            "one goes out to each.",
        ),
    ],
    hints=(
        "How many partners does rank 0 have? How often does a tensor pass between them?",
        "Each of world - 1 partners sends one tensor and receives one.",
        "def root_traffic(world, numbers):\n    return 2 * (world - 1) * numbers",
    ),
)
