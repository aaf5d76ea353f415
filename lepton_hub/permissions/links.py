"""Links through which anybody who is signed in may read an item until they expire."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe

from sqlalchemy import ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from lepton_hub.database.base import Base
from lepton_hub.database.moments import Moment, now

LONGEST = timedelta(days=90)


class SharedLink(Base):
    """A link to an item or one of its versions. Only the hash of its secret is stored.

    id: identifies the link to the item's managers; it does not grant access.
    """

    __tablename__ = "shared_links"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"), index=True)
    version: Mapped[int | None]
    secret_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    made_by: Mapped[str] = mapped_column(String(128))
    made_at: Mapped[datetime] = mapped_column(Moment, default=now)
    expires_at: Mapped[datetime] = mapped_column(Moment)


def make_link(
    session: Session, item_id: int, by: str, lasts: timedelta, version: int | None = None
) -> tuple[SharedLink, str]:
    """Create a link; return it with its secret, which is not stored.

    version: the only version that the link shows; None for all.
    """
    secret = token_urlsafe(32)
    link = SharedLink(
        id=token_urlsafe(16),
        item_id=item_id,
        version=version,
        secret_sha256=_hash(secret),
        made_by=by,
        expires_at=now() + min(lasts, LONGEST),
    )
    session.add(link)
    session.flush()
    return link, secret


def link_by(session: Session, secret: str) -> SharedLink | None:
    """Return the link with a secret; None for one that is unknown, revoked or expired."""
    query = select(SharedLink).where(
        SharedLink.secret_sha256 == _hash(secret), SharedLink.expires_at > now()
    )
    return session.scalars(query).first()


def links_of(session: Session, item_id: int) -> list[SharedLink]:
    """Return the links to an item that have not expired, oldest first."""
    query = select(SharedLink).where(SharedLink.item_id == item_id, SharedLink.expires_at > now())
    return list(session.scalars(query.order_by(SharedLink.made_at, SharedLink.id)))


def forget_expired_links(session: Session) -> None:
    """Delete the links that have expired."""
    session.execute(delete(SharedLink).where(SharedLink.expires_at <= now()))


def _hash(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
