"""The made-up content is removed from a hub in which somebody works at the same moment.

On PostgreSQL, whoever writes locks what they change and then the audit log. Were the log locked
first, each would wait for the other, and the database would end one of them.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator

import pytest
from bounded_waits import join_all, until
from conftest import skip_unless_ci
from postgres import PostgresServer, postgres_programs, postgres_server
from small_hub import SmallHub, small_hub
from sqlalchemy import Select, select, text

from lepton_hub.audit import append
from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.demonstration.cast import BOSE
from lepton_hub.demonstration.filling import COUNTING, RIDERSHIP, SECTION_TITLE, fill_if_empty
from lepton_hub.demonstration.removal import remove_made_up
from lepton_hub.knowledge import DiscussionThread, Subscription
from lepton_hub.recommendations import ItemUse

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    programs = postgres_programs()
    if programs is None:
        skip_unless_ci("No PostgreSQL found. On Debian: sudo apt install postgresql")
    with postgres_server(programs) as server:
        yield server


@pytest.fixture
def hub(server, tmp_path) -> Iterator[SmallHub]:
    url = server.new_database(f"hub_{secrets.token_hex(4)}")
    with small_hub(tmp_path, database=url) as hub:
        hub.known.people["bose"] = BOSE
        assert fill_if_empty(hub.state)
        yield hub


def held() -> dict[str, Select]:
    """Return what somebody may be changing when the removal comes to it."""
    space, _, name = COUNTING.partition("/")
    last = SharedItem.space == space, SharedItem.name == name
    about = select(SharedItem.id).where(SharedItem.space + "/" + SharedItem.name == RIDERSHIP)
    return {
        "a subscription": select(Subscription).where(Subscription.person == "curie"),
        "a thread about an item": select(DiscussionThread).where(
            DiscussionThread.item_id == about.scalar_subquery()
        ),
        "the last item": select(SharedItem).where(*last),
        "a thread about the course": select(DiscussionThread).where(
            DiscussionThread.title == SECTION_TITLE
        ),
        "a use of an item": select(ItemUse),
    }


def test_nobody_waits_for_each_other(hub):
    state = hub.state
    removed: list[int] = []
    work = threading.Thread(
        target=lambda: removed.append(remove_made_up(state.sessions, state.store)), daemon=True
    )
    others = {what: state.sessions() for what in held()}
    try:
        for what, query in held().items():
            locked = query.with_for_update(key_share=True, of=query.column_descriptions[0]["type"])
            assert others[what].scalars(locked).all() or what == "a use of an item"
        work.start()
        for what, session in others.items():
            until(lambda: waits(hub) or not work.is_alive(), f"the removal waits for {what}")
            append(session, actor="ada", action="test.write", subject=what, detail={})
            session.commit()
        join_all([work])
    finally:
        for session in others.values():
            session.close()
    assert removed == [5]
    assert deadlocks(hub) == 0
    assert hub.get("grace", "/items").json()["total"] == 0
    assert hub.get("grace", "/threads").json()["total"] == 0


def test_what_its_owner_deletes_meanwhile_is_not_counted(hub):
    state = hub.state
    with state.sessions() as session:
        space, _, name = COUNTING.partition("/")
        mine = select(SharedItem).where(SharedItem.space == space, SharedItem.name == name)
        item = session.scalars(mine.with_for_update(key_share=True)).one()
        removed: list[int] = []
        work = threading.Thread(
            target=lambda: removed.append(remove_made_up(state.sessions, state.store)), daemon=True
        )
        work.start()
        until(lambda: waits(hub), "the removal waits for the item")
        item.deleted_at = item.changed_at
        session.commit()
        join_all([work])
    assert removed == [4]


def waits(hub: SmallHub) -> bool:
    with hub.state.engine.connect() as watching:
        return bool(watching.scalar(text(WAITING)))


def deadlocks(hub: SmallHub) -> int:
    with hub.state.engine.connect() as connection:
        connection.execute(text("SELECT pg_stat_force_next_flush()"))
        connection.rollback()
        return connection.scalar(text(DEADLOCKS))
