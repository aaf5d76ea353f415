"""Subscriptions, and the digest of their news: as JSON, as a feed, by e-mail."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from lepton_hub.api.conditional import tagged
from lepton_hub.api.knowledge.knowledge_answers import (
    DigestPage,
    SubscriptionAnswer,
    SubscriptionList,
    news_answer,
)
from lepton_hub.api.knowledge.moment_cursors import from_moment_cursor, to_moment_cursor
from lepton_hub.api.paging import Cursor, Limit
from lepton_hub.api.problems import Problem, described
from lepton_hub.api.request_context import Asker, State, note
from lepton_hub.catalogue.cards import TAG, Text
from lepton_hub.catalogue.names import ITEM, SPACE
from lepton_hub.database.moments import now
from lepton_hub.identity.person import PERSON, TEAM
from lepton_hub.knowledge.atom_feed import atom_feed
from lepton_hub.knowledge.digest import list_news
from lepton_hub.knowledge.document_fields import MailWish
from lepton_hub.knowledge.subscriptions import (
    Followed,
    TooManySubscriptions,
    list_subscriptions,
    mail_wish,
    subscribe,
    unsubscribe,
    wish_mail,
)

router = APIRouter(tags=["what is new"])

Target = Annotated[Text, Path(min_length=1, max_length=200)]
Days = Annotated[int, Query(ge=1, le=365, description="How far back.")]
DAYS = {"day": 1, "week": 7, "never": None}
TARGETS = {
    Followed.ITEM: f"{SPACE}/{ITEM}",
    Followed.TAG: TAG,
    Followed.TEAM: TEAM,
    Followed.PERSON: PERSON,
}
_FEED_ENTRIES = 100


@router.get("/subscriptions", response_model=SubscriptionList, responses=described())
def list_them(request: Request, state: State, person: Asker) -> Response:
    """List what you follow."""
    with state.reading.begin() as session:
        found = [
            SubscriptionAnswer(kind=one.kind, target=name, made_at=one.made_at)
            for one, name in list_subscriptions(session, person)
        ]
        wish = mail_wish(session, person)
        every = "never" if wish is None else "day" if wish.every_days == 1 else "week"
        note(session, person, "subscription.list", "subscriptions")
    return tagged(request, SubscriptionList(subscriptions=found, mail=every))


@router.put(
    "/subscriptions/{kind}/{target:path}",
    response_model=SubscriptionAnswer,
    responses=described(404, 409),
)
def follow(state: State, person: Asker, kind: Followed, target: Target) -> SubscriptionAnswer:
    """Follow an item (SPACE/NAME), a tag, a team or a person."""
    _check(kind, target)
    with state.sessions.begin() as session:
        try:
            found, is_new = subscribe(session, person, kind, target)
        except TooManySubscriptions as error:
            raise Problem(409, "You follow too many things: unfollow some first.") from error
        if is_new:
            note(session, person, "subscription.make", f"{kind}:{target}")
        return SubscriptionAnswer(kind=kind, target=target, made_at=found.made_at)


@router.delete("/subscriptions/{kind}/{target:path}", status_code=204, responses=described(404))
def unfollow(state: State, person: Asker, kind: Followed, target: Target) -> None:
    """Unfollow something."""
    _check(kind, target)
    with state.sessions.begin() as session:
        unsubscribe(session, person, kind, target)
        note(session, person, "subscription.end", f"{kind}:{target}")


@router.get("/digest", response_model=DigestPage, responses=described(400))
def digest(
    request: Request,
    state: State,
    person: Asker,
    days: Days = 30,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Return the news from what you follow that you may see, latest first."""
    before = from_moment_cursor(cursor)
    since = now() - timedelta(days=days)
    with state.reading.begin() as session:
        found = list_news(session, person, since, limit + 1, before)
        page = found[:limit]
        more = len(found) > limit
        answer = DigestPage(
            news=[news_answer(one) for one in page],
            next=to_moment_cursor(page[-1].at, page[-1].key) if more else None,
        )
        note(session, person, "digest.read", "digest")
    return tagged(request, answer)


@router.get(
    "/digest.atom",
    response_class=Response,
    responses={
        **described(),
        200: {"content": {"application/atom+xml": {}}, "description": "The feed."},
    },
)
def feed(request: Request, state: State, person: Asker, days: Days = 30) -> Response:
    """Return the digest as an Atom feed. Feed readers must send a token, like all clients."""
    moment = now()
    with state.reading.begin() as session:
        news = list_news(session, person, moment - timedelta(days=days), _FEED_ENTRIES)
        note(session, person, "digest.read", "feed")
        address = str(request.url.replace(query=""))
        updated = news[0].at if news else moment
        content = atom_feed(person.name, news, address, updated)
    return Response(content, media_type="application/atom+xml")


@router.put("/digest/mail", response_model=MailWish, responses=described(409))
def mail(state: State, person: Asker, told: MailWish) -> MailWish:
    """Have the digest sent by e-mail each day or each week, or never."""
    if told.every != "never":
        if state.mail is None:
            raise Problem(409, "This hub sends no e-mail.")
        if state.mail.address_of(person.name) is None:
            raise Problem(409, "The hub does not know your e-mail address.")
    with state.sessions.begin() as session:
        wish_mail(session, person, DAYS[told.every])
        note(session, person, "digest.wish", "mail", every=told.every)
    return told


def _check(kind: Followed, target: str) -> None:
    """Raise Problem for an invalid name of its kind."""
    if not re.fullmatch(TARGETS[kind], target):
        raise Problem(422, f"This cannot be the name of a followed {kind}.")
