"""Exercises of basics/04_training_well: the assignment's, then the lesson's."""

EXERCISES = [
    "adamw_step",
    "warmup_cosine",
    "batch_norm",
    "early_stopping",
    "successive_halving_mistakes",
    "train_steps_mistakes",
    "predict_garments",
    "lesson_steps",
    "lesson",
    "predictions",
]
