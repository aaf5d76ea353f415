"""Memory does not grow with the number of requests, of whatever kind they are."""

from __future__ import annotations

import gc
import sys
from itertools import count

import pytest
from page_visitor import PageVisitor
from small_hub import small_hub

READ = ["/me", "/items", "/items/engines/rides", "/items/none/such", "/search?q=rides", "/digest"]
PAGES = ["/pages/", "/pages/items/engines/rides", "/pages/documents/engines/guide", "/pages/none"]
WARM_UP, COUNTED = 8, 25
"""Rounds of all kinds of requests: the first ones also fill what is kept once."""
NUMBERS = count()


@pytest.fixture
def hub(tmp_path):
    database = f"sqlite:///{tmp_path / 'hub.sqlite'}"  # one in memory grows with what it holds
    with small_hub(tmp_path, database=database, blobs=str(tmp_path / "blobs")) as made:
        made.make("ada", "engines/rides")
        made.add("ada", "engines/rides", {"a.csv": b"riders\n3\n"})
        told = {"space": "engines", "name": "guide", "title": "Guide", "text": "*x*"}
        assert made.post("ada", "/documents", told).status_code == 201
        yield made


def ask_for_everything(hub, visitor) -> None:
    """Send each kind of request once; those that make something, about something new."""
    number = next(NUMBERS)
    for path in READ:
        assert hub.get("bose", path).status_code in (200, 404)
    for path in PAGES:
        assert visitor.get(path).status_code in (200, 404)
    told = {"space": "engines", "name": f"n{number}", "title": "New", "text": f"word{number}"}
    assert hub.post("ada", "/documents", told).status_code == 201
    assert hub.add("ada", "engines/rides", {"a.csv": b"riders\n%d\n" % number}).status_code == 201
    assert hub.get("ada", "/items/engines/rides/versions/newest/files/a.csv").status_code == 200
    assert hub.get(f"nobody{number}", "/me").status_code == 401


def blocks() -> int:
    """Return how many pieces of memory Python's objects have."""
    gc.collect()
    return sys.getallocatedblocks()


def test_memory_does_not_grow_with_requests(hub):
    visitor = PageVisitor(hub, "ada")
    for _ in range(WARM_UP):
        ask_for_everything(hub, visitor)
    before = blocks()
    for _ in range(COUNTED):
        ask_for_everything(hub, visitor)
    added = blocks() - before
    # What keeps one small object a request would keep 15 in a round.
    assert added < 15 * COUNTED, f"{added / COUNTED:.0f} pieces of memory stay after each round"
