"""Numbers that each rank of a ring sends. An exercise of the lesson."""

from __future__ import annotations

from lepton_course.authoring import Call, Case, close, exercise

traffic = exercise(
    "ring_traffic",
    title="What each rank sends in a ring",
    points=0,
    difficulty=2,
    minutes=4,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#The-ring",
)


@traffic.reference
def ring_traffic(world, numbers):
    """Return how many numbers each of W ranks sends in a ring all-reduce, as a float."""
    return 2 * numbers - 2 * numbers / world


@traffic.cases
def cases(rng):
    world = int(rng.integers(5, 9))
    return [
        Case("two workers", (2, 100)),
        Case("one worker alone", (1, 7)),
        Case("four workers", (4, 4 * int(rng.integers(5, 50)))),
        Case("more workers", (world, world * int(rng.integers(10, 40)))),
        Case("more workers", (9, 27)),
    ]


@traffic.mistake(
    "You counted one half of the ring: reduce-scatter and all-gather have world - 1 steps each."
)
def half_a_ring(world, numbers):
    return (world - 1) * numbers / world


@traffic.mistake(
    "You sent the whole tensor in every step: a step carries one chunk, and there are `world` "
    "chunks."
)
def whole_tensors(world, numbers):
    return numbers * 2 * (world - 1)


@traffic.mistake(
    "That is one chunk, which is what a rank sends in one step: there are 2 (world - 1) steps."
)
def one_chunk(world, numbers):
    return numbers / world


@traffic.mistake(
    "That grows with every worker: there are 2 halves of world - 1 steps, and each step carries a "
    "chunk of numbers / world. (With two workers that is a half, with more it is less.)"
)
def as_many_as_the_root(world, numbers):
    return (world - 1) * numbers


@traffic.mistake(
    "You cut the tensor into world - 1 chunks: there is one chunk for each rank, so `world` of "
    "them."
)
def divided_by_the_steps(world, numbers):
    return 2.0 * numbers


@traffic.mistake(
    "That is the number of steps: in each one a rank sends a chunk of numbers / world numbers."
)
def steps_alone(world, numbers):
    return 2.0 * (world - 1)


@traffic.mistake("You also counted what a rank receives: count only what it sends.")
def received_too(world, numbers):
    return 4 * (world - 1) * numbers / world


@traffic.mistake(
    "There are two halves, reduce-scatter and all-gather: the reducing happens while values are "
    "scattered, and takes no step of its own."
)
def three_halves(world, numbers):
    return 3 * (world - 1) * numbers / world


@traffic.mistake(
    "You divided by world twice: a chunk is numbers / world, and each rank sends one in every step."
)
def cut_twice(world, numbers):
    return 2 * (world - 1) * numbers / world**2


@traffic.mistake(
    "You swapped the two blanks: the first is the number of halves of the ring, the second the "
    "number of chunks the tensor is cut into."
)
def blanks_exchanged(world, numbers):
    return world * (world - 1) * numbers / 2


traffic.hints(
    "How many halves does the ring have, and how many steps does each take?",
    "Two halves of world - 1 steps; in each step one chunk of numbers / world.",
    "def ring_traffic(world, numbers):\n"
    "    steps = 2 * (world - 1)\n"
    "    return steps * numbers / world",
)
