"""Exercises of basics/08_evaluation: the assignment's, then the lesson's."""

EXERCISES = [
    "exercise_1",
    "exercise_2",
    "exercise_3",
    "exercise_4",
    "try_1",
    "try_2",
    "try_3",
]
