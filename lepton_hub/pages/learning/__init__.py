"""Pages of the survey and of recommendations."""

from lepton_hub.pages.learning import needs_pages, uses_pages

LEARNING_PAGES = (needs_pages, uses_pages)

__all__ = ["LEARNING_PAGES"]
