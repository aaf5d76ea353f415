"""What all requests share: database, store, who people are, limits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from anyio import CapacityLimiter
from sqlalchemy import Engine, delete
from sqlalchemy.orm import Session, sessionmaker

from lepton_hub.api.idempotency import RepeatableAnswer
from lepton_hub.api.rate_limit import RateLimiter
from lepton_hub.audit import append
from lepton_hub.catalogue.contents import erase_unneeded, expired_contents
from lepton_hub.database import open_database, upgrade_database
from lepton_hub.database.moments import now
from lepton_hub.identity.oauth import OAuthSignIn
from lepton_hub.identity.person import Person
from lepton_hub.settings import HubSettings
from lepton_hub.storage import BlobStore, KeyRing, Uploads

ANSWERS_LAST = timedelta(days=1)
SIMULTANEOUS_UPLOADS = 32


class Identity(Protocol):
    """Knows people by their tokens. notice: what every answer says of the sign-in, if anything."""

    notice: str | None

    def person(self, token: str) -> Person:
        """Return whose a token is. Raises IdentityError, SignInUnavailable."""
        ...


@dataclass
class ServiceState:
    """The parts of a running hub."""

    settings: HubSettings
    engine: Engine
    sessions: sessionmaker[Session]
    store: BlobStore
    uploads: Uploads
    identity: Identity
    limiter: RateLimiter
    strangers: RateLimiter
    upload_threads: CapacityLimiter
    oauth: OAuthSignIn | None = None

    def erase(self, contents: set[str], by: str) -> None:
        """Erase contents that nothing needs any more, and write down which."""
        for sha256 in erase_unneeded(self.sessions, self.store, contents):
            with self.sessions.begin() as session:
                append(session, actor=by, action="content.erase", subject=sha256, detail={})

    def tidy(self) -> None:
        """Forget what has expired, and what was left behind where the hub was killed."""
        expired = expired_contents(self.sessions, self.store, self.uploads)
        self.erase(expired, "hub")
        self.store.sweep()
        with self.sessions.begin() as session:
            old = RepeatableAnswer.given_at < now() - ANSWERS_LAST
            session.execute(delete(RepeatableAnswer).where(old))


def open_service(
    settings: HubSettings, identity: Identity, oauth: OAuthSignIn | None = None
) -> ServiceState:
    """Open database and store, and bring the database up to date."""
    engine = open_database(settings.database, settings.database_key())
    upgrade_database(engine)
    store = BlobStore(settings.blobs, KeyRing.load_or_create(settings.keys))
    return ServiceState(
        settings=settings,
        engine=engine,
        sessions=sessionmaker(engine, expire_on_commit=False),
        store=store,
        uploads=Uploads(store),
        identity=identity,
        limiter=RateLimiter(settings.requests_a_minute, settings.burst),
        strangers=RateLimiter(60, 60),
        upload_threads=CapacityLimiter(SIMULTANEOUS_UPLOADS),
        oauth=oauth,
    )
