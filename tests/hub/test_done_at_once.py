"""What two do at once on PostgreSQL: nothing outlasts its deletion, and no news are lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from bounded_waits import join_all, until
from conftest import skip_unless_ci
from postgres import postgres_programs, postgres_server
from small_hub import ADA, BOSE, CARD, small_hub
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from lepton_hub.catalogue.cards import Card, NewFile, NewVersion
from lepton_hub.catalogue.items import NotVisible, delete_item, find_item, write_card
from lepton_hub.catalogue.tables import SharedItem, Version
from lepton_hub.catalogue.versions import StoredFile, add_version
from lepton_hub.database.moments import now
from lepton_hub.knowledge import (
    Attachment,
    DigestMail,
    DiscussionThread,
    DocumentRevision,
    ThreadPost,
)
from lepton_hub.knowledge.attachments import attach
from lepton_hub.knowledge.digest_mail import MailServer, send_due_digests
from lepton_hub.knowledge.discussions import (
    accept,
    add_post,
    begin_thread,
    delete_post,
    find_post,
    find_thread,
    own_post,
    reword,
)
from lepton_hub.knowledge.document_fields import NewRevision, NewThread
from lepton_hub.knowledge.documents import add_revision
from lepton_hub.permissions import Action, Grant, Role, Subject
from lepton_hub.permissions.grants import give_role

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"
FILE = StoredFile("a.csv", "0" * 64, 1, "text/csv")


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    programs = postgres_programs()
    if programs is None:
        skip_unless_ci("No PostgreSQL found. On Debian: sudo apt install postgresql")
    with (
        postgres_server(programs) as server,
        small_hub(tmp_path_factory.mktemp("hub"), database=server.new_database("hub")) as made,
    ):
        yield made


def at_once(hub, first: Callable[[Session], object], second: Callable[[Session], object]):
    """Do the first, then begin the second, and commit the first once the second waits or is done.

    Return what the second raised, if anything.
    """
    raised: list[BaseException] = []

    def other() -> None:
        try:
            with hub.state.sessions.begin() as session:
                second(session)
        except NotVisible as error:
            raised.append(error)

    with hub.state.sessions() as session, hub.state.engine.connect() as watching:
        first(session)
        session.flush()
        thread = threading.Thread(target=other, daemon=True)
        thread.start()

        def waits_or_is_done() -> bool:
            watching.rollback()
            return not thread.is_alive() or bool(watching.execute(text(WAITING)).scalar())

        until(waits_or_is_done, "the second one waits or is done")
        session.commit()
        join_all([thread])
    return raised


def asked(hub, reference: str) -> tuple[str, str]:
    """Ask a question about a new item; return the ids of the thread and of bose's answer."""
    hub.make("ada", reference)
    told = {"item": reference, "kind": "question", "title": "Why?", "text": "x"}
    id_ = hub.post("ada", "/threads", told).json()["id"]
    return id_, hub.post("bose", f"/threads/{id_}/posts", {"text": "So."}).json()["id"]


def test_an_answer_that_is_deleted_is_not_accepted(hub):
    id_, answer = asked(hub, "engines/one")

    def accepts(session: Session) -> None:
        accept(session, ADA, find_thread(session, ADA, id_), answer)

    def deletes(session: Session) -> None:
        delete_post(session, BOSE, find_post(session, BOSE, answer))

    assert not at_once(hub, accepts, deletes)
    assert hub.get("ada", f"/threads/{id_}").json()["accepted"] is None
    answer = hub.post("bose", f"/threads/{id_}/posts", {"text": "So."}).json()["id"]
    assert at_once(hub, deletes, accepts)
    assert hub.get("ada", f"/threads/{id_}").json()["accepted"] is None


def test_nothing_is_said_in_a_discussion_that_is_deleted(hub):
    id_, answer = asked(hub, "engines/two")
    first = hub.get("ada", f"/threads/{id_}/posts").json()["posts"][0]["id"]

    def deletes(session: Session) -> None:
        delete_post(session, ADA, find_post(session, ADA, first))

    def says(session: Session) -> None:
        add_post(session, BOSE, find_thread(session, BOSE, id_), "late")

    assert at_once(hub, deletes, says)
    id_, answer = asked(hub, "engines/three")
    first = hub.get("ada", f"/threads/{id_}/posts").json()["posts"][0]["id"]
    assert not at_once(hub, says, deletes)
    with hub.state.sessions.begin() as session:
        left = select(ThreadPost.text).join(DiscussionThread)
        assert session.scalars(left.where(DiscussionThread.deleted_at.is_not(None))).all() == []


