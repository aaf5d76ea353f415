"""Versions, uploads that break, ranges, previews, bombs, lineage."""

from __future__ import annotations

import asyncio
import hashlib
import io
import pickle
import zipfile
import zlib
from datetime import timedelta

import numpy as np
import pytest
from PIL import Image
from small_hub import SmallHub, small_hub

from lepton_hub.catalogue import contents

RIDES = "/items/engines/rides/versions"


@pytest.fixture
def hub(tmp_path):
    with small_hub(tmp_path) as hub:
        hub.make("ada", "engines/rides")
        yield hub


def begin(hub: SmallHub, content: bytes, sha256: str | None = None) -> str:
    told = {"size": len(content), "sha256": sha256 or hashlib.sha256(content).hexdigest()}
    return hub.post("ada", "/uploads", told).json()["id"]


def send(hub: SmallHub, id_: str, offset: int, content: object):
    headers = {"Upload-Offset": str(offset)}
    return hub.ask("ada", "PATCH", f"/uploads/{id_}", content=content, headers=headers)


def add(hub: SmallHub, upload: str, path: str = "rides.csv", **more):
    return hub.post("ada", RIDES, {"files": [{"path": path, "upload": upload}], **more})


def test_versions_are_counted_and_never_overwritten(hub: SmallHub):
    first = hub.add("ada", "engines/rides", {"rides.csv": b"a\n1\n"})
    same = hub.add("ada", "engines/rides", {"rides.csv": b"a\n1\n"})
    second = hub.add("ada", "engines/rides", {"rides.csv": b"a\n2\n"}, note="corrected")
    assert [a.status_code for a in (first, same, second)] == [201, 200, 201]
    assert first.json() == same.json()
    assert second.json()["reference"] == "engines/rides@2"
    listed = hub.get("ada", RIDES).json()
    assert [version["number"] for version in listed["versions"]] == [2, 1]
    assert hub.get("bose", f"{RIDES}/1/files/rides.csv").content == b"a\n1\n"
    page = hub.get("ada", RIDES, params={"limit": 1}).json()
    rest = hub.get("ada", RIDES, params={"limit": 1, "cursor": page["next"]}).json()
    assert [rest["versions"][0]["number"], rest["next"], rest["total"]] == [1, None, 2]


def test_an_upload_goes_on_where_it_broke(hub: SmallHub):
    content = bytes(range(256)) * 100
    id_ = begin(hub, content)
    assert send(hub, id_, 0, content[:1000]).headers["upload-offset"] == "1000"
    doubled = send(hub, id_, 0, content[:1000])
    assert (doubled.status_code, doubled.json()["offset"]) == (409, 1000)
    early = add(hub, id_)
    assert early.status_code == 409
    assert "1000 of 25600" in early.json()["detail"]
    assert hub.get("ada", f"/uploads/{id_}").json()["offset"] == 1000
    assert send(hub, id_, 1000, content[1000:]).status_code == 204
    assert add(hub, id_).status_code == 201
    assert hub.get("ada", f"{RIDES}/1/files/rides.csv").content == content
    assert hub.get("ada", f"/uploads/{id_}").status_code == 404
    assert add(hub, id_).status_code == 409, "an upload is used once"


def send_and_break(hub: SmallHub, id_: str, content: bytes) -> None:
    """Send some bytes of an upload, then break the connection."""
    messages = [
        {"type": "http.request", "body": content, "more_body": True},
        {"type": "http.disconnect"},
    ]
    headers = [(b"authorization", b"token ada"), (b"upload-offset", b"0"), (b"host", b"hub")]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "PATCH",
        "scheme": "http", "path": f"/uploads/{id_}", "raw_path": b"", "query_string": b"",
        "root_path": "", "headers": headers, "client": ("127.0.0.1", 1), "server": ("hub", 80),
    }  # fmt: skip

    async def receive():
        return messages.pop(0)

    async def ignore(message):
        pass

    asyncio.run(hub.app(scope, receive, ignore))


def test_a_connection_that_breaks_loses_nothing_that_had_arrived(hub: SmallHub):
    id_ = begin(hub, b"x" * 3000)
    send_and_break(hub, id_, b"x" * 1000)
    assert hub.get("ada", f"/uploads/{id_}").json()["offset"] == 1000
    reached = hub.get("ada", f"/uploads/{id_}").json()["offset"]
    assert send(hub, id_, reached, b"x" * (3000 - reached)).status_code == 204
    assert add(hub, id_).status_code == 201


def test_a_wrong_hash_and_too_many_bytes_are_refused(hub: SmallHub):
    id_ = begin(hub, b"abc", sha256="0" * 64)
    send(hub, id_, 0, b"abc")
    wrong = add(hub, id_)
    assert wrong.status_code == 422
    assert "SHA-256" in wrong.json()["detail"]
    assert hub.get("ada", RIDES).json()["total"] == 0
    long = begin(hub, b"abc")
    assert send(hub, long, 0, b"abcd").status_code == 413
    assert hub.get("ada", f"/uploads/{long}").json()["offset"] == 3
    assert hub.ask("ada", "DELETE", f"/uploads/{long}").status_code == 204
    assert send(hub, long, 0, b"abc").status_code == 404
    assert hub.post("ada", "/uploads", {"size": -1, "sha256": "0" * 64}).status_code == 422
    assert hub.post("ada", "/uploads", {"size": 2**52, "sha256": "0" * 64}).status_code == 413


