"""Keep the import path of `TeamExport`, which a class's `nbgrader_config.py` names."""

from autograder.instructor.grade_export import TeamExport

__all__ = ["TeamExport"]
