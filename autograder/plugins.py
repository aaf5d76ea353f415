"""Keep the import paths of the grading steps, which a class's `nbgrader_config.py` names."""

from autograder.judging.nbgrader_plugins import JudgeExercises, RestoreCells

__all__ = ["JudgeExercises", "RestoreCells"]
