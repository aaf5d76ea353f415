"""The lesson's small exercises. They earn no points."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, close, exact, exercise

sharing = exercise(
    "trained_fraction",
    title="Try it: what is trained",
    points=0,
    difficulty=1,
    minutes=4,
    probe=Call(),
    compare=close(rtol=1e-9, atol=1e-12),
    read="lesson.ipynb#Feature-extraction",
)


@sharing.reference
def trained_fraction(sizes, frozen):
    """Return the fraction of all parameters that is trained, a float.

    sizes: dict of block names to their numbers of parameters. frozen: list of names of blocks.
    """
    return 1 - sum(size for name, size in sizes.items() if name in frozen) / sum(sizes.values())


@sharing.alternative
def block_by_block(sizes, frozen):
    trained = 0
    for name in sizes:
        trained += 0 if name in set(frozen) else sizes[name]
    return trained / sum(sizes.values())


@sharing.cases
def sharing_cases(rng):
    sizes = {name: int(rng.integers(10, 5000)) for name in ("stem", "body", "neck", "head")}
    return [
        Case("some blocks", (sizes, ["stem", "body"])),
        Case("some blocks", (sizes, ["neck"])),
        Case("some blocks", ({"a": 1, "b": 3}, ["b"])),
        Case("nothing frozen", (sizes, [])),
        Case("everything frozen", ({"head": 4}, ["head"])),
    ]


@sharing.mistake("That is the fraction that is frozen: add up the blocks that are trained.")
def frozen_fraction(right, a):
    return 1 - right()


@sharing.mistake("You counted blocks: add up their numbers of parameters.")
def blocks_counted(right, a):
    return right(sizes=dict.fromkeys(a.sizes, 1))


@sharing.mistake("You divided by the frozen parameters: divide by all parameters.")
def divided_by_the_frozen(right, a):
    share = right()
    return share / (1 - share) if share < 1 else share


sharing.hints(
    "Add up the sizes of the blocks that are not in frozen.",
    "Divide the number of trained parameters by the sum of all sizes.",
    "def trained_fraction(sizes, frozen):\n"
    "    moving = sum(size for name, size in sizes.items() if name not in frozen)\n"
    "    return moving / sum(sizes.values())",
)


nearest = exercise(
    "nearest_mean",
    title="Try it: two blanks",
    points=0,
    difficulty=2,
    minutes=5,
    probe=Call(),
    compare=exact(),
    read="lesson.ipynb#Feature-extraction",
)


@nearest.reference
def nearest_mean(features, labels, new_features):
    """Return labels, whole numbers (M,), of the nearest class mean of each new row.

    features: float (N, D). labels: (N,), each of 0 … K-1 at least once. new_features: (M, D).
    """
    kinds = range(labels.max() + 1)
    means = np.array([features[labels == kind].mean(axis=0) for kind in kinds])
    return np.square(new_features[:, None] - means).sum(axis=2).argmin(axis=1)


@nearest.alternative
def by_products(features, labels, new_features):
    hot = np.eye(labels.max() + 1)[labels]
    means = (hot / hot.sum(axis=0)).T @ features
    return np.argmax(new_features @ means.T - (means**2).sum(axis=1) / 2, axis=1)


@nearest.cases
def nearest_cases(rng):
    def case(part, number, width, kinds, new):
        labels = np.append(rng.permutation(kinds), rng.integers(0, kinds, number - kinds))
        centres = rng.normal(scale=0.5, size=(kinds, width))
        new_labels = rng.integers(0, kinds, new)
        features = centres[labels] + rng.normal(size=(number, width))
        return Case(part, (features, labels, centres[new_labels] + rng.normal(size=(new, width))))

    return [
        case("three classes", 13, 4, 3, 40),
        case("other numbers of classes", 10, 2, 5, 15),
        case("other numbers of classes", 9, 7, 2, 11),
        case("other numbers of classes", 6, 1, 1, 3),
        case("one photo each", 6, 5, 6, 14),
        case("one new photo", 5, 3, 2, 1),
        case("one new photo", 1, 2, 1, 1),
    ]


@nearest.mistake("You chose the farthest mean: take argmin of the distances.")
def farthest(features, labels, new_features):
    means = np.array([features[labels == k].mean(axis=0) for k in range(labels.max() + 1)])
    return ((new_features[:, None] - means) ** 2).sum(axis=2).argmax(axis=1)


@nearest.mistake("You chose the nearest photo: average the photos of each class first.")
def nearest_photo(features, labels, new_features):
    return labels[((new_features[:, None] - features) ** 2).sum(axis=2).argmin(axis=1)]


@nearest.mistake("You averaged over all photos: average only those whose label is the class.")
def one_mean(right, a):
    return right() * 0


nearest.hints(
    "Which rows belong to the class, and over which axis is their mean taken?",
    "features[labels == kind] holds the rows of one class; their mean over axis 0 has shape (D,).",
    "def nearest_mean(features, labels, new_features):\n"
    "    kinds = range(labels.max() + 1)\n"
    "    means = np.array([features[labels == kind].mean(axis=0) for kind in kinds])\n"
    "    distances = ((new_features[:, None] - means) ** 2).sum(axis=2)\n"
    "    return distances.argmin(axis=1)",
)


thawing = exercise(
    "thawed_blocks",
    title="Try it: an unfreezing schedule",
    points=0,
    difficulty=2,
    minutes=6,
    probe=Call(),
    compare=exact(),
    read="lesson.ipynb#Gradual-unfreezing",
)


@thawing.reference
def thawed_blocks(blocks, epoch, every):
    """Return the names, a list from input to output, of the blocks that train in an epoch.

    blocks: names from input to output, the head last. epoch: from 0. In the first `every` epochs
    the head trains alone; every `every` epochs one more block joins, from the output backwards.
    """
    return blocks[max(0, len(blocks) - 1 - epoch // every) :]


@thawing.alternative
def by_asking_each(blocks, epoch, every):
    far = range(len(blocks) - 1, -1, -1)
    return [block for block, distance in zip(blocks, far, strict=True) if distance * every <= epoch]


@thawing.cases
def thawing_cases(rng):
    blocks = ["stem", "block1", "block2", "block3", "head"]
    return [
        Case("the head alone", (blocks, 0, 2)),
        Case("the head alone", (blocks, 2, 3)),
        Case("the head alone", (blocks, 0, 1)),
        Case("the head alone", (blocks, 3, 4)),
        Case("blocks join", (blocks, 3, 3)),
        Case("blocks join", (blocks, 2, 1)),
        Case("blocks join", (blocks[:3], 5, 4)),
        Case("blocks join", (blocks, 5, 2)),
        Case("blocks join", (blocks, 11, 4)),
        Case("blocks join", (["z", "a", "m"], 1, 1)),
        Case("all of them", (blocks, 4, 1)),
        Case("all of them", (blocks, 50, 2)),
        Case("all of them", (["head"], 7, 3)),
    ]


@thawing.mistake("You unfreeze from the input: the head trains first, then the block before it.")
def from_the_input(right, a):
    return a.blocks[: len(right())]


@thawing.mistake("In your schedule, nothing trains at first: the head trains from epoch 0 on.")
def head_joins_late(right, a):
    return right(blocks=a.blocks)[1:]


@thawing.mistake(
    "In your schedule, a block joins one epoch late: with every = 2, the second joins in epoch 2."
)
def one_epoch_late(right, a):
    return right(epoch=max(a.epoch - 1, 0))


@thawing.mistake("You listed the blocks from the output: keep the network's order.")
def output_first(right, a):
    return right()[::-1]


@thawing.mistake("In your schedule, a block joins every epoch: one joins every `every` epochs.")
def every_epoch(right, a):
    return right(every=1)


thawing.hints(
    "How many blocks train in this epoch, the head included?",
    "1 + epoch // every, but no more than there are. They are the last blocks of the list.",
    "def thawed_blocks(blocks, epoch, every):\n"
    "    count = min(len(blocks), 1 + epoch // every)\n"
    "    return blocks[len(blocks) - count :]",
)

EXERCISES = [sharing, nearest, thawing]
