"""My team: its space, its active colleagues, and the organisation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import Select, func, select, union_all
from sqlalchemy.orm import Session

from lepton_hub.api.answers import SharedSummary, summary_of
from lepton_hub.api.request_context import State, note
from lepton_hub.catalogue.cards import ItemKind
from lepton_hub.catalogue.items import existing
from lepton_hub.catalogue.tables import SharedItem, Version
from lepton_hub.identity.person import Person
from lepton_hub.knowledge import DiscussionThread, DocumentRevision, ThreadPost
from lepton_hub.knowledge.discussions import every_visible_thread
from lepton_hub.knowledge.subscriptions import following
from lepton_hub.pages.page_rendering import render
from lepton_hub.pages.visitors import Visitor
from lepton_hub.permissions import Grant, Subject

router = APIRouter(include_in_schema=False)

MOST_ITEMS, MOST_COLLEAGUES = 10, 50


@dataclass(frozen=True)
class TeamView:
    """A team as its members see it. seen: active people with their last activity."""

    name: str
    items: list[SharedSummary]
    item_count: int
    documents: list[SharedSummary]
    document_count: int
    seen: list[tuple[str, datetime]]


@router.get("/pages/team")
def show_teams(request: Request, state: State, person: Visitor) -> Response:
    """Show the person's teams and organisation."""
    with state.reading.begin() as session:
        teams = [_view(session, person, team) for team in sorted(person.teams)]
        shared = _shared_with_organisation(session, person)
        followed = following(session, person)
        note(session, person, "team.read", "teams")
    return render(
        request, person, "overview/team.html", teams=teams, shared=shared, followed=followed
    )


def _view(session: Session, person: Person, team: str) -> TeamView:
    here = existing(person).where(SharedItem.team == team)
    is_document = SharedItem.kind == ItemKind.DOCUMENT
    items, item_count = _latest(session, here.where(~is_document))
    documents, document_count = _latest(session, here.where(is_document))
    seen = _seen(session, person, here, team)
    return TeamView(team, items, item_count, documents, document_count, seen)


def _latest(session: Session, query: Select[tuple[SharedItem]]) -> tuple[list[SharedSummary], int]:
    """Return the most recently changed items, and the total."""
    count = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    order = (SharedItem.changed_at.desc(), SharedItem.id.desc())
    found = session.scalars(query.order_by(*order).limit(MOST_ITEMS))
    return [summary_of(item) for item in found], count


def _seen(
    session: Session, person: Person, here: Select[tuple[SharedItem]], team: str
) -> list[tuple[str, datetime]]:
    """Return the authors of what the team's members may see, most recently active first."""
    ids = here.with_only_columns(SharedItem.id)
    thread, post = DiscussionThread, ThreadPost
    to_team = (thread.audience == Subject.TEAM) & (thread.audience_name == team)
    threads = every_visible_thread(person).where(thread.item_id.in_(ids) | to_team)
    deeds: list[Select[Any]] = [
        here.with_only_columns(SharedItem.owner.label("who"), SharedItem.created_at.label("at")),
        select(Version.made_by, Version.made_at).where(Version.item_id.in_(ids)),
        select(DocumentRevision.made_by, DocumentRevision.made_at).where(
            DocumentRevision.item_id.in_(ids)
        ),
        select(post.made_by, post.made_at).where(
            post.thread_id.in_(threads.with_only_columns(thread.id)), post.deleted_at.is_(None)
        ),
    ]
    everything = union_all(*deeds).subquery()
    last = func.max(everything.c.at)
    query = select(everything.c.who, last).group_by(everything.c.who)
    rows = session.execute(query.order_by(last.desc(), everything.c.who).limit(MOST_COLLEAGUES))
    return [(who, at) for who, at in rows]


def _shared_with_organisation(session: Session, person: Person) -> list[SharedSummary]:
    """Return what others have shared with the person's organisation."""
    if person.organisation is None:
        return []
    granted = select(Grant.item_id).where(
        Grant.subject == Subject.ORGANISATION, Grant.name == person.organisation
    )
    query = existing(person).where(SharedItem.id.in_(granted))
    return _latest(session, query)[0]
