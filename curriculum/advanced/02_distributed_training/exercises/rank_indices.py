"""rank_indices: which examples one rank takes in one epoch."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.authoring import Call, Case, exact, exercise
from lepton_course.authoring.wrong_forms import as_float, as_list, one_too_many

sampling = exercise(
    "rank_indices",
    title="Who takes which examples?",
    points=2,
    difficulty=2,
    minutes=10,
    probe=Call(),
    compare=exact(),
    read="lesson.ipynb#Who-takes-which-examples",
    forms=[
        as_list("The indices are right, but stand in a list: return a NumPy array."),
        as_float(
            "The indices are right, but floats, which cannot pick from an array: "
            "whole numbers are asked for."
        ),
        one_too_many(
            "Your indices count from 1: the first example is 0, and there is no example `count`."
        ),
    ],
)


@sampling.reference
def rank_indices(count, world, rank, seed, epoch):
    order = np.random.default_rng([seed, epoch]).permutation(count)
    each = -(-count // world)
    return np.resize(order, each * world)[rank::world]


@sampling.alternative
def by_counting_on(count, world, rank, seed, epoch):
    order = np.random.default_rng([seed, epoch]).permutation(count)
    each = int(np.ceil(count / world))
    return np.array([order[(rank + turn * world) % count] for turn in range(each)])


@sampling.alternative
def dealt_like_cards(count, world, rank, seed, epoch):
    cards = np.random.default_rng([seed, epoch]).permutation(count).tolist()
    padded = list(cards)
    while len(padded) % world:
        padded.append(cards[len(padded) % count])
    hands = np.array(padded).reshape(-1, world)
    return hands[:, rank]


@sampling.cases
def rank_indices_cases(rng):
    seeds = rng.choice(np.arange(3, 90), 5, replace=False)
    later = int(rng.integers(2, 9))

    def cases(part, count, world, seed, epoch, ranks):
        return [Case(part, (count, world, rank, int(seed), epoch)) for rank in ranks]

    return [
        *cases("divides evenly", 24, 4, seeds[0], 0, (0, 1, 3)),
        *cases("must be padded", 21, 5, seeds[1], 0, (0, 3, 4)),
        *cases("a later epoch", 18, 3, seeds[2], later, (0, 2)),
        *cases("a later epoch", 19, 3, seeds[3], later, (1, 2)),
        *cases("more ranks than examples", 5, 12, seeds[4], 0, (1, 7, 11)),
    ]


def _order(count, seed, epoch):
    return np.random.default_rng([seed, epoch]).permutation(count)


def _total(count, world):
    return (count + world - 1) // world * world


@sampling.mistake(
    "You gave each rank a block of neighbours in the order: rank r takes every world-th index, "
    "beginning with r."
)
def in_blocks(count, world, rank, seed, epoch):
    padded = np.resize(_order(count, seed, epoch), _total(count, world))
    return np.split(padded, world)[rank]


@sampling.mistake(
    "np.array_split gives blocks, of different length where examples do not divide evenly: pad "
    "first, then rank r takes every world-th index, beginning with r."
)
def in_uneven_blocks(count, world, rank, seed, epoch):
    return np.array_split(_order(count, seed, epoch), world)[rank]


@sampling.mistake(
    "You gave each rank a block of neighbours, and the last ones get fewer: pad first, then rank "
    "r takes every world-th index, beginning with r."
)
def blocks_without_padding(count, world, rank, seed, epoch):
    each = _total(count, world) // world
    return _order(count, seed, epoch)[rank * each : (rank + 1) * each]


@sampling.mistake(
    "You gave each rank a block of neighbours and dropped the rest: pad, then rank r takes every "
    "world-th index, beginning with r."
)
def blocks_without_the_rest(count, world, rank, seed, epoch):
    each = count // world
    return _order(count, seed, epoch)[rank * each : (rank + 1) * each]


@sampling.mistake(
    "Your indices are in the order of the data: shuffle them first, or batches stay the same in "
    "every epoch."
)
def not_shuffled(count, world, rank, seed, epoch):
    return np.resize(np.arange(count), _total(count, world))[rank::world]


@sampling.mistake(
    "The first epoch is right, but all later ones repeat its order: the epoch belongs into the "
    "seed. With torch's DistributedSampler, forgetting set_epoch does just this."
)
def epoch_ignored(count, world, rank, seed, epoch):
    return rank_indices(count, world, rank, seed, 0)


@sampling.mistake(
    "The order depends on the epoch alone: use both, np.random.default_rng([seed, epoch])."
)
def seed_ignored(count, world, rank, seed, epoch):
    order = np.random.default_rng(epoch).permutation(count)
    return np.resize(order, _total(count, world))[rank::world]


@sampling.mistake(
    "You added seed and epoch, so that epoch 1 of seed 0 is epoch 0 of seed 1 (torch's "
    "DistributedSampler does it, too): here a list is asked for, [seed, epoch]."
)
def seed_plus_epoch(count, world, rank, seed, epoch):
    return rank_indices(count, world, rank, seed + epoch, 0)


@sampling.mistake(
    "You seeded the generator with [epoch, seed]: the order asked for is [seed, epoch]."
)
def epoch_before_seed(count, world, rank, seed, epoch):
    return rank_indices(count, world, rank, epoch, seed)


@sampling.mistake(
    "You dealt the examples out first and shuffled within the rank: then a rank sees the same "
    "examples in every epoch. Shuffle all of them, then deal out."
)
def shuffled_within_the_rank(count, world, rank, seed, epoch):
    mine = not_shuffled(count, world, rank, seed, epoch)
    return np.random.default_rng([seed, epoch]).permutation(mine)


@sampling.mistake(
    "You used np.random.seed, which is another generator, and changes what the rest of the "
    "program draws: use np.random.default_rng([seed, epoch])."
)
def global_generator(count, world, rank, seed, epoch):
    np.random.seed(seed + epoch)
    return np.resize(np.random.permutation(count), _total(count, world))[rank::world]


@sampling.mistake(
    "You draw a new order from one generator for each epoch, so who resumes in epoch 50 has to "
    "draw 49 before: seed a new one with [seed, epoch]."
)
def drawn_on(count, world, rank, seed, epoch):
    generator = np.random.default_rng(seed)
    for _ in range(epoch + 1):
        order = generator.permutation(count)
    return np.resize(order, _total(count, world))[rank::world]


@sampling.mistake(
    "You shuffled with torch, which draws other numbers: use np.random.default_rng([seed, "
    "epoch]).permutation(count)."
)
def torch_generator(count, world, rank, seed, epoch):
    generator = torch.Generator().manual_seed(seed + epoch)
    order = torch.randperm(count, generator=generator).numpy()
    return np.resize(order, _total(count, world))[rank::world]


@sampling.mistake(
    "You dropped the examples that do not fill a last round (drop_last): here every example must "
    "be taken, so pad instead."
)
def rest_dropped(count, world, rank, seed, epoch):
    return _order(count, seed, epoch)[: count // world * world][rank::world]


@sampling.mistake(
    "Your ranks get different numbers of examples: the one with more would wait for ever for an "
    "all-reduce that the others do not join. Pad the order first."
)
def not_padded(count, world, rank, seed, epoch):
    return _order(count, seed, epoch)[rank::world]


@sampling.mistake(
    "You padded with the last index again and again: begin again from the start of the order."
)
def last_one_repeated(count, world, rank, seed, epoch):
    order = _order(count, seed, epoch)
    return np.pad(order, (0, _total(count, world) - count), mode="edge")[rank::world]


@sampling.mistake(
    "You padded with the first index again and again: go on in the order, the second one comes "
    "next."
)
def first_one_repeated(count, world, rank, seed, epoch):
    order = _order(count, seed, epoch)
    missing = _total(count, world) - count
    return np.append(order, np.repeat(order[:1], missing))[rank::world]


@sampling.mistake(
    "You dealt out first, and let each rank fill up with its own indices (and a rank without any "
    "has nothing to repeat): pad the common order first, then deal out."
)
def padded_with_its_own(count, world, rank, seed, epoch):
    mine = _order(count, seed, epoch)[rank::world]
    return np.resize(mine, _total(count, world) // world)


@sampling.mistake("You padded with the last indices of the order: begin again from its start.")
def padded_from_the_end(count, world, rank, seed, epoch):
    order = _order(count, seed, epoch)
    return np.append(order, order[count * 2 - _total(count, world) :])[rank::world]


@sampling.mistake(
    "You padded with -1, which is the last example in Python: begin again from the start of the "
    "order."
)
def padded_with_minus_1(count, world, rank, seed, epoch):
    order = _order(count, seed, epoch)
    missing = _total(count, world) - count
    return np.pad(order, (0, missing), constant_values=-1)[rank::world]


@sampling.mistake(
    "You padded the indices and then shuffled: shuffle the `count` indices first, then pad with "
    "the beginning of the shuffled order."
)
def padded_before_shuffling(count, world, rank, seed, epoch):
    padded = np.resize(np.arange(count), _total(count, world))
    return np.random.default_rng([seed, epoch]).permutation(padded)[rank::world]


@sampling.mistake(
    "Right, except where there are so few examples that the order must be repeated several times: "
    "order[:missing] cannot be longer than the order itself."
)
def padded_once(count, world, rank, seed, epoch):
    order = _order(count, seed, epoch)
    return np.append(order, order[: _total(count, world) - count])[rank::world]


@sampling.mistake(
    "You add a round even where the examples divide evenly: round up, and 8 / 4 stays 2."
)
def always_one_more(count, world, rank, seed, epoch):
    order = _order(count, seed, epoch)
    return np.resize(order, (count // world + 1) * world)[rank::world]


@sampling.mistake(
    "You begin at the right place and then take everything: go on in steps of world, "
    "padded[rank::world]."
)
def no_stride(count, world, rank, seed, epoch):
    return everything(count, world, rank, seed, epoch)[rank:]


@sampling.mistake(
    "You took the indices whose number leaves the remainder `rank`: it is the place in the "
    "shuffled order that counts, so that a rank sees other examples in each epoch."
)
def by_number(count, world, rank, seed, epoch):
    order = _order(count, seed, epoch)
    return order[order % world == rank]


@sampling.mistake("Your ranks count from 1: the first rank is 0.")
def ranks_from_one(count, world, rank, seed, epoch):
    padded = np.resize(_order(count, seed, epoch), _total(count, world))
    return padded[rank - 1 :: world]


@sampling.mistake("You returned the indices of all ranks: those of the one rank are asked for.")
def all_ranks_at_once(count, world, rank, seed, epoch):
    return [rank_indices(count, world, r, seed, epoch) for r in range(world)]


@sampling.mistake("These are the right examples, but sorted: keep the shuffled order.")
def in_rising_order(count, world, rank, seed, epoch):
    return np.sort(rank_indices(count, world, rank, seed, epoch))


@sampling.mistake(
    "shuffle() changes its argument and returns None, so you dealt out nothing: "
    "permutation(count) returns the shuffled indices."
)
def shuffled_in_place(count, world, rank, seed, epoch):
    order = np.random.default_rng([seed, epoch]).shuffle(np.arange(count))  # None
    return np.resize(order, _total(count, world))[rank::world]


@sampling.mistake(
    "You draw with choice, so some examples come several times and others never: "
    "permutation(count) takes each once."
)
def drawn_with_replacement(count, world, rank, seed, epoch):
    order = np.random.default_rng([seed, epoch]).choice(count, count)
    return np.resize(order, _total(count, world))[rank::world]


@sampling.mistake(
    "You padded with 0, so the first photo of the data is learned from too often: begin again "
    "from the start of the shuffled order."
)
def padded_with_0(count, world, rank, seed, epoch):
    order = _order(count, seed, epoch)
    return np.pad(order, (0, _total(count, world) - count))[rank::world]


@sampling.mistake(
    "reshape(world, -1) lays the order out in `world` rows of neighbours: with reshape(-1, world) "
    "each row is one round of dealing, and [:, rank] is what one rank gets."
)
def rows_for_columns(count, world, rank, seed, epoch):
    padded = np.resize(_order(count, seed, epoch), _total(count, world))
    return padded.reshape(world, -1)[:, rank]


@sampling.mistake(
    "Start and step are exchanged: begin at rank and go on in steps of world, padded[rank::world]."
)
def start_and_step_exchanged(count, world, rank, seed, epoch):
    padded = np.resize(_order(count, seed, epoch), _total(count, world))
    return padded[world::rank]


@sampling.mistake(
    "If the message above speaks of default_rng: it takes one argument, so seed and epoch go in "
    "together, as a list."
)
def two_arguments_to_default_rng(count, world, rank, seed, epoch):
    order = np.random.default_rng(seed, epoch).permutation(count)  # takes one
    return np.resize(order, _total(count, world))[rank::world]


same_batch = sampling.group(
    "The same batch on every rank", read="lesson.ipynb#The-same-batch-on-every-rank"
)


@same_batch.mistake(
    "The rank is in your seed, so every rank shuffles differently and some examples are taken "
    "twice, others never: all ranks need the same order."
)
def each_rank_its_own_order(count, world, rank, seed, epoch):
    order = np.random.default_rng([seed, epoch, rank]).permutation(count)
    return np.resize(order, _total(count, world))[rank::world]


@same_batch.mistake(
    "Your generator has no seed, so each rank draws an order of its own: seed it with [seed, "
    "epoch], which is the same on all ranks."
)
def not_seeded(count, world, rank, seed, epoch):
    return np.resize(np.random.permutation(count), _total(count, world))[rank::world]


@same_batch.mistake(
    "Every rank gets the same examples, so many workers do the work of one: the rank must decide "
    "where to begin."
)
def the_same_for_all(count, world, rank, seed, epoch):
    return _order(count, seed, epoch)[: _total(count, world) // world]


@same_batch.mistake("You returned the whole order: a rank takes only its own part of it.")
def everything(count, world, rank, seed, epoch):
    return np.resize(_order(count, seed, epoch), _total(count, world))


sampling.hints(
    "Three steps: shuffle, pad, deal out. Only the last one depends on the rank.",
    "Length of the padded order: count divided by world, rounded up, times world. A slice with a "
    "step deals out.",
    "permutation(count) of the generator gives the order. np.resize(order, n) repeats it until it "
    "has n entries. Then slice: begin at rank, in steps of world.",
)
