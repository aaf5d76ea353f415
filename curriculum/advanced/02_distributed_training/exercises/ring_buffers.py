"""ring_buffers: what stands on every rank after some steps of the ring all-reduce."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import as_array, as_list, only_value

ring = exercise(
    "ring_buffers",
    title="The ring, step by step",
    points=4,
    difficulty=4,
    minutes=18,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#The-ring",
    forms=[
        as_list("The numbers are right, but each buffer is a list: return NumPy arrays."),
        as_array(
            "The numbers are right, but stand in one table: return a list of W "
            "arrays; list(table) makes one of its rows."
        ),
        only_value(
            0, "You returned the buffer of rank 0: those of all ranks are asked for, in a list."
        ),
    ],
)


@ring.reference
def ring_buffers(arrays, steps):
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
        length = world * width
        values = rng.permutation(np.arange(1.0, 1 + world * length)).reshape(world, length)
        return Case(part, ([row.copy() for row in values], steps))

    return [
        case("one step, or none", 3, 2, 1),
        case("one step, or none", 2, 2, 0),
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


def _right(r, step, world):
    return r - step


@ring.mistake("The chunk is right, but it goes to rank r - 1: in this ring rank r sends to r + 1.")
def sent_to_the_left(arrays, steps):
    return _ring(arrays, steps, chunk_of=_right, to=-1)


@ring.mistake(
    "Your ring is right and runs the other way round: rank r is to send chunk r - step to rank r "
    "+ 1."
)
def mirrored(arrays, steps):
    return _ring(arrays, steps, chunk_of=lambda r, step, world: r + step, to=-1)


@ring.mistake(
    "You send chunk r + step: a rank must pass on what it has just received, and that is chunk r "
    "- step."
)
def chunk_moves_forward(arrays, steps):
    return _ring(arrays, steps, chunk_of=lambda r, step, world: r + step)


@ring.mistake(
    "Every rank sends chunk r in each step, so nothing travels farther than one place: in step s, "
    "send chunk r - s, the one that came in just before."
)
def own_chunk_always(arrays, steps):
    return _ring(arrays, steps, chunk_of=lambda r, step, world: r)


@ring.mistake(
    "All ranks send the same chunk in a step: then all links carry one chunk, and the rest waits. "
    "In step s rank r sends chunk r - s, so all chunks are on the way at once."
)
def the_same_chunk_everywhere(arrays, steps):
    return _ring(arrays, steps, chunk_of=lambda r, step, world: step)


@ring.mistake("You begin with chunk r + 1: in step 0 rank r sends chunk r.")
def begun_one_chunk_later(arrays, steps):
    return _ring(arrays, steps, chunk_of=lambda r, step, world: r + 1 - step)


@ring.mistake("You begin with chunk r - 1: steps count from 0, so that rank r sends chunk r first.")
def steps_counted_from_1(arrays, steps):
    return _ring(arrays, steps, chunk_of=lambda r, turn, world: r - turn - 1)


@ring.mistake(
    "What comes in replaces what was there from the beginning, so values get lost: in the first W "
    "- 1 steps it is added."
)
def never_added(arrays, steps):
    return _ring(arrays, steps, chunk_of=_right, adds=lambda step, world: False)


@ring.mistake(
    "The first half is right. In the second what comes in is a complete sum already: it replaces "
    "what is there."
)
def always_added(arrays, steps):
    return _ring(arrays, steps, chunk_of=_right, adds=lambda step, world: True)


@ring.mistake(
    "You add in W steps: after W - 1 steps each rank has one complete sum, and from then on what "
    "comes in replaces."
)
def added_once_too_often(arrays, steps):
    return _ring(arrays, steps, chunk_of=_right, adds=lambda step, world: step < world)


@ring.mistake(
    "You begin to replace one step too early: the first W - 1 steps add, steps 0 to W - 2."
)
def replaced_too_early(arrays, steps):
    return _ring(arrays, steps, chunk_of=_right, adds=lambda step, world: step < world - 2)


@ring.mistake(
    "You add in the first half of `steps` and replace in the second: what counts is how many "
    "ranks there are. Steps 0 to W - 2 add."
)
def phases_halved(arrays, steps):
    return _ring(arrays, steps, chunk_of=_right, adds=lambda turn, world: turn < steps // 2)


@ring.mistake(
    "The reduce-scatter is right, but then you give everybody everything at once: the all-gather "
    "takes W - 1 steps, in each of which every rank replaces one chunk."
)
def all_gathered_at_once(arrays, steps):
    if steps <= len(arrays) - 1:
        return ring_buffers(arrays, steps)
    return sum_at_once(arrays, steps)


@ring.mistake(
    "What comes in goes into the wrong chunk: the receiver puts it into its chunk of the same "
    "number, (r - s) % W, where r is the sender."
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


@ring.mistake("You empty what a rank has sent: it keeps its own values, which are replaced later.")
def sender_emptied(arrays, steps):
    world = len(arrays)
    table = np.stack(arrays).reshape(world, world, -1)
    for turn in range(steps):
        sent = {r: table[r, (r - turn) % world].copy() for r in range(world)}
        for r in range(world):
            table[r, (r - turn) % world] = 0 if turn < world - 1 else sent[r]
        for r in range(world):
            place = (r + 1) % world, (r - turn) % world
            table[place] = sent[r] + (table[place] if turn < world - 1 else 0)
    return list(table.reshape(world, -1))


@ring.mistake("The last rank sends nothing to rank 0: (r + 1) % W closes the ring.")
def ring_not_closed(arrays, steps):
    world = len(arrays)
    table = np.stack(arrays).reshape(world, world, -1)
    for turn in range(steps):
        before = table.copy()
        for r in range(world - 1):
            c = (r - turn) % world
            table[r + 1, c] = before[r, c] + (table[r + 1, c] if turn < world - 1 else 0)
    return list(table.reshape(world, -1))


@ring.mistake("You send to rank r + 1, which is not there for the last rank: (r + 1) % W is 0.")
def beyond_the_last_rank(arrays, steps):
    held = [np.split(np.array(a), len(arrays)) for a in arrays]
    for turn in range(steps):
        for r in range(len(held)):
            held[r + 1][r - turn] = held[r + 1][r - turn] + held[r][r - turn]
    return [np.concatenate(chunks) for chunks in held]


@ring.mistake(
    "In the all-gather you begin with chunk r, but rank r has the complete sum of chunk r + 1: "
    "simply go on counting, r - step with step = W - 1, W, …"
)
def all_gather_begins_with_the_own_chunk(arrays, steps):
    def chunk(r, step, world):
        return r - step if step < world - 1 else r - (step - world + 1)

    return _ring(arrays, steps, chunk_of=chunk)


@ring.mistake("Your buffers are one step ahead: `steps` is how many steps were made.")
def one_step_too_many(arrays, steps):
    return ring_buffers(arrays, steps + 1)


@ring.mistake("Your buffers are one step behind: `steps` is how many steps were made.")
def one_step_too_few(arrays, steps):
    return ring_buffers(arrays, steps - 1)


@ring.mistake("You send whole arrays, and add what has been added before: send one chunk a step.")
def whole_arrays_sent(arrays, steps):
    now = [np.array(a) for a in arrays]
    for _ in range(steps):
        now = [now[r] + now[r - 1] for r in range(len(now))]
    return now


@ring.mistake(
    "Only the end is right: you compute the sum at once. Asked for is what stands on each rank "
    "after so many steps."
)
def sum_at_once(arrays, steps):
    return [np.sum(arrays, axis=0) for _ in arrays]


@ring.mistake(
    "At the end you divide by the number of ranks: an all-reduce gives the sum; who wants a mean "
    "divides afterwards."
)
def mean_instead_of_sum(arrays, steps):
    world = len(arrays)
    done = steps == 2 * (world - 1)
    return [b / world if done else b for b in ring_buffers(arrays, steps)]


@ring.mistake(
    "The reduce-scatter is right, and then nothing moves any more: after W - 1 steps the complete "
    "sums must go round, in W - 1 further steps."
)
def stops_after_the_first_half(arrays, steps):
    return ring_buffers(arrays, min(steps, len(arrays) - 1))


@ring.mistake(
    "You took every W-th value as a chunk: a chunk is a run of neighbours, so chunk 0 is the "
    "beginning of the array."
)
def chunks_interleaved(arrays, steps):
    world = len(arrays)
    dealt = [a.reshape(-1, world).T.ravel() for a in arrays]
    return [b.reshape(world, -1).T.ravel() for b in ring_buffers(dealt, steps)]


@ring.mistake(
    "You returned the sum of all arrays: asked for is what stands on each rank after so many "
    "steps, in a list."
)
def one_sum(arrays, steps):
    return np.sum(arrays, axis=0)


@ring.mistake(
    "The numbers are right, but each rank's array is still in chunks: np.concatenate puts them "
    "together."
)
def chunks_returned(arrays, steps):
    return [list(np.split(b, len(arrays))) for b in ring_buffers(arrays, steps)]


@ring.mistake(
    "The buffers are right, but you wrote into the arrays that you were given: a slice or "
    "np.split gives views, so copy first."
)
def written_into_the_arrays(arrays, steps):
    for array, buffer in zip(arrays, ring_buffers(arrays, steps), strict=True):
        array[:] = buffer
    return arrays


@ring.mistake(
    "The reduce-scatter is right. In the all-gather you send chunk r + 1 - s, as the lesson does; "
    "but there s begins again at 0, and here it goes on, so the rule stays r - s."
)
def the_lesson_second_rule(arrays, steps):
    def chunk(r, step, world):
        return r - step if step < world - 1 else r + 1 - step  # but step does not begin again at 0

    return _ring(arrays, steps, chunk_of=chunk)


@ring.mistake(
    "You exchanged the halves: in the first W - 1 steps what comes in is added, and only "
    "afterwards it replaces."
)
def replaced_then_added(arrays, steps):
    return _ring(arrays, steps, chunk_of=_right, adds=lambda step, world: step >= world - 1)


@ring.mistake(
    "You take the mean of what comes in and what is there: an all-reduce adds; a mean of means "
    "would give the last rank the greatest weight."
)
def averaged_in_each_step(arrays, steps):
    world = len(arrays)
    table = np.stack(arrays).reshape(world, world, -1)
    for turn in range(steps):
        before = table.copy()
        for r in range(world):
            place, sent = ((r + 1) % world, (r - turn) % world), before[r, (r - turn) % world]
            table[place] = (before[place] + sent) / 2 if turn < world - 1 else sent
    return list(table.reshape(world, -1))


@ring.mistake(
    "Right at first, but late in the ring r - s falls below -W, and there is no such chunk: (r - "
    "s) % W stays within 0 to W - 1."
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


@ring.mistake(
    "In each of your steps one rank alone sends: all send at the same time, so a step needs a "
    "loop over the ranks."
)
def one_sender_at_a_time(arrays, steps):
    world = len(arrays)
    table = np.stack(arrays).reshape(world, world, -1)
    for turn in range(steps):
        r = turn % world
        place = (r + 1) % world, (r - turn) % world
        table[place] = table[r, (r - turn) % world] + (table[place] if turn < world - 1 else 0)
    return list(table.reshape(world, -1))


@ring.mistake(
    "Your chunks go backwards: the sender gets its right neighbour's chunk. It is the receiver, "
    "rank (r + 1) % W, whose chunk changes."
)
def added_at_the_sender(arrays, steps):
    world = len(arrays)
    table = np.stack(arrays).reshape(world, world, -1)
    for turn in range(steps):
        before = table.copy()
        for r in range(world):
            c = (r - turn) % world
            table[r, c] = before[(r + 1) % world, c] + (before[r, c] if turn < world - 1 else 0)
    return list(table.reshape(world, -1))


@ring.mistake(
    "np.split(a, n) makes n parts: n is the number of chunks, W, and not how many values each has."
)
def split_into_the_wrong_number_of_parts(arrays, steps):
    world = len(arrays)
    held = [np.split(np.array(a), len(a) // world) for a in arrays]
    for turn in range(steps):
        sent = [held[r][(r - turn) % world] for r in range(world)]
        for r in range(world):
            goal, c = held[(r + 1) % world], (r - turn) % world
            goal[c] = goal[c] + sent[r] if turn < world - 1 else sent[r]
    return [np.concatenate(chunks) for chunks in held]


ring.hints(
    "Draw three ranks with three chunks each, and play two steps by hand with the rule.",
    "In every step, first note what each rank sends: chunk (r - step) % W. Then deliver: to rank "
    "(r + 1) % W, into the same chunk. Added while step < W - 1, replaced afterwards.",
    "np.stack(arrays).reshape(W, W, -1) is a copy in which [r, c] is chunk c of rank r. Two "
    "loops, over steps and over ranks, are enough; .reshape(W, -1) undoes it in the end.",
)
