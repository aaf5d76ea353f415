"""Training within a budget, judged on photos nobody has seen: the exercise `predict_garments`.

Run as a program, this file trains the stored network in a few seconds and writes it.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from lepton_course import load_dataset
from lepton_course.authoring import Call, Case, accuracy, exercise
from lepton_course.authoring.held_out import draw_of_each, held_out

WEIGHTS = Path(__file__).parents[1] / "reference_network.npz"
WIDTH, HIDDEN = 64, 6
OF_EACH = 110
"""Photos of each kind in a class's cases; the learner's check has fewer."""
TROUSERS = 1


tuning = exercise(
    "predict_garments",
    title="Tune within a budget",
    points=3,
    difficulty=5,
    minutes=16,
    probe=Call(),
    compare=accuracy(at_least=0.8, tolerance=0.05),
    read="lesson.ipynb#Search:-at-random,-then-by-halving",
    held_out=held_out(Path(__file__).parents[1] / "held_out.npz", "fashion_mnist", share=0.13),
)


@tuning.reference
def predict_garments(images):
    """Return the labels, 0 to 9, int64 (N,), of photos, uint8 (N, 28, 28)."""
    return _scores(images).argmax(axis=1)


def _scores(images):
    """Logits (N, 10) of photos, uint8 (N, 28, 28)."""
    return _scores_of(images.tobytes())


@functools.lru_cache(maxsize=32)
@torch.no_grad()
def _scores_of(pixels):
    photos = torch.frombuffer(bytearray(pixels), dtype=torch.uint8).reshape(-1, 28 * 28)
    return _trained_network()(photos / 255).numpy()


@functools.cache
def _trained_network():
    """The statement's network with the stored weights."""
    network = _network()
    with np.load(WEIGHTS, allow_pickle=False) as file:
        network.load_state_dict({name: torch.tensor(file[name]).float() for name in file})
    return network


def _network():
    """Six hidden layers without normalisation, as the scanners run it."""
    sides = [28 * 28, *[WIDTH] * HIDDEN]
    layers = []
    for inputs, outputs in zip(sides, sides[1:], strict=False):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(WIDTH, 10))


@tuning.alternative
def in_pieces(images):
    pieces = np.array_split(images, max(len(images) // 40, 1))
    return np.concatenate([np.argsort(-_scores(piece), axis=1)[:, 0] for piece in pieces])


@tuning.cases
def cases(rng, rows):
    images, labels = rows.numpy()
    number = min(OF_EACH, *np.bincount(labels))

    def case(part, places):
        return Case(part, (images[places],), expected=labels[places])

    def of_each(kinds):
        return draw_of_each(rng, labels, kinds, number)

    part = "all ten kinds, and a photo alone"
    return [
        case(part, of_each(range(10))),
        case(part, rng.choice(_clear_trousers(images, labels), 1)),
    ]


def _clear_trousers(images, labels):
    """Places of the trousers that the reference is surer of than of half of them."""
    places = np.flatnonzero(labels == TROUSERS)
    scores = _scores(images[places])
    margin = scores[:, TROUSERS] - np.delete(scores, TROUSERS, axis=1).max(axis=1)
    return places[margin > np.median(margin)]


form = tuning.group("The form of the result")


form.mistake(
    "You returned ten logits for each photo: the label is the index of the largest, argmax over "
    "axis 1.",
    name="logits instead of labels",
)(_scores)


@form.mistake("You returned a single number: argmax needs axis=1 (dim=1 in PyTorch).")
def one_label_for_all(images):
    return _scores(images).argmax()


@form.mistake(
    "You returned the best photo for each class: argmax must run over the classes, axis 1."
)
def argmax_over_the_photos(images):
    return _scores(images).argmax(axis=0)


inputs = tuning.group("What goes into the network")


@inputs.mistake(
    "PyTorch stopped with the error above: the network takes floats of shape (N, 784), so use "
    "float(), / 255 and flatten; and .numpy() needs torch.no_grad() around the network."
)
def photos_not_flat(images):
    return _trained_network()(torch.tensor(images) / 255)


@inputs.mistake("A PyTorch network takes no NumPy arrays: convert with torch.tensor(images) first.")
def array_into_the_network(images):
    return _trained_network()(images.reshape(len(images), -1) / 255)


accuracies = tuning.group("Accuracy")


@accuracies.mistake(
    "Almost no label is right, which is worse than guessing: do your labels go from 0 "
    "(T-shirt/top) to 9 (ankle boot), and not from 1, and are the garments bright on dark, as in "
    "training?"
)
def counted_from_one(images):
    return predict_garments(images) + 1


@accuracies.mistake(
    "About one label in ten is right, as by guessing: is this the trained network, do the photos "
    "enter it as in training, neither turned nor scaled otherwise, and do the labels come in the "
    "order of the photos?"
)
def guessed(images):
    return np.random.default_rng(images.sum()).integers(0, 10, size=len(images))


standing_still = tuning.group(
    "A loss that stands still", read="lesson.ipynb#The-learning-rate-range-test"
)


@standing_still.mistake(
    "Every photo gets the same label, as from a network whose loss stands still at 2.3: with "
    "plain SGD and a small rate the signal hardly gets through six layers, and with a large rate "
    "it dies at once. Try AdamW, or another initialisation."
)
def always_the_same(images):
    return np.zeros(len(images), dtype=int)


tuning.hints(
    "Spend a part of the budget on short runs that differ in the learning rate alone, and judge "
    "them on validation photos. Keep the larger part for the last run.",
    "Five runs of 60 steps with AdamW and learning rates from 0.0003 to 0.03 leave 1200 steps. "
    "Let the last run warm up to the best rate, then fall along a cosine to 0.",
    "AdamW with a peak rate near 0.005 (0.003 after He initialisation), OneCycleLR over the steps "
    "that are left, batches of 64. predict_garments: a float tensor of shape (N, 784) divided by "
    "255; torch.no_grad(); argmax over dim 1; NumPy.",
)


def train_and_save(steps=1500, batch_size=64):
    """Train the reference's network within the budget, and store it in half precision."""
    train = load_dataset("fashion_mnist").train
    photos, kinds = torch.tensor(train.images).flatten(1) / 255, torch.tensor(train.labels)
    torch.manual_seed(4)
    network = _network()
    for layer in network[::2]:
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)
    adamw = torch.optim.AdamW(network.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(adamw, 3e-3, total_steps=steps)
    for _ in range(steps):
        chosen = torch.randint(len(photos), (batch_size,))
        adamw.zero_grad()
        functional.cross_entropy(network(photos[chosen]), kinds[chosen]).backward()
        adamw.step()
        schedule.step()
    stored = {name: value.half().numpy() for name, value in network.state_dict().items()}
    np.savez_compressed(WEIGHTS, **stored)


if __name__ == "__main__":
    train_and_save()
