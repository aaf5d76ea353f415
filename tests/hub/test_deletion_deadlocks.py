"""An item is deleted at the moment when a job ends in it, or somebody writes about it.

On PostgreSQL, each locks what the other needs, unless all lock in the same order: the item, what
belongs to it, the audit log.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from bounded_waits import join_all, until
from conftest import skip_unless_ci
from pool_hub import RESULT, PoolHub
from postgres import postgres_programs, postgres_server
from small_hub import CARD, SmallHub, small_hub
from sqlalchemy import text

from lepton_hub.jobs.running import job_results
from lepton_hub.knowledge import discussions

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
NEW = {"space": "engines", "name": "notes", "kind": "dataset", "card": CARD}


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    programs = postgres_programs()
    if programs is None:
        skip_unless_ci("No PostgreSQL found. On Debian: sudo apt install postgresql")
    with postgres_server(programs) as server:
        url = server.new_database("hub")
        with small_hub(tmp_path_factory.mktemp("hub"), database=url) as hub:
            pool = PoolHub(hub)
            pool.settings.folder.mkdir(parents=True, exist_ok=True)
            yield pool


def meanwhile(hub: SmallHub, ask: Callable[[], int], answers: list[int]) -> threading.Thread:
    """Have somebody ask, and return once that waits for a lock, or is done."""
    thread = threading.Thread(target=lambda: answers.append(ask()), daemon=True)
    thread.start()

    def waits_or_is_done() -> bool:
        with hub.state.engine.connect() as watching:
            return bool(watching.scalar(text(WAITING))) or not thread.is_alive()

    until(waits_or_is_done, "the deletion waits, or is done")
    return thread


def delete(hub: SmallHub, reference: str) -> int:
    return hub.ask("ada", "DELETE", f"/items/{reference}").status_code


def deadlocks(hub: SmallHub) -> int:
    with hub.state.engine.connect() as connection:
        connection.execute(text("SELECT pg_stat_force_next_flush()"))
        connection.rollback()
        return connection.scalar(text(DEADLOCKS))


def test_a_job_ends_while_its_item_is_deleted(pool, monkeypatch):
    usual, answers, threads = job_results.find_item, [], []

    def slow(session, person, space, name, action):
        if not threads and action is job_results.Action.ADD_VERSION:
            threads.append(meanwhile(pool.hub, lambda: delete(pool.hub, RESULT), answers))
        return usual(session, person, space, name, action)

    monkeypatch.setattr(job_results, "find_item", slow)
    job = pool.ran("open('results/a', 'w').write('x')")
    join_all(threads)
    assert (job["state"], job["attempts"], answers) == ("succeeded", 1, [200])
    assert deadlocks(pool.hub) == 0
    assert pool.hub.get("ada", f"/items/{RESULT}").status_code == 404


def test_somebody_writes_about_an_item_with_a_job_while_it_is_deleted(pool, monkeypatch):
    hub = pool.hub
    hub.post("ada", "/items", NEW)
    hub.make("ada", "engines/other", "model")
    hub.add("ada", "engines/notes", {"a.csv": b"a\n1\n"})
    program = pool.program({"a.py": "print(1)"})
    told = {"inputs": ["engines/notes@1"], "result": "engines/other"}
    id_ = pool.ask(program, **told).json()["id"]
    about = {"item": "engines/notes", "kind": "question", "title": "Why?", "text": "x"}
    thread = hub.post("ada", "/threads", about).json()["id"]
    usual, answers, threads = discussions._locked, [], []

    def slow(session, locked):
        found = usual(session, locked)
        if not threads:
            threads.append(meanwhile(hub, lambda: delete(hub, "engines/notes"), answers))
        return found

    monkeypatch.setattr(discussions, "_locked", slow)
    said = hub.post("bose", f"/threads/{thread}/posts", {"text": "So."})
    join_all(threads)
    assert (said.status_code, answers) == (201, [200])
    assert deadlocks(hub) == 0
    assert hub.get("ada", f"/threads/{thread}").status_code == 404
    job = pool.told(id_)
    assert (job["state"], job["detail"]) == ("cancelled", "An item it needs was deleted.")
