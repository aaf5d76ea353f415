"""Exercises of advanced/08_privacy: the assignment's, then the lesson's."""

EXERCISES = [
    "k_anonymity",
    "compose",
    "dp_step",
    "membership_attack",
    "paillier_score",
    "verify_log",
    "private_training",
    "lesson_noise",
    "lesson_secrets",
    "predictions",
]
