"""rank_indices: which examples one rank takes in one epoch."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, exact, exercise

sampling = exercise(
    "rank_indices",
    title="Who takes which examples?",
    points=2,
    difficulty=2,
    minutes=8,
    probe=Call(),
    compare=exact(),
    read="lesson.ipynb#Who-takes-which-examples",
)


@sampling.reference
def rank_indices(count, world, rank, seed, epoch):
    """Return the indices of the examples that `rank` takes: (ceil(count / world),) of int64.

    count: number of examples. world: number of ranks. seed and epoch determine the order.
    Source: torch.utils.data.DistributedSampler, which shuffles, pads and deals out likewise.
    """
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
    a, b, c, d, e = (int(seed) for seed in rng.choice(np.arange(3, 90), 5, replace=False))
    later = int(rng.integers(3, 9))

    def cases(part, count, world, seed, epoch, ranks):
        return [Case(part, (count, world, rank, seed, epoch)) for rank in ranks]

    return [
        *cases("divides evenly", 24, 4, a, 0, (0, 1, 3)),
        *cases("divides evenly", 7, 1, 1, 0, (0,)),
        *cases("must be padded", 21, 5, b, 0, (0, 3, 4)),
        *cases("must be padded", 22, 4, 0, 0, (2,)),
        *cases("must be padded", 801, 200, c, 0, (0, 199)),
        *cases("a later epoch", 18, 3, c, later, (0, 2)),
        *cases("a later epoch", 19, 3, d, later + 1, (1, 2)),
        *cases("a later epoch", 20, 2, e, 1, (1,)),
        *cases("more ranks than examples", 5, 12, e, 0, (1, 7, 11)),
        *cases("more ranks than examples", 1, 3, a, 1, (1, 2)),
        *cases("more ranks than examples", 2, 11, b, 0, (7, 10)),
    ]


def _order(count, seed, epoch):
    return np.random.default_rng([seed, epoch]).permutation(count)


def _total(count, world):
    """The length of the padded order."""
    return (count + world - 1) // world * world


@sampling.mistake(
    "You gave each rank a contiguous block of the order: rank r takes every world-th index, "
    "starting at position r."
)
def in_blocks(count, world, rank, seed, epoch):
    padded = np.resize(_order(count, seed, epoch), _total(count, world))
    return np.split(padded, world)[rank]


@sampling.mistake(
    "np.array_split gives contiguous blocks, of unequal length when the examples do not divide "
    "evenly: pad first, then rank r takes every world-th index, starting at position r."
)
def in_uneven_blocks(count, world, rank, seed, epoch):
    return np.array_split(_order(count, seed, epoch), world)[rank]


@sampling.mistake(
    "Each of your ranks takes the same examples in every epoch: shuffle the indices of all "
    "examples first, then deal them out."
)
def not_shuffled(count, world, rank, seed, epoch):
    return np.resize(np.arange(count), _total(count, world))[rank::world]


@sampling.mistake(
    "You dealt the examples out first and then shuffled within each rank, so a rank sees the "
    "same examples in every epoch: shuffle all of them first, then deal out."
)
def shuffled_within_the_rank(count, world, rank, seed, epoch):
    mine = not_shuffled(count, world, rank, seed, epoch)
    return np.random.default_rng([seed, epoch]).permutation(mine)


seeding = sampling.group("Seed and epoch", read="lesson.ipynb#Who-takes-which-examples")


@seeding.mistake(
    "Your order is that of epoch 0 in every epoch: seed the generator with [seed, epoch]. "
    "Forgetting set_epoch of torch's DistributedSampler does the same."
)
def epoch_ignored(right, a):
    return right(epoch=0)


@seeding.mistake(
    "You added seed and epoch, as torch's DistributedSampler does, so epoch 1 of seed 0 is epoch 0 "
    "of seed 1: seed the generator with the list [seed, epoch]."
)
def seed_plus_epoch(right, a):
    return right(seed=a.seed + a.epoch, epoch=0)


@seeding.mistake("You seeded the generator with [epoch, seed]: here it is [seed, epoch].")
def epoch_before_seed(right, a):
    return right(seed=a.epoch, epoch=a.seed)


@seeding.mistake(
    "You used np.random.seed, which gives a different order and changes the random numbers of "
    "the rest of the program: use np.random.default_rng([seed, epoch])."
)
def global_generator(count, world, rank, seed, epoch):
    np.random.seed(seed + epoch)
    return np.resize(np.random.permutation(count), _total(count, world))[rank::world]


@seeding.mistake(
    "You draw one order after another from a single generator, so a run that resumes in epoch 50 "
    "must draw 50 orders first: seed a new generator with [seed, epoch]."
)
def one_generator_for_all_epochs(count, world, rank, seed, epoch):
    generator = np.random.default_rng(seed)
    for _ in range(epoch + 1):
        order = generator.permutation(count)
    return np.resize(order, _total(count, world))[rank::world]


padding = sampling.group("Padding", read="lesson.ipynb#Who-takes-which-examples")


@padding.mistake(
    "You dropped the examples that do not fill the last round (drop_last): here every example "
    "must be used, so pad instead."
)
def rest_dropped(count, world, rank, seed, epoch):
    return _order(count, seed, epoch)[: count // world * world][rank::world]


@padding.mistake(
    "Your ranks get different numbers of examples: those with more would wait forever in an "
    "all-reduce that the others do not join. Pad the order first."
)
def not_padded(count, world, rank, seed, epoch):
    return _order(count, seed, epoch)[rank::world]


@padding.mistake("You padded by repeating the last index: wrap around to the start of the order.")
def last_one_repeated(count, world, rank, seed, epoch):
    order = _order(count, seed, epoch)
    return np.pad(order, (0, _total(count, world) - count), mode="edge")[rank::world]


@padding.mistake(
    "You dealt out first and padded each rank with its own indices (a rank without any has "
    "nothing to repeat): pad the common order first, then deal out."
)
def padded_with_its_own(count, world, rank, seed, epoch):
    mine = _order(count, seed, epoch)[rank::world]
    return np.resize(mine, _total(count, world) // world)


@padding.mistake(
    "Right, except when there are so few examples that the order must be repeated several times: "
    "order[:missing] cannot be longer than the order itself."
)
def padded_once(count, world, rank, seed, epoch):
    order = _order(count, seed, epoch)
    return np.append(order, order[: _total(count, world) - count])[rank::world]


@padding.mistake("You add a round even when the examples divide evenly: round up, so 8 / 4 is 2.")
def always_one_more(count, world, rank, seed, epoch):
    order = _order(count, seed, epoch)
    return np.resize(order, (count // world + 1) * world)[rank::world]


same_batch = sampling.group(
    "The same batch on every rank", read="lesson.ipynb#The-same-batch-on-every-rank"
)


@same_batch.mistake(
    "The rank is in your seed, so every rank shuffles differently, and some examples are used "
    "twice and others never: all ranks need the same order."
)
def each_rank_its_own_order(count, world, rank, seed, epoch):
    order = np.random.default_rng([seed, epoch, rank]).permutation(count)
    return np.resize(order, _total(count, world))[rank::world]


@same_batch.mistake(
    "Every rank gets the same examples, so all workers together do the work of one: the rank "
    "must determine where to start."
)
def the_same_for_all(right, a):
    return right(rank=0)


sampling.hints(
    "Three steps: shuffle, pad, deal out. Only the last one depends on the rank.",
    "Length of the padded order: count divided by world, rounded up, times world. A slice with a "
    "step deals out.",
    "The generator's permutation(count) gives the order. np.resize(order, n) repeats it until it "
    "has n entries. Then slice: start at rank, in steps of world.",
)
