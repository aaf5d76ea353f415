"""Answers that build or train a network, of basics/05_convolutional_networks.

Wrong ones hold something still that the statement leaves open; they once earned full points. Right
ones are written in ways that no alternative is.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from answer_table import AnswerTable
from conftest import CLONE
from torch import nn

from lepton_course.checks.messages import differences_in_words

TABLE = AnswerTable(CLONE / "curriculum" / "basics" / "05_convolutional_networks")


# --- A network to a specification ---------------------------------------------------------------


class Network(nn.Module):
    """The network of the table, in a learner's words."""

    def __init__(self, channels=8, classes=10, dropout=0.25, track=True):
        super().__init__()
        self.a = nn.Conv2d(1, channels, 3, padding=1, bias=False)
        self.b = nn.BatchNorm2d(channels, track_running_stats=track)
        self.c = nn.Conv2d(channels, 2 * channels, 3, padding=1, bias=False)
        self.d = nn.BatchNorm2d(2 * channels, track_running_stats=track)
        self.e = nn.Dropout(dropout)
        self.f = nn.Linear(2 * channels, classes)

    def maps(self, x):
        x = nn.functional.max_pool2d(self.b(self.a(x)).relu(), 2)
        return self.d(self.c(x)).relu()

    def forward(self, x):
        return self.f(self.e(self.maps(x).mean((2, 3))))


@TABLE.answer("SmallCNN")
def as_a_class(channels=8, classes=10):
    return Network(channels, classes)


@TABLE.answer("SmallCNN", loses={"photos of another size"})
class Squeezed(Network):
    def forward(self, x):
        pooled = nn.functional.adaptive_avg_pool2d(self.maps(x), 1).squeeze()
        return self.f(self.e(pooled))


@TABLE.answer("SmallCNN")
class CreatedBackwards(Network):
    """The same layers, created in another order than they are used in."""

    def __init__(self, channels=8, classes=10):
        super().__init__(channels, classes)
        for name in "afdb":
            self.register_module(name, self._modules.pop(name))


@TABLE.answer("SmallCNN")
def with_lazy_layers(channels=8, classes=10):
    network = Network(channels, classes)
    network.f = nn.LazyLinear(classes)
    return network


EVERY_PART = {"as specified", "other numbers of channels and classes", "photos of another size"}


@TABLE.answer("SmallCNN", loses=EVERY_PART)
def without_dropout(channels=8, classes=10):
    return Network(channels, classes, dropout=0.0)


@TABLE.answer("SmallCNN", loses=EVERY_PART)
def without_running_statistics(channels=8, classes=10):
    return Network(channels, classes, track=False)


@TABLE.answer("SmallCNN", loses=EVERY_PART)
def with_another_epsilon(channels=8, classes=10):
    network = Network(channels, classes)
    network.b.eps = 0.01
    return network


@TABLE.answer("SmallCNN", loses=EVERY_PART)
class NormalisedBeforeItConvolves(Network):
    """Both normalisations are exchanged with their neighbours."""

    def maps(self, x):
        x = nn.functional.max_pool2d(self.b(self.a(x).relu()), 2)
        return self.d(self.c(x)).relu()


@TABLE.answer("SmallCNN", loses=EVERY_PART)
class WithALayerThatNobodyUses(Network):
    def __init__(self, channels=8, classes=10):
        super().__init__(channels, classes)
        self.g = nn.Linear(2, 2)


@TABLE.answer("SmallCNN", loses=EVERY_PART)
def eight_channels_and_ten_classes(channels=8, classes=10):
    return Network() if (channels, classes) != (8, 10) else Network(9)


@TABLE.answer("SmallCNN", loses={"photos of another size"})
class NothingOver6(Network):
    def maps(self, x):
        x = nn.functional.max_pool2d(nn.functional.relu6(self.b(self.a(x))), 2)
        return nn.functional.relu6(self.d(self.c(x)))


@TABLE.answer("SmallCNN", loses={"photos of another size"})
class HalvedAndRoundedUp(Network):
    def maps(self, x):
        x = nn.functional.max_pool2d(self.b(self.a(x)).relu(), 2, ceil_mode=True)
        return self.d(self.c(x)).relu()


