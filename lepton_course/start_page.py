"""Keep the import that the START.ipynb of an older workspace uses."""

from lepton_course.pages.start_notebook import show

__all__ = ["show"]
