"""Exercises of basics/01_tensors_and_gradients: the assignment's, then the lesson's."""

from . import (
    distances,
    in_units,
    lesson,
    mse_gradients,
    predictions,
    prepare,
    refuse,
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
    *lesson.EXERCISES,
    *predictions.EXERCISES,
]
