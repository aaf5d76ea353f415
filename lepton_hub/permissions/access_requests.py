"""Access requests for items that somebody knows only by name.

A request is stored by the requested name, whether the item exists or not, and is answered the same
in both cases. To its author, a refused request looks pending.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from secrets import token_urlsafe

from sqlalchemy import Index, Select, String, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from lepton_hub.database.base import Base
from lepton_hub.database.moments import Moment, now
from lepton_hub.permissions.roles import Role

LASTS = timedelta(days=30)
MOST_OPEN = 20
"""The maximum number of pending requests per person."""


class AccessRequest(Base):
    """A person's request for a role on an item.

    answer: "granted" or "refused"; None while pending.
    """

    __tablename__ = "access_requests"
    __table_args__ = (Index("ix_access_requests_item", "space", "item_name"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    space: Mapped[str] = mapped_column(String(130))
    item_name: Mapped[str] = mapped_column(String(64))
    person: Mapped[str] = mapped_column(String(128), index=True)
    role: Mapped[str] = mapped_column(String(16))
    message: Mapped[str] = mapped_column(String(1000))
    asked_at: Mapped[datetime] = mapped_column(Moment, default=now)
    answer: Mapped[str | None] = mapped_column(String(16))
    answered_by: Mapped[str | None] = mapped_column(String(128))
    answered_at: Mapped[datetime | None] = mapped_column(Moment)

    @property
    def shown_answer(self) -> str:
        """The answer as shown to the author."""
        return "granted" if self.answer == "granted" else "waiting"


class TooManyRequests(Exception):
    """Somebody has the maximum number of pending requests."""


def ask(
    session: Session, person: str, space: str, name: str, role: Role, message: str
) -> AccessRequest:
    """Request access for a person; return the request, or the one already pending.

    Raises TooManyRequests.
    """
    open_of_theirs = (
        AccessRequest.person == person,
        AccessRequest.answer.is_distinct_from("granted"),
        AccessRequest.asked_at > now() - LASTS,
    )
    same = select(AccessRequest).where(
        *open_of_theirs,
        AccessRequest.space == space,
        AccessRequest.item_name == name,
        AccessRequest.role == role,
    )
    found = session.scalars(same).first()
    if found is not None:
        return found
    count = select(func.count()).select_from(AccessRequest).where(*open_of_theirs)
    if (session.scalar(count) or 0) >= MOST_OPEN:
        raise TooManyRequests
    request = AccessRequest(
        id=token_urlsafe(16), space=space, item_name=name, person=person, role=role, message=message
    )
    session.add(request)
    session.flush()
    return request


def requests_by(session: Session, person: str) -> list[AccessRequest]:
    """Return a person's requests that have not expired, newest first."""
    query = select(AccessRequest).where(
        AccessRequest.person == person, AccessRequest.asked_at > now() - LASTS
    )
    return list(session.scalars(query.order_by(AccessRequest.asked_at.desc(), AccessRequest.id)))


def waiting_for(session: Session, space: str, name: str) -> list[AccessRequest]:
    """Return the pending requests for an item, oldest first."""
    query = waiting().where(AccessRequest.space == space, AccessRequest.item_name == name)
    return list(session.scalars(query))


def waiting() -> Select[tuple[AccessRequest]]:
    """Return the query for all pending requests, oldest first."""
    query = select(AccessRequest).where(
        AccessRequest.answer.is_(None), AccessRequest.asked_at > now() - LASTS
    )
    return query.order_by(AccessRequest.asked_at, AccessRequest.id)


def forget_expired_requests(session: Session) -> None:
    """Delete expired requests, answered or not: they are no longer shown."""
    session.execute(delete(AccessRequest).where(AccessRequest.asked_at <= now() - LASTS))


def answer_request(request: AccessRequest, granted: bool, by: str) -> None:
    """Record the answer to a request; the caller makes the grant itself."""
    request.answer = "granted" if granted else "refused"
    request.answered_by = by
    request.answered_at = now()
