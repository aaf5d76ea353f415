"""Whoever reads waits for no writer, but to have the read written into the audit log."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import nbformat
import pytest
from hub_routes import routes_of
from nbformat.v4 import new_notebook
from page_visitor import PageVisitor
from small_hub import SmallHub, small_hub

from lepton_hub.api import asking
from lepton_hub.database import engine as engines

MODULE = "basics/08_evaluation"
RIDES = "/items/engines/rides"
NOTE = "/documents/engines/note"
CARRIED = {
    "/data": "id=engines/rides@1&path=a.csv",
    "/document": "id=engines/note",
    "/documents/{space}/{name}/difference": "before=1",
    "/items/{space}/{name}/versions/{number}/notebook": "path=a.ipynb",
    "/items/{space}/{name}/versions/{number}/preview": "path=a.csv",
    "/pages/documents/{space}/{name}/difference": "before=1",
    "/pages/items/{space}/{name}/file": "path=a.csv",
    "/search": "q=riders",
    "/suggestions/tags": "text=riders",
}
"""What an address needs beside its path."""
ELSEWHERE = {"/metrics", "/oauth_callback", "/pages/{rest:path}"}
"""For other machines' programs, or for nobody: there is nothing that could be read here."""


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
    """Fill the hub; return what stands in place of an address's variables, by how it begins."""
    hub.make("ada", "engines/rides")
    notebook = nbformat.writes(new_notebook(cells=[])).encode()
    files = {"a.csv": b"riders\n1\n", "a.py": b"print(1)", "a.ipynb": notebook}
    hub.add("ada", "engines/rides", files)
    hub.post("ada", "/documents", {"space": "engines", "name": "note", "title": "N", "text": "x"})
    told = {"name": "b.txt", "upload": hub.upload("ada", b"beside")}
    assert hub.post("ada", f"{NOTE}/attachments", told).status_code == 201
    about = {"item": "engines/rides", "kind": "question", "title": "Why?", "text": "x"}
    thread = hub.post("ada", "/threads", about).json()["id"]
    link = hub.post("ada", f"{RIDES}/links", {}).json()["path"]
    asked = {"program": "engines/rides@1", "path": "a.py", "result": "engines/rides"}
    begun = {"size": 4, "sha256": "0" * 64}
    return {
        "/jobs": hub.post("ada", "/train", asked).json()["id"],
        "/threads": thread,
        "/discussions": thread,
        "/posts": hub.get("ada", f"/threads/{thread}/posts").json()["posts"][0]["id"],
        "/uploads": hub.post("ada", "/uploads", begun).json()["id"],
        "secret": link.rpartition("/")[2],
    }


@contextmanager
def somebody_writing(hub: SmallHub) -> Iterator[None]:
    """Hold the database as another process does that writes."""
    writer = sqlite3.connect(hub.state.engine.url.database, isolation_level=None)
    try:
        writer.execute("BEGIN IMMEDIATE")
        yield
    finally:
        writer.close()


def address_of(route: str, ids: dict[str, str]) -> str:
    """Return a route's address with something that is there."""
    place = route.removeprefix("/pages")
    named = "hub.css" if "/static/" in place else "engines" if "/needs/" in place else "rides"
    values = {
        "space": "engines",
        "name": "note" if place.startswith("/documents") else named,
        "kind": "team",
        "number": "1",
        "path": "a.csv",
        "file": "b.txt",
        "module": MODULE,
        "place": "08_evaluation",
        "secret": ids["secret"],
        "id": next((value for start, value in ids.items() if place.startswith(start)), ""),
    }
    path = re.sub(r"{(\w+)(?::path)?}", lambda found: values[found[1]], route)
    return f"{path}?{CARRIED[route]}" if route in CARRIED else path


def asked(hub: SmallHub, address: str) -> int:
    """Return the status of an answer to who may see it; no redirection is followed."""
    who = "grace" if address.startswith("/pages/administration") else "ada"
    if address.startswith("/pages"):
        return PageVisitor(hub, who).get(address).status_code
    return hub.get(who, address, follow_redirects=False).status_code


def test_all_is_read_while_somebody_writes(hub, ids, monkeypatch):
    """All but the entry in the audit log, which is left out here, and the last thing to be done."""
    noted: list[str] = []
    monkeypatch.setattr(asking, "begin_writing", lambda _: None)
    monkeypatch.setattr(asking, "keep_item_use", lambda *_: None)
    monkeypatch.setattr(asking, "append", lambda _, **told: noted.append(told["action"]))
    routes = {one.path for one in routes_of(hub.app) if "GET" in one.methods}
    assert len(routes) > 90
    with somebody_writing(hub):
        found = {one: asked(hub, address_of(one, ids)) for one in sorted(routes - ELSEWHERE)}
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
