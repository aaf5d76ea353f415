"""Sort photos that nobody has seen: right answers, misconceptions and cases of `predict`."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from lepton_course import load_dataset
from lepton_course.authoring import Call, Case, accuracy, exercise

HELD_OUT = Path(__file__).parents[1] / "held_out.npz"
WEIGHTS = Path(__file__).parents[1] / "reference_network.npz"
EASY_KINDS = (1, 5, 7, 8, 9)  # trousers, sandals, sneakers, bags, ankle boots


sorting = exercise(
    "predict",
    title="Sort photos that nobody has seen",
    points=3,
    difficulty=5,
    minutes=40,
    probe=Call(),
    compare=accuracy(at_least=0.85, tolerance=0.03),
    read="lesson.ipynb#A-network-in-PyTorch",
)


def _network():
    first = nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2)
    second = nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2)
    return nn.Sequential(*first, *second, nn.Flatten(), nn.Linear(32 * 49, 10))


@functools.cache
def _trained_network():
    """The reference's network with its stored weights; this file, run as a program, makes them."""
    network = _network()
    with np.load(WEIGHTS, allow_pickle=False) as file:
        network.load_state_dict({name: torch.tensor(file[name]) for name in file})
    return network.train(False)


@functools.lru_cache(maxsize=32)
@torch.no_grad()
def _scores_of(pixels):
    photos = torch.frombuffer(bytearray(pixels), dtype=torch.uint8).reshape(-1, 1, 28, 28)
    return _trained_network()(photos / 255).numpy()


def _scores(images):
    return _scores_of(images.tobytes())


@sorting.reference
def predict(images):
    return _scores(images).argmax(axis=1)


@sorting.alternative
def predict_in_pieces(images):
    pieces = np.array_split(images, max(len(images) // 50, 1))
    return np.concatenate([np.argsort(_scores(piece))[:, -1] for piece in pieces])


@sorting.cases
def cases(rng):
    with np.load(HELD_OUT, allow_pickle=False) as file:
        images, labels = file["images"], file["labels"]

    def case(part, kinds):
        chosen = [rng.choice(np.flatnonzero(labels == kind), 100, replace=False) for kind in kinds]
        order = rng.permutation(np.concatenate(chosen))
        return Case(part, (images[order],), expected=labels[order])

    return [case("trousers, shoes and bags", EASY_KINDS), case("all ten kinds", range(10))]


sorting.mistake(
    "You returned the network's ten values for each photo: the label is the place of the largest "
    "one, argmax over axis 1.",
    name="logits instead of labels",
)(_scores)


@sorting.mistake(
    "You returned a single number: argmax without an axis looks at all photos together; say "
    "axis=1 (dim=1 in PyTorch)."
)
def one_label_for_all(images):
    return _scores(images).argmax()


@sorting.mistake(
    "You returned ten numbers, the best photo for each kind: argmax must go over the kinds, which "
    "are axis 1."
)
def argmax_over_the_photos(images):
    return _scores(images).argmax(axis=0)


@sorting.mistake(
    "Your labels stand in a column of shape (N, 1): return a flat array of shape (N,)."
)
def column_of_labels(images):
    return predict(images)[:, None]


@sorting.mistake(
    "You returned a torch tensor: a NumPy array is asked for; end with .cpu().numpy()."
)
def tensor_instead_of_array(images):
    return torch.tensor(predict(images))


@sorting.mistake(
    "You returned names: the labels are the whole numbers 0 to 9, and a name is found with "
    "classes[label] where people read it."
)
def names_instead_of_labels(images):
    return np.array(load_dataset("fashion_mnist").classes)[predict(images)]


@sorting.mistake(
    "Almost no label is right, which is worse than guessing, and happens when kinds are counted "
    "from 1: labels go from 0 (T-shirt/top) to 9 (ankle boot)."
)
def counted_from_one(images):
    return predict(images) + 1


@sorting.mistake(
    "One label in ten is right, which is guessing: is it the trained network that you ask, are "
    "pixels scaled as in training, and did the loss fall below 2.3?"
)
def guessed(images):
    return np.random.default_rng(images.sum()).integers(0, 10, size=len(images))


@sorting.mistake(
    "You returned the largest logits instead of their places: in PyTorch, max gives values and "
    "places, and argmax the places alone."
)
def largest_values(images):
    return _scores(images).max(axis=1)


@sorting.mistake(
    "torch stopped, and says above why: the network takes floats of shape (N, 1, 28, 28), so "
    "float(), / 255 and a channel axis; and .numpy() wants torch.no_grad() around the network."
)
def photos_of_another_form(images):
    return _trained_network()(torch.tensor(images) / 255)


@sorting.mistake("torch cannot take a NumPy array into a network: torch.tensor(images) first.")
def array_into_the_network(images):
    return _trained_network()(images[:, None] / 255)


further = sorting.group("A loss that stands still", read="lesson.ipynb#A-loss-that-stands-still")


@further.mistake(
    "Every photo seems to get the same label, as from a network whose loss stood still at 2.3: "
    "lower the learning rate or normalise, and train again."
)
def always_the_same_easy_kind(images):
    return np.full(len(images), EASY_KINDS[0])


@further.mistake(
    "Every photo seems to get the same label, as from a network whose loss stood still at 2.3: "
    "lower the learning rate or normalise, and train again."
)
def always_the_same_hard_kind(images):
    return np.zeros(len(images), dtype=np.int64)


sorting.hints(
    "First reach 87 % on 1000 photos that you hold out of the training set. Only then write "
    "predict.",
    "A SmallCNN learns slowly here, because it averages whole maps. The lesson's network with "
    "batch normalisation, or wider maps, gets further in the same time. In predict, do to the "
    "photos exactly what you did in training.",
    "Train with Adam and a learning rate near 0.003 for three or four epochs of batches of 64; "
    "keep the network in a global name. predict: uint8 to a float tensor of shape (N, 1, 28, 28), "
    "divided by 255; eval mode; torch.no_grad(); argmax over dim 1; NumPy.",
)


def train_and_save(epochs=6, size=100):
    """Trains the reference's network on the course's subset, half a minute, and stores it."""
    train = load_dataset("fashion_mnist").train
    photos, kinds = torch.tensor(train.images)[:, None] / 255, torch.tensor(train.labels)
    torch.manual_seed(5)
    network = _network()
    adam = torch.optim.Adam(network.parameters(), weight_decay=1e-4)
    slope = torch.optim.lr_scheduler.OneCycleLR(
        adam, 1e-2, total_steps=epochs * len(photos) // size
    )
    for _ in range(epochs):
        for chosen in torch.randperm(len(photos)).split(size):
            adam.zero_grad()
            functional.cross_entropy(network(photos[chosen]), kinds[chosen]).backward()
            adam.step()
            slope.step()
    np.savez_compressed(WEIGHTS, **{k: v.numpy() for k, v in network.state_dict().items()})
