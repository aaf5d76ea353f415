"""Repair a script that trains a head on a frozen backbone: the exercise `train_head`."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import only_value

EPSILON = 1e-5  # of nn.BatchNorm2d

repairing = exercise(
    "train_head",
    title="Repair a script that freezes",
    points=3,
    difficulty=4,
    minutes=12,
    probe=Call(fresh=True),
    compare=close(rtol=1e-3, atol=1e-4),
    read="lesson.ipynb#What-goes-wrong:-frozen,-and-yet-it-moves",
    returns=("weight", "bias", "logits"),
    forms=[only_value(2, "You returned the logits alone: return weight and bias as well.")],
)


@repairing.reference
def train_head(
    photos, labels, kernel, scale, shift, running_mean, running_var, mean, std, classes, rate, steps
):
    """Return (weight, bias, logits), float (classes, C), (classes,), (N, classes).

    photos: uint8 (N, H, W). labels: whole numbers (N,). The backbone is a convolution with
    kernel, float32 (C, 1, 3, 3), without padding or bias, a batch normalisation with scale, shift
    and running statistics, float32 (C,), a ReLU and the mean of each map. It is frozen: only the
    head, zeros at first, is trained, by `steps` steps of gradient descent on the mean
    cross-entropy of all photos. mean, std: floats of the pretraining photos, scaled to 0…1.
    """
    inputs = (torch.tensor(photos, dtype=torch.float32)[:, None] / 255 - mean) / std
    maps = functional.conv2d(inputs, torch.tensor(kernel)).numpy()
    slope = scale / np.sqrt(running_var + EPSILON)
    normal = maps * _by_map(slope) + _by_map(shift - running_mean * slope)
    features = np.maximum(normal, 0).mean(axis=(2, 3)).astype(np.float64)
    targets = np.eye(classes)[labels]
    weight = np.zeros((classes, len(scale)))
    bias = np.zeros(classes)
    for _ in range(steps):
        error = _softmax(features @ weight.T + bias) - targets
        weight = weight - rate * error.T @ features / len(features)
        bias = bias - rate * error.mean(axis=0)
    return weight, bias, features @ weight.T + bias


def _by_map(values):
    return values[:, None, None]


def _softmax(logits):
    return torch.softmax(torch.tensor(logits), dim=1).numpy()


def _script(
    *given,
    normalised=True, scaled=True, own=False, backbone_eval=True, norm_trains=False, cleared=True,
    all_train=False, head_frozen=False, reduction="mean", scaled_last=False, momentum=0.0,
):  # fmt: skip
    """The script with any of its faults: the colleague's has the first four."""
    photos, labels, *state, mean, std, classes, rate, steps = given
    network, linear = _network(*state, classes)
    x = torch.tensor(photos).float().unsqueeze(1) / (255 if scaled else 1)
    if own:
        mean, std = x.mean(), x.std()
    if normalised:
        x = (255 * x - mean) / std / 255 if scaled_last else (x - mean) / std
    network.requires_grad_(all_train)
    if norm_trains:
        network[1].requires_grad_(True)
    moving = [p for p in network.parameters() if p.requires_grad]
    descent = torch.optim.SGD([*moving, *linear.parameters()], lr=rate, momentum=momentum)
    for _ in range(0 if head_frozen else steps):
        network.train(not backbone_eval)
        loss = functional.cross_entropy(
            linear(network(x)), torch.tensor(labels), reduction=reduction
        )
        if cleared:
            descent.zero_grad()
        loss.backward()
        descent.step()
    values = linear.weight, linear.bias, linear(network.eval()(x))
    return tuple(value.detach().numpy() for value in values)


def _network(kernel, scale, shift, running_mean, running_var, classes):
    """The backbone with its weights, in eval mode, and a head of zeros."""
    norm = nn.BatchNorm2d(scale.size, eps=EPSILON)
    layers = nn.Conv2d(1, scale.size, 3, bias=False), norm, nn.ReLU()
    network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    state = {
        "0.weight": kernel,
        "1.weight": scale,
        "1.bias": shift,
        "1.running_mean": running_mean,
        "1.running_var": running_var,
    }
    network.load_state_dict({n: torch.tensor(v) for n, v in state.items()}, strict=False)
    linear = nn.Linear(scale.size, classes)
    for parameter in linear.parameters():
        parameter.data.zero_()
    return network.eval(), linear


@repairing.alternative
def with_layers(*args):
    return _script(*args)


