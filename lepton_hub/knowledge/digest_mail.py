"""Send the digest by e-mail to its subscribers, through the company's mail server."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import SplitResult, unquote, urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from lepton_hub.audit import append
from lepton_hub.database.moments import now
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.atom_feed import page_of
from lepton_hub.knowledge.digest import NewsEntry, list_news
from lepton_hub.knowledge.knowledge_tables import DigestMail

CLAIM_LASTS = timedelta(hours=1)
SETTLING = timedelta(minutes=1)
"""The minimum age of news to send: on PostgreSQL, an earlier timestamp may not be committed yet,
and the next digest starts where this one ends."""
MOST_ENTRIES = 100
SECONDS = 30.0
_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


class MailSettingsError(ValueError):
    """The e-mail settings are invalid; the message says why."""


@dataclass(frozen=True)
class MailServer:
    """A mail server (SMTP).

    url: `smtp://HOST:PORT`, `smtp+starttls://USER:PASSWORD@HOST` or `smtps://…`. sender: the From
    address. domain: people's addresses are their names at this domain.
    """

    url: str = field(repr=False)
    sender: str
    domain: str

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in _PORTS or not parts.hostname or not _is_port(parts):
            raise MailSettingsError(
                "The mail server's URL must be smtp://HOST:PORT, smtp+starttls://… or smtps://…."
            )
        if parts.password is not None and parts.scheme == "smtp":
            raise MailSettingsError(
                "A password is sent only over an encrypted connection: use smtp+starttls or smtps."
            )

    def address_of(self, person: str) -> str | None:
        """Return a person's address; None for a name that would address another domain."""
        name, _, domain = person.partition("@")
        return f"{name}@{self.domain}" if domain in ("", self.domain) else None

    def send(self, message: EmailMessage) -> None:
        """Send a message. Raises OSError, which includes smtplib's errors."""
        parts = urlsplit(self.url)
        port = parts.port or _PORTS[parts.scheme]
        context = ssl.create_default_context()
        if parts.scheme == "smtps":
            server = smtplib.SMTP_SSL(parts.hostname, port, timeout=SECONDS, context=context)
        else:
            server = smtplib.SMTP(parts.hostname, port, timeout=SECONDS)
        with server:
            if parts.scheme == "smtp+starttls":
                server.starttls(context=context)
            if parts.username and parts.password is not None:
                server.login(unquote(parts.username), unquote(parts.password))
            server.send_message(message)


def send_due_digests(
    sessions: sessionmaker[Session],
    server: MailServer,
    look_up: Callable[[str], Person | None],
    moment: datetime | None = None,
    hub: str = "",
) -> int:
    """Send all digests that are due; return the number sent.

    look_up: returns a person with their current teams, or None if they are gone and get nothing.
    hub: as in `digest_message`. Failed deliveries are retried after an hour. Delivery is at least
    once: an e-mail may come twice if the hub is killed right after sending it, but is never lost.
    """
    moment = (moment or now()) - SETTLING
    sent = 0
    for name in _due(sessions, moment):
        person = look_up(name)
        address = server.address_of(name)
        since = _claim(sessions, name, moment) if person and address else None
        if person is None or address is None or since is None:
            continue
        with sessions.begin() as session:
            news = list_news(session, person, since, MOST_ENTRIES + 1, until=moment)
            message = digest_message(person, news, server.sender, address, hub)
        try:
            if news:
                server.send(message)
        except OSError:
            continue
        _done(sessions, name, moment, len(news))
        sent += bool(news)
    return sent


def digest_message(
    person: Person, news: list[NewsEntry], sender: str, address: str, hub: str = ""
) -> EmailMessage:
    """Return the digest as an e-mail.

    hub: the hub's URL, such as https://learn.example.com/services/hub, or "" for no links.
    """
    message = EmailMessage()
    many = f"{MOST_ENTRIES} or more" if len(news) > MOST_ENTRIES else str(len(news))
    message["Subject"] = f"The hub: {many} new in what you follow"
    message["From"] = sender
    message["To"] = address
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    lines = [line for one in news[:MOST_ENTRIES] for line in _lines(one, hub)]
    end = (
        "You receive this because you asked for it. To stop it, PUT /digest/mail with every: never."
    )
    if hub:
        more = [f"Everything new: {hub}/pages/digest"] if len(news) > MOST_ENTRIES else []
        end = (
            "You receive this because you asked for it. Change that here: "
            f"{hub}/pages/subscriptions"
        )
        lines += more
    message.set_content("\n".join([f"Hello {person.name},", "", *lines, "", end, ""]))
    return message


def _is_port(parts: SplitResult) -> bool:
    try:
        return parts.port is None or parts.port > 0
    except ValueError:
        return False


def _lines(one: NewsEntry, hub: str) -> list[str]:
    """Return each event, with its link on a separate line."""
    told = f"{one.at:%Y-%m-%d %H:%M} {one.sentence}: {_line(one)}"
    return [told, f"  {hub}{page_of(one)}", ""] if hub else [told]


def _line(one: NewsEntry) -> str:
    """Return a title as a single line."""
    return "".join(letter if letter.isprintable() else " " for letter in one.title)


def _due(sessions: sessionmaker[Session], moment: datetime) -> list[str]:
    with sessions.begin() as session:
        return sorted(
            one.person for one in session.scalars(select(DigestMail)) if _is_due(one, moment)
        )


def _is_due(wish: DigestMail, moment: datetime) -> bool:
    waits = wish.claimed_at is None or moment - wish.claimed_at >= CLAIM_LASTS
    return waits and moment - wish.sent_until >= timedelta(days=wish.every_days)


def _claim(sessions: sessionmaker[Session], name: str, moment: datetime) -> datetime | None:
    """Claim a person's digest, and return where it starts; None if another process has."""
    with sessions.begin() as session:
        query = select(DigestMail).where(DigestMail.person == name).with_for_update(key_share=True)
        wish = session.scalars(query).first()
        if wish is None or not _is_due(wish, moment):
            return None
        wish.claimed_at = moment
        return wish.sent_until


def _done(sessions: sessionmaker[Session], name: str, moment: datetime, count: int) -> None:
    with sessions.begin() as session:
        wish = session.get(DigestMail, name)
        if wish is not None:
            wish.sent_until = moment
            wish.claimed_at = None
        if count:
            append(session, actor="hub", action="digest.mail", subject=name, detail={"news": count})
