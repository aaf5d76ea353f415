"""Measure searches in a filled hub: `search_times.py DIR [--database URL] [--closed]`.

Each is a whole request, answered in this process without a socket: the API's, or the page's. Its
processor time is that of this process and, with PostgreSQL on this machine, of its server.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import quantiles
from typing import Any

from fastapi.testclient import TestClient
from made_up_hub import PEOPLE, SECRET, TAGS, VOCABULARY, people
from sqlalchemy import Engine, select, text

from lepton_hub.api.service_state import ServiceState, open_service
from lepton_hub.application import create_app
from lepton_hub.identity.made_up import MadeUpIdentity, MadeUpSignIn
from lepton_hub.identity.oauth import COOKIE
from lepton_hub.permissions import Grant
from lepton_hub.server import keep_what_is_loaded
from lepton_hub.settings import settings_of

COMMON = VOCABULARY[:20]
STRANGER, ADMINISTRATOR = "stranger", "root"
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class SearchKind:
    """A kind of search. words: each is drawn from one of these lists. who: None: anybody."""

    name: str
    words: Sequence[Sequence[str]] = ()
    who: str | None = None
    more: dict[str, Any] = field(default_factory=dict)
    page: int = 1

    def query(self, chance: random.Random) -> dict[str, Any]:
        """Return the parameters of a request."""
        drawn = {name: chance.choice(values) for name, values in self.more.items()}
        return {"q": " ".join(chance.choice(words) for words in self.words), **drawn}


KINDS = (
    SearchKind("a rare word", [VOCABULARY[2000:]]),
    SearchKind("two words", [VOCABULARY[:300]] * 2),
    SearchKind("one of the commonest", [COMMON]),
    SearchKind("two of the commonest", [COMMON] * 2),
    SearchKind("a beginning", [[word[:4] for word in VOCABULARY[:1000]]]),
    SearchKind("none: all"),
    SearchKind("commonest, a kind chosen", [COMMON], more={"kind": ("model", "document")}),
    SearchKind("commonest, a tag chosen", [COMMON], more={"tag": TAGS[:20]}),
    SearchKind("commonest, a person chosen", [COMMON], more={"owner": list(people())}),
    SearchKind("commonest, the second page", [COMMON], page=2),
    SearchKind("commonest, who sees all", [COMMON], who=ADMINISTRATOR),
    SearchKind("commonest, who sees a fifth", [COMMON], who=STRANGER),
)
CLOSED = (
    SearchKind("commonest, who sees a hundredth", [COMMON]),
    SearchKind("two of the commonest, who sees a hundredth", [COMMON] * 2),
    SearchKind("none: all, who sees a hundredth"),
)
"""For a hub where nothing is shared beyond teams."""


class MeasuredHub:
    """A hub that answers in this process, and the processor time that it takes."""

    def __init__(self, folder: Path, database: str | None) -> None:
        everybody = {**people(), STRANGER: (), ADMINISTRATOR: ("hub-administrators",)}
        identity = MadeUpIdentity(SECRET, everybody)
        settings = replace(settings_of(folder, {}), requests_a_minute=1e9, burst=10**9)
        if database:
            settings = replace(settings, database=database)
        self.sign_in = MadeUpSignIn(identity)
        self.state: ServiceState = open_service(settings, identity, made_up=self.sign_in)
        self.client = TestClient(create_app(self.state))
        self.server = postmaster(self.state.engine) if database else None

    def ask(self, who: str, path: str, query: dict[str, Any]) -> tuple[Any, float]:
        """Return an answer, and the milliseconds of processor time it took."""
        self.client.cookies.set(COOKIE, self.sign_in.cookie_of(who))
        begun = self.processor_time()
        answer = self.client.get(path, params=query)
        took = (self.processor_time() - begun) * 1000
        assert answer.status_code == 200, answer.text
        return answer, took

    def processor_time(self) -> float:
        """Return the seconds that this process and PostgreSQL's have used."""
        own = time.process_time()
        return own + (sum(server_times(self.server)) if self.server else 0)


def postmaster(engine: Engine) -> int:
    """Return the number of PostgreSQL's first process, the parent of the others."""
    with engine.connect() as connection:
        backend = connection.execute(text("SELECT pg_backend_pid()")).scalar()
    return int(Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()[1])


def server_times(number: int) -> Iterator[float]:
    """Yield the seconds of a server's processes: those that run, and those that have ended."""
    stat = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    yield (int(stat[13]) + int(stat[14])) / TICKS
    for child in Path(f"/proc/{number}/task/{number}/children").read_text().split():
        yield int(Path(f"/proc/{child}/schedstat").read_text().split()[0]) / 1e9


def measure(hub: MeasuredHub, kind: SearchKind, count: int) -> None:
    """Print a line: how many are found, and the milliseconds of both ways to ask."""
    chance = random.Random(1)
    times: dict[str, list[float]] = {"/search": [], "/pages/search": []}
    found = []
    for _ in range(count):
        who = kind.who or f"p{chance.randrange(PEOPLE)}"
        query = kind.query(chance)
        for _ in range(kind.page - 1):
            cursor = hub.ask(who, "/search", query)[0].json()["next"]
            query = {**query, **({"cursor": cursor} if cursor else {})}
        for path, some in times.items():
            answer, took = hub.ask(who, path, query)
            some.append(took)
            if path == "/search":
                found.append(answer.json()["total"])
    shown = [f"{p50(some):.0f}, {p95(some):.0f} ms" for some in times.values()]
    print(f"| {kind.name} | {sum(found) / count:,.0f} | {' | '.join(shown)} |", flush=True)


def take_back_grants(state: ServiceState) -> None:
    """Delete all grants, so that the index is updated with them; this takes minutes."""
    left = True
    while left:
        with state.sessions.begin() as session:
            grants = session.scalars(select(Grant).limit(500)).all()
            for grant in grants:
                session.delete(grant)
            left = bool(grants)


def p50(values: list[float]) -> float:
    """Return the median."""
    return quantiles(values, n=2)[0]


def p95(values: list[float]) -> float:
    """Return what 95% are below."""
    return quantiles(values, n=20, method="inclusive")[-1]


def main() -> None:
    """Print a table of all kinds of searches."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--database")
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--closed", action="store_true", help="takes back all grants, for good")
    told = parser.parse_args()
    hub = MeasuredHub(told.folder, told.database)
    if told.closed:
        take_back_grants(hub.state)
    keep_what_is_loaded()  # as the hub's server does
    for _ in range(3):  # the first requests of a process also load what all need
        hub.ask("p1", "/search", {"q": "warm"})
        hub.ask("p1", "/pages/search", {"q": "warm"})
    print("| words | found, counted (mean) | the API: p50, p95 | the page: p50, p95 |")
    print("|---|---:|---:|---:|")
    for kind in CLOSED if told.closed else KINDS:
        measure(hub, kind, told.count)


if __name__ == "__main__":
    main()
