"""The start page: news, and what is waiting for the person."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from lepton_hub.api.answers import summary_of
from lepton_hub.api.request_context import State, note
from lepton_hub.api.routes.access_request_routes import requests_to
from lepton_hub.catalogue.items import existing
from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.database.moments import now
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.digest import list_news
from lepton_hub.knowledge.subscriptions import following
from lepton_hub.knowledge.thread_listing import ThreadFilters, list_threads
from lepton_hub.pages.knowledge.news_views import news_views
from lepton_hub.pages.knowledge.thread_views import view_of
from lepton_hub.pages.page_rendering import render
from lepton_hub.pages.visitors import Visitor
from lepton_hub.recommendations import also_needed

router = APIRouter(include_in_schema=False)

NEWS_LAST = timedelta(days=30)
MOST_READ, MOST_NEWS, MOST_SHOWN = 100, 10, 5


@router.get("/pages")
def without_slash(state: State) -> RedirectResponse:
    """Redirect to the start page."""
    return RedirectResponse(f"{state.settings.prefix}/pages/", 302)


@router.get("/pages/")
def start(request: Request, state: State, person: Visitor) -> Response:
    """Show the person's news; to a newcomer, first steps."""
    with state.reading.begin() as session:
        context = _context(session, person)
        note(session, person, "digest.read", "start")
    return render(request, person, "overview/start.html", **context)


def _context(session: Session, person: Person) -> dict[str, Any]:
    latest = list_news(session, person, now() - NEWS_LAST, MOST_READ)
    news = news_views(latest)
    open_questions = ThreadFilters(kind="question", made_by=person.name, answered=False)
    mine, question_count = list_threads(session, person, open_questions, MOST_SHOWN, None)
    waiting = requests_to(session, person)
    followed = following(session, person)
    items = _latest(session, person)
    return {
        "news": news[:MOST_NEWS],
        "more_news": len(news) > MOST_NEWS or len(latest) == MOST_READ,
        "questions": [view_of(thread) for thread in mine],
        "question_count": question_count,
        "waiting": waiting,
        "items": items,
        "followed": followed,
        "also": also_needed(session, person, limit=MOST_SHOWN),
        "is_newcomer": not (followed or items or question_count),
    }


def _latest(session: Session, person: Person) -> list[Any]:
    """Return the person's most recently changed items."""
    query = existing(person).where(SharedItem.owner == person.name)
    query = query.order_by(SharedItem.changed_at.desc(), SharedItem.id.desc()).limit(MOST_SHOWN)
    return [summary_of(item) for item in session.scalars(query)]
