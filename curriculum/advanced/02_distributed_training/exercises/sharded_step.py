"""sharded_step: a step of gradient descent in which every rank owns a part of the parameters."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import as_array, only_value, tuple_order

sharding = exercise(
    "sharded_step",
    title="A sharded step",
    points=3,
    difficulty=3,
    minutes=15,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#Sharding",
    returns=("shards", "updated"),
    forms=[
        tuple_order((1, 0), "You returned (parameters, shards): the shards come first."),
        only_value(0, "The shards are right; return the pair (shards, parameters)."),
        only_value(
            0,
            "You returned one shard: the shards of all ranks are asked for, in a list.",
            of="shards",
        ),
        as_array(
            "The numbers are right, but the shards stand in one table: return a list of them.",
            of="shards",
        ),
    ],
)


def _flat(arrays, length):
    values = np.concatenate([array.ravel() for array in arrays])
    return np.pad(values, (0, length - len(values)))


def _shaped(flat, parameters):
    ends = np.cumsum([p.size for p in parameters])
    pieces = np.split(flat[: ends[-1]], ends[:-1])
    return [piece.reshape(p.shape) for piece, p in zip(pieces, parameters, strict=True)]


def _length(parameters, world):
    """The flat parameter's length with padding, a multiple of `world`."""
    return -(-sum(p.size for p in parameters) // world) * world


@sharding.reference
def sharded_step(parameters, gradients, learning_rate):
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
        def numbers(shape):
            values = rng.permutation(np.arange(1, 1 + 3 * int(np.prod(shape))))
            values = values[: int(np.prod(shape))] * rng.choice([-1, 1], int(np.prod(shape)))
            return values.reshape(shape).astype(float)

        own = [[numbers(shape) for shape in shapes] for _ in range(world)]
        rate = float(rng.choice([0.1, 0.2, 0.5]))
        return Case(part, ([10 * numbers(shape) for shape in shapes], own, rate))

    return [
        case("one parameter", [(6,)], 3),
        case("several parameters", [(2, 3), (4,), (2,)], 4),
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


sharding.mistake(
    "Your shards have different lengths (np.array_split): reduce-scatter and all-gather need "
    "equal ones, so pad the flat parameter with zeros first.",
    name="not padded",
)(_with_shards(np.array_split))


sharding.mistake(
    "np.split stops where the numbers do not divide evenly: pad the flat array with zeros first, "
    "to the next multiple of the number of ranks.",
    name="split without padding",
)(_with_shards(np.split))


def _padded(flat, world):
    return np.append(flat, np.zeros(-len(flat) % world))


@sharding.mistake(
    "You split each parameter by itself: put all of them into one flat array first, and pad and "
    "split that one."
)
def each_parameter_padded(parameters, gradients, learning_rate):
    _, updated = sharded_step(parameters, gradients, learning_rate)
    world = len(gradients)
    rows = [_padded(p.ravel(), world).reshape(world, -1) for p in updated]
    return list(np.concatenate(rows, axis=1)), updated


@sharding.mistake(
    "You gave whole parameters to ranks, so shards differ in length: split the flat array of all "
    "of them."
)
def whole_parameters_dealt_out(parameters, gradients, learning_rate):
    _, updated = sharded_step(parameters, gradients, learning_rate)
    world = len(gradients)
    return [
        np.concatenate([np.zeros(0), *(p.ravel() for p in updated[rank::world])])
        for rank in range(world)
    ], updated


@sharding.mistake(
    "You flattened matrices column by column: row by row is asked for, as .ravel() and .reshape "
    "do it."
)
def column_by_column(parameters, gradients, learning_rate):
    _, updated = sharded_step(parameters, gradients, learning_rate)
    flat = _padded(np.concatenate([p.ravel(order="F") for p in updated]), len(gradients))
    return np.split(flat, len(gradients)), updated


@sharding.mistake("Your flat array begins with the last parameter: keep the order of the list.")
def last_parameter_first(parameters, gradients, learning_rate):
    turned = [own[::-1] for own in gradients]
    shards, updated = sharded_step(parameters[::-1], turned, learning_rate)
    return shards, updated[::-1]


@sharding.mistake(
    "Each rank used its own gradient for its shard, so what the others computed is lost: average "
    "over ranks first; that is the reduce in reduce-scatter."
)
def own_gradients_only(parameters, gradients, learning_rate):
    length = _length(parameters, len(gradients))
    flat = _flat(parameters, length).reshape(len(gradients), -1)
    own = [_flat(g, length).reshape(len(gradients), -1)[rank] for rank, g in enumerate(gradients)]
    after = flat - learning_rate * np.array(own)
    return list(after), _shaped(after.ravel(), parameters)


@sharding.mistake(
    "You divided by the number of ranks, but each shard holds only its own rank's gradient: add "
    "up those of all ranks before dividing."
)
def own_gradients_divided(parameters, gradients, learning_rate):
    return own_gradients_only(parameters, gradients, learning_rate / len(gradients))


@sharding.mistake("You added the gradient: descent subtracts learning_rate times the gradient.")
def uphill(parameters, gradients, learning_rate):
    return sharded_step(parameters, gradients, -learning_rate)


@sharding.mistake("You subtracted the whole gradient: multiply it by learning_rate.")
def learning_rate_forgotten(parameters, gradients, learning_rate):
    return sharded_step(parameters, gradients, 1.0)


@sharding.mistake("Your shards and parameters are those from before the step: use the gradients.")
def nothing_learned(parameters, gradients, learning_rate):
    return sharded_step(parameters, gradients, 0.0)


@sharding.mistake(
    "The shards are right, but the parameters are those from before the step: gather them from "
    "the new shards."
)
def old_parameters(parameters, gradients, learning_rate):
    return sharded_step(parameters, gradients, learning_rate)[0], [p.copy() for p in parameters]


@sharding.mistake("The parameters are right, but your shards are those from before the step.")
def old_shards(parameters, gradients, learning_rate):
    new = sharded_step(parameters, gradients, learning_rate)[1]
    return sharded_step(parameters, gradients, 0.0)[0], new


@sharding.mistake(
    "Your shards hold the averaged gradient: a shard holds parameters, after the step."
)
def shards_of_the_gradient(parameters, gradients, learning_rate):
    nothing = [np.zeros(p.shape) for p in parameters]
    new = sharded_step(parameters, gradients, learning_rate)[1]
    return sharded_step(nothing, gradients, -1.0)[0], new


@sharding.mistake(
    "The shards are right, but the parameters still lie in one flat array: cut it into their "
    "sizes, without the padding, and give each its shape."
)
def flat_parameters(parameters, gradients, learning_rate):
    shards, _ = sharded_step(parameters, gradients, learning_rate)
    return shards, np.concatenate(shards)


@sharding.mistake("The numbers are right, but each parameter is still flat: .reshape(p.shape).")
def shapes_lost(parameters, gradients, learning_rate):
    shards, updated = sharded_step(parameters, gradients, learning_rate)
    return shards, [p.ravel() for p in updated]


@sharding.mistake(
    "The numbers are right, but they stand in lists: shards and parameters are NumPy arrays."
)
def lists_of_numbers(parameters, gradients, learning_rate):
    shards, updated = sharded_step(parameters, gradients, learning_rate)
    return [s.tolist() for s in shards], [p.tolist() for p in updated]


@sharding.mistake(
    "The result is right, but you changed the parameters that you were given: -= writes into the "
    "array itself."
)
def written_into_the_parameters(parameters, gradients, learning_rate):
    shards, updated = sharded_step(parameters, gradients, learning_rate)
    for p, new in zip(parameters, updated, strict=True):
        p[...] = new
    return shards, parameters


@sharding.mistake(
    "You took the number of parameters for the number of ranks: gradients is a list by rank, so "
    "len(gradients) is W, and len(gradients[0]) is not."
)
def parameters_counted_as_ranks(parameters, gradients, learning_rate):
    world = len(gradients[0])
    flat = _padded(np.concatenate([p.ravel() for p in parameters]), world)
    total = sum(_padded(np.concatenate([g.ravel() for g in own]), world) for own in gradients)
    after = flat - learning_rate * total / world
    return np.split(after, world), _shaped(after, parameters)


@sharding.mistake(
    "The shards are right, but each parameter is cut from the beginning of the flat array: start "
    "where the one before has ended."
)
def always_from_the_start(parameters, gradients, learning_rate):
    shards, _ = sharded_step(parameters, gradients, learning_rate)
    gathered = np.concatenate(shards)
    return shards, [gathered[: p.size].reshape(p.shape) for p in parameters]


@sharding.mistake(
    "The shards are right, but the parameters have made the step twice: put them together from "
    "the new shards, without another update."
)
def a_second_step_for_the_parameters(parameters, gradients, learning_rate):
    shards, _ = sharded_step(parameters, gradients, learning_rate)
    return shards, sharded_step(parameters, gradients, 2 * learning_rate)[1]


@sharding.mistake(
    "You filled the gradients up with their first values (np.resize), so that the padding moves: "
    "pad them with zeros, like the parameters."
)
def gradients_repeated(parameters, gradients, learning_rate):
    length = _length(parameters, len(gradients))
    each = [np.resize(np.concatenate([g.ravel() for g in own]), length) for own in gradients]
    after = _flat(parameters, length) - learning_rate * np.mean(each, axis=0)
    return np.split(after, len(gradients)), _shaped(after, parameters)


@sharding.mistake(
    "np.pad(values, n) puts n zeros on both sides: np.pad(values, (0, n)) puts them at the end "
    "only."
)
def padded_on_both_sides(parameters, gradients, learning_rate):
    world = len(gradients)
    _, updated = sharded_step(parameters, gradients, learning_rate)
    flat = np.concatenate([p.ravel() for p in updated])
    shifted = np.pad(flat, -len(flat) % world)  # one number pads both sides
    return np.array_split(shifted, world), _shaped(shifted, parameters)


@sharding.mistake(
    "You multiplied the difference of parameter and gradient by learning_rate: only the gradient "
    "is to be multiplied, p - learning_rate * g."
)
def rate_for_all(parameters, gradients, learning_rate):
    own = [[g / learning_rate for g in rank] for rank in gradients]  # the gradient in full
    shards, updated = sharded_step(parameters, own, learning_rate)
    return [learning_rate * s for s in shards], [learning_rate * p for p in updated]


@sharding.mistake(
    "You returned one list with shards and parameters in it: return a pair of two lists, (shards, "
    "updated)."
)
def one_list(parameters, gradients, learning_rate):
    shards, updated = sharded_step(parameters, gradients, learning_rate)
    return [*shards, *updated]


def _parameters_with_ranks(axis):
    """Takes the first rank's gradients for those of the first parameter, and so on."""

    def wrong(parameters, gradients, learning_rate):
        pairs = zip(parameters, gradients, strict=False)
        new = [p - learning_rate * np.mean(own, axis=axis) for p, own in pairs]
        everything = _padded(np.concatenate([p.ravel() for p in new]), len(gradients))
        return np.split(everything, len(gradients)), new

    return wrong


sharding.mistake(
    "gradients is a list by rank, and you paired its entries with the parameters: entry r holds "
    "rank r's gradients of all parameters, so collect for each parameter what all ranks have for "
    "it.",
    name="parameters with ranks",
)(_parameters_with_ranks(axis=0))


sharding.mistake(
    "gradients is a list by rank, and you paired its entries with the parameters: entry r holds "
    "rank r's gradients of all parameters, so collect for each parameter what all ranks have for "
    "it. And the mean goes over ranks only.",
    name="parameters with ranks, one number",
)(_parameters_with_ranks(axis=None))


with_shards = sharding.group("With shards", make=_with_shards)


with_shards.mistake(
    "You rounded the length of a shard down, so the last parameters belong to nobody: round up, "
    "and pad.",
    name="rounded down",
)(lambda f, w: [f[rank * (len(f) // w) :][: len(f) // w] for rank in range(w)])


with_shards.mistake(
    "You put the zeros in front, so every parameter has moved: they belong at the end.",
    name="padded in front",
)(lambda f, w: np.split(np.r_[np.zeros(-len(f) % w), f], w))


with_shards.mistake(
    "Where the numbers divide evenly you pad all the same: no zeros are needed there; -count % "
    "world is how many.",
    name="padding too long",
)(lambda f, w: np.split(np.r_[f, np.zeros(w - len(f) % w)], w))


with_shards.mistake(
    "You filled up with the first values again (np.resize): that is for samplers; here zeros are "
    "asked for.",
    name="padded with values",
)(lambda f, w: np.split(np.resize(f, len(_padded(f, w))), w))


def last_shard_cut(flat, world):
    shards = np.split(_padded(flat, world), world)
    each = len(shards[0])
    return [s[: max(0, len(flat) - rank * each)] for rank, s in enumerate(shards)]


with_shards.mistake(
    "Your last shards are shorter: all must be equally long, so pad the flat array with zeros "
    "before splitting; the padding goes only where parameters are put together.",
    name="padding cut off",
)(last_shard_cut)


with_shards.mistake(
    "Every rank has the whole flat parameter: that is plain data parallelism, and saves no "
    "memory. Rank r owns the r-th of W equal parts.",
    name="every rank has everything",
)(lambda f, w: [f.copy() for _ in range(w)])


with_shards.mistake(
    "You gave rank r every W-th value: a shard is a run of neighbours, so that it is one piece of "
    "memory.",
    name="dealt out",
)(lambda f, w: [_padded(f, w)[rank::w] for rank in range(w)])


averaging = sharding.group("Averaging gradients", read="lesson.ipynb#Averaging-gradients")


@averaging.mistake(
    "You added the ranks' gradients up: divide by their number, or the step grows with the number "
    "of workers."
)
def gradients_summed(parameters, gradients, learning_rate):
    return sharded_step(parameters, gradients, learning_rate * len(gradients))


@averaging.mistake("Only the first rank's gradient counts in your step: average over all.")
def first_rank_gradient(parameters, gradients, learning_rate):
    return sharded_step(parameters, [gradients[0]] * len(gradients), learning_rate)


@averaging.mistake(
    "Only the last rank's gradient counts in your step: is the sum begun anew for each rank? "
    "Average over all."
)
def last_rank_gradient(parameters, gradients, learning_rate):
    return sharded_step(parameters, [gradients[-1]] * len(gradients), learning_rate)


@averaging.mistake(
    "You averaged over ranks and over parameters, so all values fall alike: average over ranks "
    "only, with axis=0."
)
def one_number_as_gradient(parameters, gradients, learning_rate):
    mean = np.mean([np.concatenate([g.ravel() for g in own]) for own in gradients])
    same = [np.full(p.shape, mean) for p in parameters]
    return sharded_step(parameters, [same] * len(gradients), learning_rate)


@averaging.mistake(
    "You divided the summed gradients by the number of parameters: the mean is over ranks, so "
    "divide by len(gradients)."
)
def divided_by_the_parameters(parameters, gradients, learning_rate):
    rate = learning_rate * len(gradients) / len(parameters)
    return sharded_step(parameters, gradients, rate)


@averaging.mistake(
    "You took the mean over each rank's values, so that all of a shard falls alike: the mean goes "
    "over ranks, and each parameter keeps a gradient of its own."
)
def one_number_for_each_shard(parameters, gradients, learning_rate):
    length = _length(parameters, len(gradients))
    shards = _flat(parameters, length).reshape(len(gradients), -1)
    means = [[np.concatenate([g.ravel() for g in own]).mean()] for own in gradients]
    after = shards - learning_rate * np.array(means)
    return list(after), _shaped(after.ravel(), parameters)


sharding.hints(
    "In which order? Flatten and pad, average over ranks, split, update, put together again.",
    "One flat array for the parameters, and one for each rank's gradients, all padded with -count "
    "% W zeros. What is done to the whole flat array is done to every shard.",
    "np.concatenate of .ravel() flattens, np.pad(values, (0, missing)) pads, np.split(flat, W) "
    "makes shards. For the parameters walk along the flat array with a start that grows by p.size.",
)
