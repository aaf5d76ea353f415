"""News for pages, grouped by item or discussion."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lepton_hub.knowledge.atom_feed import page_of
from lepton_hub.knowledge.digest import NewsEntry


@dataclass
class NewsView:
    """A group of news entries. place: the path of its page, without the hub's prefix.

    count: the number of entries in the group; `entry` is the latest.
    """

    entry: NewsEntry
    place: str
    count: int = 1


def news_views(news: Iterable[NewsEntry]) -> list[NewsView]:
    """Return news, latest first, with each item and discussion once."""
    found: dict[tuple[str, str], NewsView] = {}
    for one in news:
        thread = one.thread.public_id if one.thread is not None else ""
        view = found.setdefault((one.reference, thread), NewsView(one, page_of(one), 0))
        view.count += 1
    return [*found.values()]
