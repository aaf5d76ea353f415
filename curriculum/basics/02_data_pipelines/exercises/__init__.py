"""Exercises of basics/02_data_pipelines: the assignment's, then the lesson's."""

EXERCISES = [
    "impute_mistakes",
    "one_hot",
    "group_split",
    "time_split",
    "find_leak_mistakes",
    "out_of_fold_mistakes",
    "decide_mistakes",
    "lesson",
    "predictions",
]
