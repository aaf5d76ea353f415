"""Documents: revisions that nobody overwrites, edits at the same moment, attachments."""

from __future__ import annotations

import threading

import pytest
from bounded_waits import join_all
from small_hub import small_hub

pytest_plugins = ["waiting_while_writing"]
pytestmark = pytest.mark.usefixtures("nobody_waits")

TEXT = "# Pistons\n\nOne.\n\nTwo.\n\nThree.\n"


@pytest.fixture
def hub(tmp_path):
    with small_hub(tmp_path) as made:
        told = {"space": "engines", "name": "guide", "title": "Guide", "text": TEXT}
        assert made.post("ada", "/documents", told).status_code == 201
        yield made


def change(hub, who: str, text: str, etag: str | None, path: str = "engines/guide"):
    headers = {} if etag is None else {"If-Match": etag}
    return hub.ask(who, "PUT", f"/documents/{path}", json={"text": text}, headers=headers)


def etag_of(hub, who: str = "ada") -> str:
    return hub.get(who, "/documents/engines/guide").headers["etag"]


def test_a_document_is_an_item_whose_text_has_revisions(hub):
    first = etag_of(hub)
    assert change(hub, "ada", TEXT + "Four.\n", first).status_code == 200
    read = hub.get("bose", "/documents/engines/guide").json()
    assert read["revision"]["number"] == 2
    assert read["revision"]["text"].endswith("Four.\n")
    old = hub.get("bose", "/documents/engines/guide", params={"revision": 1}).json()
    assert old["revision"]["text"] == TEXT
    item = hub.get("bose", "/items/engines/guide").json()
    assert (item["kind"], item["actions"]) == ("document", ["view"])
    found = hub.get("bose", "/items", params={"kind": "document"}).json()
    assert [one["reference"] for one in found["items"]] == ["engines/guide"]
    compared = hub.get("bose", "/documents/engines/guide/difference", params={"before": 1}).json()
    assert compared["difference"].splitlines()[-1] == "+Four."
    actions = [entry.action for entry in hub.log(subject="engines/guide")]
    assert {"document.make", "document.change", "document.read", "document.compare"} <= {*actions}


def test_revisions_come_in_pages(hub):
    for number in range(4):
        change(hub, "ada", f"{number}", etag_of(hub))
    path = "/documents/engines/guide/revisions"
    first = hub.get("ada", path, params={"limit": 3}).json()
    rest = hub.get("ada", path, params={"limit": 3, "cursor": first["next"]}).json()
    assert [one["number"] for one in first["revisions"] + rest["revisions"]] == [5, 4, 3, 2, 1]
    assert (first["total"], rest["next"]) == (5, None)


def test_two_who_edit_at_once_lose_nothing(hub):
    hub.grant("ada", "engines/guide", "person", "bose", "contribute")
    both = etag_of(hub)
    theirs = TEXT.replace("One.", "One, by ada.")
    mine = TEXT.replace("Three.", "Three, by bose.")
    assert change(hub, "ada", theirs, both).status_code == 200
    refused = change(hub, "bose", mine, both)
    told = refused.json()
    assert refused.status_code == 412
    assert (told["newest"]["text"], told["yours"], told["base"]) == (theirs, mine, 1)
    assert (told["newest"]["revision"], told["newest"]["made_by"]) == (2, "ada")
    assert "-One, by ada." in told["difference"]
    assert "+Three, by bose." in told["difference"]
    assert told["merged"] == theirs.replace("Three.", "Three, by bose.")
    assert change(hub, "bose", told["merged"], refused.headers["etag"]).status_code == 200
    assert hub.get("ada", "/documents/engines/guide").json()["revision"]["number"] == 3
    assert hub.log(action="document.conflict")[0].actor == "bose"


def test_what_touches_is_not_merged(hub):
    first = etag_of(hub)
    change(hub, "ada", TEXT.replace("One.", "1"), first)
    told = change(hub, "ada", TEXT.replace("One.", "one"), first).json()
    assert told["merged"] is None
    assert told["yours"] == TEXT.replace("One.", "one")


