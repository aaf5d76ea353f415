"""Contents that a slow network brings: no writer waits for them, and none is lost for that."""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count

import pytest
from bounded_waits import join_all, until
from conftest import skip_unless_ci
from httpx import Response
from postgres import PostgresServer, postgres_programs, postgres_server
from small_hub import SmallHub, small_hub
from waiting_place import WaitingPlace, waiting

from lepton_hub.catalogue.contents import UploadProblem, keep_contents, see_contents
from lepton_hub.catalogue.erasure import erase_later, erase_unneeded
from lepton_hub.catalogue.tables import UnneededContent
from lepton_hub.catalogue.versions import StoredFile
from lepton_hub.database import engine as engines

RIDES = "/items/engines/rides"
CONTENT = b"content"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
FILE = StoredFile("a.csv", DIGEST, len(CONTENT), "text/csv")


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    programs = postgres_programs()
    if programs is None:
        skip_unless_ci("No PostgreSQL found. On Debian: sudo apt install postgresql")
    with postgres_server(programs) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def hub(request, tmp_path, monkeypatch) -> Iterator[SmallHub]:
    monkeypatch.setattr(engines, "BUSY_SECONDS", 5)
    url = f"sqlite:///{tmp_path}/hub.sqlite"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").new_database(f"hub{time.monotonic_ns()}")
    with small_hub(tmp_path, database=url) as hub:
        hub.make("ada", "engines/rides")
        yield hub


def begin(hub: SmallHub, _: int) -> Callable[[], Response]:
    return lambda: hub.post("ada", "/uploads", {"size": 7, "sha256": DIGEST})


def send(hub: SmallHub, number: int) -> Callable[[], Response]:
    content = f"sent {number}".encode()
    told = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    id_ = hub.post("ada", "/uploads", told).json()["id"]
    offset = {"Upload-Offset": "0"}
    return lambda: hub.ask("ada", "PATCH", f"/uploads/{id_}", content=content, headers=offset)


def add_version(hub: SmallHub, number: int) -> Callable[[], Response]:
    upload = hub.upload("ada", f"version {number}".encode())
    told = {"files": [{"path": "a.csv", "upload": upload}]}
    return lambda: hub.post("ada", f"{RIDES}/versions", told)


def attach(hub: SmallHub, number: int) -> Callable[[], Response]:
    told = {"space": "engines", "name": f"text{number}", "title": "T", "text": "T"}
    assert hub.post("ada", "/documents", told).status_code == 201
    upload = hub.upload("ada", f"attached {number}".encode())
    place = f"/documents/engines/text{number}/attachments"
    return lambda: hub.post("ada", place, {"name": "a.csv", "upload": upload})


def erase(hub: SmallHub, number: int) -> Callable[[], Response]:
    hub.make("ada", f"engines/gone{number}")
    hub.add("ada", f"engines/gone{number}", {"a.csv": f"gone {number}".encode()})
    return lambda: hub.ask("ada", "DELETE", f"/items/engines/gone{number}")


def test_nobody_waits_for_a_request_that_waits_for_the_store(hub):
    """Whichever call of the store's it is that waits: others write meanwhile."""
    for way in (begin, send, add_version, attach, erase):
        for calls in count():
            ask, answers = way(hub, calls), []
            with waiting(hub.state.store, calls) as slow:
                work = {"target": lambda a=ask, b=answers: b.append(a()), "daemon": True}
                thread = threading.Thread(**work)
                thread.start()
                until(lambda s=slow, t=thread: s.reached.is_set() or not t.is_alive(), "an answer")
                waits = slow.reached.is_set()
                if waits:
                    made = hub.make("bose", f"~bose/{way.__name__}{calls}".replace("_", "-"))
                    assert made.status_code == 201, f"{way.__name__}, call {calls}: {made.text}"
                slow.go.set()
                join_all([thread])
            assert answers[0].is_success, answers[0].text
            if not waits:
                break
        assert calls > 0
    assert hub.state.store.sweep(-10).removed == 0


