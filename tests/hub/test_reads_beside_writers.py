"""Whoever reads waits for no writer, but to have the read written into the audit log."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from every_get import address_of, fill_every_address, read, readable_routes
from small_hub import SmallHub, small_hub

from lepton_hub.api import request_context
from lepton_hub.database import engine as engines


@pytest.fixture(scope="module")
def hub(tmp_path_factory) -> Iterator[SmallHub]:
    """A hub in which nobody waits: what would have to is answered 503 at once."""
    folder = tmp_path_factory.mktemp("hub")
    kept = {"database": f"sqlite:///{folder}/hub.sqlite", "blobs": str(folder / "blobs")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines, "BUSY_SECONDS", 0)
        with small_hub(folder, **kept) as made:
            yield made


@pytest.fixture(scope="module")
def ids(hub) -> dict[str, str]:
    return fill_every_address(hub)


@contextmanager
def somebody_writing(hub: SmallHub) -> Iterator[None]:
    """Hold the database as another process does that writes."""
    writer = sqlite3.connect(hub.state.engine.url.database, isolation_level=None)
    try:
        writer.execute("BEGIN IMMEDIATE")
        yield
    finally:
        writer.close()


def asked(hub: SmallHub, address: str) -> int:
    """Return the status of an answer to who may see it; no redirection is followed."""
    who = "grace" if address.startswith("/pages/administration") else "ada"
    return read(hub, address, who).status_code


def test_all_is_read_while_somebody_writes(hub, ids, monkeypatch):
    """All but the entry in the audit log, which is left out here, and the last thing to be done."""
    noted: list[str] = []
    monkeypatch.setattr(request_context, "begin_writing", lambda _: None)
    monkeypatch.setattr(request_context, "keep_item_use", lambda *_: None)
    monkeypatch.setattr(request_context, "append", lambda _, **told: noted.append(told["action"]))
    with somebody_writing(hub):
        found = {one: asked(hub, address_of(one, ids)) for one in readable_routes(hub)}
    assert {one: status for one, status in found.items() if status >= 400} == {}
    assert len(noted) > 70


OWN = ("/jobs/{id}", "/jobs/{id}/log", "/jobs/{id}/metrics", "/pages/jobs/{id}", "/health", "/me")


@pytest.mark.parametrize("route", [*OWN, "/uploads/{id}"])
def test_what_is_not_written_into_the_log_does_not_wait_at_all(hub, ids, route):
    """A job's page asks every second; while it runs, its asker's looks are not written down."""
    with somebody_writing(hub):
        assert asked(hub, address_of(route, ids)) == 200


@pytest.mark.parametrize("route", ["/jobs", "/requests", "/needs/groups", "/pages/requests"])
def test_what_cannot_be_written_into_the_log_is_not_told(hub, ids, route):
    with somebody_writing(hub):
        assert asked(hub, address_of(route, ids)) == 503
    assert asked(hub, address_of(route, ids)) == 200
