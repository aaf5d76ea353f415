"""Exercises of advanced/08_privacy: the assignment's, then the lesson's."""

EXERCISES = [
    "k_anonymity_mistakes",
    "compose_mistakes",
    "dp_step_mistakes",
    "membership_attack_mistakes",
    "paillier_score_mistakes",
    "verify_log_mistakes",
    "private_training_mistakes",
    "lesson_noise",
    "lesson_secrets",
    "predictions",
]
