"""The name by which a class's `nbgrader_config.py` finds the export with teams."""

from autograder.instructor.grade_export import TeamExport

__all__ = ["TeamExport"]
