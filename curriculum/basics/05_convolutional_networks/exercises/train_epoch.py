"""Repair a training script: the exercise `train_epoch`."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import only_value

repairing = exercise(
    "train_epoch",
    title="Repair a training script",
    points=2,
    difficulty=3,
    minutes=10,
    probe=Call(),
    compare=close(rtol=1e-3, atol=1e-5),
    read="lesson.ipynb#Training",
    returns=("kernels", "weight", "bias", "loss"),
    forms=[
        only_value(
            3, "You returned the loss alone: return the trained kernels, weight and bias as well."
        ),
    ],
)


@repairing.reference
def train_epoch(images, labels, kernels, weight, bias, batch_size, learning_rate):
    """Train for one epoch with plain SGD; return (kernels, weight, bias, mean loss per photo).

    images: uint8 (N, H, W). labels: whole numbers (N,), below the number of classes. kernels:
    float32 (O, 1, kh, kw); weight: float32 (O, classes); bias: float32 (classes,). The network is
    convolution, ReLU, mean of each map, linear layer; photos are scaled to 0…1 and taken in order.
    """
    parts = [torch.tensor(part, requires_grad=True) for part in (kernels, weight, bias)]
    summed = 0.0
    for photos, kinds in _in_batches(images, labels, batch_size):
        losses = functional.cross_entropy(_logits(photos / 255, *parts), kinds, reduction="none")
        gradients = torch.autograd.grad(losses.mean(), parts)
        summed += losses.sum().item()
        steps = [learning_rate * gradient for gradient in gradients]
        parts = [_moved(part, step) for part, step in zip(parts, steps, strict=True)]
    return (*(part.detach().numpy() for part in parts), summed / len(images))


def _in_batches(images, labels, batch_size):
    """Photos (B, 1, H, W) as floats 0…255 and labels (B,), in order; the last may be fewer."""
    photos = torch.tensor(images)[:, None].float()
    return zip(photos.split(batch_size), torch.tensor(labels).split(batch_size), strict=True)


def _logits(photos, kernels, weight, bias):
    """Photos (B, 1, H, W) to logits (B, classes)."""
    maps = functional.conv2d(photos, kernels).clamp(min=0)
    return maps.mean(dim=(2, 3)) @ weight + bias


def _moved(part, step):
    return (part.detach() - step).requires_grad_()


@repairing.alternative
def with_an_optimizer(images, labels, kernels, weight, bias, batch_size, learning_rate):
    return _epoch(images, labels, kernels, weight, bias, batch_size, learning_rate)


def _epoch(
    images, labels, kernels, weight, bias, batch_size, learning_rate, *,
    scale=255.0, softmax=False, cleared=True, whole_batches=False, by_batch=False, momentum=0.0,
):  # fmt: skip
    """The script with any of its faults: the colleague's has all of them but the last."""
    parts = [torch.tensor(part, requires_grad=True) for part in (kernels, weight, bias)]
    descent = torch.optim.SGD(parts, lr=learning_rate, momentum=momentum)
    means, sizes = [], []
    for photos, kinds in _in_batches(images, labels, batch_size):
        if whole_batches and len(kinds) < batch_size:
            break
        logits = _logits(photos / scale, *parts)
        mean = functional.cross_entropy(logits.softmax(dim=1) if softmax else logits, kinds)
        if cleared:
            descent.zero_grad()
        mean.backward()
        descent.step()
        means.append(mean.item())
        sizes.append(len(kinds))
    loss = np.average(means, weights=None if by_batch else sizes) if means else float("nan")
    return (*(part.detach().numpy() for part in parts), float(loss))


def _with_faults(faults):
    def train_epoch(*args):
        return _epoch(*args, **faults)

    return train_epoch


@repairing.cases
def cases(rng):
    def case(part, photos, size, classes, kernel, batch_size, learning_rate, count=None):
        count = count or int(rng.integers(2, 5))
        images = rng.integers(0, 256, size=(photos, *size)).astype(np.uint8)
        labels = rng.integers(0, classes, size=photos)
        weights = [
            rng.normal(scale=scale, size=shape).astype(np.float32)
            for scale, shape in ((0.5, (count, 1, *kernel)), (1, (count, classes)), (1, classes))
        ]
        return Case(part, (images, labels, *weights, batch_size, learning_rate))

    return [
        case("one batch", 6, (5, 4), 3, (3, 3), 6, 0.5),
        case("one batch", 1, (4, 6), 2, (2, 3), 1, 0.25),
        case("several batches", 8, (4, 5), 4, (3, 2), 4, 0.5),
        case("several batches", 3, (6, 6), 2, (1, 1), 1, 0.75),
        case("several batches", 4, (5, 5), 3, (2, 2), 2, 0.5, count=1),
        case("a smaller last batch", 7, (5, 5), 3, (2, 2), 3, 0.5),
        case("a smaller last batch", 5, (3, 4), 10, (3, 3), 8, 1.0),
    ]


faults = repairing.group("The script's faults", make=lambda options: _with_faults(options()))


@faults.mistake(
    "Pixels still go in as 0 to 255: divide by 255, or the first steps are far too large."
)
def pixels_not_scaled():
    return {"scale": 1.0}


@faults.mistake(
    "The softmax is still there: cross_entropy takes logits and applies its own, and a second one "
    "makes the gradients small."
)
def softmax_twice():
    return {"softmax": True}


@faults.mistake(
    "Gradients of earlier batches are still added to the new ones: clear them before each backward."
)
def gradients_not_cleared():
    return {"cleared": False}


@faults.mistake(
    "The photos of an incomplete last batch are still left out: let the range go up to len(images)."
)
def last_batch_dropped():
    return {"whole_batches": True}


@faults.mistake(
    "The loss is still the mean of the batches' means, in which a photo of a small batch counts "
    "for more: weight each batch by its number of photos."
)
def mean_of_means():
    return {"by_batch": True}


@faults.mistake("This is still the colleague's script: it has five faults.")
def nothing_repaired():
    return {
        "scale": 1.0, "softmax": True, "cleared": False, "whole_batches": True, "by_batch": True,
    }  # fmt: skip


@faults.mistake("You added momentum: the statement asks for plain SGD.")
def with_momentum():
    return {"momentum": 0.9}


repairing.hints(
    "None of the faults raises an error. Go through the loop line by line and say aloud what each "
    "line should do; compare with the lesson's `train_network`.",
    "Look at five things: the range of the pixels, what cross_entropy expects, what backward does "
    "with gradients that are there already, which photos the range reaches, and how the mean of "
    "the losses is taken when batches differ in size.",
    "Divide by 255. Leave the softmax out. Call optimizer.zero_grad() before backward(). Let the "
    "range end at len(images). Multiply each batch's loss by its number of photos, and divide the "
    "sum by len(images).",
)
