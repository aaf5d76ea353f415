"""Keep the import path of `page_settings`, which a class's `nbgrader_config.py` names."""

from autograder.instructor.formgrader_pages import page_settings

__all__ = ["page_settings"]
