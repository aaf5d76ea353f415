"""Keep the import that the PROGRESS.ipynb of an older workspace uses."""

from lepton_course.pages.progress_notebook import show

__all__ = ["show"]