def test_without_what_was_read_nothing_is_changed(hub):
    for etag in (None, "*", " * "):
        assert change(hub, "ada", "x", etag).status_code == 428
    for etag in ('"x"', "x", '"AAAAAAAAAAAAAAAA-r1-1"', etag_of(hub).replace("-r1-", "-r7-"), '""'):
        refused = change(hub, "ada", "x", etag)
        assert (refused.status_code, refused.json()["merged"]) == (412, None)
        assert refused.json()["yours"] == "x"
    assert hub.get("ada", "/documents/engines/guide").json()["revision"]["number"] == 1


def test_the_same_text_is_no_revision_whoever_was_first(hub):
    first = etag_of(hub)
    change(hub, "ada", "same", first)
    again = change(hub, "ada", "same", first)
    assert (again.status_code, again.json()["revision"]["number"]) == (200, 2)


def test_of_many_at_once_each_text_is_kept_or_given_back(tmp_path):
    with small_hub(tmp_path, database=f"sqlite:///{tmp_path}/hub.sqlite") as hub:
        told = {"space": "engines", "name": "guide", "title": "Guide", "text": TEXT}
        hub.post("ada", "/documents", told)
        etag = etag_of(hub)
        answers = []

        def work(number: int) -> None:
            text = TEXT.replace("Two.", f"Two, as {number} has it.")
            answers.append((text, change(hub, "ada", text, etag)))

        threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
        for thread in threads:
            thread.start()
        join_all(threads)
        statuses = sorted(answer.status_code for _, answer in answers)
        assert statuses == [200, *[412] * 5]
        newest = hub.get("ada", "/documents/engines/guide").json()["revision"]
        for text, answer in answers:
            told = answer.json()
            assert text == (newest["text"] if answer.status_code == 200 else told["yours"])


def test_who_may_only_read_changes_nothing(hub):
    assert change(hub, "bose", "x", etag_of(hub, "bose")).status_code == 403
    assert change(hub, "curie", "x", etag_of(hub)).status_code == 404
    assert hub.get("curie", "/documents/engines/guide").status_code == 404


def test_other_items_are_no_documents_and_none_is_made_as_one(hub):
    hub.make("ada", "engines/rides")
    for path in ("", "/html", "/revisions", "/attachments", "/difference?before=1"):
        assert hub.get("ada", f"/documents/engines/rides{path}").status_code == 404
    assert hub.make("ada", "engines/fake", kind="document").status_code == 422
    assert (
        hub.post(
            "ada", "/documents", {"space": "engines", "name": "rides", "title": "x", "text": "x"}
        ).status_code
        == 409
    )
    assert (
        hub.post(
            "ada", "/documents", {"space": "particles", "name": "x", "title": "x", "text": "x"}
        ).status_code
        == 403
    )


def test_the_card_is_changed_where_all_cards_are(hub):
    before = hub.get("ada", "/documents/engines/guide").headers["etag"]
    card = hub.get("ada", "/items/engines/guide/card")
    told = {**card.json(), "title": "Guide to pistons", "tags": ["how to"]}
    headers = {"If-Match": card.headers["etag"]}
    path = "/items/engines/guide/card"
    assert hub.ask("ada", "PUT", path, json=told, headers=headers).status_code == 200
    read = hub.get("ada", "/documents/engines/guide", headers={"If-None-Match": before})
    assert (read.status_code, read.json()["title"]) == (200, "Guide to pistons")
    assert change(hub, "ada", "goes on", before).status_code == 200


def test_older_clients_ask_by_id(hub):
    made = hub.get("ada", "/documents/engines/guide").json()
    change(hub, "ada", "newer", etag_of(hub))
    for id_, text in (
        ("engines/guide", "newer"), ("engines/guide@1", TEXT), (made["id"], "newer"),
    ):  # fmt: skip
        answer = hub.get("bose", "/document", params={"id": id_})
        assert (answer.status_code, answer.text) == (200, text)
        assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
        assert hub.get("curie", "/document", params={"id": id_}).status_code == 404
    assert hub.get("ada", "/document", params={"id": "engines/guide@9"}).status_code == 404


def test_html_is_cleaned_and_may_do_nothing(hub):
    change(hub, "ada", "![p](attachment:p.png) <script>x</script>", etag_of(hub))
    answer = hub.get("bose", "/documents/engines/guide/html")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert 'src="/documents/engines/guide/attachments/p.png"' in answer.text
    assert "<script" not in answer.text
    old = hub.get("bose", "/documents/engines/guide/html", params={"revision": 1})
    assert "<h1>Pistons</h1>" in old.text


