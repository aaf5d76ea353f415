"""The name by which the START.ipynb of an older workspace finds its page."""

from lepton_course.pages.start import show

__all__ = ["show"]
