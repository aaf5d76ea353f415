"""Exercises of basics/01_tensors_and_gradients: the assignment's, then the lesson's."""

from . import (
    distances,
    gradients,
    in_units,
    mse_gradients,
    predictions,
    prepare,
    recall,
    refuse,
    to_unit,
    train_logistic,
    weighted_cross_entropy,
)

EXERCISES = [
    prepare.EXERCISE,
    distances.EXERCISE,
    mse_gradients.EXERCISE,
    weighted_cross_entropy.EXERCISE,
    train_logistic.EXERCISE,
    in_units.EXERCISE,
    refuse.EXERCISE,
    to_unit.EXERCISE,
    gradients.EXERCISE,
    recall.EXERCISE,
    *predictions.EXERCISES,
]