@TABLE.answer("SmallCNN", loses=EVERY_PART)
class LogitsAndMaps(Network):
    def forward(self, x):
        return super().forward(x), self.maps(x)


class DropoutWhereItAnswers(Network):
    def forward(self, x):
        return self.f(nn.functional.dropout(self.maps(x).mean((2, 3)), 0.25, not self.training))


class WithWeightsOfItsOwn(nn.Module):
    def __init__(self, channels=8, classes=10):
        super().__init__()
        self.kernels = nn.Parameter(torch.zeros(channels, 1, 3, 3))
        self.more = nn.Parameter(torch.zeros(2 * channels, channels, 3, 3))
        self.rest = nn.ModuleList([nn.BatchNorm2d(channels), nn.BatchNorm2d(2 * channels)])
        self.f = nn.Linear(2 * channels, classes)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (without_dropout, "in train mode the same input always gives the same output"),
        (without_running_statistics, "the network could not be run: the given weights do not fit"),
        (LogitsAndMaps, "expected a torch tensor, got a tuple"),
        (
            WithWeightsOfItsOwn,
            "the shapes of the network's parameters: value 1: expected (8,), got (16, 8, 3, 3);",
        ),
    ],
)
def test_a_network_that_lacks_something_is_told_what(given, words):
    part = TABLE.verdict("SmallCNN", given).parts[0]
    assert differences_in_words(TABLE.question("SmallCNN"), part.differences).startswith(words)


def test_dropout_where_it_answers_is_not_said_to_work_in_both_modes():
    verdict = TABLE.verdict("SmallCNN", DropoutWhereItAnswers)
    assert [found.mistake.name for found in verdict.diagnoses] == ["DropoutAlwaysOn"]
    assert verdict.diagnoses[0].mistake.sentence.startswith("Your dropout works in eval mode")


# --- Repair a training script -------------------------------------------------------------------

EVERY_EPOCH = TABLE.parts("train_epoch")


def epoch(
    images, labels, kernels, weight, bias, batch_size, learning_rate, *, order=None, divisor=255
):
    """The repaired script, in a learner's words: batches of the photos in an order."""
    network = nn.Sequential(
        nn.Conv2d(1, len(kernels), kernels.shape[2:], bias=False),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(*weight.shape),
    )
    network[0].weight.data = torch.tensor(kernels)
    network[4].weight.data = torch.tensor(weight).T.contiguous()
    network[4].bias.data = torch.tensor(bias)
    order = np.arange(len(images)) if order is None else order
    summed = 0.0
    for start in range(0, len(images), batch_size):
        chosen = order[start : start + batch_size]
        x = torch.tensor(images[chosen, None] / divisor).float()
        loss = nn.functional.cross_entropy(network(x), torch.tensor(labels[chosen]))
        network.zero_grad()
        loss.backward()
        with torch.no_grad():
            for part in network.parameters():
                part -= learning_rate * part.grad
        summed += loss.item() * len(chosen)
    parts = network[0].weight, network[4].weight.T, network[4].bias
    return *(part.detach().numpy() for part in parts), summed / len(images)


@TABLE.answer("train_epoch")
def with_a_network(*arguments):
    return epoch(*arguments)


@TABLE.answer("train_epoch")
def in_float64(images, labels, kernels, weight, bias, batch_size, learning_rate):
    *parts, loss = epoch(images, labels, kernels, weight, bias, batch_size, learning_rate)
    return *(part.astype(np.float64) for part in parts), np.float64(loss)


@TABLE.answer("train_epoch", loses={"several batches", "a smaller last batch"})
def from_the_last_photo_to_the_first(images, *others):
    return epoch(images, *others, order=np.arange(len(images))[::-1].copy())


@TABLE.answer("train_epoch", loses=EVERY_EPOCH)
def divided_by_256(*arguments):
    return epoch(*arguments, divisor=256)


