"""Fill a hub with made-up items and documents, and serve it to made-up people.

`made_up_hub.py fill DIR ITEMS DOCUMENTS [DATABASE]` fills an empty folder, or an empty database of
PostgreSQL by its URL; `made_up_hub.py serve DIR PORT` serves it. Who somebody is, a token says that
nobody must know: this is for measuring alone.
"""

from __future__ import annotations

import os
import random
import sqlite3
import sys
import time
from base64 import urlsafe_b64encode
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import accumulate
from pathlib import Path

from cryptography.fernet import Fernet
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from lepton_hub.api.service_state import open_service
from lepton_hub.application import create_app
from lepton_hub.database import open_database, upgrade_database
from lepton_hub.identity.made_up import MadeUpIdentity, MadeUpSignIn
from lepton_hub.search.audiences import ADMINISTRATORS, audience
from lepton_hub.search.entry_ids import first_id
from lepton_hub.search.tsvector_words import vector
from lepton_hub.search.word_forms import words_of
from lepton_hub.search.word_index import word_index
from lepton_hub.search.word_query import EntryWords, fact
from lepton_hub.server import listening, serve
from lepton_hub.settings import settings_of

PEOPLE, TEAMS, ORGANISATIONS, WORDS, LENGTH = 1000, 100, 5, 20_000, 80
SECRET = b"a secret of made-up people"
KINDS = ("dataset", "model", "code", "notebook")
TAGS = [f"tag{number}" for number in range(200)]
Rows = dict[str, list[tuple]]
"""By table with its columns."""
BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)


def word(number: int) -> str:
    """Return a made-up word: syllables of a number."""
    syllables = ("ba", "ke", "di", "lo", "mu", "ra", "se", "ti", "vo", "nu")
    return "".join(syllables[int(digit)] for digit in f"{number:03d}")


VOCABULARY = [word(number) for number in range(WORDS)]
CUMULATED = list(accumulate(1 / (rank + 3) for rank in range(WORDS)))
"""Zipf's law: the r-th commonest word is about 1/r as frequent."""


def people() -> dict[str, tuple[str, ...]]:
    """Return the made-up people, with their groups."""
    return {
        f"p{number}": (
            f"team-t{number % TEAMS}",
            f"organisation-o{number % TEAMS % ORGANISATIONS}",
        )
        for number in range(PEOPLE)
    }


def identity() -> MadeUpIdentity:
    """Return what knows these people."""
    return MadeUpIdentity(SECRET, people())


def sign_in() -> MadeUpSignIn:
    """Return how their browsers sign in; another process can make the same cookies."""
    return MadeUpSignIn(identity(), Fernet(urlsafe_b64encode(sha256(SECRET).digest())))


