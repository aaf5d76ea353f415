"""Pages that show at once what there is: the start, search, my team, administration."""

from lepton_hub.pages.overview import start_pages

OVERVIEW_PAGES = (start_pages,)

__all__ = ["OVERVIEW_PAGES"]
