"""train_worker: data-parallel training on real images, judged on images nobody has seen."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import torch

from lepton_course import load_dataset
from lepton_course.authoring import Case, Ranks, accuracy, exercise
from lepton_course.authoring.held_out import held_out

PIXELS, CLASSES = 196, 10
STEPS, LEARNING_RATE, MOMENTUM = 40, 0.3, 0.9


training = exercise(
    "train_worker",
    title="Train with several workers",
    points=3,
    difficulty=5,
    minutes=18,
    probe=Ranks(most=2000),
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


def _descend(shard, all_reduce, steps=STEPS, learning_rate=LEARNING_RATE):
    """Return weights (196, 10) after `steps` steps on the gradients summed over all ranks."""
    x, y = _inputs(shard[0]), shard[1]
    count = all_reduce(np.array([float(len(y))]))[0]
    table = np.zeros((PIXELS, CLASSES), np.float32)
    speed = np.zeros_like(table)
    for _ in range(steps):
        speed = MOMENTUM * speed + all_reduce(_slope(table, x, y)) / np.float32(count)
        table = table - learning_rate * speed
    return table


def _classes(weights, x_new):
    return np.argmax(_inputs(x_new) @ weights, axis=1)


@training.reference
def train_worker(shard, x_new, all_reduce=None):
    """Return the classes (N,) of int64 that this worker's model gives to `x_new`.

    shard: this worker's photos (n, 196) of uint8 and classes (n,) from 0 to 9. x_new: (N, 196) of
    uint8. all_reduce: returns the sum of all workers' arrays.
    Softmax regression by gradient descent with momentum, on gradients summed over workers.
    """
    return _classes(_descend(shard, all_reduce), x_new)


@training.alternative
def replica_in_torch(shard, x_new, all_reduce):
    """Train a replica with its own optimiser, kept equal by averaging gradients."""
    x, y = torch.tensor(shard[0]).float() / 255, torch.tensor(shard[1])
    replica = torch.nn.Linear(PIXELS, CLASSES)
    for parameter in replica.parameters():  # all begin with the mean of what they drew
        drawn = all_reduce(np.append(parameter.detach().numpy(), 1.0))
        parameter.data = torch.tensor(drawn[:-1] / drawn[-1]).float().view_as(parameter)
    adam = torch.optim.Adam(replica.parameters(), 0.03)
    count = all_reduce(len(y))
    for _ in range(40):
        adam.zero_grad()
        torch.nn.functional.cross_entropy(replica(x), y, reduction="sum").backward()
        for parameter in replica.parameters():
            parameter.grad = torch.from_numpy(all_reduce(parameter.grad.numpy())) / int(count)
        adam.step()
    return replica(torch.tensor(x_new).float() / 255).argmax(dim=1).numpy()


@training.alternative
def models_averaged_often(shard, x_new, all_reduce):
    """Take a few steps alone, then the weighted mean of all models: federated averaging."""
    x, y = _inputs(shard[0]), shard[1]
    weights = np.zeros((PIXELS, CLASSES), np.float32)
    for _ in range(60):
        for _ in range(2):
            weights = weights - 0.4 * _slope(weights, x, y) / len(y)
        message = all_reduce(np.append(len(y) * weights, len(y)))
        weights = (message[:-1] / message[-1]).reshape(PIXELS, CLASSES).astype(np.float32)
    return (_inputs(x_new) @ weights).argmax(axis=1)


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


def _itself(values):
    """Return a copy: the all-reduce of a worker that communicates with nobody."""
    return np.array(values)


@training.mistake(
    "Each worker's model knows its own shard only: nothing was exchanged. In every step, average "
    "the gradients of all workers before anyone updates."
)
def each_alone(shard, x_new, all_reduce):
    return _classes(_descend(shard, _itself), x_new)


@training.mistake(
    "You averaged the models once, after each was trained alone: models that have drifted far "
    "apart have no useful mean. Average the gradients in every step."
)
def averaged_at_the_end(shard, x_new, all_reduce):
    return _classes(all_reduce(_descend(shard, _itself)), x_new)


@training.mistake(
    "Your workers agree but are undertrained: print the loss, and take more steps or a larger "
    "learning rate until it hardly falls any more."
)
def trained_too_little(shard, x_new, all_reduce):
    return _classes(_descend(shard, all_reduce, steps=20, learning_rate=0.01), x_new)


@training.mistake(
    "All photos get the same class, so about one in ten is right. Is the loss nan (then all "
    "logits are too), or does it rise? Scale the pixels to 0..1 and subtract the gradient."
)
def one_class_for_all(shard, x_new, all_reduce):
    return np.zeros(len(x_new), np.int64)


@training.mistake(
    "It fails when a shard lacks a class: your model has as many outputs as its shard has "
    "classes, so the gradients differ in shape. Use 10 classes on every worker."
)
def classes_counted_by_shard(shard, x_new, all_reduce):
    all_reduce(np.zeros((PIXELS, len(np.unique(shard[1])))))
    return train_worker(shard, x_new, all_reduce)


@training.mistake(
    "Almost no class is right, which is worse than guessing. This happens when classes are "
    "counted from 1 (they go from 0 to 9), or with argmin in place of argmax."
)
def classes_moved_by_one(shard, x_new, all_reduce):
    return (train_worker(shard, x_new, all_reduce) - 1) % CLASSES


@training.mistake(
    "Your workers start from different weights, and equal steps keep them different. Start from "
    "zeros, or from rank 0's weights, as DistributedDataParallel does.",
    read="lesson.ipynb#DistributedDataParallel",
)
def different_starts(shard, x_new, all_reduce):
    own = np.random.default_rng(len(shard[1])).normal(size=(PIXELS, CLASSES))
    return _classes(_descend(shard, all_reduce) + own, x_new)


calls = training.group("The same calls", read="lesson.ipynb#Send-and-receive")


@calls.mistake(
    "Your workers call all_reduce once for each batch of their own shard, and shards differ in "
    "size: the worker with the most photos waits for the others forever. All must make the same "
    "number of calls."
)
def as_many_steps_as_own_batches(shard, x_new, all_reduce):
    x, y = _inputs(shard[0]), shard[1]
    table = np.zeros((PIXELS, CLASSES), np.float32)
    for _ in range(20):
        for start in range(0, len(y), 50):
            part = slice(start, start + 50)
            table = table - 0.002 * all_reduce(_slope(table, x[part], y[part]))
    return _classes(table, x_new)


@calls.mistake(
    "You send photos to the others: photos must stay where they are. Send gradients, or weights, "
    "which are 1,960 numbers for softmax regression."
)
def photos_sent(shard, x_new, all_reduce):
    room = np.zeros((800, PIXELS))
    room[: len(shard[1])] = shard[0]
    return _classes(_descend((all_reduce(room), shard[1]), _itself), x_new)


training.hints(
    "First make one worker learn from its shard. Then: what must be summed over all workers, and "
    "when, so that together they do what one worker would do with all the data?",
    "Keep one weight matrix (196, 10), initialised to zeros on every worker. In each step, "
    "all_reduce the gradient of the summed loss, divide by the number of all photos (an "
    "all_reduce as well), and update. 40 steps with momentum 0.9 and learning rate 0.3 are "
    "enough.",
    "Pixels / 255. Gradient of the summed loss on a shard: x.T @ (softmax(x @ w) - onehot(y)), "
    "or backward() in PyTorch with reduction='sum'. At the end, take the argmax of x_new @ w.",
)
