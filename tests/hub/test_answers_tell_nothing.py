"""What is answered again, told in lists, or done by the way, and must not tell or cost too much."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from PIL import Image
from small_hub import SmallHub, small_hub
from sqlalchemy import event, select

from lepton_hub.api.idempotency import RepeatableAnswer
from lepton_hub.api.routes import version_routes
from lepton_hub.database import engine as engines
from lepton_hub.database.moments import now
from lepton_hub.permissions import AccessRequest, SharedLink
from lepton_hub.storage import StorageError

RIDES = "/items/engines/rides"


@pytest.fixture
def hub(tmp_path):
    with small_hub(tmp_path) as hub:
        yield hub


# ── Answers that are given again ──────────────────────────────────────────────────────────────
def test_no_answer_tells_that_something_hidden_was_deleted(hub: SmallHub):
    hub.make("curie", "particles/secret")
    card = {"title": "particles/secret", "licence": "x", "origin": "particles/secret@1"}
    asked = [
        ("/requests", {"item": "particles/secret", "role": "read"}),
        ("/items", {"space": "~ada", "name": "spy", "kind": "dataset",
                    "card": {**card, "personal_data": "none"}}),
        ("/threads", {"item": "~ada/spy", "kind": "question", "title": "particles/secret",
                      "text": "particles/secret@1"}),
    ]  # fmt: skip

    def ask() -> list[tuple[int, bytes]]:
        answers = [
            hub.post("ada", path, told, **{"Idempotency-Key": str(number)})
            for number, (path, told) in enumerate(asked)
        ]
        return [(answer.status_code, answer.content) for answer in answers]

    before = ask()
    assert [status for status, _ in before] == [202, 201, 201]
    assert hub.ask("curie", "DELETE", "/items/particles/secret").status_code == 200
    assert ask() == before


def test_a_key_that_expires_in_the_middle_adds_no_empty_version(hub: SmallHub, monkeypatch):
    hub.make("ada", "engines/rides")
    told = {"files": [{"path": "a.csv", "upload": hub.upload("ada", b"a")}]}
    monkeypatch.setattr(version_routes, "is_known", lambda *_: True)
    answer = hub.post("ada", f"{RIDES}/versions", told, **{"Idempotency-Key": "k"})
    assert answer.status_code == 409
    assert hub.get("ada", f"{RIDES}/versions").json()["total"] == 0


# ── Cards and contents ────────────────────────────────────────────────────────────────────────
def test_the_same_tags_in_another_order_are_no_change(hub: SmallHub):
    hub.make("ada", "engines/rides", tags=["b", "c"])
    read = hub.get("ada", f"{RIDES}/card")
    card = {**read.json(), "title": "New", "tags": ["c", "b", "c"]}
    headers = {"If-Match": read.headers["etag"]}
    changed = hub.ask("ada", "PUT", f"{RIDES}/card", json=card, headers=headers)
    assert hub.log(action="card.change")[0].detail == {"changed": ["title"]}
    again = {**card, "tags": ["c", "a", "b"]}
    headers = {"If-Match": changed.headers["etag"]}
    changed = hub.ask("ada", "PUT", f"{RIDES}/card", json=again, headers=headers)
    assert changed.json()["tags"] == ["a", "b", "c"]


def test_a_head_of_a_range_is_that_of_the_whole(hub: SmallHub):
    hub.make("ada", "engines/rides")
    hub.add("ada", "engines/rides", {"a.bin": b"0123456789"})
    path = f"{RIDES}/versions/1/files/a.bin"
    answer = hub.ask("ada", "HEAD", path, headers={"Range": "bytes=2-3"})
    assert (answer.status_code, answer.headers["content-length"]) == (200, "10")


def npy(header: str) -> bytes:
    """An array of NumPy whose header says what it likes."""
    text = header.encode("latin1").ljust(118) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize(
    "header",
    ["{'descr': (", "{[]: 1}", "{'descr': (), 'fortran_order': False, 'shape': (3,)}", "(" * 110],
)
def test_a_header_that_somebody_made_up_is_refused_in_words(hub: SmallHub, header):
    hub.make("ada", "engines/rides")
    hub.add("ada", "engines/rides", {"bad.npy": npy(header)})
    answer = hub.get("ada", f"{RIDES}/versions/1/preview")
    assert (answer.status_code, answer.json()["detail"]) == (
        415,
        "The file is not of the type its name says.",
    )


def test_lines_of_json_end_where_json_says(hub: SmallHub):
    hub.make("ada", "engines/rides")
    lines = '{"a": "one\u2028two\u0085three"}\r\n{"a": "four"}\n'
    hub.add("ada", "engines/rides", {"a.jsonl": lines.encode()})
    shown = hub.get("ada", f"{RIDES}/versions/1/preview").json()
    assert shown["rows"] == [["one\u2028two\u0085three"], ["four"]]


def test_a_large_picture_is_in_memory_once(hub: SmallHub, monkeypatch):
    packed = io.BytesIO()
    Image.new("RGB", (500, 400), "navy").save(packed, "PNG")
    hub.make("ada", "engines/rides")
    hub.add("ada", "engines/rides", {"a.png": packed.getvalue()})
    monkeypatch.delattr(Image.Image, "copy")
    monkeypatch.delattr(Image.Image, "convert")
    answer = hub.get("ada", f"{RIDES}/versions/1/preview")
    assert answer.status_code == 200
    assert Image.open(io.BytesIO(answer.content)).size == (320, 256)


def test_a_content_that_cannot_be_read_is_no_mistake_of_its_maker(hub: SmallHub, monkeypatch):
    hub.make("ada", "engines/rides")
    hub.add("ada", "engines/rides", {"a.csv": b"a\n1\n"})

    def gone(*_: object) -> int:
        raise StorageError("The disk is on fire")

    monkeypatch.setattr(hub.state.store, "size", gone)
    assert hub.get("ada", f"{RIDES}/versions/1/preview").status_code == 500


def test_paths_that_differ_in_how_an_accent_is_written_are_the_same(hub: SmallHub):
    hub.make("ada", "engines/rides")
    answer = hub.add("ada", "engines/rides", {"caf\u00e9.csv": b"1", "CAFE\u0301.csv": b"2"})
    assert answer.status_code == 422
    assert "occurs twice" in answer.json()["detail"]


# ── Work that grows, and work in whose way nobody may be ──────────────────────────────────────
def test_who_waits_for_an_owner_is_found_in_one_query(hub: SmallHub):
    counted: list[int] = []
    statements: list[str] = []
    engine = hub.state.engine
    event.listen(engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    for number in range(6):
        hub.make("ada", f"~ada/item-{number}")
        hub.post("curie", "/requests", {"item": f"~ada/item-{number}"})
        statements.clear()
        found = hub.get("ada", "/requests/to-me").json()["requests"]
        counted.append(len(statements))
    assert [one["item"] for one in found] == [f"~ada/item-{number}" for number in range(6)]
    assert len(set(counted)) == 1


def test_a_version_of_many_files_takes_few_queries(hub: SmallHub):
    hub.make("ada", "engines/rides")
    counted: list[int] = []
    for count in (2, 12):
        files = [
            {"path": f"{n}.csv", "upload": hub.upload("ada", f"{count} {n}".encode())}
            for n in range(count)
        ]
        statements: list[str] = []
        listener = lambda *told, seen=statements: seen.append(told[2])  # noqa: E731
        event.listen(hub.state.engine, "before_cursor_execute", listener)
        assert hub.post("ada", f"{RIDES}/versions", {"files": files}).status_code == 201
        event.remove(hub.state.engine, "before_cursor_execute", listener)
        counted.append(sum("pending_uploads" in statement for statement in statements))
    assert counted[0] == counted[1]


def test_health_and_uploads_wait_for_nobody_who_writes(tmp_path, monkeypatch):
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.3)
    with small_hub(tmp_path, database=f"sqlite:///{tmp_path}/hub.sqlite") as hub:
        upload = hub.post("ada", "/uploads", {"size": 4, "sha256": "0" * 64}).json()["id"]
        with hub.state.engine.begin():
            assert hub.get("ada", "/health").status_code == 200
            headers = {"Upload-Offset": "0"}
            sent = hub.ask("ada", "PATCH", f"/uploads/{upload}", content=b"abcd", headers=headers)
            assert sent.status_code == 204
            assert hub.get("ada", f"/uploads/{upload}").json()["offset"] == 4


# ── Housekeeping ──────────────────────────────────────────────────────────────────────────────
def test_a_part_of_the_housekeeping_that_fails_stops_no_other(hub: SmallHub, monkeypatch):
    with hub.state.sessions.begin() as session:
        old = {"fingerprint": "f", "status": 201, "content": "{}"}
        long_ago = now() - timedelta(days=2)
        session.add(RepeatableAnswer(person="ada", key="k", given_at=long_ago, **old))

    def broken(*_: object) -> None:
        raise StorageError("The bucket does not answer")

    monkeypatch.setattr(hub.state.store, "sweep", broken)
    with pytest.raises(ExceptionGroup) as raised:
        hub.state.tidy()
    assert [str(error) for error in raised.value.exceptions] == ["The bucket does not answer"]
    with hub.state.sessions.begin() as session:
        assert session.get(RepeatableAnswer, ("ada", "k")) is None


def test_requests_and_links_that_have_expired_are_deleted(hub: SmallHub):
    hub.make("ada", "engines/rides")
    for number in range(2):
        hub.post("curie", "/requests", {"item": f"engines/rides-{number}", "message": "please"})
        hub.post("ada", f"{RIDES}/links", {"hours": 1})
    with hub.state.sessions.begin() as session:
        request = session.scalars(select(AccessRequest)).first()
        request.asked_at -= timedelta(days=30)
        link = session.scalars(select(SharedLink)).first()
        link.expires_at = now()
        gone = {request.id, link.id}
    hub.state.tidy()
    with hub.state.sessions.begin() as session:
        left = {*session.scalars(select(AccessRequest.id)), *session.scalars(select(SharedLink.id))}
    assert len(left) == 2
    assert not left & gone


def test_what_was_erased_before_the_store_failed_is_in_the_log(hub: SmallHub, monkeypatch):
    hub.make("ada", "engines/rides")
    hub.add("ada", "engines/rides", {"a.csv": b"first", "b.csv": b"second"})
    usual = hub.state.store.delete
    erased: list[str] = []

    def delete(sha256: str) -> None:
        if erased:
            raise StorageError("The bucket does not answer")
        erased.append(sha256)
        usual(sha256)

    monkeypatch.setattr(hub.state.store, "delete", delete)
    assert hub.ask("ada", "DELETE", RIDES).status_code == 200
    assert [entry.subject for entry in hub.log(action="content.erase")] == erased
