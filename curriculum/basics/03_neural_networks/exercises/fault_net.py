"""Repair a colleague's network: the exercise `FaultNet`."""

from __future__ import annotations

import torch
from torch import nn

from lepton_course.authoring import Case, Model, close, exercise, random_weights

repairing = exercise(
    "FaultNet",
    title="Repair a colleague's network",
    points=2,
    difficulty=3,
    minutes=10,
    probe=Model(mode="eval"),
    compare=close(rtol=1e-4, atol=1e-5),
    read="lesson.ipynb#The-same-in-PyTorch",
)


@repairing.reference
class FaultNet(nn.Module):
    """Traces (N, features) to logits (N, classes), through `depth` hidden layers of `width`."""

    def __init__(self, features=40, width=64, depth=2, classes=10):
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("scale", torch.ones(features))
        sizes = [features] + [width] * depth
        self.hidden = nn.ModuleList(nn.Linear(n, width) for n in sizes[:-1])
        self.out = nn.Linear(sizes[-1], classes)

    def forward(self, x):
        x = (x - self.mean) / self.scale
        for layer in self.hidden:
            x = layer(x).relu()
        return self.out(x)


@repairing.alternative
class InSequence(nn.Module):
    def __init__(self, features=40, width=64, depth=2, classes=10):
        super().__init__()
        self.mean = nn.Buffer(torch.zeros(features))
        self.scale = nn.Buffer(torch.ones(features))
        layers = []
        inputs = features
        for _ in range(depth):
            layers += [nn.Linear(inputs, width), nn.ReLU()]
            inputs = width
        self.net = nn.Sequential(*layers, nn.Linear(inputs, classes))

    def forward(self, x):
        return self.net(x.sub(self.mean).div(self.scale))


@repairing.cases
def cases(rng):
    def case(part, rows, *args):
        weights = random_weights(FaultNet(*args), rng)
        features = args[0] if args else 40
        x = torch.tensor(rng.normal(scale=2, size=(rows, features)), dtype=torch.float32)
        return Case(part, args, weights=weights, x=x)

    return [
        case("as specified", 4),
        case("other sizes", 3, 5, 7, 1, 3),
        case("other sizes", 1, 12, 6, 3, 4),
        case("other sizes", 2, 1, 1, 1, 1),
        case("no hidden layer", 3, 6, 4, 0, 2),
    ]


class _Variant(FaultNet):
    """The right network with some of the script's faults."""

    def __init__(self, a, faults):
        super().__init__(a.features, a.width, a.depth, a.classes)
        self.faults = faults
        if "buffers" in faults:
            mean, scale = self.mean, self.scale
            del self.mean, self.scale
            self.mean, self.scale = mean, scale
        if "shared" in faults and a.depth > 2:
            self.hidden = nn.ModuleList([self.hidden[0], *[self.hidden[1]] * (a.depth - 1)])
        if "list" in faults:
            layers = list(self.hidden)
            del self.hidden
            self.hidden = layers

    def forward(self, x):
        scaled = "scaling" in self.faults
        mean, scale = self.mean, self.scale
        if "order" in self.faults:
            mean, scale = scale, mean
        x = x / scale - mean if scaled else (x - mean) / scale
        for place, layer in enumerate(self.hidden, start=1):
            bare = "linear" in self.faults or ("last" in self.faults and place == len(self.hidden))
            x = layer(x) if bare else layer(x).relu()
        x = self.out(x)
        if "relu" in self.faults:
            return x.relu()
        if "logarithms" in self.faults:
            return x.log_softmax(dim=1)
        return x.softmax(dim=1) if "softmax" in self.faults else x


def _with(faults):
    def mistaken(right, a):
        return _Variant(a, faults)

    return mistaken


faults = repairing.group("The script's faults", make=lambda names: _with(names()))


@faults.mistake(
    "The hidden layers are still in a plain list: the module does not know them, so the optimiser "
    "never trains them and state_dict leaves them out; use nn.ModuleList."
)
def plain_list():
    return {"list"}


@faults.mistake(
    "`mean` and `scale` are not both in the state_dict with shape (features,), so a colleague who "
    "loads your weights scales by 0 and 1: register them as buffers of that shape (persistent "
    "ones, the default)."
)
def plain_attributes():
    return {"buffers"}


@faults.mistake(
    "The softmax is still there: the loss applies its own, so the network returns logits."
)
def softmax_at_the_end():
    return {"softmax"}


@faults.mistake(
    "From the second hidden layer on, all are one and the same object: multiplying a list repeats "
    "the layer and does not copy it, so make each in a loop."
)
def one_shared_layer():
    return {"shared"}


@faults.mistake("The mean is still subtracted after dividing: it is (x - mean) / scale.")
def scaled_first():
    return {"scaling"}


@faults.mistake(
    "There is no ReLU between your layers, so they amount to a single linear one: add it after "
    "each hidden layer."
)
def no_activation():
    return {"linear"}


@faults.mistake(
    "No ReLU follows your last hidden layer, so it and the layer of the logits amount to a single "
    "linear one: add it after each hidden layer, the last one too."
)
def last_hidden_layer_bare():
    return {"last"}


@faults.mistake(
    "You return log-probabilities: cross_entropy applies its own log_softmax, so the network "
    "returns logits."
)
def log_softmax_at_the_end():
    return {"logarithms"}


@faults.mistake(
    "A ReLU follows the last layer: it cuts negative logits off; leave the logits as they are."
)
def relu_at_the_end():
    return {"relu"}


@faults.mistake(
    "You registered `scale` before `mean`: weights are loaded in the order of the table, `mean` "
    "first."
)
def scale_before_the_mean():
    return {"order"}


@faults.mistake("This is still the colleague's network: it has five faults.")
def nothing_repaired():
    return {"list", "buffers", "softmax", "shared", "scaling"}


repairing.hints(
    "Print list(FaultNet().state_dict()) of the colleague's class, and compare it with what the "
    "table says the network holds.",
    "Look at five things: where the hidden layers are kept, whether each of them is an object of "
    "its own, how mean and scale are kept, in which order scaling is done, and what the last line "
    "returns.",
    "self.register_buffer for mean and scale; nn.ModuleList of layers made in a loop, the first "
    "from features and the others from width; (x - mean) / scale; no softmax.",
)