def fill(folder: Path, items: int, documents: int, database: str | None = None) -> None:
    """Write items and documents straight into the tables, with all that search needs."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "hub.sqlite"
    engine = open_database(database or f"sqlite:///{file}")
    upgrade_database(engine)
    if database:
        _copy(engine, items, documents)
        return
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA synchronous = OFF")
    words: dict[int, EntryWords] = {}
    for number, (rows, entry, known) in enumerate(_rows(items, documents), start=1):
        words[entry] = known
        for table, some in rows.items():
            marks = ", ".join("?" * len(some[0]))
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", some)
        if number % 5000 == 0 or number == items + documents:
            connection.commit()
            with Session(engine) as session:
                word_index(session).put(words)
                session.commit()
            words = {}
    connection.close()
    engine.dispose()


def _copy(engine: Engine, items: int, documents: int) -> None:
    """Fill PostgreSQL, a table after the other."""
    tables: dict[str, list[tuple]] = defaultdict(list)
    forward = tables["search_words_forward (entry_id, audiences, words)"]
    entries: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for rows, entry, words in _rows(items, documents):
        forward.append((entry, "", vector(words)))
        entries[tuple(words.readers)].append(entry)
        for table, some in rows.items():
            tables[table] += some
    with engine.connect() as connection:
        cursor = connection.connection.cursor()
        cursor.execute("SET TIME ZONE 'UTC'")
        for table, some in tables.items():
            with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                for row in some:
                    copy.write_row(row)
        connection.connection.commit()
    with Session(engine) as session:
        for readers, ids in entries.items():
            word_index(session).readdress(ids, list(readers))
        session.commit()
    with engine.connect() as connection:
        cursor = connection.connection.cursor()
        cursor.connection.autocommit = True
        cursor.execute("VACUUM ANALYZE")


def _rows(items: int, documents: int) -> Iterator[tuple[Rows, int, EntryWords]]:
    """Yield the rows of each item, by table with its columns, its entry's id and words."""
    chance = random.Random(0)
    for number in range(1, items + documents + 1):
        kind = KINDS[number % 4] if number <= items else "document"
        owner = chance.randrange(PEOPLE)
        team = f"t{owner % TEAMS}"
        title = " ".join(chance.choices(VOCABULARY, cum_weights=CUMULATED, k=4)).capitalize()
        text = " ".join(chance.choices(VOCABULARY, cum_weights=CUMULATED, k=LENGTH))
        tags = sorted({TAGS[int(chance.paretovariate(0.7)) % 200] for _ in range(3)})
        moment = BEGINNING + timedelta(minutes=5 * number)
        when = moment.strftime("%Y-%m-%d %H:%M:%S.%f")
        entry = first_id(moment)
        told = [("kind", kind), ("team", team), ("owner", f"p{owner}")]
        facts = [fact(*one) for one in (*told, *(("tag", tag) for tag in tags))]
        card = ("", "CC0-1.0", "made up", "", "")
        share = chance.random()
        words = (words_of(some) for some in (title, " ".join(tags), text))
        rows = {
            "items (id, public_id, space, name, team, kind, owner, title, description, category, "
            "licence, origin, intended_use, limits, personal_data, card_revision, created_at, "
            "changed_at)": [
                (number, f"{number:016d}", team, f"i{number}", team, kind, f"p{owner}", title, "",
                 *card, "none", 1, when, when)
            ],
            "item_tags (item_id, tag)": [(number, tag) for tag in tags],
            **_revision(number, kind, text, owner, when),
            **_grants(number, share, when, owner),
            "search_entries (id, key, kind, item_id, team, owner, changed_at)": [
                (entry, f"item-{number}", kind, number, team, f"p{owner}", when)
            ],
            "search_texts (entry_id, title, text)": [(entry, title, text)],
            "search_tags (entry_id, tag)": [(entry, tag) for tag in tags],
        }  # fmt: skip
        yield rows, entry, EntryWords(*words, facts, _readers(share, owner))


def _revision(number: int, kind: str, text: str, owner: int, when: str) -> Rows:
    if kind != "document":
        return {}
    columns = "document_revisions (item_id, number, text, note, made_by, made_at)"
    return {columns: [(number, 1, text, "", f"p{owner}", when)]}


def _grants(number: int, share: float, when: str, owner: int) -> Rows:
    """Share a fifth with everybody, a fifth with an organisation."""
    granted = _granted(share, owner)
    if granted is None:
        return {}
    columns = "grants (item_id, subject, name, role, granted_by, granted_at)"
    return {columns: [(number, *granted, "read", f"p{owner}", when)]}


def _granted(share: float, owner: int) -> tuple[str, str] | None:
    if share < 0.2:
        return "everybody", ""
    return ("organisation", f"o{owner % TEAMS % ORGANISATIONS}") if share < 0.4 else None


def _readers(share: float, owner: int) -> list[str]:
    """Return the audiences of an item."""
    named = [("person", f"p{owner}"), ("team", f"t{owner % TEAMS}"), _granted(share, owner)]
    return [*sorted(audience(*one) for one in named if one), ADMINISTRATORS]


def run(folder: Path, port: int) -> None:
    """Serve a folder until this process is asked to end."""
    settings = replace(settings_of(folder, {}), requests_a_minute=1e9, burst=10**9)
    state = open_service(settings, identity(), made_up=sign_in())
    serve(create_app(state), listening("127.0.0.1", port, 0))


if __name__ == "__main__":
    if sys.argv[1] == "fill":
        begun = time.monotonic(), time.process_time()
        fill(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), *sys.argv[5:])
        print(
            f"filled in {time.monotonic() - begun[0]:.1f} s, "
            f"{time.process_time() - begun[1]:.1f} s of processor time"
        )
    else:
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        run(Path(sys.argv[2]), int(sys.argv[3]))
