"""The name by which the PROGRESS.ipynb of an older workspace finds its page."""

from lepton_course.pages.my_progress import show

__all__ = ["show"]