def test_a_post_that_is_deleted_gets_no_other_wording(hub):
    id_, answer = asked(hub, "engines/four")

    def deletes(session: Session) -> None:
        delete_post(session, BOSE, find_post(session, BOSE, answer))

    def rewords(session: Session) -> None:
        reword(session, own_post(session, BOSE, answer), "secret")

    assert at_once(hub, deletes, rewords)
    with hub.state.sessions.begin() as session:
        found = select(ThreadPost.id).where(ThreadPost.text == "secret")
        assert session.scalars(found).all() == []


VERSION = NewVersion(files=[NewFile(path="a.csv", upload="x")])
CHANGES = {
    "version": (
        Action.ADD_VERSION,
        lambda session, item: add_version(session, ADA, item, VERSION, [FILE]),
        select(Version.id),
    ),
    "attachment": (
        Action.EDIT_CARD,
        lambda session, item: attach(session, ADA, item, FILE),
        select(Attachment.id),
    ),
    "revision": (
        Action.EDIT_CARD,
        lambda session, item: add_revision(session, ADA, item, NewRevision(text="late"), 1),
        select(DocumentRevision.id),
    ),
    "card": (
        Action.EDIT_CARD,
        lambda session, item: write_card(item, Card(**{**CARD, "title": "late"})),
        select(SharedItem.id).where(SharedItem.title == "late"),
    ),
    "grant": (
        Action.SHARE,
        lambda session, item: give_role(session, item, ADA, Subject.PERSON, "dora", Role.READ),
        select(Grant.id),
    ),
    "thread": (
        Action.VIEW,
        lambda session, item: begin_thread(
            session, ADA, NewThread(item=item.reference, title="late", text="late")
        ),
        select(DiscussionThread.id).where(DiscussionThread.title == "late"),
    ),
}
"""What is done with an item, as which action, and the query for what must not be left of it."""


@pytest.mark.parametrize("deletes_first", [True, False])
@pytest.mark.parametrize("kind", CHANGES)
def test_nothing_is_left_of_an_item_that_is_deleted(hub, kind, deletes_first):
    action, change, left = CHANGES[kind]
    name = f"gone-{kind}-{deletes_first}".lower()
    told = {"space": "engines", "name": name, "title": "Gone", "text": "x"}
    assert hub.post("ada", "/documents", told).status_code == 201

    def deletes(session: Session) -> None:
        delete_item(session, find_item(session, ADA, "engines", name, Action.DELETE), "ada")

    def changes(session: Session) -> None:
        change(session, find_item(session, ADA, "engines", name, action))

    steps = (deletes, changes) if deletes_first else (changes, deletes)
    assert bool(at_once(hub, *steps)) == deletes_first
    with hub.state.sessions.begin() as session:
        assert session.scalars(left).all() == []


def test_news_that_are_committed_late_come_with_the_next_digest(hub, monkeypatch):
    sent: list[str] = []
    monkeypatch.setattr(MailServer, "send", lambda _, message: sent.append(message.get_content()))
    hub.make("ada", "engines/slow")
    hub.ask("bose", "PUT", "/subscriptions/item/engines/slow")
    with hub.state.sessions.begin() as session:
        session.add(DigestMail(person="bose", every_days=1, sent_until=now() - timedelta(days=2)))
    server = MailServer("smtp://h", "hub@example.org", "example.org")

    def send(days: float) -> None:
        moment = now() + timedelta(days=days)
        send_due_digests(hub.state.sessions, server, hub.known.people.get, moment)

    at_once(
        hub,
        lambda session: begin_thread(
            session, ADA, NewThread(item="engines/slow", title="It takes a while", text="x")
        ),
        lambda session: send(0),
    )
    assert not any("It takes a while" in text for text in sent)
    send(1.1)
    assert [text.count("It takes a while") for text in sent][-1:] == [1]
