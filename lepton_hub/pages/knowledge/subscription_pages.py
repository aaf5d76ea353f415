"""Subscriptions, the digest of their news, the feed, and the digest by e-mail."""

from __future__ import annotations

import re
from datetime import timedelta

from fastapi import APIRouter, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from lepton_hub.api.knowledge.moment_cursors import from_moment_cursor, to_moment_cursor
from lepton_hub.api.knowledge.subscription_routes import DAYS, TARGETS, Days
from lepton_hub.api.paging import Cursor
from lepton_hub.api.request_context import State, note
from lepton_hub.api.routes.other_routes import leads_here
from lepton_hub.api.service_state import ServiceState
from lepton_hub.catalogue.cards import ItemKind
from lepton_hub.catalogue.items import NotVisible, existing
from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.database.moments import now
from lepton_hub.identity.person import Person
from lepton_hub.knowledge import Subscription
from lepton_hub.knowledge.digest import list_news
from lepton_hub.knowledge.subscriptions import (
    Followed,
    TooManySubscriptions,
    list_subscriptions,
    mail_wish,
    subscribe,
    unsubscribe,
    wish_mail,
)
from lepton_hub.pages.forms.form_reading import by_field
from lepton_hub.pages.knowledge.news_views import news_views
from lepton_hub.pages.page_rendering import render, see_other
from lepton_hub.pages.visitors import SentForm, Visitor

router = APIRouter(include_in_schema=False)

ON_A_PAGE = 50
_HERE = "/pages/subscriptions"


@router.get("/pages/digest")
def show_digest(
    request: Request, state: State, person: Visitor, days: Days = 30, cursor: Cursor = None
) -> Response:
    """Show the digest, latest first."""
    before = from_moment_cursor(cursor)
    since = now() - timedelta(days=days)
    with state.reading.begin() as session:
        found = list_news(session, person, since, ON_A_PAGE + 1, before)
        follows = len(list_subscriptions(session, person))
        page = found[:ON_A_PAGE]
        news = news_views(page)
        note(session, person, "digest.read", "digest")
    last = page[-1] if len(found) > ON_A_PAGE else None
    return render(
        request, person, "knowledge/digest.html",
        news=news, days=days, follows=follows,
        next=to_moment_cursor(last.at, last.key) if last else None,
    )  # fmt: skip


@router.get("/pages/subscriptions")
def show_subscriptions(request: Request, state: State, person: Visitor) -> Response:
    """Show the person's subscriptions, and how the digest is delivered."""
    return _page(request, state, person)


@router.post("/pages/subscriptions")
def change_subscription(
    request: Request, state: State, person: Visitor, form: SentForm
) -> Response:
    """Follow or unfollow something, then return to the page with the button."""
    kind = form.get("kind", "")
    target = form.get("target", "").strip()
    if kind not in list(Followed) or not re.fullmatch(TARGETS[Followed(kind)], target):
        problem = {
            "target": f"No {kind or 'thing'} can have this name." if target else "Type a name."
        }
        return _page(request, state, person, form.get("target", ""), kind, problem)
    try:
        said = _change(state, person, Followed(kind), target, form.get("wish") != "unfollow")
    except TooManySubscriptions:
        problem = {"target": "You follow too many things: unfollow some first."}
        return _page(request, state, person, target, kind, problem)
    except NotVisible:
        if "back" in form:
            raise
        with state.sessions.begin() as session:
            note(session, person, "refused", _HERE, method="POST", status=404)
        problem = {"target": "There is no such item that you may see."}
        return _page(request, state, person, target, kind, problem, 404)
    prefix = state.settings.prefix
    back = form.get("back", "")
    is_page = back.startswith("/pages/") and leads_here(f"{prefix}{back}", prefix)
    return see_other(request, back if is_page else _HERE, said)


@router.post("/pages/subscriptions/mail")
def change_mail(request: Request, state: State, person: Visitor, form: SentForm) -> Response:
    """Have the digest sent by e-mail each day or each week, or never."""
    every = form.get("every", "")
    problem = None
    if every not in DAYS:
        problem = "Choose one."
    elif every != "never" and state.mail is None:
        problem = "This hub sends no e-mail."
    elif every != "never" and state.mail and state.mail.address_of(person.name) is None:
        problem = "The hub does not know your e-mail address."
    if problem:
        return _page(request, state, person, problems={"every": problem})
    with state.sessions.begin() as session:
        wish_mail(session, person, DAYS[every])
        note(session, person, "digest.wish", "mail", every=every)
    said = (
        "You will get no digest by e-mail."
        if every == "never"
        else f"You will get the digest every {every}."
    )
    return see_other(request, _HERE, said)


def _change(state: ServiceState, person: Person, kind: Followed, target: str, follow: bool) -> str:
    """Follow or unfollow something; return the message."""
    with state.sessions.begin() as session:
        if follow:
            _, is_new = subscribe(session, person, kind, target)
            if is_new:
                note(session, person, "subscription.make", f"{kind}:{target}")
            return f"You now follow {target}."
        unsubscribe(session, person, kind, target)
        note(session, person, "subscription.end", f"{kind}:{target}")
        return f"You no longer follow {target}."


def _documents(session: Session, person: Person) -> frozenset[str]:
    """Return the public ids of the followed items that are documents."""
    query = existing(person).where(SharedItem.kind == ItemKind.DOCUMENT)
    mine = select(Subscription.target).where(Subscription.person == person.name)
    return frozenset(session.scalars(query.with_only_columns(SharedItem.public_id).where(
        SharedItem.public_id.in_(mine)
    )))  # fmt: skip


def _page(
    request: Request,
    state: ServiceState,
    person: Person,
    target: str = "",
    kind: str = "",
    problems: dict[str, str] | None = None,
    status: int = 422,
) -> Response:
    with state.reading.begin() as session:
        followed = list_subscriptions(session, person)
        documents = _documents(session, person)
        wish = mail_wish(session, person)
        note(session, person, "subscription.list", "subscriptions")
    mail = state.mail
    feed = f"{request.url.scheme}://{request.url.netloc}{state.settings.prefix}/digest.atom"
    return render(
        request, person, "knowledge/subscriptions.html",
        status=status if problems else 200,
        followed=followed, documents=documents, feed=feed,
        target=target, kind=kind, problems=by_field(problems),
        every="never" if wish is None else "day" if wish.every_days == 1 else "week",
        address=mail.address_of(person.name) if mail else None,
    )  # fmt: skip
