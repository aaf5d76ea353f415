"""Search over items, documents and discussions."""

from lepton_hub.search.facet_counts import FacetCounts, count_facets
from lepton_hub.search.fts5_words import forget_removed_words
from lepton_hub.search.index_keeping import keep_index
from lepton_hub.search.search_plan import SearchFilters, SearchPlan, plan_search
from lepton_hub.search.search_tables import SearchEntry, SearchTag, SearchText
from lepton_hub.search.searching import SearchHit, search

__all__ = [
    "FacetCounts",
    "SearchEntry",
    "SearchFilters",
    "SearchHit",
    "SearchPlan",
    "SearchTag",
    "SearchText",
    "count_facets",
    "forget_removed_words",
    "keep_index",
    "plan_search",
    "search",
]
