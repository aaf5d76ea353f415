"""sharded_step: a step of gradient descent in which every rank owns a part of the parameters."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import as_array, tuple_order

sharding = exercise(
    "sharded_step",
    title="A sharded step",
    points=3,
    difficulty=3,
    minutes=12,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#Sharding",
    returns=("shards", "updated"),
    forms=[
        tuple_order((1, 0), "You returned (updated, shards): the shards come first."),
        as_array(
            "The numbers are right, but the shards are the rows of one array: return a list of "
            "them.",
            of="shards",
        ),
    ],
)


def _flat(arrays, length):
    """All values row by row, with zeros at the end up to `length`."""
    values = np.concatenate([array.ravel() for array in arrays])
    return np.pad(values, (0, length - len(values)))


def _shaped(flat, parameters):
    """The start of `flat`, cut into arrays like `parameters`."""
    ends = np.cumsum([p.size for p in parameters])
    pieces = np.split(flat[: ends[-1]], ends[:-1])
    return [piece.reshape(p.shape) for piece, p in zip(pieces, parameters, strict=True)]


def _length(parameters, world):
    """The flat parameter's length with padding, a multiple of `world`."""
    return -(-sum(p.size for p in parameters) // world) * world


@sharding.reference
def sharded_step(parameters, gradients, learning_rate):
    """Return (shards, updated) after one step of gradient descent on W ranks.

    parameters: float arrays of any shapes, n values in all. gradients: by rank, W lists of arrays
    with these shapes. Returns W flat shards (ceil(n / W),), padded with zeros at the end, and the
    list of updated arrays.
    Source: Rajbhandari et al. (2020), ZeRO; PyTorch's first FSDP flattened in the same way.
    """
    length = _length(parameters, len(gradients))
    mean = np.mean([_flat(own, length) for own in gradients], axis=0)
    flat = _flat(parameters, length) - learning_rate * mean
    return np.split(flat, len(gradients)), _shaped(flat, parameters)


@sharding.alternative
def rank_by_rank(parameters, gradients, learning_rate):
    world, count = len(gradients), sum(p.size for p in parameters)
    size = (count + world - 1) // world
    flat = [float(v) for p in parameters for v in p.flat]
    slopes = [[float(v) for g in own for v in g.flat] for own in gradients]
    shards = []
    for rank in range(world):
        shard = np.zeros(size)
        for i, j in enumerate(range(rank * size, min((rank + 1) * size, count))):
            shard[i] = flat[j] - learning_rate * sum(own[j] for own in slopes) / world
        shards.append(shard)
    gathered, updated, start = np.concatenate(shards), [], 0
    for p in parameters:
        updated.append(gathered[start : start + p.size].reshape(p.shape))
        start += p.size
    return shards, updated


@sharding.alternative
def updated_first(parameters, gradients, learning_rate):
    columns = zip(parameters, *gradients, strict=True)
    new = [p - learning_rate * sum(own) / len(own) for p, *own in columns]
    everything = np.hstack([array.flatten() for array in new])
    missing = -len(everything) % len(gradients)
    padded = np.append(everything, np.zeros(missing))
    return list(padded.reshape(len(gradients), -1)), new


@sharding.cases
def cases(rng):
    def case(part, shapes, world):
        parameters = [rng.normal(scale=20, size=shape) for shape in shapes]
        own = [[rng.normal(scale=5, size=shape) for shape in shapes] for _ in range(world)]
        rate = float(rng.uniform(0.1, 0.9))
        return Case(part, (parameters, own, rate))

    return [
        case("one parameter", [(6,)], 3),
        case("one parameter", [(1,)], 1),
        case("several parameters", [(2, 3), (4,), (2,)], 4),
        case("several parameters", [(2, 2, 3), (3, 2)], 2),
        case("padding", [(3, 2), (2,)], 3),
        case("padding", [(4, 3), (3,), (3, 2), (2,)], 5),
        case("a rank with nothing but padding", [(2, 2), (1,)], 4),
    ]


def _with_shards(make):
    """Right parameters; shards by `make(flat without padding, world)`."""

    def wrong(parameters, gradients, learning_rate):
        _, updated = sharded_step(parameters, gradients, learning_rate)
        flat = np.concatenate([p.ravel() for p in updated])
        return make(flat, len(gradients)), updated

    return wrong


def _padded(flat, world):
    return np.append(flat, np.zeros(-len(flat) % world))


splitting = sharding.group("Padding and splitting", make=_with_shards)

splitting.mistake(
    "Your shards have different lengths (np.array_split): reduce-scatter and all-gather need "
    "equal ones, so pad the flat parameter with zeros first.",
    name="not padded",
)(lambda flat, world: np.array_split(flat, world))

splitting.mistake(
    "np.split raises an error when the values do not divide evenly: pad the flat array with "
    "zeros first, to the next multiple of the number of ranks.",
    name="split without padding",
)(lambda flat, world: np.split(flat, world))

splitting.mistake(
    "You pad even when the values divide evenly, and no zeros are needed then: -count % world is "
    "the number you need.",
    name="padding too long",
)(lambda flat, world: np.split(np.append(flat, np.zeros(world - len(flat) % world)), world))

splitting.mistake(
    "You padded with the first values again (np.resize), as a sampler does: here, pad with zeros.",
    name="padded with values",
)(lambda flat, world: np.split(np.resize(flat, len(_padded(flat, world))), world))


@splitting.mistake(
    "Your last shards are shorter: all must have the same length, so pad the flat array with "
    "zeros before splitting, and remove the padding only when you reassemble the parameters."
)
def padding_cut_off(flat, world):
    shards = np.split(_padded(flat, world), world)
    each = len(shards[0])
    return [s[: max(0, len(flat) - rank * each)] for rank, s in enumerate(shards)]


splitting.mistake(
    "Every rank has the whole flat parameter: that is plain data parallelism and saves no "
    "memory. Rank r owns only the r-th of W equal parts.",
    name="every rank has everything",
)(lambda flat, world: [flat.copy() for _ in range(world)])

splitting.mistake(
    "You gave rank r every W-th value: a shard is a contiguous block of values.",
    name="dealt out",
)(lambda flat, world: [_padded(flat, world)[rank::world] for rank in range(world)])


splitting.mistake(
    "You padded at the front: the zeros belong at the end of the flat array.",
    name="padding in front",
)(lambda flat, world: np.split(np.append(np.zeros(-len(flat) % world), flat), world))


@sharding.mistake(
    "You laid the parameters out column by column (order='F', or a transposed array): each one "
    "goes into the flat array row by row."
)
def column_by_column(parameters, gradients, learning_rate):
    _, updated = sharded_step(parameters, gradients, learning_rate)
    flat = np.concatenate([p.ravel(order="F") for p in updated])
    return np.split(_padded(flat, len(gradients)), len(gradients)), updated


@sharding.mistake(
    "You split each parameter separately: concatenate all of them into one flat array first, "
    "then pad and split that."
)
def each_parameter_padded(parameters, gradients, learning_rate):
    _, updated = sharded_step(parameters, gradients, learning_rate)
    world = len(gradients)
    rows = [_padded(p.ravel(), world).reshape(world, -1) for p in updated]
    return list(np.concatenate(rows, axis=1)), updated


gathering = sharding.group("The parameters", read="lesson.ipynb#Sharding")


@gathering.mistake(
    "The shards are right, but you returned the parameters from before the step: reassemble them "
    "from the new shards."
)
def old_parameters(right, a):
    return right()[0], [p.copy() for p in a.parameters]


@gathering.mistake(
    "The shards are right, but you cut each parameter from the beginning of the flat array: "
    "start where the previous one ended."
)
def always_from_the_start(right, a):
    shards, _ = right()
    gathered = np.concatenate(shards)
    return shards, [gathered[: p.size].reshape(p.shape) for p in a.parameters]


averaging = sharding.group("Averaging gradients", read="lesson.ipynb#Averaging-gradients")


@averaging.mistake(
    "Each rank updated its shard with its own gradient alone, so what the others computed is "
    "lost: average over ranks first. This is the reduce in reduce-scatter."
)
def own_gradients_only(parameters, gradients, learning_rate):
    length = _length(parameters, len(gradients))
    flat = _flat(parameters, length).reshape(len(gradients), -1)
    own = [_flat(g, length).reshape(len(gradients), -1)[rank] for rank, g in enumerate(gradients)]
    after = flat - learning_rate * np.array(own)
    return list(after), _shaped(after.ravel(), parameters)


@averaging.mistake(
    "You summed the ranks' gradients: divide by the number of ranks, or the step grows with it."
)
def gradients_summed(right, a):
    return right(learning_rate=a.learning_rate * len(a.gradients))


@averaging.mistake("Your step uses only the first rank's gradient: average over all ranks.")
def first_rank_gradient(right, a):
    return right(gradients=[a.gradients[0]] * len(a.gradients))


@averaging.mistake(
    "You took the number of parameters for the number of ranks: gradients has one entry per "
    "rank, so W is len(gradients), not len(gradients[0])."
)
def parameters_counted_as_ranks(parameters, gradients, learning_rate):
    world = len(gradients[0])
    flat = _padded(np.concatenate([p.ravel() for p in parameters]), world)
    total = sum(_padded(np.concatenate([g.ravel() for g in own]), world) for own in gradients)
    after = flat - learning_rate * total / world
    return np.split(after, world), _shaped(after, parameters)


@averaging.mistake(
    "gradients has one entry per rank, and you paired these entries with the parameters: entry r "
    "holds rank r's gradients of all parameters. For each parameter, collect its gradient from "
    "every rank."
)
def parameters_with_ranks(parameters, gradients, learning_rate):
    pairs = zip(parameters, gradients, strict=False)
    new = [p - learning_rate * np.mean(own, axis=0) for p, own in pairs]
    everything = _padded(np.concatenate([p.ravel() for p in new]), len(gradients))
    return np.split(everything, len(gradients)), new


sharding.hints(
    "In which order? Flatten and pad, average over ranks, split, update, reassemble.",
    "One flat array for the parameters, and one for each rank's gradients, all padded with "
    "-count % W zeros. Whatever you do to the whole flat array, you do to every shard.",
    "np.concatenate of .ravel() flattens, np.pad(values, (0, missing)) pads, np.split(flat, W) "
    "makes the shards. For the parameters, walk along the flat array with a start that grows by "
    "p.size.",
)