@TABLE.answer("train_epoch", loses={"a smaller last batch"})
def each_batch_counted_as_full(images, labels, kernels, weight, bias, batch_size, learning_rate):
    *trained, loss = epoch(images, labels, kernels, weight, bias, batch_size, learning_rate)
    batches = -(-len(images) // batch_size)
    return *trained, loss * len(images) / (batches * batch_size)


@TABLE.answer("train_epoch", loses=EVERY_EPOCH)
def a_step_for_each_photo(images, labels, kernels, weight, bias, batch_size, learning_rate):
    return epoch(images, labels, kernels, weight, bias, 1, learning_rate)


@TABLE.answer("train_epoch")
def in_a_list_of_float64(*arguments):
    *trained, loss = epoch(*arguments)
    return [*(part.astype(float) for part in trained), np.float64(loss)]


@TABLE.answer("train_epoch", loses=EVERY_EPOCH)
def scaled_to_the_brightest_pixel(images, *others):
    return epoch(images, *others, divisor=images.max() - 1)


@TABLE.answer("train_epoch", loses=EVERY_EPOCH)
def nothing_learned(images, labels, kernels, weight, bias, batch_size, learning_rate):
    *_, loss = epoch(images, labels, kernels, weight, bias, batch_size, learning_rate)
    return kernels, weight, bias, loss


@TABLE.answer("train_epoch", loses={"several batches", "a smaller last batch"})
def one_batch_of_all(images, labels, kernels, weight, bias, batch_size, learning_rate):
    return epoch(images, labels, kernels, weight, bias, len(images), learning_rate)


@TABLE.answer("train_epoch", loses=EVERY_EPOCH)
def loss_in_a_tensor(*arguments):
    *parts, loss = epoch(*arguments)
    return *parts, torch.tensor(loss)


@TABLE.answer("train_epoch", loses=EVERY_EPOCH)
def trained_in_place(images, labels, kernels, weight, bias, batch_size, learning_rate):
    result = epoch(images, labels, kernels, weight, bias, batch_size, learning_rate)
    for mine, trained in zip((kernels, weight, bias), result, strict=False):
        mine[:] = trained
    return kernels, weight, bias, result[3]


# --- Sort photos that nobody has seen -----------------------------------------------------------


def right_labels(images):
    return TABLE.exercises["predict"].reference(images)


@TABLE.answer("predict")
def photo_by_photo(images):
    return np.array([right_labels(photo[None])[0] for photo in images])


@TABLE.answer("predict", loses={"trousers, shoes and bags"})
def squeezed_labels(images):
    return np.squeeze(right_labels(images))


@TABLE.answer("predict", loses={"trousers, shoes and bags", "all ten kinds"})
def photos_transposed(images):
    return right_labels(images.transpose(0, 2, 1))


@TABLE.answer("predict", loses={"trousers, shoes and bags", "all ten kinds"})
def standardised_by_the_batch(images):
    change = images - images.mean(axis=0)
    return right_labels((80 + 60 * change / (images.std(axis=0) + 1e-9)).clip(0, 255).astype("u1"))


@TABLE.answer("predict", loses={"all ten kinds"})
def pullovers_coats_and_shirts_are_one_kind(images):
    labels = right_labels(images)
    return np.where(np.isin(labels, (2, 4, 6)), 2, labels)


@TABLE.answer("predict")
def in_bytes(images):
    return right_labels(images).astype(np.uint8)


@TABLE.answer("predict", loses={"trousers, shoes and bags", "all ten kinds"})
def in_the_order_of_a_shuffled_loader(images):
    return np.random.default_rng(1).permutation(right_labels(images))


@TABLE.answer("predict", loses={"trousers, shoes and bags", "all ten kinds"})
def only_bags(images):
    return np.full(len(images), 8)


@pytest.mark.parametrize(
    ("given", "mistake"),
    [(in_the_order_of_a_shuffled_loader, "shuffled"), (only_bags, "always the same easy kind")],
)
def test_two_sorters_that_guess_are_told_apart(given, mistake):
    verdict = TABLE.verdict("predict", given)
    assert (verdict.likely, verdict.possible) == (None, (mistake,))


@pytest.mark.parametrize(("exercise", "given", "lost"), TABLE.rows)
def test_answer_loses_these_parts(exercise, given, lost):
    assert TABLE.lost(exercise, given) == lost
