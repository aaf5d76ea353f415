"""What was deleted is not in SQLite's file any more, once the hub has tidied up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from small_hub import SmallHub, small_hub
from sqlalchemy import text

SECRET = "zyxpassphrase"
"""Begins as no other word does: the index writes of a word only what its neighbour has not."""


@pytest.fixture
def hub(tmp_path) -> Iterator[SmallHub]:
    with small_hub(tmp_path, database=f"sqlite:///{tmp_path}/hub.sqlite") as made:
        yield made


def kept(folder: Path) -> bytes:
    """Return all that SQLite keeps in files, the write-ahead log among them."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("hub.sqlite*")))


def delete_document(hub: SmallHub) -> None:
    told = {"space": "engines", "name": "plan", "title": "Plan", "text": f"The {SECRET} of May."}
    assert hub.post("ada", "/documents", told).status_code == 201
    assert hub.ask("ada", "DELETE", "/items/engines/plan").is_success


def delete_post(hub: SmallHub) -> None:
    hub.make("ada", "engines/rain")
    told = {"item": "engines/rain", "title": "Where from?", "text": "From the roof."}
    thread = hub.post("ada", "/threads", told).json()["id"]
    post = hub.post("ada", f"/threads/{thread}/posts", {"text": f"By {SECRET}."}).json()["id"]
    assert hub.ask("ada", "DELETE", f"/posts/{post}").is_success


def index_of(hub: SmallHub) -> list[tuple[int, bytes]]:
    """Return the blocks of the index, as SQLite keeps them."""
    with hub.state.sessions.begin() as session:
        return session.execute(text("SELECT id, block FROM search_words_data ORDER BY id")).all()


@pytest.mark.parametrize("delete", [delete_document, delete_post])
def test_a_deleted_text_leaves_the_file(hub, tmp_path, delete):
    for number in range(3):
        hub.make("ada", f"engines/other{number}", description="Rain in May.")
    delete(hub)
    assert SECRET.encode() in kept(tmp_path), "then this test would show nothing"
    hub.state.tidy()
    assert SECRET.encode() not in kept(tmp_path)
    for size in range(4, len(SECRET)):  # nor the rest of it, where a neighbour has its beginning
        assert SECRET[-size:].encode() not in kept(tmp_path)
    assert hub.get("ada", "/search", params={"q": "rain"}).json()["total"] >= 3


def test_an_index_without_deleted_words_is_left_as_it_is(hub):
    delete_document(hub)
    hub.state.tidy()
    tidy = index_of(hub)
    hub.state.tidy()
    assert index_of(hub) == tidy
