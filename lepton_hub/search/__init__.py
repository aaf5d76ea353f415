"""Search over items, documents and discussions."""

from lepton_hub.search.index_keeping import keep_index
from lepton_hub.search.search_tables import SearchEntry, SearchTag
from lepton_hub.search.searching import SearchFilters, SearchHit, count_facets, search

__all__ = [
    "SearchEntry",
    "SearchFilters",
    "SearchHit",
    "SearchTag",
    "count_facets",
    "keep_index",
    "search",
]
