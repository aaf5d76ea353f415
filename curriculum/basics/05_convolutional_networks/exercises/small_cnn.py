"""A network to a specification: right answers, misconceptions and cases of `SmallCNN`."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn
from torch.nn import functional

from lepton_course.authoring import Case, Model, close, exercise, random_weights

POOLING = "lesson.ipynb#Pooling"
_REST = ("mean", "flat", "drop", "out")
_NORM_LAST = ("conv1", "relu1", "norm1", "halve", "conv2", "relu2", "norm2", *_REST)
_NO_NORM = ("conv1", "relu1", "halve", "conv2", "relu2", *_REST)
_ONE_RELU = ("conv1", "norm1", "relu1", "halve", "conv2", "norm2", *_REST)


building = exercise(
    "SmallCNN",
    title="A network to a specification",
    points=3,
    difficulty=3,
    minutes=20,
    probe=Model(mode="eval"),
    compare=close(rtol=1e-4, atol=1e-5),
    read="lesson.ipynb#A-network-in-PyTorch",
)


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


@building.reference
def SmallCNN(channels=8, classes=10):
    return nn.Sequential(*_stages(channels, classes).values())


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


@building.cases
def cases(rng):
    def case(part, channels, classes, count, side):
        weights = random_weights(SmallCNN(channels, classes), rng)
        x = torch.tensor(rng.uniform(size=(count, 1, side, side)), dtype=torch.float32)
        return Case(part, (channels, classes), weights=weights, x=x)

    return [
        replace(case("as specified", 8, 10, 4, 28), args=()),  # the numbers by default
        case("other numbers of channels and classes", int(rng.integers(3, 7)), 4, 3, 28),
        case("photos of another size", 4, 10, 2, 20),
    ]


def _changed(order=None, **changes):
    """A wrong SmallCNN: some layers replaced, or another order of the layers."""

    def build(channels=8, classes=10):
        stages = _stages(channels, classes)
        stages |= {name: make(channels, classes) for name, make in changes.items()}
        return nn.Sequential(*(stages[name] for name in order or stages))

    return build


building.mistake(
    "The second block has no ReLU: its negative values go on unchanged and the block loses its "
    "nonlinearity; add the ReLU after its batch normalisation.",
    name="one ReLU",
)(_changed(_ONE_RELU))


building.mistake(
    "Your network has 8 channels and 10 classes whatever is asked: use the arguments `channels` "
    "and `classes`.",
    name="numbers fixed",
)(lambda channels=8, classes=10: SmallCNN())


class _NormsDeclaredLast(FunctionalCNN):
    def __init__(self, channels=8, classes=10):
        super().__init__(channels, classes)
        for name in ("first_norm", "second_norm"):
            self.register_module(name, self._modules.pop(name))


building.mistake(
    "Your layers seem right but stand in another order: weights are put in by the order of "
    "creation, so create each normalisation right after its convolution.",
    name="normalisations created last",
)(_NormsDeclaredLast)


out_mistakes = building.group("Out", make=lambda out: _changed(out=out))


out_mistakes.mistake(
    "Your network ends with a softmax: cross_entropy applies its own to logits, and a second one "
    "makes the gradients small; return the Linear layer's values.",
    name="softmax inside",
)(lambda c, k: nn.Sequential(nn.Linear(2 * c, k), nn.Softmax(dim=1)))


out_mistakes.mistake(
    "Your network ends with a ReLU: logits may be negative, and a kind below 0 would learn "
    "nothing more; return the Linear layer's values.",
    name="ReLU on the logits",
)(lambda c, k: nn.Sequential(nn.Linear(2 * c, k), nn.ReLU()))


batch_norm = building.group("Batch normalisation", read="lesson.ipynb#Batch-normalisation")


batch_norm.mistake(
    "You normalise after the ReLU: the specification, like the paper, puts batch normalisation "
    "between the convolution and the ReLU.",
    name="normalised after ReLU",
)(_changed(_NORM_LAST))


batch_norm.mistake(
    "Your convolutions have biases: the batch normalisation behind them takes off the mean, and "
    "the bias with it; say bias=False.",
    name="biases kept",
)(
    _changed(
        conv1=lambda c, k: nn.Conv2d(1, c, 3, padding=1),
        conv2=lambda c, k: nn.Conv2d(c, 2 * c, 3, padding=1),
    )
)


class _DropoutAlwaysOn(FunctionalCNN):
    def forward(self, x):
        x = functional.max_pool2d(self.first_norm(self.first(x)).relu(), 2)
        x = self.second_norm(self.second(x)).relu().mean(dim=(2, 3))
        return self.classify(functional.dropout(x, 0.25))


batch_norm.mistake(
    "Your dropout also works in eval mode: functional.dropout needs training=self.training, or "
    "use the layer nn.Dropout.",
    name="dropout always on",
)(_DropoutAlwaysOn)


batch_norm.mistake(
    "Your network has no batch normalisation: put nn.BatchNorm2d behind each convolution, which "
    "then needs no bias.",
    name="no batch normalisation",
)(
    _changed(
        _NO_NORM,
        conv1=lambda c, k: nn.Conv2d(1, c, 3, padding=1),
        conv2=lambda c, k: nn.Conv2d(c, 2 * c, 3, padding=1),
    )
)


padding_mistakes = building.group("Padding and stride", read="lesson.ipynb#Padding-and-stride")


padding_mistakes.mistake(
    "Your convolutions do not pad, so each takes a pixel from every side: with a 3 by 3 kernel, "
    "padding=1 keeps the size.",
    name="no padding",
)(
    _changed(
        conv1=lambda c, k: nn.Conv2d(1, c, 3, bias=False),
        conv2=lambda c, k: nn.Conv2d(c, 2 * c, 3, bias=False),
    )
)


pooling = building.group("Pooling", read=POOLING)


pooling.mistake(
    "You flatten whole maps into the Linear layer, which then needs 196 times as many weights and "
    "one size of photo; average each map to one number first.",
    name="flattened maps",
)(
    _changed(
        mean=lambda c, k: nn.Identity(),
        out=lambda c, k: nn.Linear(2 * c * 14 * 14, k),
    )
)


pooling.mistake(
    "You pool after the second block too: the specification pools once, between the blocks, and "
    "then takes the mean of each map.",
    name="pooled twice",
)(_changed(relu2=lambda c, k: nn.Sequential(nn.ReLU(), nn.MaxPool2d(2))))


channels_mistakes = building.group("Channels", read="lesson.ipynb#Channels")


channels_mistakes.mistake(
    "Your second convolution makes `channels` maps: the specification asks for twice as many, 2 * "
    "channels.",
    name="channels not doubled",
)(
    _changed(
        conv2=lambda c, k: nn.Conv2d(c, c, 3, padding=1, bias=False),
        norm2=lambda c, k: nn.BatchNorm2d(c),
        out=lambda c, k: nn.Linear(c, k),
    )
)


pooling_mean = building.group("Pooling: mean", read=POOLING, make=lambda mean: _changed(mean=mean))


pooling_mean.mistake(
    "You take the largest value of each map: the specification asks for its mean (global average "
    "pooling).",
    name="maximum of the map",
)(lambda c, k: nn.AdaptiveMaxPool2d(1))


pooling_mean.mistake(
    "Your mean is taken over 14 by 14 pixels, which suits photos of 28 by 28 only: "
    "nn.AdaptiveAvgPool2d(1) or .mean(dim=(2, 3)) takes maps of any size.",
    name="mean of a fixed window",
)(lambda c, k: nn.AvgPool2d(14))


pooling_halve = building.group(
    "Pooling: halve", read=POOLING, make=lambda halve: _changed(halve=halve)
)


pooling_halve.mistake(
    "Between the blocks you average 2 by 2 windows: the specification asks for max pooling there.",
    name="mean pooling inside",
)(lambda c, k: nn.AvgPool2d(2))


pooling_halve.mistake(
    "Nothing is pooled between your two blocks: the specification halves rows and columns there.",
    name="no pooling between",
)(lambda c, k: nn.Identity())


building.hints(
    "Write the specification's table as a list of layers, one line each; nn.Sequential takes them "
    "in that order.",
    "A block is convolution, batch normalisation, ReLU. The mean of each map is "
    "nn.AdaptiveAvgPool2d(1), which leaves (N, 2 * channels, 1, 1): flatten that.",
    "Eleven layers: the block with `channels` maps (three layers), max pooling, the block with 2 "
    "* channels maps (three layers), mean of each map, Flatten, Dropout, Linear from 2 * channels "
    "to classes. Both convolutions: 3 by 3, padding 1, no bias.",
)
