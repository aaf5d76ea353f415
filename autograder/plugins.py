"""The names by which a class's `nbgrader_config.py` finds the steps of grading."""

from autograder.judging.nbgrader_plugins import JudgeExercises, RestoreCells

__all__ = ["JudgeExercises", "RestoreCells"]