@repairing.cases
def cases(rng):
    def case(part, number, sides, channels, classes, rate, steps):
        photos = rng.integers(0, 256, size=(number, *sides), dtype=np.uint8)
        labels = rng.integers(0, classes, number)
        labels[: min(number, classes)] = rng.permutation(classes)[:number]
        brighter = photos[labels == 0] // 3
        photos[labels == 0] = brighter
        state = [
            rng.normal(scale=0.5, size=(channels, 1, 3, 3)),
            rng.uniform(0.5, 1.5, channels) * rng.choice([-1, 1], channels),
            rng.normal(scale=0.3, size=channels),
            rng.normal(scale=0.5, size=channels),
            rng.uniform(0.3, 2.0, channels),
        ]
        state = [np.asarray(value, dtype=np.float32) for value in state]
        if steps == 1:
            state[4][0] = 4e-4  # so small that epsilon shows
        mean, std = (float(value) for value in rng.uniform([0.1, 0.2], [0.3, 0.4]))
        return Case(part, (photos, labels, *state, mean, std, classes, rate, steps))

    return [
        case("one step", 6, (5, 7), 3, 3, 0.5, 1),
        case("one step", 4, (4, 4), 2, 2, 1.0, 1),
        case("several steps", 8, (6, 5), 4, 3, 0.75, 5),
        case("several steps", 5, (3, 3), 1, 1, 0.3, 8),
        case("several steps", 9, (7, 3), 5, 4, 0.1, 12),
        case("several steps", 1, (4, 6), 3, 5, 0.25, 4),
        case("no step", 3, (5, 5), 2, 3, 0.5, 0),
    ]


faults = repairing.group("The script's faults", make=lambda options: _with_faults(options()))


def _with_faults(faults):
    def train_head(*args):
        return _script(*args, **faults)

    return train_head


@faults.mistake(
    "The photos are still only scaled: the backbone was pretrained on normalised photos, so "
    "subtract mean and divide by std."
)
def not_normalised():
    return {"normalised": False}


@faults.mistake(
    "The backbone is still in train mode while the head is trained: its batch normalisation uses "
    "the batch's statistics and moves its running ones. Freezing the parameters does not stop "
    "that; eval() does."
)
def backbone_in_train_mode():
    return {"backbone_eval": False}


@faults.mistake(
    "Scale and shift of the batch normalisation are still trained: freeze all parameters of the "
    "backbone, not only the convolution's."
)
def norm_still_trains():
    return {"norm_trains": True}


@faults.mistake("Gradients still accumulate from step to step: clear them before each step.")
def gradients_not_cleared():
    return {"cleared": False}


@faults.mistake(
    "As in the colleague's script, the photos are only scaled and the batch normalisation runs in "
    "train mode. Go through the four places that the statement names."
)
def nothing_repaired():
    return {"normalised": False, "backbone_eval": False, "norm_trains": True, "cleared": False}


@faults.mistake("Your backbone is not frozen at all: train only the head.")
def nothing_frozen():
    return {"all_train": True}


@faults.mistake(
    "Your head never moves: its weights are still zero. Is it frozen, is it missing from the "
    "optimiser, or are its gradients cleared before the step?"
)
def head_frozen():
    return {"head_frozen": True}


@faults.mistake(
    "You normalised pixels of 0…255: mean and std were measured in 0…1, so scale first."
)
def not_scaled():
    return {"scaled": False}


@faults.mistake(
    "You subtracted mean and divided by std before you divided by 255: scale first, since both "
    "were measured in 0…1."
)
def scaled_last():
    return {"scaled_last": True}


@faults.mistake(
    "Your optimiser adds momentum: plain gradient descent moves by the rate times the gradient."
)
def with_momentum():
    return {"momentum": 0.9}


@faults.mistake(
    "You normalised by the mean and std of these photos: the backbone expects those of its "
    "pretraining photos, which are the arguments."
)
def own_statistics():
    return {"own": True}


@faults.mistake("You added up the photos' losses: each step is on their mean.")
def losses_added_up():
    return {"reduction": "sum"}


@repairing.mistake(
    "Your logits come from before the last step: compute them with the trained head."
)
def logits_before_the_last_step(right, a):
    if not a.steps:
        return right()
    weight, bias, _ = right()
    return weight, bias, right(steps=a.steps - 1)[2]


@repairing.mistake("You returned probabilities: return the logits, without a softmax.")
def probabilities(right, a):
    weight, bias, logits = right()
    return weight, bias, _softmax(logits)


@repairing.mistake("You took one step too many.")
def one_step_too_many(right, a):
    return right(steps=a.steps + 1)


repairing.hints(
    "None of the faults raises an error. Ask of each tensor: should it change here, and who could "
    "change it?",
    "Look at four things: what the backbone was pretrained on, the mode in which batch "
    "normalisation runs, which parameters reach the optimiser, and what happens to old gradients.",
    "Normalise the photos with the given mean and std; freeze the backbone and keep it in eval "
    "mode, even where the script switches to train mode; give the optimiser only the head's "
    "parameters; clear the gradients in every step.",
)
