"""Numbers that each rank of a ring sends. An exercise of the lesson."""

from __future__ import annotations

from lepton_course.exercises import Call, Case, Exercise, Misconception, close

RING = "lesson.ipynb#The-ring"


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


def numbers_twice(world, numbers):
    return numbers * (world - 1) * numbers / world


def blanks_exchanged(world, numbers):
    return world * (world - 1) * numbers / 2


def ring_cases(rng):
    world = int(rng.integers(5, 9))
    return [
        Case("two workers", (2, 100)),
        Case("four workers", (4, 4 * int(rng.integers(5, 50)))),
        Case("more workers", (world, world * int(rng.integers(10, 40)))),
    ]


EXERCISE = Exercise(
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
            "That is one chunk, so what a rank sends in one step: there are 2 (world - 1) steps.",
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
        Misconception(
            "numbers twice",
            numbers_twice,
            "You put `numbers` into the first blank, and the last line multiplies by it already: "
            "the first line counts steps, and each half of the ring has world - 1.",
        ),
        Misconception(
            "blanks exchanged",
            blanks_exchanged,
            "Both blanks are right, but exchanged: the first says how many halves the ring has, "
            "the second into how many chunks the tensor is cut.",
        ),
    ],
    hints=(
        "How many halves does the ring have, and how many steps each?",
        "Two halves of world - 1 steps; in each step one chunk of numbers / world.",
        "def ring_traffic(world, numbers):\n"
        "    steps = 2 * (world - 1)\n"
        "    return steps * numbers / world",
    ),
)