def test_an_upload_is_nobody_elses_and_a_hash_alone_gives_no_content(hub: SmallHub):
    secret = b"a secret"
    hub.make("curie", "~curie/secret")
    hub.add("curie", "~curie/secret", {"s.txt": secret})
    id_ = begin(hub, secret)
    for method, path in (("GET", id_), ("DELETE", id_), ("GET", "f" * 32)):
        assert hub.ask("curie", method, f"/uploads/{path}").status_code == 404
    assert add(hub, id_, "s.txt").status_code == 409, "whose hash is known is not had"
    hub.make("curie", "~curie/mine")
    stolen = {"files": [{"path": "a", "upload": id_}]}
    assert hub.post("curie", "/items/~curie/mine/versions", stolen).status_code == 409


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../up",
        "a/../../b",
        "a//b",
        ".",
        "a\\b",
        "c:x",
        "a\nb",
        "a\0b",
        "x. ",
        "con?",
    ],
)
def test_a_path_leads_nowhere_else(hub: SmallHub, path):
    assert add(hub, hub.upload("ada", b"x"), path).status_code == 422


def test_paths_that_are_the_same_on_some_computer_are_refused(hub: SmallHub):
    for paths in (("a.csv", "A.csv"), ("data", "data/a.csv")):
        answer = hub.add("ada", "engines/rides", dict.fromkeys(paths, b"x"))
        assert answer.status_code == 422, paths


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model.bin", pickle.dumps({"a": 1})),
        ("model.bin", pickle.dumps([1], protocol=2)),
        ("model.pt", b"anything"),
        ("table.npy", np.lib.format.magic(1, 0) + b"v\0{'descr': '|O', }"),
    ],
)
def test_pickles_are_refused(hub: SmallHub, name, content):
    answer = hub.add("ada", "engines/rides", {name: content})
    assert answer.status_code == 422
    assert "safetensors" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("asked", "status", "content", "told"),
    [
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("bytes=0-9", 200, b"0123456789", None),
        ("bytes=-99", 200, b"0123456789", None),
        ("bytes=5-2", 200, b"0123456789", None),
        ("bytes=1-2,4-5", 200, b"0123456789", None),
        ("lines=1-2", 200, b"0123456789", None),
        ("bytes=10-", 416, None, "bytes */10"),
        ("bytes=-0", 416, None, "bytes */10"),
    ],
)
def test_a_range_of_bytes(hub: SmallHub, asked, status, content, told):
    hub.add("ada", "engines/rides", {"a b.bin": b"0123456789"})
    answer = hub.get("ada", f"{RIDES}/1/files/a b.bin", headers={"Range": asked})
    assert answer.status_code == status
    assert content is None or answer.content == content
    assert answer.headers.get("content-range") == told
    other = {"Range": asked, "If-Range": '"another"'}
    assert hub.get("ada", f"{RIDES}/1/files/a b.bin", headers=other).status_code == 200


def test_a_download_says_what_it_is_and_is_not_sent_twice(hub: SmallHub):
    hub.add("ada", "engines/rides", {"ü.csv": b"x", "none.txt": b""})
    answer = hub.get("ada", f"{RIDES}/1/files/ü.csv")
    assert answer.headers["etag"] == f'"{hashlib.sha256(b"x").hexdigest()}"'
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''%C3%BC.csv"
    again = {"If-None-Match": answer.headers["etag"]}
    assert hub.get("ada", f"{RIDES}/1/files/ü.csv", headers=again).status_code == 304
    head = hub.ask("ada", "HEAD", f"{RIDES}/1/files/ü.csv")
    assert (head.headers["content-length"], head.content) == ("1", b"")
    assert hub.get("ada", f"{RIDES}/1/files/none.txt").content == b""


def test_tables_are_shown_from_their_beginning(hub: SmallHub):
    rows = "".join(f"{n},text {n}\n" for n in range(30_000))
    packed = io.BytesIO()
    np.savez(packed, riders=np.arange(12.0).reshape(6, 2), day=np.arange(3), none=np.array([]))
    hub.add("ada", "engines/rides", {
        "a.csv": f"number,said\n{rows}".encode(), "b.tsv": b"a\tb\n1\t2\n",
        "c.npz": packed.getvalue(),
        "d.jsonl": b'{"a": 1}\n{"a": [2], "b": "x"}\n', "e.csv": b"", "f.csv": b"\xff\xfe,\x00\n",
    })  # fmt: skip

    def preview(path):
        return hub.get("ada", f"{RIDES}/1/preview", params={"path": path}).json()

    table = preview("a.csv")
    assert table["columns"] == ["number", "said"]
    assert (len(table["rows"]), table["rows"][1], table["cut"]) == (20, ["1", "text 1"], True)
    assert preview("b.tsv") == {"columns": ["a", "b"], "rows": [["1", "2"]], "cut": False}
    assert preview("d.jsonl")["rows"] == [["1", ""], ["[2]", "x"]]
    assert preview("e.csv")["rows"] == []
    assert preview("f.csv")["columns"][1] == "\ufffd"
    arrays = preview("c.npz")
    assert arrays["columns"] == ["riders float64 (6, 2)", "day int64 (3,)", "none float64 (0,)"]
    assert arrays["rows"][0] == ["[0. 1.]", "0", ""]


