"""More answers to basics/04_training_well: garments, momentum, ties and losses that explode."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from answer_table import AnswerTable
from conftest import CLONE

from lepton_course import load_dataset

TABLE = AnswerTable(CLONE / "curriculum" / "basics" / "04_training_well")
GARMENTS = "all ten kinds, and a photo alone"


def trained(images):
    """The labels that the reference's network gives."""
    return TABLE.exercises["predict_garments"].reference(images)


# --- Tune within a budget: what becomes of a trained network's labels -----------------------------


@TABLE.answer("predict_garments")
def one_photo_after_the_other(images):
    return np.array([trained(image[None])[0] for image in images])


@TABLE.answer("predict_garments")
def small_integers(images):
    return trained(images).astype(np.int32)


@TABLE.answer("predict_garments")
def in_batches(images):
    return np.concatenate([trained(images[i : i + 77]) for i in range(0, len(images), 77)])


@TABLE.answer("predict_garments", loses={GARMENTS})
def a_tensor(images):
    return torch.tensor(trained(images))


@TABLE.answer("predict_garments", loses={GARMENTS})
def a_number_for_a_photo_alone(images):
    return trained(images).squeeze()


@TABLE.answer("predict_garments", loses={GARMENTS})
def a_column(images):
    return trained(images)[:, None]


@TABLE.answer("predict_garments", loses={GARMENTS})
def floats(images):
    return trained(images).astype(np.float32)


@TABLE.answer("predict_garments", loses={GARMENTS})
def the_last_batch_is_dropped(images):
    return trained(images[: max(1, len(images) // 64 * 64)])


@TABLE.answer("predict_garments", loses={GARMENTS})
def dark_on_bright(images):
    return trained(255 - images)


@TABLE.answer("predict_garments", loses={GARMENTS})
def turned(images):
    return trained(images.swapaxes(1, 2).copy())


@TABLE.answer("predict_garments", loses={GARMENTS})
def photos_darkened_in_place(images):
    labels = trained(images)
    images //= 2
    return labels


@TABLE.answer("predict_garments", loses={GARMENTS})
def statistics_of_the_batch(images):
    pixels = images.astype(float)
    scaled = (pixels - pixels.mean(axis=0)) / (pixels.std(axis=0) + 1e-6)
    return trained(np.clip(64 * scaled + 128, 0, 255).astype(np.uint8))


@TABLE.answer("predict_garments", loses={GARMENTS})
def the_nearest_mean_garment(images):
    photos, labels = load_dataset("fashion_mnist").train.numpy()
    flat = photos.reshape(len(photos), -1) / np.float32(255)
    means = np.stack([flat[labels == kind].mean(axis=0) for kind in range(10)])
    rows = images.reshape(len(images), -1) / np.float32(255)
    return ((means**2).sum(axis=1) - 2 * rows @ means.T).argmin(axis=1)


# --- The lesson's step with momentum --------------------------------------------------------------


@TABLE.answer("momentum_step")
def velocity_first(weights, gradient, velocity, learning_rate, momentum=0.9):
    moved = np.add(gradient, np.multiply(momentum, velocity))
    return np.subtract(weights, learning_rate * moved), moved


@TABLE.answer("momentum_step")
def one_number_after_the_other(weights, gradient, velocity, learning_rate, momentum=0.9):
    moved, faster = np.empty(weights.shape), np.empty(weights.shape)
    for place in np.ndindex(weights.shape):
        faster[place] = gradient[place] + momentum * velocity[place]
        moved[place] = weights[place] - faster[place] * learning_rate
    return moved, faster


@TABLE.answer("momentum_step")
def both_in_one_table(weights, gradient, velocity, learning_rate, momentum=0.9):
    faster = np.einsum("i,i...->...", [1.0, momentum], np.stack([gradient, velocity]))
    return weights + faster * -learning_rate, faster


@TABLE.answer("momentum_step", loses={"later steps"})
def a_running_mean(weights, gradient, velocity, learning_rate, momentum=0.9):
    faster = velocity + (1 - momentum) * (gradient - velocity) if velocity.any() else gradient + 0.0
    return weights - learning_rate * faster, faster


@TABLE.answer("momentum_step", loses={"later steps"})
def always_nine_tenths(weights, gradient, velocity, learning_rate, momentum=0.9):
    faster = 0.9 * velocity + gradient
    return weights - learning_rate * faster, faster


@TABLE.answer("momentum_step", loses=TABLE.parts("momentum_step"))
def rate_inside_the_velocity(weights, gradient, velocity, learning_rate, momentum=0.9):
    faster = momentum * velocity + learning_rate * gradient
    return weights - faster, faster


@TABLE.answer("momentum_step", loses=TABLE.parts("momentum_step"))
def nesterov(weights, gradient, velocity, learning_rate, momentum=0.9):
    faster = momentum * velocity + gradient
    return weights - learning_rate * (gradient + momentum * faster), faster


@TABLE.answer("momentum_step", loses={"later steps"})
def no_more_than_two_axes(weights, gradient, velocity, learning_rate, momentum=0.9):
    faster = momentum * velocity + gradient
    return (weights - learning_rate * faster).reshape(weights.shape[:2]), faster


@TABLE.answer("momentum_step", loses=TABLE.parts("momentum_step"))
def velocity_changed_in_place(weights, gradient, velocity, learning_rate, momentum=0.9):
    velocity *= momentum
    velocity += gradient
    return weights - learning_rate * velocity, velocity


# --- Successive halving: ties of a later round, and losses larger than any guess ------------------


@TABLE.answer("successive_halving", loses={"nan and ties"})
def ties_in_the_order_of_the_round_before(curves, rate=2, first=1):
    losses, alive = np.nan_to_num(curves, nan=np.inf), np.arange(len(curves))
    done, spent, epochs = 0, 0, min(first, curves.shape[1])
    while True:
        spent += len(alive) * (epochs - done)
        alive = alive[np.argsort(losses[alive, epochs - 1], kind="stable")]
        alive = alive[: 1 if epochs == curves.shape[1] else max(1, len(alive) // rate)]
        if len(alive) == 1:
            return int(alive[0]), int(spent)
        done, epochs = epochs, min(epochs * rate, curves.shape[1])


@TABLE.answer("successive_halving", loses={"nan and ties"})
def nan_is_a_thousand(curves, rate=2, first=1):
    right = TABLE.exercises["successive_halving"].reference
    return right(np.nan_to_num(curves, nan=1000.0), rate, first)


@TABLE.answer("early_stopping", loses={"not a number"})
def nan_is_no_epoch(losses, patience, min_delta=0.0):
    best, kept, waited = np.inf, 0, 0
    for epoch, loss in enumerate(losses, start=1):
        if np.isnan(loss):
            continue
        waited += 1
        if loss < best - min_delta:
            best, kept, waited = loss, epoch, 0
        if waited >= patience:
            return kept, epoch
    return kept, len(losses)


@pytest.mark.parametrize(("exercise", "given", "lost"), TABLE.rows)
def test_answer_loses_these_parts(exercise, given, lost):
    assert TABLE.lost(exercise, given) == lost
