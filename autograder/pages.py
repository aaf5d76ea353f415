"""The name by which a class's `nbgrader_config.py` finds formgrader's pages."""

from autograder.instructor.formgrader_pages import page_settings

__all__ = ["page_settings"]