def picture(size: tuple[int, int], kind: str = "PNG") -> bytes:
    found = io.BytesIO()
    Image.new("RGB", size, "navy").save(found, kind)
    return found.getvalue()


def bomb_of_pixels() -> bytes:
    """A PNG of 60,000 × 60,000 pixels in a few hundred bytes: only its head is true."""
    small = bytearray(picture((1, 1)))
    small[16:24] = (60_000).to_bytes(4, "big") * 2
    small[29:33] = zlib.crc32(bytes(small[12:29])).to_bytes(4, "big")
    return bytes(small)


def bomb_of_zeros() -> bytes:
    """An array of 800 MB in an archive of 800 kB."""
    packed = io.BytesIO()
    head = {"descr": "<f8", "fortran_order": False, "shape": (10**8,)}
    with (
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.npy", "w") as entry,
    ):
        np.lib.format.write_array_header_1_0(entry, head)
        for _ in range(20):
            entry.write(bytes(2**20))
    return packed.getvalue()


def test_pictures_are_shown_small(hub: SmallHub):
    hub.add(
        "ada", "engines/rides", {"a.jpg": picture((2000, 1000), "JPEG"), "b.png": picture((9, 9))}
    )
    answer = hub.get("ada", f"{RIDES}/1/preview", params={"path": "a.jpg"})
    assert answer.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(answer.content)).size == (320, 160)


def test_bombs_and_broken_files_are_refused_in_words(hub: SmallHub):
    hub.add("ada", "engines/rides", {
        "pixels.png": bomb_of_pixels(), "cut.png": picture((50, 50))[:60], "no.gif": b"GIF89a",
        "no.npz": b"PK\x03\x04" + bytes(500), "no.jsonl": b"{", "no.npy": b"\x93NUMPY",
        "a.txt": b"x", "list.jsonl": b"[1]\n",
    })  # fmt: skip
    for file in hub.get("ada", f"{RIDES}/1").json()["files"]:
        answer = hub.get("ada", f"{RIDES}/1/preview", params={"path": file["path"]})
        assert answer.status_code == 415, file["path"]
        assert answer.json()["detail"]
    hub.add("ada", "engines/rides", {"zeros.npz": bomb_of_zeros()})
    shown = hub.get("ada", f"{RIDES}/2/preview").json()
    assert (shown["columns"], len(shown["rows"])) == (["a float64 (100000000,)"], 20)


def test_lineage_shows_what_somebody_may_see(hub: SmallHub):
    hub.add("ada", "engines/rides", {"a.csv": b"1"})
    for space, who in (("~bose", "bose"), ("engines", "bose")):
        hub.make(who, f"{space}/model", kind="model")
        made = hub.add(who, f"{space}/model", {"w": b"2"}, made_from=["hub:engines/rides@1"])
        assert made.json()["made_from"] == ["engines/rides@1"]
    told = {name: hub.get(name, f"{RIDES}/1/lineage").json()["used_by"] for name in ("ada", "bose")}
    assert told == {"ada": ["engines/model@1"], "bose": ["engines/model@1", "~bose/model@1"]}
    hub.grant("bose", "engines/model", "person", "dora", "read")
    seen = hub.get("dora", "/items/engines/model/versions/1").json()
    assert seen["made_from"] == [], "what she may not see is not counted either"
    upload = hub.upload("dora", b"3")
    hub.make("dora", "~dora/x")
    place = "/items/~dora/x/versions"
    texts = set()
    for source in ("engines/rides@1", "engines/nothing@1"):
        told = {"files": [{"path": "a", "upload": upload}], "made_from": [source]}
        answer = hub.post("dora", place, told)
        texts.add((answer.status_code, answer.json()["detail"].replace(source, "…")))
    assert len(texts) == 1
    assert hub.post("dora", place, {**told, "made_from": ["a/b"]}).status_code == 422


def test_contents_that_were_never_used_are_forgotten(hub: SmallHub, monkeypatch):
    hub.add("ada", "engines/rides", {"a.csv": b"kept"})
    left = begin(hub, b"left")
    send(hub, left, 0, b"left")
    hub.state.store.write([b"alone"])
    hub.state.tidy()
    assert len(list(hub.state.store.blobs())) == 2, "new ones are spared"
    monkeypatch.setattr(contents, "SPARED_SECONDS", -1.0)
    monkeypatch.setattr(contents, "UPLOAD_LASTS", timedelta(seconds=-1))
    hub.state.tidy()
    assert [blob.sha256 for blob in hub.state.store.blobs()] == [
        hashlib.sha256(b"kept").hexdigest()
    ]
    assert hub.get("ada", f"/uploads/{left}").status_code == 404
