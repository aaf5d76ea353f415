"""Exercises of basics/01_tensors_and_gradients: the assignment's, then the lesson's."""

EXERCISES = [
    "prepare",
    "distances",
    "mse_gradients",
    "weighted_cross_entropy",
    "train_in_batches",
    "in_units",
    "refuse",
    "to_unit",
    "gradients",
    "recall",
    "predictions",
]
