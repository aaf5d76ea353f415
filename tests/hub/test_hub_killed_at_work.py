"""A hub that is killed while people upload, edit, discuss, delete and run jobs.

After each kill, nothing is half there: the audit log, replayed, says what the tables say. At the
end everything that was acknowledged is there, byte by byte. `make kills KILLS=50` kills it so
often, at other moments each time.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest
from audit_logs import DATABASES, database_url
from bounded_waits import join_all, killed_after, until, wait_and_kill
from conftest import CLONE
from killed_clients import CODE, MINUTES, PROGRAM, RESULT, Colleague
from killed_hub import LONGEST_SECONDS, Life, draw_life, hub_settings
from log_replay import contradictions
from small_hub import CARD
from sqlalchemy import Engine, Executable, func, select, text
from sqlalchemy.orm import Session

from lepton_hub.audit import verify
from lepton_hub.catalogue.dependents import CONTENT_COLUMNS
from lepton_hub.catalogue.tables import PendingUpload, UnneededContent
from lepton_hub.database import open_database
from lepton_hub.keys import KeyRing
from lepton_hub.storage import BlobStore

KILLS = int(os.environ.get("LEPTON_KILLS", "0"))
USUAL_KILLS = {"sqlite": 6, "postgresql": 3}
LIFE_SECONDS = 1.0 if KILLS else 0.4
PEOPLE = ("ada", "bose", "curie", "dora")
SEED = int(os.environ.get("LEPTON_KILLS_SEED", time.time_ns() % 10**6 if KILLS else 12))


class KilledHub:
    """The process that lends hubs their lives."""

    def __init__(self) -> None:
        support = CLONE / "tests" / "support"
        paths = os.pathsep.join(map(str, (support, CLONE / "tests", CLONE)))
        self.process = subprocess.Popen(
            [sys.executable, support / "killed_hub.py"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": paths}, start_new_session=True,
        )  # fmt: skip
        self.seconds = 0.0
        with killed_after(self.process):
            self.url = f"http://127.0.0.1:{self.process.stdout.readline().strip()}"

    def begin(self, life: Life) -> None:
        self.process.stdin.write(life.to_json() + "\n")
        self.process.stdin.flush()

    def end(self) -> None:
        """Have a life end that lasts until it is told so."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.over()

    def over(self) -> str:
        """Wait for the end of a life; return who died first."""
        with killed_after(self.process, 4 * LONGEST_SECONDS):
            told = json.loads(self.process.stdout.readline())
        self.seconds += told["seconds"]
        return told["first"]


@pytest.fixture(scope="module")
def killed() -> Iterator[KilledHub]:
    hub = KilledHub()
    yield hub
    with suppress(OSError):
        hub.process.stdin.close()
    wait_and_kill(hub.process, 60)
    hub.process.stdout.close()


@dataclass
class Witness:
    """Looks into a dead hub's database and contents."""

    engine: Engine
    store: BlobStore

    def look(self, people: list[Colleague]) -> None:
        """Nothing is half there, and the log's chain is whole."""
        if self.engine.dialect.name == "postgresql":
            self._wait_for_commits()
        shared = set().union(*(one.shared for one in people))
        with Session(self.engine) as session:
            assert verify(session).whole
            assert contradictions(session, self.store, shared) == []

    def wait_for_erasures(self) -> None:
        count = select(func.count(UnneededContent.sha256))
        until(lambda: not self._number(count), "all that nobody needs is erased")

    def look_for_remains(self, people: list[Colleague]) -> None:
        """Contents are as they were shared; of what was deleted nothing is left."""
        for blob in self.store.blobs():
            self.store.check(blob.sha256)
        stored = {blob.sha256 for blob in self.store.blobs()}
        with Session(self.engine) as session:
            columns = [*CONTENT_COLUMNS, PendingUpload.sha256]
            needed = {sha for column in columns for sha in session.scalars(select(column))}
        gone = set().union(*(one.gone for one in people))
        assert (gone & stored) - needed == set()
        dropped = {id_ for one in people for id_ in one.dropped}
        left = {name.split("/")[1] for name in self.store.place.names("uploads")}
        assert dropped & left == set()

    def _wait_for_commits(self) -> None:
        """PostgreSQL may still be at what a killed process asked for last."""
        others = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid != pg_backend_pid() AND backend_type = 'client backend'"
        )
        until(lambda: not self._number(others), "nobody else is at the database")

    def _number(self, query: Executable) -> int:
        with self.engine.connect() as connection:
            return connection.scalar(query)


