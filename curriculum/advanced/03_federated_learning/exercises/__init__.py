"""Exercises of advanced/03_federated_learning: the assignment's, then the lesson's."""

EXERCISES = [
    "fed_avg",
    "dirichlet_split_mistakes",
    "sparsify_mistakes",
    "mask_updates_mistakes",
    "clip_and_noise_mistakes",
    "robust_mean_mistakes",
    "federate_mistakes",
    "lesson_averages",
    "lesson_bits",
    "predictions",
]
