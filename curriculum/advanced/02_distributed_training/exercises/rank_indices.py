"""rank_indices: which examples one rank takes in one epoch."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.exercises import Call, Case, Exercise, Misconception, exact

SAMPLER = "lesson.ipynb#Who-takes-which-examples"
SAME_BATCH = "lesson.ipynb#The-same-batch-on-every-rank"


def rank_indices(count, world, rank, seed, epoch):
    order = np.random.default_rng([seed, epoch]).permutation(count)
    each = -(-count // world)
    return np.resize(order, each * world)[rank::world]


def by_counting_on(count, world, rank, seed, epoch):
    order = np.random.default_rng([seed, epoch]).permutation(count)
    each = int(np.ceil(count / world))
    return np.array([order[(rank + turn * world) % count] for turn in range(each)])


def dealt_like_cards(count, world, rank, seed, epoch):
    cards = np.random.default_rng([seed, epoch]).permutation(count).tolist()
    padded = list(cards)
    while len(padded) % world:
        padded.append(cards[len(padded) % count])
    hands = np.array(padded).reshape(-1, world)
    return hands[:, rank]


def _order(count, seed, epoch):
    return np.random.default_rng([seed, epoch]).permutation(count)


def _total(count, world):
    return (count + world - 1) // world * world


def in_blocks(count, world, rank, seed, epoch):
    padded = np.resize(_order(count, seed, epoch), _total(count, world))
    return np.split(padded, world)[rank]


def in_uneven_blocks(count, world, rank, seed, epoch):
    return np.array_split(_order(count, seed, epoch), world)[rank]


def blocks_without_padding(count, world, rank, seed, epoch):
    each = _total(count, world) // world
    return _order(count, seed, epoch)[rank * each : (rank + 1) * each]


def blocks_without_the_rest(count, world, rank, seed, epoch):
    each = count // world
    return _order(count, seed, epoch)[rank * each : (rank + 1) * each]


def not_shuffled(count, world, rank, seed, epoch):
    return np.resize(np.arange(count), _total(count, world))[rank::world]


def epoch_ignored(count, world, rank, seed, epoch):
    return rank_indices(count, world, rank, seed, 0)


def seed_ignored(count, world, rank, seed, epoch):
    order = np.random.default_rng(epoch).permutation(count)
    return np.resize(order, _total(count, world))[rank::world]


def seed_plus_epoch(count, world, rank, seed, epoch):
    return rank_indices(count, world, rank, seed + epoch, 0)


def epoch_first(count, world, rank, seed, epoch):
    return rank_indices(count, world, rank, epoch, seed)


def each_rank_its_own_order(count, world, rank, seed, epoch):
    order = np.random.default_rng([seed, epoch, rank]).permutation(count)
    return np.resize(order, _total(count, world))[rank::world]


def shuffled_within_the_rank(count, world, rank, seed, epoch):
    mine = not_shuffled(count, world, rank, seed, epoch)
    return np.random.default_rng([seed, epoch]).permutation(mine)


def drawn_on(count, world, rank, seed, epoch):
    generator = np.random.default_rng(seed)
    for _ in range(epoch + 1):
        order = generator.permutation(count)
    return np.resize(order, _total(count, world))[rank::world]


def torchs_generator(count, world, rank, seed, epoch):
    generator = torch.Generator().manual_seed(seed + epoch)
    order = torch.randperm(count, generator=generator).numpy()
    return np.resize(order, _total(count, world))[rank::world]


def global_generator(count, world, rank, seed, epoch):
    np.random.seed(seed + epoch)
    return np.resize(np.random.permutation(count), _total(count, world))[rank::world]


def not_seeded(count, world, rank, seed, epoch):
    return np.resize(np.random.permutation(count), _total(count, world))[rank::world]


def rest_dropped(count, world, rank, seed, epoch):
    return _order(count, seed, epoch)[: count // world * world][rank::world]


def not_padded(count, world, rank, seed, epoch):
    return _order(count, seed, epoch)[rank::world]


def last_one_repeated(count, world, rank, seed, epoch):
    order = _order(count, seed, epoch)
    return np.pad(order, (0, _total(count, world) - count), mode="edge")[rank::world]


def first_one_repeated(count, world, rank, seed, epoch):
    order = _order(count, seed, epoch)
    missing = _total(count, world) - count
    return np.append(order, np.repeat(order[:1], missing))[rank::world]


def padded_with_its_own(count, world, rank, seed, epoch):
    mine = _order(count, seed, epoch)[rank::world]
    return np.resize(mine, _total(count, world) // world)


def padded_from_the_end(count, world, rank, seed, epoch):
    order = _order(count, seed, epoch)
    return np.append(order, order[count * 2 - _total(count, world) :])[rank::world]


def padded_with_minus_one(count, world, rank, seed, epoch):
    order = _order(count, seed, epoch)
    missing = _total(count, world) - count
    return np.pad(order, (0, missing), constant_values=-1)[rank::world]


def padded_before_shuffling(count, world, rank, seed, epoch):
    padded = np.resize(np.arange(count), _total(count, world))
    return np.random.default_rng([seed, epoch]).permutation(padded)[rank::world]


def padded_once(count, world, rank, seed, epoch):
    order = _order(count, seed, epoch)
    return np.append(order, order[: _total(count, world) - count])[rank::world]


def always_one_more(count, world, rank, seed, epoch):
    order = _order(count, seed, epoch)
    return np.resize(order, (count // world + 1) * world)[rank::world]


def same_for_all(count, world, rank, seed, epoch):
    return _order(count, seed, epoch)[: _total(count, world) // world]


def everything(count, world, rank, seed, epoch):
    return np.resize(_order(count, seed, epoch), _total(count, world))


def no_stride(count, world, rank, seed, epoch):
    return everything(count, world, rank, seed, epoch)[rank:]


def by_number(count, world, rank, seed, epoch):
    order = _order(count, seed, epoch)
    return order[order % world == rank]


def ranks_from_one(count, world, rank, seed, epoch):
    padded = np.resize(_order(count, seed, epoch), _total(count, world))
    return padded[rank - 1 :: world]


def shuffled_in_place(count, world, rank, seed, epoch):
    order = np.random.default_rng([seed, epoch]).shuffle(np.arange(count))  # None
    return np.resize(order, _total(count, world))[rank::world]


def two_arguments(count, world, rank, seed, epoch):
    order = np.random.default_rng(seed, epoch).permutation(count)  # takes one
    return np.resize(order, _total(count, world))[rank::world]


def drawn_with_replacement(count, world, rank, seed, epoch):
    order = np.random.default_rng([seed, epoch]).choice(count, count)
    return np.resize(order, _total(count, world))[rank::world]


def indices_from_one(count, world, rank, seed, epoch):
    return rank_indices(count, world, rank, seed, epoch) + 1


def padded_with_zero(count, world, rank, seed, epoch):
    order = _order(count, seed, epoch)
    return np.pad(order, (0, _total(count, world) - count))[rank::world]


def rows_for_columns(count, world, rank, seed, epoch):
    padded = np.resize(_order(count, seed, epoch), _total(count, world))
    return padded.reshape(world, -1)[:, rank]


def start_and_step_exchanged(count, world, rank, seed, epoch):
    padded = np.resize(_order(count, seed, epoch), _total(count, world))
    return padded[world::rank]


def all_ranks_at_once(count, world, rank, seed, epoch):
    return [rank_indices(count, world, r, seed, epoch) for r in range(world)]


def as_list(count, world, rank, seed, epoch):
    return rank_indices(count, world, rank, seed, epoch).tolist()


def as_floats(count, world, rank, seed, epoch):
    return rank_indices(count, world, rank, seed, epoch).astype(float)


def in_rising_order(count, world, rank, seed, epoch):
    return np.sort(rank_indices(count, world, rank, seed, epoch))


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


EXERCISE = Exercise(
    name="rank_indices",
    title="Who takes which examples?",
    points=2,
    difficulty=2,
    minutes=10,
    reference=rank_indices,
    cases=rank_indices_cases,
    probe=Call(),
    compare=exact(),
    read=SAMPLER,
    alternatives=[by_counting_on, dealt_like_cards],
    misconceptions=[
        Misconception(
            "in blocks",
            in_blocks,
            "You gave each rank a block of neighbours in the order: rank r takes every world-th "
            "index, beginning with r.",
        ),
        Misconception(
            "in uneven blocks",
            in_uneven_blocks,
            "np.array_split gives blocks, of different length where examples do not divide "
            "evenly: pad first, then rank r takes every world-th index, beginning with r.",
        ),
        Misconception(
            "blocks without padding",
            blocks_without_padding,
            "You gave each rank a block of neighbours, and the last ones get fewer: pad first, "
            "then rank r takes every world-th index, beginning with r.",
        ),
        Misconception(
            "blocks without the rest",
            blocks_without_the_rest,
            "You gave each rank a block of neighbours and dropped the rest: pad, then rank r takes "
            "every world-th index, beginning with r.",
        ),
        Misconception(
            "not shuffled",
            not_shuffled,
            "Your indices are in the order of the data: shuffle them first, or batches stay the "
            "same in every epoch.",
        ),
        Misconception(
            "epoch ignored",
            epoch_ignored,
            "The first epoch is right, but all later ones repeat its order: the epoch belongs into "
            "the seed. With torch's DistributedSampler, forgetting set_epoch does just this.",
        ),
        Misconception(
            "seed ignored",
            seed_ignored,
            "The order depends on the epoch alone: use both, np.random.default_rng([seed, epoch]).",
        ),
        Misconception(
            "seed plus epoch",
            seed_plus_epoch,
            "You added seed and epoch, so that epoch 1 of seed 0 is epoch 0 of seed 1 (torch's "
            "DistributedSampler does it, too): here a list is asked for, [seed, epoch].",
        ),
        Misconception(
            "epoch before seed",
            epoch_first,
            "You seeded the generator with [epoch, seed]: the order asked for is [seed, epoch].",
        ),
        Misconception(
            "each rank its own order",
            each_rank_its_own_order,
            "The rank is in your seed, so every rank shuffles differently and some examples are "
            "taken twice, others never: all ranks need the same order.",
            SAME_BATCH,
        ),
        Misconception(
            "shuffled within the rank",
            shuffled_within_the_rank,
            "You dealt the examples out first and shuffled within the rank: then a rank sees the "
            "same examples in every epoch. Shuffle all of them, then deal out.",
        ),
        Misconception(
            "global generator",
            global_generator,
            "You used np.random.seed, which is another generator, and changes what the rest of the "
            "program draws: use np.random.default_rng([seed, epoch]).",
        ),
        Misconception(
            "drawn on",
            drawn_on,
            "You draw a new order from one generator for each epoch, so who resumes in epoch 50 "
            "has to draw 49 before: seed a new one with [seed, epoch].",
        ),
        Misconception(
            "torch's generator",
            torchs_generator,
            "You shuffled with torch, which draws other numbers: use "
            "np.random.default_rng([seed, epoch]).permutation(count).",
        ),
        Misconception(
            "not seeded",
            not_seeded,
            "Your generator has no seed, so each rank draws an order of its own: seed it with "
            "[seed, epoch], which is the same on all ranks.",
            SAME_BATCH,
        ),
        Misconception(
            "rest dropped",
            rest_dropped,
            "You dropped the examples that do not fill a last round (drop_last): here every "
            "example must be taken, so pad instead.",
        ),
        Misconception(
            "not padded",
            not_padded,
            "Your ranks get different numbers of examples: the one with more would wait for ever "
            "for an all-reduce that the others do not join. Pad the order first.",
        ),
        Misconception(
            "last one repeated",
            last_one_repeated,
            "You padded with the last index again and again: begin again from the start of the "
            "order.",
        ),
        Misconception(
            "first one repeated",
            first_one_repeated,
            "You padded with the first index again and again: go on in the order, the second one "
            "comes next.",
        ),
        Misconception(
            "padded with its own",
            padded_with_its_own,
            "You dealt out first, and let each rank fill up with its own indices (and a rank "
            "without any has nothing to repeat): pad the common order first, then deal out.",
        ),
        Misconception(
            "padded from the end",
            padded_from_the_end,
            "You padded with the last indices of the order: begin again from its start.",
        ),
        Misconception(
            "padded with -1",
            padded_with_minus_one,
            "You padded with -1, which is the last example in Python: begin again from the start "
            "of the order.",
        ),
        Misconception(
            "padded before shuffling",
            padded_before_shuffling,
            "You padded the indices and then shuffled: shuffle the `count` indices first, then pad "
            "with the beginning of the shuffled order.",
        ),
        Misconception(
            "padded once",
            padded_once,
            "Right, except where there are so few examples that the order must be repeated several "
            "times: order[:missing] cannot be longer than the order itself.",
        ),
        Misconception(
            "always one more",
            always_one_more,
            "You add a round even where the examples divide evenly: round up, and 8 / 4 stays 2.",
        ),
        Misconception(
            "the same for all",
            same_for_all,
            "Every rank gets the same examples, so many workers do the work of one: the rank must "
            "decide where to begin.",
            SAME_BATCH,
        ),
        Misconception(
            "everything",
            everything,
            "You returned the whole order: a rank takes only its own part of it.",
            SAME_BATCH,
        ),
        Misconception(
            "no stride",
            no_stride,
            "You begin at the right place and then take everything: go on in steps of world, "
            "padded[rank::world].",
        ),
        Misconception(
            "by number",
            by_number,
            "You took the indices whose number leaves the remainder `rank`: it is the place in the "
            "shuffled order that counts, so that a rank sees other examples in each epoch.",
        ),
        Misconception(
            "ranks from one",
            ranks_from_one,
            "Your ranks count from 1: the first rank is 0.",
        ),
        Misconception(
            "all ranks at once",
            all_ranks_at_once,
            "You returned the indices of all ranks: those of the one rank are asked for.",
        ),
        Misconception(
            "list instead of array",
            as_list,
            "The indices are right, but stand in a list: return a NumPy array.",
        ),
        Misconception(
            "floats",
            as_floats,
            "The indices are right, but floats, which cannot pick from an array: whole numbers are "
            "asked for.",
        ),
        Misconception(
            "in rising order",
            in_rising_order,
            "These are the right examples, but sorted: keep the shuffled order.",
        ),
        Misconception(
            "shuffled in place",
            shuffled_in_place,
            "shuffle() changes its argument and returns None, so you dealt out nothing: "
            "permutation(count) returns the shuffled indices.",
        ),
        Misconception(
            "drawn with replacement",
            drawn_with_replacement,
            "You draw with choice, so some examples come several times and others never: "
            "permutation(count) takes each once.",
        ),
        Misconception(
            "indices from one",
            indices_from_one,
            "Your indices count from 1: the first example is 0, and there is no example `count`.",
        ),
        Misconception(
            "padded with 0",
            padded_with_zero,
            "You padded with 0, so the first photo of the data is learned from too often: begin"
            " again from the start of the shuffled order.",
        ),
        Misconception(
            "rows for columns",
            rows_for_columns,
            "reshape(world, -1) lays the order out in `world` rows of neighbours: with "
            "reshape(-1, world) each row is one round of dealing, and [:, rank] is what one "
            "rank gets.",
        ),
        Misconception(
            "start and step exchanged",
            start_and_step_exchanged,
            "Start and step are exchanged: begin at rank and go on in steps of world, "
            "padded[rank::world].",
        ),
        Misconception(
            "two arguments to default_rng",
            two_arguments,
            "If the message above speaks of default_rng: it takes one argument, so seed and epoch "
            "go in together, as a list.",
        ),
    ],
    hints=(
        "Three steps: shuffle, pad, deal out. Only the last one depends on the rank.",
        "Length of the padded order: count divided by world, rounded up, times world. A slice with "
        "a step deals out.",
        "permutation(count) of the generator gives the order. np.resize(order, n) repeats it until "
        "it has n entries. Then slice: begin at rank, in steps of world.",
    ),
)
