"""Exercises of basics/02_data_pipelines: the assignment's, then the lesson's."""

EXERCISES = [
    "impute",
    "one_hot",
    "group_split",
    "time_split",
    "find_leak",
    "out_of_fold",
    "decide",
    "lesson",
    "predictions",
]
