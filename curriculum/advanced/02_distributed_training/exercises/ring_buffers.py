"ring_buffers: what every rank holds after some steps of the ring all-reduce."

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import as_array, only_value

ring = exercise(
    "ring_buffers",
    title="The ring, step by step",
    points=4,
    difficulty=4,
    minutes=12,
    probe=Call(fresh=True),
    compare=close(),
    read="lesson.ipynb#The-ring",
    forms=[
        as_array(
            "The numbers are right, but they are the rows of one array: return a list of W "
            "arrays; list(array) makes one of the rows."
        ),
        only_value(
            0, "You returned only the buffer of rank 0: return a list of the buffers of all ranks."
        ),
    ],
)


@ring.reference
def ring_buffers(arrays, steps):
    """Return the buffers of all W ranks after `steps` steps of a ring all-reduce.

    arrays: W float arrays (n,), the buffers at the start; W divides n. steps: 0 to 2 (W - 1).
    Returns a list of W new arrays (n,).
    Source: Patarasuk and Yuan (2009), reduce-scatter followed by all-gather.
    """
    world = len(arrays)
    table = np.stack(arrays)
    buffers = table.reshape(world, world, table.shape[1] // world)  # (rank, chunk, values)
    rank = np.arange(world)
    for turn in range(steps):
        chunk = (rank - turn) % world
        place = (rank + 1) % world, chunk
        kept = buffers[place] if turn < world - 1 else 0.0
        buffers[place] = buffers[rank, chunk] + kept
    return [np.concatenate(chunks) for chunks in buffers]


@ring.alternative
def with_messages(arrays, steps):
    world = len(arrays)
    held = [np.array_split(array, world) for array in arrays]
    for turn in range(steps):
        sent = [(chunks[(r - turn) % world], (r - turn) % world) for r, chunks in enumerate(held)]
        for r, (values, c) in enumerate(sent):
            target = held[(r + 1) % world]
            target[c] = target[c] + values if turn + 1 < world else values
    return [np.concatenate(chunks) for chunks in held]


@ring.alternative
def from_the_receiver(arrays, steps):
    world = len(arrays)
    now = [a.copy() for a in arrays]
    size = len(arrays[0]) // world
    for turn in range(steps):
        before = [a.copy() for a in now]
        for r in range(world):
            left = r - 1  # also the last one, for rank 0
            c = (left - turn) % world
            part = slice(c * size, (c + 1) * size)
            if turn <= world - 2:
                now[r][part] += before[left][part]
            else:
                now[r][part] = before[left][part]
    return now


@ring.cases
def cases(rng):
    def case(part, world, width, steps):
        values = rng.normal(scale=10, size=(world, world * width))
        return Case(part, (list(values), steps))

    return [
        case("one step, or none", 3, 2, 1),
        case("one step, or none", 2, 2, 0),
        case("one step, or none", 1, 1, 0),
        case("after the reduce-scatter", 3, 1, 2),
        case("after the reduce-scatter", 5, 2, 4),
        case("within the all-gather", 3, 2, 3),
        case("within the all-gather", 5, 1, 6),
        case("to the end", 2, 3, 2),
        case("to the end", 4, 2, 6),
    ]


def _ring(arrays, steps, *, chunk_of, to=1, adds=lambda step, world: step < world - 1):
    """The ring with its rules given: which chunk a rank sends, to whom, and when it is added."""
    world = len(arrays)
    buffers = [list(np.split(np.array(a), world)) for a in arrays]
    for turn in range(steps):
        chunks = [chunk_of(r, turn, world) % world for r in range(world)]
        sent = [buffers[r][chunks[r]] for r in range(world)]
        for r in range(world):
            goal, c = buffers[(r + to) % world], chunks[r]
            goal[c] = goal[c] + sent[r] if adds(turn, world) else sent[r]
    return [np.concatenate(b) for b in buffers]


def _right_chunk(r, step, world):
    return r - step


@ring.mistake("The chunk is right, but it goes to rank r - 1: in this ring rank r sends to r + 1.")
def sent_to_the_left(arrays, steps):
    return _ring(arrays, steps, chunk_of=_right_chunk, to=-1)


@ring.mistake(
    "The received values go into the wrong chunk: the receiver puts them into its chunk with the "
    "same number, (r - s) % W, where r is the sender."
)
def put_into_another_chunk(arrays, steps):
    world = len(arrays)
    held = [list(np.split(np.array(a), world)) for a in arrays]
    for turn in range(steps):
        sent = [held[r][(r - turn) % world] for r in range(world)]
        for r in range(world):
            target, c = held[r], (r - turn) % world  # its own number, not the sender's
            target[c] = target[c] + sent[r - 1] if turn < world - 1 else sent[r - 1]
    return [np.concatenate(chunks) for chunks in held]


@ring.mistake(
    "You took every W-th value as a chunk: a chunk is a contiguous block, so chunk 0 is the "
    "beginning of the array."
)
def chunks_interleaved(right, a):
    world = len(a.arrays)
    dealt = [array.reshape(-1, world).T.ravel() for array in a.arrays]
    return [b.reshape(world, -1).T.ravel() for b in right(arrays=dealt)]


@ring.mistake(
    "You send to rank r + 1, which does not exist for the last rank: (r + 1) % W is 0 and closes "
    "the ring."
)
def beyond_the_last_rank(arrays, steps):
    held = [np.split(np.array(a), len(arrays)) for a in arrays]
    for turn in range(steps):
        for r in range(len(held)):
            held[r + 1][r - turn] = held[r + 1][r - turn] + held[r][r - turn]
    return [np.concatenate(chunks) for chunks in held]


@ring.mistake(
    "Only the final result is right, because you compute the sum at once: return what each rank "
    "holds after `steps` steps."
)
def sum_at_once(arrays, steps):
    return [np.sum(arrays, axis=0) for _ in arrays]


chunks = ring.group("Which chunk is sent", read="lesson.ipynb#The-ring")


@chunks.mistake(
    "You send chunk r + s: a rank must pass on what it has just received, and that is chunk r - s."
)
def chunk_moves_forward(arrays, steps):
    return _ring(arrays, steps, chunk_of=lambda r, step, world: r + step)


@chunks.mistake(
    "Every rank sends chunk r in each step, so nothing travels farther than one rank: in step s, "
    "send chunk r - s, the one that has just arrived."
)
def own_chunk_always(arrays, steps):
    return _ring(arrays, steps, chunk_of=lambda r, step, world: r)


@chunks.mistake("You start with chunk r - 1: steps count from 0, so rank r sends chunk r first.")
def steps_counted_from_1(arrays, steps):
    return _ring(arrays, steps, chunk_of=lambda r, step, world: r - step - 1)


@chunks.mistake(
    "In the all-gather you start with chunk r, but rank r has the complete sum of chunk r + 1: "
    "simply keep counting, r - s with s = W - 1, W, …"
)
def all_gather_begins_with_the_own_chunk(arrays, steps):
    def chunk(r, step, world):
        return r - step if step < world - 1 else r - (step - world + 1)

    return _ring(arrays, steps, chunk_of=chunk)


@chunks.mistake(
    "The reduce-scatter is right. In the all-gather you send chunk r + 1 - s, as the lesson "
    "does; but there s restarts at 0, while here it keeps counting, so the rule stays r - s."
)
def the_lesson_second_rule(arrays, steps):
    def chunk(r, step, world):
        return r - step if step < world - 1 else r + 1 - step  # but step does not begin again at 0

    return _ring(arrays, steps, chunk_of=chunk)


@chunks.mistake(
    "Right at first, but late in the ring r - s falls below -W, and there is no such chunk: "
    "(r - s) % W stays within 0 to W - 1."
)
def chunk_not_wrapped(arrays, steps):
    world = len(arrays)
    held = [list(np.split(np.array(a), world)) for a in arrays]
    for turn in range(steps):
        sent = [held[r][r - turn] for r in range(world)]
        for r in range(world):
            goal = held[(r + 1) % world]
            goal[r - turn] = goal[r - turn] + sent[r] if turn < world - 1 else sent[r]
    return [np.concatenate(chunks) for chunks in held]


adding = ring.group("Added, then replaced", read="lesson.ipynb#The-ring")


@adding.mistake(
    "You replace from the first step on, so values get lost: in the first W - 1 steps, add what "
    "arrives."
)
def never_added(arrays, steps):
    return _ring(arrays, steps, chunk_of=_right_chunk, adds=lambda step, world: False)


@adding.mistake(
    "The reduce-scatter is right. In the all-gather, what arrives is already a complete sum: it "
    "replaces what is there."
)
def always_added(arrays, steps):
    return _ring(arrays, steps, chunk_of=_right_chunk, adds=lambda step, world: True)


@adding.mistake(
    "You add in W steps: after W - 1 steps each rank has one complete sum, and from then on what "
    "arrives replaces the chunk."
)
def added_once_too_often(arrays, steps):
    return _ring(arrays, steps, chunk_of=_right_chunk, adds=lambda step, world: step < world)


@adding.mistake("You replace one step too early: the first W - 1 steps add, steps 0 to W - 2.")
def replaced_too_early(arrays, steps):
    return _ring(arrays, steps, chunk_of=_right_chunk, adds=lambda step, world: step < world - 2)


@adding.mistake(
    "You add in the first half of `steps` and replace in the second: the switch depends on the "
    "number of ranks. Steps 0 to W - 2 add."
)
def phases_halved(arrays, steps):
    return _ring(arrays, steps, chunk_of=_right_chunk, adds=lambda turn, world: turn < steps // 2)


ring.hints(
    "Draw three ranks with three chunks each, and carry out two steps by hand.",
    "In every step, first copy what each rank sends: chunk (r - step) % W. Then deliver it to "
    "rank (r + 1) % W, into the same chunk: add while step < W - 1, replace afterwards.",
    "np.stack(arrays).reshape(W, W, -1) is a copy in which [r, c] is chunk c of rank r. Two "
    "loops, over steps and over ranks, are enough; .reshape(W, -1) undoes the reshape at the end.",
)
