"""Exercises of basics/06_transfer_learning: the assignment's, then the lesson's."""

EXERCISES = [
    "normalise_like",
    "linear_probe",
    "param_groups",
    "train_head",
    "lora",
    "forgetting",
    "adapt",
    "lesson",
    "predictions",
]