def see(hub: SmallHub):
    return see_contents(hub.state.reading, hub.state.store, [FILE])


def keep(hub: SmallHub, seen) -> None:
    """Refer to the content, as by a version."""
    with hub.state.sessions.begin() as session:
        keep_contents(session, seen, [])


def let_go(hub: SmallHub, by: str = "ada") -> None:
    with hub.state.sessions.begin() as session:
        erase_later(session, [DIGEST], by)


def erasures(hub: SmallHub) -> int:
    return len(hub.log(action="content.erase"))


def test_what_was_erased_after_it_was_seen_is_not_kept(hub):
    hub.state.store.write([CONTENT])
    seen = see(hub)
    let_go(hub)
    hub.state.erase()
    with pytest.raises(UploadProblem, match="upload it again"):
        keep(hub, seen)
    with pytest.raises(UploadProblem, match="upload it again"):
        see(hub)
    hub.state.store.write([CONTENT])
    keep(hub, see(hub))
    assert erasures(hub) == 1


def test_what_is_being_erased_is_not_kept(hub):
    hub.state.store.write([CONTENT])
    let_go(hub)
    seen = see(hub)
    with waiting(hub.state.store, 0) as slow:
        thread = threading.Thread(target=hub.state.erase, daemon=True)
        thread.start()
        until(slow.reached.is_set, "the erasure")
        with pytest.raises(UploadProblem):
            keep(hub, seen)
        slow.go.set()
        join_all([thread])
    assert erasures(hub) == 1
    assert DIGEST not in hub.state.store


def test_an_erasure_that_was_cut_off_is_not_forgotten(hub, monkeypatch):
    hub.state.store.write([CONTENT])
    let_go(hub)
    with monkeypatch.context() as patch:
        patch.setattr(hub.state.store, "delete", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            hub.state.erase()
    with pytest.raises(UploadProblem):
        keep(hub, see(hub))
    let_go(hub, "bose")
    hub.state.erase()
    assert erasures(hub) == 1
    hub.state.store.write([CONTENT])
    keep(hub, see(hub))
    hub.state.erase()
    assert DIGEST in hub.state.store


def test_two_who_erase_take_turns(hub):
    """The slower one must not erase what was handed in again after the faster one."""
    hub.state.store.write([CONTENT])
    let_go(hub)
    erasing = [threading.Thread(target=hub.state.erase, daemon=True) for _ in range(2)]
    with waiting(hub.state.store, 0) as slow:
        for thread in erasing:
            thread.start()
        until(slow.reached.is_set, "the erasure")
        slow.go.set()
        join_all(erasing)
    assert erasures(hub) == 1
    with hub.state.sessions.begin() as session:
        assert session.query(UnneededContent).count() == 0


class Unsteady(WaitingPlace):
    """Takes a moment for each call, now and then a longer one."""

    def _call(self) -> None:
        time.sleep(random.choice([0, 0, 0.001, 0.005]))


def test_one_content_shared_and_deleted_by_many_at_once(hub):
    """Whoever was told that their version is there can read it until they delete it."""
    store = hub.state.store
    store.place = Unsteady(store.place, 0)
    store._use(store.keys)
    lost: list[str] = []

    def work(who: str) -> None:
        for number in range(5):
            item = f"~{who}/copy{number}"
            hub.make(who, item)
            for _ in range(20):
                with suppress(UploadProblem):
                    added = hub.add(who, item, {"a.csv": CONTENT})
                    if added.status_code == 201:
                        break
                    assert added.status_code == 409, added.text
            else:
                lost.append(f"{item} never came")
            got = hub.get(who, f"/items/{item}/versions/1/files/a.csv")
            if got.content != CONTENT:
                lost.append(f"{item}: {got.status_code}")
            hub.ask(who, "DELETE", f"/items/{item}")

    threads = [threading.Thread(target=work, args=[who]) for who in ("ada", "bose", "curie")]
    for thread in threads:
        thread.daemon = True
        thread.start()
    join_all(threads)
    assert not lost
    erase_unneeded(hub.state.sessions, store)
    assert DIGEST not in store