@pytest.mark.parametrize("kind", DATABASES)
def test_nothing_acknowledged_is_lost_and_nothing_is_half_there(kind, tmp_path, killed):
    kills = KILLS or USUAL_KILLS[kind]
    print(f"{kills} kills, seed {SEED}")
    with database_url(kind, tmp_path) as url:
        people = [Colleague(killed.url, name, SEED, jobs=2 + kills // 4) for name in PEOPLE]
        killed.begin(Life(str(tmp_path), url))
        prepare(people[0])
        killed.end()
        settings = hub_settings(tmp_path, url)
        store = BlobStore(settings.blobs, KeyRing.load_or_create(settings.keys))
        engine = open_database(url)
        witness = Witness(engine, store)
        try:
            for one in people:
                one.thread.start()
            chance = random.Random(SEED)
            deaths = Counter()
            for _ in range(kills):
                killed.begin(draw_life(tmp_path, url, chance, LIFE_SECONDS))
                deaths[killed.over()] += 1
                print(end=".", flush=True)
                assert [one.failure for one in people if one.failure] == []
                witness.look(people)
            killed.begin(Life(str(tmp_path), url))
            for one in people:
                one.enough.set()
            join_all([one.thread for one in people], 300)
            assert [one.failure for one in people if one.failure] == []
            wait_for_jobs(people)
            assert [lost for one in people for lost in one.check()] == []
            check_jobs(people)
            witness.wait_for_erasures()
            killed.end()
            witness.look(people)
            witness.look_for_remains(people)
        finally:
            for one in people:
                one.enough.set()
            engine.dispose()
        again = sum((one.sent_again for one in people), Counter())
        done = sum((one.done for one in people), Counter())
        print(f"{killed.seconds:.1f} s of lives, {time.process_time():.1f} s here")
        print(f"{dict(deaths)}; acknowledged: {dict(done)}; unanswered: {dict(again)}")
        assert again


def prepare(ada: Colleague) -> None:
    """Share a program, an item for results, and a document that several people change."""
    for reference, kind in ((CODE, "code"), (RESULT, "model")):
        space, name = reference.split("/")
        ada.post("/items", {"space": space, "name": name, "kind": kind, "card": CARD})
    files = [{"path": "a.py", "upload": ada.upload(PROGRAM)}]
    ada.post(f"/items/{CODE}/versions", {"files": files})
    space, name = MINUTES.split("/")
    ada.post("/documents", {"space": space, "name": name, "title": "Minutes", "text": "x"})
    for reference in (MINUTES, RESULT):
        role = {"subject": "person", "name": "bose", "role": "contribute"}
        answer, _ = ada.send("PUT", f"/items/{reference}/grants", role)
        assert answer.status_code == 200


def wait_for_jobs(people: list[Colleague]) -> None:
    for one in people:
        for job in one.jobs:
            until(lambda: has_ended(one, job), f"job {job} has ended")  # noqa: B023


def has_ended(asker: Colleague, job: str) -> bool:
    return asker.read(f"/jobs/{job}").json()["state"] not in ("queued", "running")


def check_jobs(people: list[Colleague]) -> None:
    """Each job that was not cancelled left one version, and in it its own number."""
    for one in people:
        for job, number in one.jobs.items():
            told = one.read(f"/jobs/{job}").json()
            if told["state"] == "cancelled" and f"/jobs/{job}" in one.facts:
                continue
            assert told["state"] == "succeeded", told
            item, _, version = told["result"].partition("@")
            file = one.read(f"/items/{item}/versions/{version}/files/own.txt")
            assert file.text == str(number)
