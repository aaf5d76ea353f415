"""A network to a specification: the exercise `SmallCNN`."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn
from torch.nn import functional

from lepton_course.authoring import Case, Model, close, exercise, random_weights

building = exercise(
    "SmallCNN",
    title="A network to a specification",
    points=3,
    difficulty=3,
    minutes=10,
    probe=Model(mode="eval", randomness=True),
    compare=close(rtol=1e-4, atol=1e-5),
    read="lesson.ipynb#A-network-in-PyTorch",
)


@building.reference
def SmallCNN(channels=8, classes=10):
    """The network of the statement's table, untrained: (N, 1, H, W) to logits (N, classes)."""
    return nn.Sequential(*_stages(channels, classes).values())


def _stages(channels, classes):
    """The network's layers by name, in the order of the specification."""
    return {
        "conv1": nn.Conv2d(1, channels, 3, padding="same", bias=False),
        "norm1": nn.BatchNorm2d(channels),
        "relu1": nn.ReLU(),
        "halve": nn.MaxPool2d(2),
        "conv2": nn.Conv2d(channels, 2 * channels, 3, padding="same", bias=False),
        "norm2": nn.BatchNorm2d(2 * channels),
        "relu2": nn.ReLU(),
        "mean": nn.AdaptiveAvgPool2d(1),
        "flat": nn.Flatten(),
        "drop": nn.Dropout(0.25),
        "out": nn.Linear(2 * channels, classes),
    }


