"""Answers to basics/04_training_well, and the parts that each loses.

Wrong ones hold something still that the statement leaves open, or mix two conventions of the
field. Right ones are written in ways that no alternative is.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from answer_table import AnswerTable
from conftest import CLONE
from torch import nn

TABLE = AnswerTable(CLONE / "curriculum" / "basics" / "04_training_well")


# --- One step of AdamW --------------------------------------------------------------------------


def adamw(lists, step, rate, beta1, beta2, epsilon, decay, decays=lambda p: p.ndim > 1):
    """AdamW for all parameters; `decays` says which of them shrink."""
    new = [], [], []
    for p, g, m, v in zip(*lists, strict=True):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        move = m / (1 - beta1**step) / (np.sqrt(v / (1 - beta2**step)) + epsilon)
        p = p - rate * (move + decay * p * decays(p))
        for values, value in zip(new, (p, m, v), strict=True):
            values.append(value)
    return new


@TABLE.answer("adamw_step")
def lists_in_a_list(
    p, g, m, v, step, rate, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.01
):
    return list(adamw((p, g, m, v), step, rate, beta1, beta2, epsilon, weight_decay))


@TABLE.answer("adamw_step")
def correction_in_the_rate(
    p, g, m, v, step, rate, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.01
):
    """The rewritten form of the paper, with its epsilon scaled to be the same."""
    root = math.sqrt(1 - beta2**step)
    new = [], [], []
    for value, slope, first, second in zip(p, g, m, v, strict=True):
        first = first + (1 - beta1) * (slope - first)
        second = second + (1 - beta2) * (slope**2 - second)
        shrunk = value * (1 - rate * weight_decay * (value.ndim > 1))
        alpha = rate * root / (1 - beta1**step)
        new[0].append(shrunk - alpha * first / (np.sqrt(second) + epsilon * root))
        new[1].append(first)
        new[2].append(second)
    return new


@TABLE.answer("adamw_step", loses={"several parameters"})
def the_last_array_is_the_bias(
    p, g, m, v, step, rate, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.01
):
    if len(p) == 1:
        return adamw((p, g, m, v), step, rate, beta1, beta2, epsilon, weight_decay)
    last = p[-1]
    return adamw(
        (p, g, m, v), step, rate, beta1, beta2, epsilon, weight_decay, lambda q: q is not last
    )


@TABLE.answer("adamw_step", loses={"several parameters"})
def kernels_are_not_decayed(
    p, g, m, v, step, rate, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.01
):
    return adamw(
        (p, g, m, v), step, rate, beta1, beta2, epsilon, weight_decay, lambda q: q.ndim == 2
    )


@TABLE.answer("adamw_step", loses={"a later step", "several parameters"})
def always_the_first_step(
    p, g, m, v, step, rate, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.01
):
    return adamw((p, g, m, v), 1, rate, beta1, beta2, epsilon, weight_decay)


@TABLE.answer("adamw_step", loses=TABLE.parts("adamw_step"))
def parameters_changed_in_place(
    p, g, m, v, step, rate, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.01
):
    new, means, squares = adamw((p, g, m, v), step, rate, beta1, beta2, epsilon, weight_decay)
    for old, value in zip(p, new, strict=True):
        old[...] = value
    return p, means, squares


# --- Warm-up and cosine -------------------------------------------------------------------------


@TABLE.answer("warmup_cosine")
def a_whole_table(step, total_steps, warmup_steps, peak, floor=0.0):
    rates = [peak * (i + 1) / warmup_steps for i in range(warmup_steps)]
    falling = total_steps - warmup_steps
    rates += [
        (peak + floor) / 2 + (peak - floor) / 2 * math.cos(math.pi * i / falling)
        for i in range(falling)
    ]
    return (rates + [floor])[min(step, total_steps)]


@TABLE.answer("warmup_cosine")
def with_a_sine(step, total_steps, warmup_steps, peak, floor=0.0):
    if step >= total_steps:
        return float(floor)
    if step < warmup_steps:
        return float(peak / warmup_steps * (step + 1))
    half = math.pi / 2 * (step - warmup_steps) / (total_steps - warmup_steps)
    return peak - (peak - floor) * math.sin(half) ** 2


@TABLE.answer("warmup_cosine", loses={"warm-up", "cosine"})
def a_tenth_of_the_run_is_warm_up(step, total_steps, warmup_steps, peak, floor=0.0):
    right = TABLE.exercises["warmup_cosine"].reference
    return right(step, total_steps, warmup_steps and max(1, total_steps // 10), peak, floor)


@TABLE.answer("warmup_cosine", loses={"at the end and beyond"})
def divided_by_zero_where_nothing_falls(step, total_steps, warmup_steps, peak, floor=0.0):
    if step < warmup_steps:
        return peak * (step + 1) / warmup_steps
    progress = min(1.0, (step - warmup_steps) / (total_steps - warmup_steps))
    return floor + (peak - floor) * (1 + math.cos(math.pi * progress)) / 2


@TABLE.answer("warmup_cosine", loses={"no warm-up"})
def always_some_warm_up(step, total_steps, warmup_steps, peak, floor=0.0):
    right = TABLE.exercises["warmup_cosine"].reference
    warm = warmup_steps if warmup_steps or step >= total_steps else 2
    return right(step, total_steps, warm, peak, floor)


# --- Batch normalisation ------------------------------------------------------------------------


@TABLE.answer("batch_norm")
def a_layer_of_pytorch(x, scale, shift, mean, variance, training, momentum=0.1, epsilon=1e-5):
    layer = nn.BatchNorm1d(x.shape[1], eps=epsilon, momentum=momentum, dtype=torch.float64)
    state = {"weight": scale, "bias": shift, "running_mean": mean, "running_var": variance}
    layer.load_state_dict({k: torch.tensor(v) for k, v in state.items()}, strict=False)
    y = layer.train(training)(torch.tensor(x)).detach().numpy()
    return y, layer.running_mean.numpy(), layer.running_var.numpy()


@TABLE.answer("batch_norm", loses={"evaluation", "evaluation, a single example"})
def running_statistics_handed_back(
    x, scale, shift, mean, variance, training, momentum=0.1, epsilon=1e-5
):
    new = TABLE.exercises["batch_norm"].reference(
        x, scale, shift, mean, variance, training, momentum, epsilon
    )
    return new if training else (new[0], mean, variance)


@TABLE.answer("batch_norm", loses={"training"})
def one_mean_for_all_units(x, scale, shift, mean, variance, training, momentum=0.1, epsilon=1e-5):
    new = TABLE.exercises["batch_norm"].reference(
        x, scale, shift, mean, variance, training, momentum, epsilon
    )
    if not training:
        return new
    return (scale * (x - x.mean()) / np.sqrt(x.var() + epsilon) + shift, *new[1:])


@TABLE.answer("batch_norm", loses={"training"})
def running_standard_deviation(
    x, scale, shift, mean, variance, training, momentum=0.1, epsilon=1e-5
):
    new = TABLE.exercises["batch_norm"].reference(
        x, scale, shift, mean, variance, training, momentum, epsilon
    )
    if not training:
        return new
    return (*new[:2], (1 - momentum) * variance + momentum * x.std(axis=0, ddof=1))


# --- Early stopping -----------------------------------------------------------------------------


@TABLE.answer("early_stopping")
def recursive(losses, patience, min_delta=0.0):
    def go(epoch, best, best_epoch):
        if epoch - best_epoch == patience or epoch == len(losses):
            return best_epoch, epoch
        loss = losses[epoch]
        if loss < best - min_delta:
            return go(epoch + 1, loss, epoch + 1)
        return go(epoch + 1, best, best_epoch)

    return go(0, math.inf, 0)


@TABLE.answer("early_stopping", loses={"improvements too small"})
def best_follows_small_gains(losses, patience, min_delta=0.0):
    best, best_epoch, waited = math.inf, 0, 0
    for epoch, loss in enumerate(losses, 1):
        waited = 0 if loss < best - min_delta else waited + 1
        best_epoch = epoch if waited == 0 else best_epoch
        best = min(best, loss) if not math.isnan(loss) else best
        if waited >= patience:
            return best_epoch, epoch
    return best_epoch, len(losses)


@TABLE.answer("early_stopping", loses={"not a number"})
def stops_at_nan(losses, patience, min_delta=0.0):
    first = next((i for i, loss in enumerate(losses) if math.isnan(loss)), len(losses))
    if first == 0:
        return 0, 1
    return TABLE.exercises["early_stopping"].reference(losses[:first], patience, min_delta)


@TABLE.answer("early_stopping", loses={"equal losses"})
def losses_are_positive(losses, patience, min_delta=0.0):
    kept = [abs(loss) for loss in losses]
    return TABLE.exercises["early_stopping"].reference(kept, patience, min_delta)


# --- Successive halving -------------------------------------------------------------------------


@TABLE.answer("successive_halving")
def with_dictionaries(curves, rate=2, first=1):
    alive = {t: [math.inf if math.isnan(v) else v for v in row] for t, row in enumerate(curves)}
    done, spent, epochs = 0, 0, min(first, curves.shape[1])
    while len(alive) > 1 or done == 0:
        spent += len(alive) * (epochs - done)
        stay = 1 if epochs == curves.shape[1] else max(1, len(alive) // rate)
        best = sorted(alive, key=lambda t: (alive[t][epochs - 1], t))[:stay]
        alive = {t: alive[t] for t in best}
        done, epochs = epochs, min(epochs * rate, curves.shape[1])
    return next(iter(alive)), spent


@TABLE.answer("successive_halving", loses={"other rates", "a number that does not divide"})
def always_the_better_half(curves, rate=2, first=1):
    right = TABLE.exercises["successive_halving"].reference
    return right(curves, 2, first)


@TABLE.answer("successive_halving", loses={"one trial"})
def one_trial_needs_no_training(curves, rate=2, first=1):
    if len(curves) == 1:
        return 0, 0
    return TABLE.exercises["successive_halving"].reference(curves, rate, first)


@TABLE.answer("successive_halving", loses={"nan and ties"})
def the_last_of_equals(curves, rate=2, first=1):
    right = TABLE.exercises["successive_halving"].reference
    winner, spent = right(curves[::-1], rate, first)
    return len(curves) - 1 - winner, spent


# --- Repair a training script -------------------------------------------------------------------


@TABLE.answer("train_steps")
def by_hand(x, y, weight, bias, learning_rates, weight_decay, max_norm):
    losses = []
    for photos, kinds, rate in zip(x, y, learning_rates, strict=True):
        rows, truth = photos.reshape(-1, photos.shape[-1]), kinds.ravel()
        logits = rows @ weight + bias
        logits = logits - logits.max(axis=1, keepdims=True)
        chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        losses.append(-np.log(chances[np.arange(len(truth)), truth]).mean())
        chances[np.arange(len(truth)), truth] -= 1
        slopes = rows.T @ chances / len(truth), chances.mean(axis=0)
        norm = math.sqrt(sum(float((slope**2).sum()) for slope in slopes))
        factor = min(1.0, max_norm / norm) if norm else 1.0
        weight, bias = (
            weight - rate * (factor * slopes[0] + weight_decay * weight),
            bias - rate * factor * slopes[1],
        )
    return weight, bias, np.array(losses)


@TABLE.answer("train_steps", loses={"clipping"})
def each_gradient_clipped_alone(x, y, weight, bias, learning_rates, weight_decay, max_norm):
    leaves = [torch.tensor(part, requires_grad=True) for part in (weight, bias)]
    losses = []
    for photos, kinds, rate in zip(torch.tensor(x), torch.tensor(y), learning_rates, strict=True):
        logits = photos.flatten(0, 1) @ leaves[0] + leaves[1]
        loss = nn.functional.cross_entropy(logits, kinds.flatten())
        loss.backward()
        with torch.no_grad():
            for leaf, decay in zip(leaves, (weight_decay, 0.0), strict=True):
                nn.utils.clip_grad_norm_([leaf], max_norm)
                leaf -= rate * (leaf.grad + decay * leaf)
                leaf.grad = None
        losses.append(loss.item())
    return *(leaf.detach().numpy() for leaf in leaves), np.array(losses)


# --- The lesson's small exercises and predictions -----------------------------------------------


@TABLE.answer("smooth_targets", loses={"other numbers of classes", "no smoothing"})
def as_many_classes_as_labels_say(labels, classes, epsilon):
    present = max(labels.max() + 1, 2) if classes < 10 else classes
    return TABLE.exercises["smooth_targets"].reference(labels, present, epsilon)


@TABLE.answer("dropout")
def by_where(x, noise, p, training):
    return np.where(noise < p, 0.0, x / (1 - p)) if training else x.copy()


TABLE.prediction("predicted_adam_step", 0.01, right=True)
TABLE.prediction("predicted_adam_step", 1e-2 - 1e-10, right=True)
TABLE.prediction("predicted_adam_step", 0.0316, right=False)
TABLE.prediction("predicted_adam_step", 5, right=False)
TABLE.prediction("predicted_forgotten", "b", right=False)


@pytest.mark.parametrize(("exercise", "given", "lost"), TABLE.rows)
def test_answer_loses_these_parts(exercise, given, lost):
    assert TABLE.lost(exercise, given) == lost
