"""Exercises of advanced/03_federated_learning: the assignment's, then the lesson's."""

EXERCISES = [
    "fed_avg",
    "dirichlet_split",
    "sparsify",
    "mask_updates",
    "clip_and_noise",
    "robust_mean",
    "federate",
    "lesson_averages",
    "lesson_bits",
    "predictions",
]
