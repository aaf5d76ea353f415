"""Who only reads stops nobody: pages and the API begin to write, for the log, when all is read."""

from __future__ import annotations

import pytest
from page_visitor import PageVisitor
from small_hub import small_hub

from lepton_hub.api.knowledge import thread_routes

PATHS = [
    "/pages/", "/pages/items", "/pages/items/engines/rides", "/pages/documents",
    "/pages/items/engines/rides/file?path=a.csv", "/pages/documents/engines/guide",
    "/pages/documents/engines/guide/revisions",
    "/pages/documents/engines/guide/difference?before=1", "/pages/discussions",
    "/pages/discussions/course/02_data_pipelines", "/pages/digest", "/pages/graph", "/pages/team",
    "/pages/needs/groups/team/engines", "/pages/recommendations", "/pages/administration",
    "/pages/administration/log", "/pages/search?q=guide",
    "/items", "/items/engines/rides", "/items/engines/rides/card", "/items/engines/rides/versions",
    "/items/engines/rides/versions/1", "/items/engines/rides/versions/1/lineage",
    "/items/engines/rides/versions/1/files/a.csv", "/items/engines/rides/versions/1/preview",
    "/documents/engines/guide", "/documents/engines/guide/revisions",
    "/documents/engines/guide/difference?before=1", "/documents/engines/guide/html",
    "/documents/engines/guide/attachments", "/document?id=engines/guide", "/data?id=engines/rides",
    "/threads", "/search?q=guide", "/digest", "/graph",
]  # fmt: skip
THREADS = ["/threads/{thread}", "/threads/{thread}/posts", "/posts/{post}", "/posts/{post}/html",
           "/pages/discussions/{thread}"]  # fmt: skip
SECTION = "02_data_pipelines/lesson.ipynb#Leakage"


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with small_hub(tmp_path_factory.mktemp("hub")) as made:
        made.make("ada", "engines/rides")
        made.add("ada", "engines/rides", {"a.csv": b"riders\n3\n"})
        told = {"space": "engines", "name": "guide", "title": "Guide", "text": "x"}
        made.post("ada", "/documents", told)
        made.post("ada", "/threads", {"item": "engines/guide", "title": "Why?", "text": "x"})
        yield made


@pytest.mark.parametrize("path", PATHS)
def test_all_is_read_before_the_log_is_written(hub, path, monkeypatch):
    """Without the sessions that begin as writers, it is the same, and has its entry."""
    grace = PageVisitor(hub, "grace")
    before = hub.log(limit=1)[0].number
    with monkeypatch.context() as without:
        without.setattr(hub.state, "sessions", None)
        assert grace.get(path).status_code == 200
    entry = hub.log(limit=1)[0]
    assert (entry.actor, entry.number > before) == ("grace", True)


@pytest.mark.parametrize("path", THREADS)
def test_a_thread_about_the_course_is_read_while_others_write(tmp_path, path, monkeypatch):
    """That somebody used a module is kept, too: once what was read is no longer the newest."""
    told = {"section": SECTION, "audience": "team:engines", "title": "Why?", "text": "x"}
    with small_hub(tmp_path, database=f"sqlite:///{tmp_path / 'hub.sqlite'}") as hub:
        thread = hub.post("ada", "/threads", told).json()
        bose = PageVisitor(hub, "bose")
        real, times = thread_routes.DISCUSSES, iter(range(3))

        class WhileOthersWrite(frozenset):
            def __contains__(self, action: object) -> bool:
                hub.make("ada", f"engines/rides{next(times)}")
                return super().__contains__(action)

        monkeypatch.setattr(thread_routes, "DISCUSSES", WhileOthersWrite(real))
        place = path.format(thread=thread["id"], post=thread["first"]["id"])
        assert bose.get(place).status_code == 200
        assert next(times) == 1
        assert hub.log(actor="bose", limit=1)
