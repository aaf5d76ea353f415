"""Overview pages: start, search, my team, administration."""

from lepton_hub.pages.overview import administration_pages, search_pages, start_pages, team_pages

OVERVIEW_PAGES = (start_pages, search_pages, team_pages, administration_pages)

__all__ = ["OVERVIEW_PAGES"]
