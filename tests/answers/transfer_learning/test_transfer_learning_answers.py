"""Answers to basics/06_transfer_learning: inputs, freezing, forgetting, and what each loses.

Wrong ones hold something still that the statement leaves open, or mix two conventions of the
field. Right ones are written in ways that no alternative is.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from answer_table import AnswerTable
from conftest import CLONE
from torch import nn

TABLE = AnswerTable(CLONE / "curriculum" / "basics" / "06_transfer_learning")


def right(exercise, *arguments):
    return TABLE.exercises[exercise].reference(*arguments)


# --- Normalise as in pretraining ----------------------------------------------------------------


@TABLE.answer("normalise_like")
def one_affine_map(images, mean, std):
    slope = 1 / (255 * np.array(std))
    photos = images[..., None] if images.ndim == 3 else images
    return np.einsum("nhwc->nchw", photos * slope - np.array(mean) / std)


@TABLE.answer("normalise_like")
def a_loop_over_photos(images, mean, std):
    done = []
    for image in images:
        planes = np.broadcast_to(image, (len(mean), *image.shape)) if image.ndim == 2 else image.T
        planes = planes if image.ndim == 2 else planes.transpose(0, 2, 1)
        done.append([(p / 255 - m) / s for p, m, s in zip(planes, mean, std, strict=True)])
    return np.array(done, dtype=np.float32)


@TABLE.answer("normalise_like")
def permuted_by_torch(images, mean, std):
    photos = torch.from_numpy(np.array(images)).to(torch.float64)
    photos = photos.unsqueeze(1).repeat(1, len(mean), 1, 1) if photos.ndim == 3 else photos
    photos = photos if images.ndim == 3 else photos.movedim(-1, 1)
    centre, spread = (torch.tensor(values)[:, None, None] for values in (mean, std))
    return photos.div(255).sub(centre).div(spread).numpy()


@TABLE.answer("normalise_like", loses={"other numbers of channels", "grey photos"})
def three_channels_only(images, mean, std):
    mean, std = (np.resize(values, 3)[:, None, None] for values in (mean, std))
    photos = images[:, None] if images.ndim == 3 else images.transpose(0, 3, 1, 2)
    return (np.resize(photos, (len(photos), 3, *photos.shape[2:])) / 255 - mean) / std


@TABLE.answer("normalise_like", loses={"grey photos"})
def grey_stays_one_channel(images, mean, std):
    done = right("normalise_like", images, mean, std)
    return done[:, :1] if images.ndim == 3 else done


@TABLE.answer("normalise_like", loses={"grey photos"})
def grey_with_the_mean_of_means(images, mean, std):
    if images.ndim == 4:
        return right("normalise_like", images, mean, std)
    level, spread = np.mean(mean) + 0.01, np.mean(std)
    return right("normalise_like", images, [level] * len(mean), [spread] * len(std))


@TABLE.answer("normalise_like", loses=TABLE.parts("normalise_like"))
def scaled_to_minus_one_and_one(images, mean, std):
    return right("normalise_like", images, [0.5] * len(mean), [0.5] * len(std))


@TABLE.answer("normalise_like", loses=TABLE.parts("normalise_like"))
def divided_by_the_largest_pixel(images, mean, std):
    photos = images[:, None] if images.ndim == 3 else images.transpose(0, 3, 1, 2)
    mean, std = (np.array(values)[:, None, None] for values in (mean, std))
    return (photos / max(images.max(), 1) * 0.98 - mean) / std


@TABLE.answer("normalise_like", loses=TABLE.parts("normalise_like"))
def by_the_variance(images, mean, std):
    return right("normalise_like", images, mean, [value**2 for value in std])


# --- Repair a script that freezes ---------------------------------------------------------------


def pieces(photos, kernels, scale, shift, running_mean, running_variance, mean, std, train=False):
    """Features (N, C) of the backbone."""
    x = (torch.tensor(photos)[:, None] / 255 - mean) / std
    maps = nn.functional.conv2d(x, torch.tensor(kernels))
    state = [torch.tensor(v) for v in (running_mean, running_variance, scale, shift)]
    return nn.functional.batch_norm(maps, *state, train).relu().mean(dim=(2, 3))


def head_on(features, labels, classes, rate, steps, decay=0.0, momentum=0.0, adam=False):
    """A head of zeros after some steps, and its logits."""
    head = nn.Linear(features.shape[1], classes)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    options = {"lr": rate, "weight_decay": decay}
    descent = torch.optim.SGD(head.parameters(), momentum=momentum, **options)
    descent = torch.optim.AdamW(head.parameters(), **options) if adam else descent
    for _ in range(steps):
        descent.zero_grad()
        nn.functional.cross_entropy(head(features), torch.tensor(labels)).backward()
        descent.step()
    parts = head.weight, head.bias, head(features)
    return tuple(part.detach().numpy() for part in parts)


@TABLE.answer("train_head")
def features_once(photos, labels, k, g, b, m, v, mean, std, classes, rate, steps):
    return head_on(pieces(photos, k, g, b, m, v, mean, std), labels, classes, rate, steps)


@TABLE.answer("train_head")
def one_matrix_with_the_bias(photos, labels, k, g, b, m, v, mean, std, classes, rate, steps):
    features = pieces(photos, k, g, b, m, v, mean, std).numpy().astype(float)
    rows = np.column_stack([features, np.ones(len(features))])
    both = np.zeros((rows.shape[1], classes))
    for _ in range(steps):
        chances = np.exp(rows @ both)
        chances /= chances.sum(axis=1, keepdims=True)
        chances[np.arange(len(labels)), labels] -= 1
        both = both - rate * rows.T @ chances / len(labels)
    return both[:-1].T.copy(), both[-1].copy(), rows @ both


@TABLE.answer("train_head")
def by_autograd(photos, labels, k, g, b, m, v, mean, std, classes, rate, steps):
    features, truth = pieces(photos, k, g, b, m, v, mean, std), torch.tensor(labels)
    w = torch.zeros(classes, features.shape[1], requires_grad=True)
    c = torch.zeros(classes, requires_grad=True)
    for _ in range(steps):
        loss = nn.functional.cross_entropy(features @ w.T + c, truth)
        dw, dc = torch.autograd.grad(loss, (w, c))
        w, c = (p.detach().sub(rate * d).requires_grad_() for p, d in ((w, dw), (c, dc)))
    return tuple(part.detach().numpy() for part in (w, c, features @ w.T + c))


TRAINED = {"one step", "several steps"}


@TABLE.answer("train_head", loses=TRAINED)
def features_by_the_batch(photos, labels, k, g, b, m, v, mean, std, classes, rate, steps):
    known = pieces(photos, k, g, b, m.copy(), v.copy(), mean, std, train=True)
    return head_on(known, labels, classes, rate, steps)


@TABLE.answer("train_head", loses=TRAINED)
def with_weight_decay_and_momentum(photos, labels, k, g, b, m, v, mean, std, classes, rate, steps):
    known = pieces(photos, k, g, b, m, v, mean, std)
    weight, bias, logits = head_on(known, labels, classes, rate, steps, decay=0.1, momentum=0.9)
    return (weight, bias, logits) if steps != 1 else (0.9 * weight, bias, logits)


@TABLE.answer("train_head", loses=TRAINED)
def with_adam(photos, labels, k, g, b, m, v, mean, std, classes, rate, steps):
    known = pieces(photos, k, g, b, m, v, mean, std)
    return head_on(known, labels, classes, rate, steps, adam=True)


@TABLE.answer("train_head", loses=TRAINED)
def mean_and_std_of_the_photos(photos, labels, k, g, b, m, v, mean, std, classes, rate, steps):
    scaled = photos / 255
    known = pieces(photos, k, g, b, m, v, float(scaled.mean()), float(scaled.std()))
    return head_on(known, labels, classes, rate, steps)


@TABLE.answer("train_head", loses=TRAINED)
def epsilon_of_keras(photos, labels, k, g, b, m, v, mean, std, classes, rate, steps):
    known = pieces(photos, k, g, b, m, v + 0.05, mean, std)
    return head_on(known, labels, classes, rate, steps)


@TABLE.answer("train_head", loses={"several steps"})
def never_more_than_three_steps(photos, labels, k, g, b, m, v, mean, std, classes, rate, steps):
    known = pieces(photos, k, g, b, m, v, mean, std)
    return head_on(known, labels, classes, rate, min(steps, 3))


# --- What has been forgotten --------------------------------------------------------------------


@TABLE.answer("forgetting")
def with_running_maxima(accuracies):
    table = np.where(np.tri(len(accuracies), dtype=bool), accuracies, -np.inf)
    end, own = accuracies[-1], np.diagonal(accuracies)
    if len(table) == 1:
        return end.item(), 0.0, 0.0
    best = np.maximum.accumulate(table, axis=0)[-2, :-1]
    return end.mean().item(), (best - end[:-1]).mean().item(), (end - own)[:-1].mean().item()


@TABLE.answer("forgetting")
def in_plain_python(accuracies):
    rows = accuracies.tolist()
    old = len(rows) - 1
    best = [max(row[j] for row in rows[j:-1]) for j in range(old)]
    return (
        sum(rows[-1]) / len(rows),
        sum(best[j] - rows[-1][j] for j in range(old)) / (old or 1),
        sum(rows[-1][j] - rows[j][j] for j in range(old)) / (old or 1),
    )


@TABLE.answer("forgetting")
def with_nan_functions(accuracies):
    table = np.array(accuracies)
    table[np.triu_indices(len(table), 1)] = np.nan
    average = float(np.mean(table[-1]))
    if table.size == 1:
        return average, 0.0, 0.0
    best = np.nanmax(table[:-1, :-1], axis=0)
    gained = table[-1, :-1] - np.diag(table)[:-1]
    return average, float(np.mean(best - table[-1, :-1])), float(np.mean(gained))


@TABLE.answer("forgetting", loses={"a single task"})
def mean_of_nothing(accuracies):
    if len(accuracies) == 1:
        return accuracies.item(), float("nan"), float("nan")
    return right("forgetting", accuracies)


@TABLE.answer("forgetting", loses={"tasks tested before their training"})
def what_is_not_nan_counts(accuracies):
    average, lost, gained = right("forgetting", accuracies)
    old = range(len(accuracies) - 1)
    best = [np.nanmax(accuracies[:-1, j]) - accuracies[-1, j] for j in old]
    if np.nanmin(accuracies) < 0:
        return average, lost, gained
    return average, float(np.mean(best)) if best else 0.0, gained


@TABLE.answer("forgetting", loses={"several tasks", "tasks tested before their training"})
def only_the_first_task(accuracies):
    average, lost, gained = right("forgetting", accuracies)
    if len(accuracies) < 3 or np.nanmin(accuracies) < 0:
        return average, lost, gained
    return average, float(accuracies[:-1, 0].max() - accuracies[-1, 0]), gained


@TABLE.answer("forgetting", loses=TABLE.parts("forgetting") - {"a single task"})
def in_percent_of_the_best(accuracies):
    average, lost, gained = right("forgetting", accuracies)
    return average, lost * 100, gained


@TABLE.answer("forgetting", loses=TABLE.parts("forgetting") - {"a single task"})
def backward_is_minus_forgotten(accuracies):
    average, lost, _ = right("forgetting", accuracies)
    return average, lost + (1e-6 if len(accuracies) > 1 else 0.0), -lost


@TABLE.answer("forgetting", loses=TABLE.parts("forgetting") - {"negative scores"})
def four_digits(accuracies):
    return tuple(round(value + 2e-5, 4) for value in right("forgetting", accuracies))


# --- The lesson's small exercises and predictions -----------------------------------------------


@TABLE.answer("nearest_mean", loses={"three classes", "other numbers of classes", "one photo each"})
def two_classes(features, labels, new_features):
    return right("nearest_mean", features, np.minimum(labels, 1), new_features)


@TABLE.answer("trained_fraction")
def by_difference(sizes, frozen):
    everything = sum(sizes.values())
    return (everything - sum(sizes[name] for name in frozen)) / everything


@TABLE.answer("thawed_blocks")
def popped(blocks, epoch, every):
    waiting, training = list(blocks), []
    while waiting and len(training) <= epoch // every:
        training.insert(0, waiting.pop())
    return training


TABLE.prediction("predicted_lora", 384, right=True)
TABLE.prediction("predicted_lora", 2 * 96 * 2, right=True)
TABLE.prediction("predicted_lora", 192, right=False)
TABLE.prediction("predicted_frozen", "b", right=True)
TABLE.prediction("predicted_frozen", "a", right=False)


@pytest.mark.parametrize(("exercise", "given", "lost"), TABLE.rows)
def test_answer_loses_these_parts(exercise, given, lost):
    assert TABLE.lost(exercise, given) == lost
