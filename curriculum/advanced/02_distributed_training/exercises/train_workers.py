"""train_workers: data-parallel training on real images, judged on images nobody has seen."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import torch

from lepton_course import load_dataset
from lepton_course.authoring import Call, Case, accuracy, exercise
from lepton_course.authoring.held_out import held_out

PIXELS, CLASSES = 196, 10
STEPS, LEARNING_RATE, MOMENTUM = 40, 0.3, 0.9


training = exercise(
    "train_workers",
    title="Train with several workers",
    points=3,
    difficulty=5,
    minutes=25,
    probe=Call(),
    compare=accuracy(at_least=0.68, tolerance=0.08),
    read="lesson.ipynb#Averaging-gradients",
    held_out=held_out(Path(__file__).parents[1] / "held_out.npz", "fashion_mnist", seed=1),
)


def _inputs(x):
    return x / np.float32(255)


def _slope(weights, x, y):
    """Gradient of the summed cross-entropy of a shard."""
    chances = torch.softmax(torch.from_numpy(x @ weights), dim=1).numpy()
    chances[np.arange(len(y)), y] -= 1
    return x.T @ chances


def _descend(shards, steps=STEPS, learning_rate=LEARNING_RATE):
    prepared = [(_inputs(x), y) for x, y in shards]
    count = sum(len(y) for _, y in shards)
    table = np.zeros((PIXELS, CLASSES), np.float32)
    speed = np.zeros_like(table)
    for _ in range(steps):
        total = sum(_slope(table, x, y) for x, y in prepared)  # what an all-reduce gives
        speed = MOMENTUM * speed + total / count
        table = table - learning_rate * speed
    return table


@training.reference
def train_workers(shards, x_new):
    """Return the classes (W, N) of int64 that each worker's model gives to `x_new`.

    shards: W pairs of photos (n, 196) of uint8 and classes (n,) from 0 to 9. x_new: (N, 196) of
    uint8. Softmax regression by gradient descent with momentum, on gradients summed over workers.
    """
    weights = _descend(shards)
    labels = np.argmax(_inputs(x_new) @ weights, axis=1)
    return np.tile(labels, (len(shards), 1))


@training.alternative
def replicas_in_torch(shards, x_new):
    """A replica and an optimiser for each worker, kept equal by averaging gradients."""
    replicas = [torch.nn.Linear(PIXELS, CLASSES) for _ in shards]
    for replica in replicas:
        replica.load_state_dict(replicas[0].state_dict())  # the broadcast at the start
    adams = [torch.optim.Adam(replica.parameters(), 0.03) for replica in replicas]
    data = [(torch.tensor(x).float() / 255, torch.tensor(y)) for x, y in shards]
    sizes = torch.tensor([float(len(y)) for _, y in data])
    for _ in range(40):
        for replica, (x, y) in zip(replicas, data, strict=True):
            replica.zero_grad()
            torch.nn.functional.cross_entropy(replica(x), y).backward()
        for same in zip(*(replica.parameters() for replica in replicas), strict=True):
            every = torch.stack([parameter.grad for parameter in same])
            mean = torch.tensordot(sizes / sizes.sum(), every, dims=1)
            for parameter in same:
                parameter.grad = mean.clone()
        for adam in adams:
            adam.step()
    x = torch.tensor(x_new).float() / 255
    return torch.stack([replica(x).argmax(dim=1) for replica in replicas]).numpy()


@training.alternative
def models_averaged_often(shards, x_new):
    """A few steps alone, then the weighted mean of all models: federated averaging."""
    sizes = np.array([len(y) for _, y in shards], np.float32)
    weights = np.zeros((PIXELS, CLASSES), np.float32)
    prepared = [(_inputs(x), y) for x, y in shards]
    for _ in range(60):
        models = []
        for x, y in prepared:
            own = weights
            for _ in range(2):
                own = own - 0.4 * _slope(own, x, y) / len(y)
            models.append(own)
        weights = np.average(models, axis=0, weights=sizes).astype(np.float32)
    labels = (_inputs(x_new) @ weights).argmax(axis=1)
    return np.array([labels for _ in shards])


def _small(images):
    """(N, 28, 28) pixels as means of 2 x 2, flat: (N, 196), from 0 to 255."""
    tiles = images.reshape(len(images), 14, 2, 14, 2).mean(axis=(2, 4))
    return tiles.round().astype(np.uint8).reshape(len(images), PIXELS)


@functools.cache
def _training_images():
    images, labels = load_dataset("fashion_mnist").train.numpy()
    return _small(images), labels


@training.cases
def cases(rng, held_out_rows):
    images, labels = _training_images()
    new, truth = _small(held_out_rows.images), held_out_rows.labels

    def case(part, sizes, fraction, by_class=False):
        rows = rng.choice(len(images), sum(sizes), replace=False)
        if by_class:
            rows = rows[np.argsort(labels[rows], kind="stable")]
        shards = [(images[r], labels[r]) for r in np.split(rows, np.cumsum(sizes)[:-1])]
        chosen = rng.choice(len(new), round(fraction * len(new)), replace=False)
        expected = np.tile(truth[chosen], (len(sizes), 1))
        return Case(part, (shards, new[chosen]), expected=expected)

    return [
        case("shards drawn at random", [200, 200, 200, 200], 0.9),
        case("shards of very different size", [12, 172, 16, 600], 0.84),
        case("every worker has its own kinds of clothes", [480, 160, 160], 0.9, by_class=True),
        # Two workers never agree in a vote, where the first then wins; the second has more photos.
        case("every worker has its own kinds of clothes", [310, 490], 1.0, by_class=True),
    ]


def _alone(shards, steps=STEPS):
    return [_descend([shard], steps) for shard in shards]


def _labels(weights, x_new):
    return np.argmax(_inputs(x_new) @ weights, axis=1)


@training.mistake(
    "Each worker's model knows its own shard only: nothing was exchanged. In every step, average "
    "the gradients of all workers before anyone updates."
)
def each_alone(shards, x_new):
    return np.array([_labels(weights, x_new) for weights in _alone(shards)])


@training.mistake(
    "You averaged the models once, after each was trained alone: models that went far apart have "
    "no useful mean. Average the gradients in every step."
)
def averaged_at_the_end(shards, x_new):
    labels = _labels(np.mean(_alone(shards), axis=0), x_new)
    return np.tile(labels, (len(shards), 1))


@training.mistake(
    "You trained on one shard after the other, so your model remembers the last one best: in "
    "every step all workers compute a gradient, and the average is used."
)
def one_shard_after_the_other(shards, x_new):
    table = np.zeros((PIXELS, CLASSES), np.float32)
    for x, y in shards:
        for _ in range(3 * STEPS):
            table = table - LEARNING_RATE * _slope(table, _inputs(x), y) / len(y)
    return np.tile(_labels(table, x_new), (len(shards), 1))


@training.mistake(
    "Each of your models was trained alone, and then they voted: none has learned from the "
    "others. Average gradients in every step."
)
def majority_vote(shards, x_new):
    votes = each_alone(shards, x_new)
    winners = [np.bincount(column, minlength=CLASSES).argmax() for column in votes.T]
    return np.tile(winners, (len(shards), 1))


@training.mistake(
    "Your workers agree, but are trained too little: print the loss; take more steps or a larger "
    "learning rate, until it hardly falls any more."
)
def trained_too_little(shards, x_new):
    labels = _labels(_descend(shards, steps=20, learning_rate=0.01), x_new)
    return np.tile(labels, (len(shards), 1))


@training.mistake(
    "Your labels are no better than guessing. Is the loss nan (then all logits are), or does it "
    "rise? Scale pixels to 0..1 and subtract the gradient."
)
def no_better_than_guessing(shards, x_new):
    return np.zeros((len(shards), len(x_new)), np.int64)


@training.mistake(
    "It stops where a shard lacks a class: your model has as many outputs as its shard has "
    "classes, so gradients do not fit together. There are 10 classes on every worker."
)
def classes_counted_by_shard(shards, x_new):
    tables = [np.zeros((PIXELS, len(np.unique(y)))) for _, y in shards]
    np.mean(tables, axis=0)  # ranks with fewer classes have smaller tables
    return train_workers(shards, x_new)


@training.mistake(
    "Almost no label is right, which is worse than guessing, and happens when classes are counted "
    "from 1 (they go from 0 to 9), or with argmin in place of argmax."
)
def classes_moved_by_one(shards, x_new):
    return (train_workers(shards, x_new) - 1) % CLASSES


same_batch = training.group(
    "The same batch on every rank", read="lesson.ipynb#The-same-batch-on-every-rank"
)


@same_batch.mistake(
    "All workers have what can be learned from the first shard alone: each must compute its "
    "gradient on its own data, and the average of all goes into the step."
)
def first_shard_only(shards, x_new):
    return train_workers([shards[0]] * len(shards), x_new)


@same_batch.mistake(
    "All workers have what can be learned from the largest shard alone: each must compute its "
    "gradient on its own data, and the average of all goes into the step."
)
def largest_shard_only(shards, x_new):
    largest = max(shards, key=lambda shard: len(shard[1]))
    return train_workers([largest] * len(shards), x_new)


training.hints(
    "First make one worker learn from one shard. Then: what must be averaged, and when, so that "
    "four workers do what one would do with all the data?",
    "Keep one weight matrix (196, 10), the same for all. In each step compute a gradient on every "
    "shard, average with average_gradients, update. Softmax regression is enough; 40 steps with "
    "momentum 0.9 and learning rate 0.3 do.",
    "Pixels / 255. Gradient of a shard: x.T @ (softmax(x @ w) - onehot(y)) / n, or backward() in "
    "torch. Weight by n. At the end argmax of x_new @ w, and np.tile for W rows.",
)
