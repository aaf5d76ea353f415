"""Sharing and loading many files, from a busy hub, from one that is away, and what is left over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest
import torch
from small_hub import CARD, SmallHub, small_hub
from test_hub_client import Wire, be

from lepton_course import load_dataset, share
from lepton_course.errors import CourseError
from lepton_course.hub import HubConnection, HubError, SharedContent, load_weights
from lepton_course.hub import connection as connections
from lepton_hub.api.rate_limit import RateLimiter
from lepton_hub.catalogue.tables import PendingUpload


class ProxiedWire(Wire):
    """A proxy before the hub: it can answer instead of it."""

    instead: httpx.Response | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self.instead or super().handle_request(request)


@pytest.fixture
def hub(tmp_path):
    with small_hub(tmp_path) as hub:
        yield hub


@pytest.fixture
def paused() -> list[float]:
    """How long the client has waited, each time, in seconds."""
    return []


@pytest.fixture
def wire(hub, tmp_path, monkeypatch, paused):
    wire = ProxiedWire(hub)
    usual = HubConnection.__init__
    options = {"transport": wire, "pause": paused.append}
    monkeypatch.setattr(
        HubConnection, "__init__", lambda self, *a, **o: usual(self, *a, **{**options, **o})
    )
    monkeypatch.setenv(connections.URL, "http://hub.test")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    be(monkeypatch, "ada")
    return wire


def folder_of(place: Path, count: int) -> Path:
    place.mkdir()
    for number in range(count):
        (place / f"{number}.txt").write_text(str(number % 7))
    return place


def pending(hub: SmallHub) -> int:
    with hub.state.sessions.begin() as session:
        return session.query(PendingUpload).count()


def test_a_folder_of_many_files_is_shared(wire, hub, tmp_path):
    assert share("rides", folder_of(tmp_path / "many", 60), card=CARD) == "hub:~ada/rides@1"
    assert len(hub.get("ada", "/items/~ada/rides/versions/1").json()["files"]) == 60
    assert pending(hub) == 0


def test_uploads_are_cancelled_where_sharing_fails(wire, hub, tmp_path):
    with pytest.raises(HubError, match="made_from"):
        share("rides", folder_of(tmp_path / "a", 3), card=CARD, made_from=["hub:~ada/none@1"])
    assert pending(hub) == 0
    assert hub.state.store.place.folders("uploads") == []


def test_many_files_are_loaded_from_a_hub_that_asks_for_patience(wire, hub, tmp_path, paused):
    share("rides", folder_of(tmp_path / "few", 6), card=CARD)
    seconds = 0.0
    hub.state.limiter = RateLimiter(60, 3, clock=lambda: seconds + sum(paused))
    loaded = load_dataset("hub:~ada/rides@1")
    assert [(loaded.folder / name).read_text() for name in loaded.files] == list("012345")
    assert paused
    assert max(paused) <= 1.0


def test_what_is_in_the_cache_loads_while_a_proxy_says_that_the_hub_is_away(wire):
    share("rides", {"a": np.arange(3)}, card=CARD)
    load_dataset("hub:~ada/rides@1")
    for status in (502, 503, 504):
        wire.instead = httpx.Response(status, text="<h1>Service Unavailable</h1>")
        assert load_dataset("hub:~ada/rides@1").arrays()["a"].tolist() == [0, 1, 2]
        with pytest.raises(HubError, match=str(status)):
            load_dataset("hub:~ada/rides")
    wire.instead = httpx.Response(404, json={"detail": "There is no such thing"})
    with pytest.raises(HubError, match="no such thing"):
        load_dataset("hub:~ada/rides@1")


def test_two_items_do_not_share_a_place_in_the_cache(wire, hub):
    hub.known.people["ada"] = replace(hub.known.people["ada"], teams=frozenset({"a", "a__b"}))
    share("a/b__c", {"x": np.arange(3)}, card=CARD)
    share("a__b/c", {"x": np.arange(5)}, card=CARD)
    first = load_dataset("hub:a/b__c@1")
    second = load_dataset("hub:a__b/c@1")
    assert [len(one.arrays()["x"]) for one in (first, second)] == [3, 5]
    wire.down = True
    assert load_dataset("hub:a/b__c@1").reference == "a/b__c@1"


def test_a_file_that_shrinks_while_it_is_sent_is_told(wire, hub, tmp_path, monkeypatch):
    from lepton_course.hub import sharing

    monkeypatch.setattr(sharing, "PIECE", 10_000)
    file = tmp_path / "log.txt"
    file.write_bytes(bytes(30_000))
    usual = HubConnection.once

    def once(self, method, path, **options):
        assert len(wire.asked) < 30, "it asks for ever"
        if method == "PATCH":
            file.write_bytes(bytes(10_000))
        return usual(self, method, path, **options)

    monkeypatch.setattr(HubConnection, "once", once)
    with pytest.raises(CourseError, match="shorter"):
        share("rides", file, card=CARD)


# ── Tables and weights ────────────────────────────────────────────────────────────────────────
def table_of(tmp_path: Path, text: str) -> dict[str, np.ndarray]:
    (tmp_path / "a.csv").write_text(text)
    return SharedContent("city/rides@1", tmp_path, ("a.csv",), {}).table()


def test_tables_with_empty_lines_and_large_numbers(tmp_path):
    assert table_of(tmp_path, "a,b\n1,2\n\n3,4\n\n")["b"].tolist() == [2, 4]
    large = table_of(tmp_path, "a\n12345678901234567890\n1\n")["a"]
    assert large.dtype == np.float64
    with pytest.raises(CourseError, match="empty"):
        table_of(tmp_path, "")


def test_weights_in_several_files_or_in_none_are_told(wire, tmp_path):
    share("rides", {"a": np.arange(3)}, card=CARD)
    with pytest.raises(CourseError, match="0 weight files"):
        load_weights("hub:~ada/rides@1", into=torch.nn.Linear(1, 1))
