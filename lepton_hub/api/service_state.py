"""State shared by all requests: database, blob store, identity, limits."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from secrets import token_bytes
from typing import Protocol

from anyio import CapacityLimiter
from sqlalchemy import Engine, delete
from sqlalchemy.orm import Session, sessionmaker

from lepton_hub.api.idempotency import RepeatableAnswer
from lepton_hub.api.rate_limit import RateLimiter
from lepton_hub.catalogue.contents import expired_contents
from lepton_hub.catalogue.erasure import erase_later, erase_unneeded
from lepton_hub.database import open_database, reading, upgrade_database
from lepton_hub.database.moments import now
from lepton_hub.graph.course_terms import CourseOutline, load_course
from lepton_hub.graph.mention_keeping import keep_mentions
from lepton_hub.identity.made_up import MadeUpSignIn
from lepton_hub.identity.oauth import OAuthSignIn
from lepton_hub.identity.person import Person
from lepton_hub.jobs.job_asking import forget_old_logs
from lepton_hub.knowledge.digest_mail import MailServer, MailSettingsError, send_due_digests
from lepton_hub.needs.counting import count_settled
from lepton_hub.needs.survey_subjects import survey_subjects
from lepton_hub.permissions.access_requests import forget_expired_requests
from lepton_hub.permissions.links import forget_expired_links
from lepton_hub.recommendations.usage_keeping import forget_old_uses
from lepton_hub.rendering import BoundedRenderer
from lepton_hub.search import forget_removed_words, keep_index
from lepton_hub.settings import HubSettings, SettingsError
from lepton_hub.storage import BlobStore, KeyRing, Uploads

ANSWERS_LAST = timedelta(days=1)
SIMULTANEOUS_UPLOADS = 32
ONLY_READ = "has only read"
"""The key in the info of a session that has only read so far."""


class Identity(Protocol):
    """Identifies people by their tokens. notice: a warning to attach to every response, or ""."""

    notice: str | None

    async def person(self, token: str, place: str) -> Person:
        """Return a token's owner. place: the request's origin, whose requests share a queue.

        Raises IdentityError, SignInUnavailable.
        """
        ...


class BrowserSignIn(Protocol):
    """Reads the token in a browser's cookie."""

    def token_in(self, cookie: str) -> str:
        """Return the token that a cookie holds. Raises IdentityError."""
        ...


@dataclass
class ServiceState:
    """The parts of a running hub.

    oauth, made_up: how browsers sign in; at most one is set. form_key: the key that derives form
    tokens, renewed at each start. sessions: for transactions that may write; serialised on SQLite.
    reading: for read-only transactions, especially long ones, which block nobody. `note` turns one
    into a writer.
    """

    settings: HubSettings
    engine: Engine
    sessions: sessionmaker[Session]
    reading: sessionmaker[Session]
    store: BlobStore
    uploads: Uploads
    identity: Identity
    limiter: RateLimiter
    strangers: RateLimiter
    upload_threads: CapacityLimiter
    oauth: OAuthSignIn | None = None
    made_up: MadeUpSignIn | None = None
    mail: MailServer | None = None
    look_up: Callable[[str], Person | None] = lambda name: None
    course: CourseOutline = field(default_factory=CourseOutline)
    renderer: BoundedRenderer = field(default_factory=BoundedRenderer)
    form_key: bytes = field(default_factory=lambda: token_bytes(32), repr=False)

    @property
    def browsers(self) -> BrowserSignIn | None:
        """How browsers sign in; None if they cannot."""
        return self.oauth or self.made_up

    def erase(self) -> None:
        """Erase contents that nothing refers to any more, and log which."""
        erase_unneeded(self.sessions, self.store)

    def tidy(self) -> None:
        """Remove what has expired, and what earlier crashes left behind.

        Also compute the survey's sums. If one part fails, the others run all the same.
        Raises ExceptionGroup.
        """
        failed: list[Exception] = []
        parts = (
            self._forget_contents,
            self._sweep,
            self._forget_expired,
            self._count_survey,
            self._forget_words,
        )
        for part in parts:
            try:
                part()
            except Exception as error:
                failed.append(error)
        if failed:
            raise ExceptionGroup("Parts of the hub's housekeeping failed", failed)

    def _forget_contents(self) -> None:
        expired = expired_contents(self.sessions, self.store, self.uploads)
        with self.sessions.begin() as session:
            erase_later(session, expired, "hub")
        self.erase()

    def _sweep(self) -> None:
        swept = self.store.sweep()
        if swept.damaged:
            print(
                f"The hub's contents: {swept.damaged}. {swept.spared} data files stay until they "
                "are restored, or shared or deleted again.",
                file=sys.stderr,
                flush=True,
            )

    def _forget_words(self) -> None:
        forget_removed_words(self.sessions)

    def _forget_expired(self) -> None:
        with self.sessions.begin() as session:
            old = RepeatableAnswer.given_at < now() - ANSWERS_LAST
            session.execute(delete(RepeatableAnswer).where(old))
            forget_expired_requests(session)
            forget_expired_links(session)
            forget_old_uses(session, now())

    def _count_survey(self) -> None:
        with self.sessions.begin() as session:
            count_settled(session, survey_subjects(self.settings.curriculum), now())
            forget_old_logs(session)

    def send_digests(self) -> None:
        """Send the e-mail digests that are due."""
        if self.mail is not None:
            send_due_digests(self.sessions, self.mail, self.look_up, hub=self.settings.address)


def open_service(
    settings: HubSettings,
    identity: Identity,
    oauth: OAuthSignIn | None = None,
    look_up: Callable[[str], Person | None] = lambda name: None,
    made_up: MadeUpSignIn | None = None,
) -> ServiceState:
    """Open the database and the blob store, and migrate the database.

    look_up: returns a person with their current teams; only people it finds get e-mail.
    """
    engine = open_database(settings.database, settings.database_key())
    upgrade_database(engine)
    sessions = sessionmaker(engine, expire_on_commit=False)
    keep_index(sessions)
    course = load_course()
    keep_mentions(sessions, course)
    store = BlobStore(settings.blobs, KeyRing.load_or_create(settings.keys))
    return ServiceState(
        settings=settings,
        engine=engine,
        sessions=sessions,
        reading=sessionmaker(reading(engine), expire_on_commit=False, info={ONLY_READ: True}),
        store=store,
        uploads=Uploads(store),
        identity=identity,
        limiter=RateLimiter(settings.requests_a_minute, settings.burst),
        strangers=RateLimiter(60, 60),
        upload_threads=CapacityLimiter(SIMULTANEOUS_UPLOADS),
        oauth=oauth,
        made_up=made_up,
        mail=_mail_server(settings),
        look_up=look_up,
        course=course,
    )


def _mail_server(settings: HubSettings) -> MailServer | None:
    if settings.smtp is None:
        return None
    try:
        return MailServer(settings.smtp, settings.mail_from, settings.mail_domain)
    except MailSettingsError as error:
        raise SettingsError(str(error)) from error