# ── Attachments ───────────────────────────────────────────────────────────────────────────────
def attach(hub, who: str, name: str, content: bytes, **headers: str):
    told = {"name": name, "upload": hub.upload("ada" if who == "curie" else who, content)}
    return hub.post(who, "/documents/engines/guide/attachments", told, **headers)


def test_a_file_is_attached_and_read_in_parts(hub):
    made = attach(hub, "ada", "a plot.png", b"0123456789")
    assert made.status_code == 201
    path = "/documents/engines/guide/attachments"
    assert hub.get("bose", path).json()["attachments"] == [made.json()]
    part = hub.get("bose", f"{path}/a plot.png", headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content) == (206, b"234")
    assert hub.get("curie", f"{path}/a plot.png").status_code == 404
    assert hub.get("ada", f"{path}/other").status_code == 404
    assert attach(hub, "bose", "b", b"1").status_code == 403
    assert attach(hub, "curie", "b", b"1").status_code == 404
    for bad in ("a/b", "..", "", "a\\b", "a.", "x" * 300, "a\x00"):
        assert attach(hub, "ada", bad, b"1").status_code == 422, bad


def test_an_attachment_never_changes(hub):
    attach(hub, "ada", "a", b"1")
    assert attach(hub, "ada", "a", b"2").status_code == 409
    again = attach(hub, "ada", "a", b"1")
    assert again.status_code == 200
    told = {"name": "b", "upload": hub.upload("ada", b"2")}
    path = "/documents/engines/guide/attachments"
    first = hub.post("ada", path, told, **{"Idempotency-Key": "k"})
    second = hub.post("ada", path, told, **{"Idempotency-Key": "k"})
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert hub.post("ada", path, told).status_code == 409  # the upload was used


def test_contents_live_as_long_as_something_holds_them(hub):
    made = attach(hub, "ada", "a", b"shared").json()
    hub.make("ada", "engines/rides")
    hub.add("ada", "engines/rides", {"a": b"shared"})
    hub.state.store.clock = lambda: 0.0
    hub.state.tidy()
    path = "/documents/engines/guide/attachments/a"
    assert hub.ask("ada", "DELETE", "/items/engines/rides").status_code == 200
    assert hub.get("ada", path).content == b"shared"
    hub.state.tidy()
    assert hub.get("ada", path).content == b"shared"
    assert hub.ask("bose", "DELETE", path).status_code == 403
    assert hub.ask("ada", "DELETE", path).status_code == 204
    assert made["sha256"] not in hub.state.store
    assert hub.log(action="content.erase")[0].subject == made["sha256"]


def test_deleting_a_document_leaves_nothing_of_it(hub):
    made = attach(hub, "ada", "a", b"only here").json()
    told = {"item": "engines/guide", "title": "Talk", "text": "Secret words"}
    thread = hub.post("bose", "/threads", told).json()
    assert hub.ask("ada", "DELETE", "/items/engines/guide").status_code == 200
    assert made["sha256"] not in hub.state.store
    for path in ("/documents/engines/guide", f"/threads/{thread['id']}"):
        assert hub.get("ada", path).status_code == 404
    assert hub.get("ada", "/search").json()["total"] == 0
    with hub.state.engine.connect() as connection:
        for table in ("document_revisions", "attachments", "thread_posts", "search_entries",
                      "search_words"):  # fmt: skip
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 0
    assert change(hub, "ada", "x", '"x"').status_code == 404


def test_a_notebook_of_an_item_is_read_without_running(hub):
    hub.make("ada", "engines/book", kind="notebook")
    content = b'{"nbformat": 4, "cells": [{"cell_type": "markdown", "source": "# Hi <script>"}]}'
    hub.add("ada", "engines/book", {"a.ipynb": content, "b.ipynb": b"\xff\xfe", "c": b"{}"})
    path = "/items/engines/book/versions/newest/notebook"
    shown = hub.get("bose", path, params={"path": "a.ipynb"})
    assert shown.text == "<div><h1>Hi &lt;script&gt;</h1>\n</div>\n"
    for other in ("b.ipynb", "c"):
        assert hub.get("bose", path, params={"path": other}).status_code == 415
    assert hub.get("bose", path).status_code == 404
    assert hub.get("curie", path, params={"path": "a.ipynb"}).status_code == 404
