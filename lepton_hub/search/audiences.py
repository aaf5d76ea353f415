"""Audiences: those that may read a search entry, and those a person belongs to.

An **audience** is a person, a team, an organisation, or everybody. The index has a posting for each
word and each audience of an entry, and a search reads only the postings of the person's audiences,
so hidden entries cost no time. An entry's audiences permit whatever `visible_to` and `in_audience`
permit.
"""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Iterable
from hashlib import blake2b

from sqlalchemy import select
from sqlalchemy.orm import Session

from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.knowledge_tables import DiscussionThread
from lepton_hub.permissions import Grant, Subject

EVERYBODY = "e"
ADMINISTRATORS = "x"
"""The audience that reads everything. Entries for everybody need be indexed only for everybody."""


def audience(subject: str, name: str) -> str:
    """Return an audience's token: a short string of letters and digits.

    It is 64 bits of a cryptographic hash: the probability of a collision among 100,000 audiences is
    3 in 10,000,000,000. Even then nobody finds what they may not see.
    """
    if subject == Subject.EVERYBODY:
        return EVERYBODY
    digest = blake2b(f"{subject}:{name}".encode(), digest_size=8).digest()
    return b32encode(digest).decode().rstrip("=").lower()


def audiences_of(person: Person) -> list[str]:
    """Return the audiences that a person belongs to."""
    if person.admin:
        return [EVERYBODY, ADMINISTRATORS]
    named = [(Subject.PERSON, person.name), *((Subject.TEAM, team) for team in person.teams)]
    if person.organisation is not None:
        named.append((Subject.ORGANISATION, person.organisation))
    return [EVERYBODY, *sorted(audience(*one) for one in named)]


def readers_of_item(session: Session, item: SharedItem) -> list[str]:
    """Return the audiences that may read an item and the threads about it."""
    granted = select(Grant.subject, Grant.name).where(Grant.item_id == item.id)
    named = [(Subject.PERSON, item.owner), *session.execute(granted).tuples()]
    if item.team is not None:
        named.append((Subject.TEAM, item.team))
    return _readers(named)


def readers_of_thread(session: Session, thread: DiscussionThread) -> list[str]:
    """Return the audiences that may read a thread."""
    if thread.item is not None:
        return readers_of_item(session, thread.item)
    named = (str(thread.audience), thread.audience_name or "")
    return _readers([(Subject.PERSON, thread.made_by), named])


def needed(readers: list[str]) -> list[str]:
    """Return the subset of an entry's audiences that it must be indexed for."""
    return [EVERYBODY] if EVERYBODY in readers else readers


def _readers(named: Iterable[tuple[str, str]]) -> list[str]:
    return [*sorted({audience(*one) for one in named}), ADMINISTRATORS]
