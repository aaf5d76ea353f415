"Numbers that pass through rank 0 when it computes all sums. An exercise of the lesson."

from __future__ import annotations

from lepton_course.authoring import Call, Case, exact, exercise

traffic = exercise(
    "root_traffic",
    title="The load at rank 0",
    points=0,
    difficulty=1,
    minutes=3,
    probe=Call(),
    compare=exact(),
    read="lesson.ipynb#Broadcast-and-all-reduce",
)


@traffic.reference
def root_traffic(world, numbers):
    """Return how many numbers rank 0 receives and sends, for a tensor of `numbers` on W ranks."""
    return 2 * numbers * (world - 1)


@traffic.cases
def cases(rng):
    world = int(rng.integers(5, 9))
    numbers = world * int(rng.integers(20, 40))
    return [
        Case("two workers", (2, 100)),
        Case("one worker alone", (1, 7)),
        Case("many workers", (world, numbers)),
        Case("many workers", (world + 1, numbers + 1)),
        Case("many workers", (world + 2, 21 * (world + 2) + 1)),  # not cut evenly
    ]


@traffic.mistake("You counted one direction: tensors come in, and the sum goes out again.")
def one_way(world, numbers):
    return (world - 1) * numbers


@traffic.mistake(
    "You counted rank 0 among the others: it sends nothing to itself, so there are world - 1 "
    "partners."
)
def itself_too(world, numbers):
    return 2 * world * numbers


@traffic.mistake(
    "You counted `world` tensors in one direction: there are world - 1 partners, and the sum goes "
    "out again."
)
def one_way_with_itself(world, numbers):
    return world * numbers


@traffic.mistake(
    "That is one tensor too many: rank 0 has world - 1 partners in each direction, so it is "
    "twice (world - 1), in parentheses."
)
def bracket_forgotten(world, numbers):
    return (2 * world - 1) * numbers


@traffic.mistake("You counted tensors: each of them has `numbers` numbers.")
def tensors_counted(world, numbers):
    return 2 * (world - 1)


@traffic.mistake("You counted one partner: rank 0 communicates with each of the others in turn.")
def one_partner(world, numbers):
    return 2 * numbers


@traffic.mistake(
    "That is what all ranks would move if each pair communicated: here everything goes through "
    "rank 0, which has world - 1 partners."
)
def every_pair(world, numbers):
    return world * (world - 1) * numbers


@traffic.mistake("You counted bytes, four for each number: count numbers.")
def in_bytes(world, numbers):
    return 8 * (world - 1) * numbers


@traffic.mistake(
    "That is what each rank sends in a ring (the next section): here whole tensors come into "
    "rank 0 and go out again."
)
def the_load_in_a_ring(world, numbers):
    return 2 * (world - 1) * numbers / world


traffic.hints(
    "How many partners does rank 0 have? How often does a tensor pass between them?",
    "Each of world - 1 partners sends one tensor and receives one.",
    "def root_traffic(world, numbers):\n    return 2 * (world - 1) * numbers",
)