@building.alternative
class FunctionalCNN(nn.Module):
    def __init__(self, channels=8, classes=10):
        super().__init__()
        self.first = nn.Conv2d(1, channels, (3, 3), 1, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(channels)
        self.second = nn.Conv2d(channels, channels * 2, (3, 3), 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(channels * 2)
        self.classify = nn.Linear(channels * 2, classes)

    def forward(self, x):
        x = functional.max_pool2d(self.first_norm(self.first(x)).relu(), 2)
        x = self.second_norm(self.second(x)).relu().mean(dim=(2, 3))
        return self.classify(functional.dropout(x, 0.25, self.training))


@building.alternative
class NormalisationsCreatedLast(FunctionalCNN):
    def __init__(self, channels=8, classes=10):
        super().__init__(channels, classes)
        for name in ("first_norm", "second_norm"):
            self.register_module(name, self._modules.pop(name))


@building.cases
def cases(rng):
    def case(part, channels, classes, *shape, scale=1):
        weights = random_weights(SmallCNN(channels, classes), rng)
        x = torch.tensor(rng.normal(scale=scale, size=shape), dtype=torch.float32)
        return Case(part, (channels, classes), weights=weights, x=x)

    return [
        replace(case("as specified", 8, 10, 4, 1, 28, 28), args=()),  # the numbers by default
        case("other numbers of channels and classes", int(rng.integers(4, 7)), 7, 3, 1, 28, 28),
        case("other numbers of channels and classes", 3, 4, 2, 1, 28, 28),
        case("other numbers of channels and classes", 1, 1, 2, 1, 28, 28),
        case("photos of another size", 4, 10, 2, 1, 12, 20, scale=30),
        case("photos of another size", 2, 3, 1, 1, 9, 7),
    ]


def _network(a, **changes):
    """The network with some stages replaced. a: the case's arguments."""
    return nn.Sequential(*(_stages(a.channels, a.classes) | changes).values())


def _convolutions(a, **options):
    """Both convolutions with other options than the specification's."""
    return {
        "conv1": nn.Conv2d(1, a.channels, 3, **options),
        "conv2": nn.Conv2d(a.channels, 2 * a.channels, 3, **options),
    }


blocks = building.group("Blocks")


@blocks.mistake(
    "The second block has no ReLU: its negative values go on unchanged and the block loses its "
    "nonlinearity; add the ReLU after its batch normalisation.",
    name="one ReLU",
)
def one_relu(right, a):
    return _network(a, relu2=nn.Identity())


@blocks.mistake(
    "Your convolutions do not pad, so each removes a pixel on every side: with a 3 by 3 kernel, "
    "padding=1 keeps the size.",
    read="lesson.ipynb#Padding-and-stride",
)
def no_padding(right, a):
    return _network(a, **_convolutions(a, bias=False))


normalisation = building.group("Batch normalisation", read="lesson.ipynb#Batch-normalisation")


@normalisation.mistake(
    "You normalise after the ReLU: the specification, like the paper, puts batch normalisation "
    "between the convolution and the ReLU.",
    name="normalised after ReLU",
)
def normalised_after_relu(right, a):
    stages = _stages(a.channels, a.classes)
    exchanged = {f"norm{i}": stages[f"relu{i}"] for i in (1, 2)}
    return _network(a, **exchanged, relu1=stages["norm1"], relu2=stages["norm2"])


@normalisation.mistake(
    "Your convolutions have biases: the batch normalisation after them subtracts the mean, and the "
    "bias with it; set bias=False."
)
def biases_kept(right, a):
    return _network(a, **_convolutions(a, padding=1))


@normalisation.mistake(
    "Your network has no batch normalisation: put nn.BatchNorm2d after each convolution, which "
    "then needs no bias."
)
def no_batch_normalisation(right, a):
    convolutions = _convolutions(a, padding=1)
    return _network(a, **convolutions, norm1=nn.Identity(), norm2=nn.Identity())


pooling = building.group("Pooling", read="lesson.ipynb#Pooling")


@pooling.mistake("Between the blocks you average 2 by 2 windows: take their maximum, MaxPool2d(2).")
def mean_pooling_inside(right, a):
    return _network(a, halve=nn.AvgPool2d(2))


@pooling.mistake(
    "Nothing is pooled between your two blocks: the specification halves rows and columns there."
)
def no_pooling_between(right, a):
    return _network(a, halve=nn.Identity())


@pooling.mistake(
    "You pool after the second block too: the specification pools once, between the blocks, and "
    "then takes the mean of each map."
)
def pooled_twice(right, a):
    return _network(a, relu2=nn.Sequential(nn.ReLU(), nn.MaxPool2d(2)))


@pooling.mistake(
    "You take the largest value of each map: the specification asks for its mean (global average "
    "pooling)."
)
def maximum_of_the_map(right, a):
    return _network(a, mean=nn.AdaptiveMaxPool2d(1))


@pooling.mistake(
    "Your network fits photos of 28 by 28 only, as when the mean is taken over 14 by 14 pixels: "
    "nn.AdaptiveAvgPool2d(1) or .mean(dim=(2, 3)) takes maps of any size."
)
def mean_of_a_fixed_window(right, a):
    return _network(a, mean=nn.AvgPool2d(14))


@pooling.mistake(
    "You flatten whole maps into the Linear layer, which then needs 196 times as many weights and "
    "one size of photo; average each map to one number first."
)
def flattened_maps(right, a):
    return _network(a, mean=nn.Identity(), out=nn.Linear(2 * a.channels * 14 * 14, a.classes))


output = building.group("Dropout and output")


@output.mistake(
    "Your dropout works in eval mode: functional.dropout needs training=self.training, or "
    "use the layer nn.Dropout."
)
class DropoutAlwaysOn(FunctionalCNN):
    def forward(self, x):
        x = functional.max_pool2d(self.first_norm(self.first(x)).relu(), 2)
        x = self.second_norm(self.second(x)).relu().mean(dim=(2, 3))
        return self.classify(functional.dropout(x, 0.25))


@output.mistake(
    "Your network ends with a softmax: cross_entropy applies its own to logits, and a second one "
    "makes the gradients small; return the Linear layer's values."
)
def softmax_inside(right, a):
    return nn.Sequential(right(), nn.Softmax(dim=1))


@output.mistake(
    "Your network ends with a ReLU: logits may be negative, and a class whose logit is below 0 "
    "would get no gradient; return the Linear layer's values.",
    name="ReLU on the logits",
)
def relu_on_the_logits(right, a):
    return nn.Sequential(right(), nn.ReLU())


building.hints(
    "Write the specification's table as a list of layers, one line each; nn.Sequential takes them "
    "in that order.",
    "A block is convolution, batch normalisation, ReLU. The mean of each map is "
    "nn.AdaptiveAvgPool2d(1), which leaves (N, 2 * channels, 1, 1): flatten that.",
    "Eleven layers: the block with `channels` maps (three layers), max pooling, the block with 2 "
    "* channels maps (three layers), mean of each map, Flatten, Dropout, Linear from 2 * channels "
    "to classes. Both convolutions: 3 by 3, padding 1, no bias.",
)
