"""Exercises of basics/08_evaluation: the assignment's, then the lesson's."""

EXERCISES = [
    "roc_auc",
    "stratified_folds",
    "temperature",
    "bootstrap_interval",
    "sample_size",
    "ab_test",
    "ship",
    "lesson",
    "predictions",
]
