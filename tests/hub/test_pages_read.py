"""Pages that only read stop nobody: they begin to write when they have read all, for the log."""

from __future__ import annotations

import pytest
from page_visitor import PageVisitor
from small_hub import small_hub

PAGES = [
    "/pages/", "/pages/items", "/pages/items/engines/rides", "/pages/documents",
    "/pages/items/engines/rides/file?path=a.py", "/pages/documents/engines/guide",
    "/pages/documents/engines/guide/revisions",
    "/pages/documents/engines/guide/difference?before=1", "/pages/discussions",
    "/pages/discussions/course/02_data_pipelines", "/pages/digest", "/pages/graph", "/pages/team",
    "/pages/needs/groups/team/engines", "/pages/recommendations", "/pages/administration",
    "/pages/administration/log",
]  # fmt: skip


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with small_hub(tmp_path_factory.mktemp("hub")) as made:
        made.make("ada", "engines/rides")
        made.add("ada", "engines/rides", {"a.py": b"1"})
        told = {"space": "engines", "name": "guide", "title": "Guide", "text": "x"}
        made.post("ada", "/documents", told)
        made.post("ada", "/threads", {"item": "engines/guide", "title": "Why?", "text": "x"})
        yield made


@pytest.mark.parametrize("path", PAGES)
def test_a_page_reads_before_it_writes_into_the_log(hub, path, monkeypatch):
    """Without the sessions that begin as writers, it is the same, and has its entry."""
    grace = PageVisitor(hub, "grace")
    before = hub.log(limit=1)[0].number
    with monkeypatch.context() as without:
        without.setattr(hub.state, "sessions", None)
        assert grace.get(path).status_code == 200
    entry = hub.log(limit=1)[0]
    assert (entry.actor, entry.number > before) == ("grace", True)
