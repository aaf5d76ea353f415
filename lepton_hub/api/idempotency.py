"""Idempotent requests: a request repeated with the same Idempotency-Key takes effect once."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Annotated

from fastapi import Header, Request, Response
from pydantic import BaseModel
from sqlalchemy import String, Text, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from lepton_hub.api.problems import Problem
from lepton_hub.catalogue.dependents import ON_ERASED
from lepton_hub.database.base import Base
from lepton_hub.database.moments import Moment, now

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[!-~]{1,64}$",
        description=(
            "Chosen by the client. A request repeated within a day takes effect once and gets "
            "the same answer."
        ),
    ),
]


KEY_EXPIRED = "This Idempotency-Key has just expired: use a new one."
"""Returned if an answer was known when the request began but has since been deleted."""
_LOCK = 0x1D3


class RepeatableAnswer(Base):
    """The stored answer to a request with a key."""

    __tablename__ = "repeatable_answers"

    person: Mapped[str] = mapped_column(String(128), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    content: Mapped[str] = mapped_column(Text)
    location: Mapped[str | None] = mapped_column(String(1000))
    given_at: Mapped[datetime] = mapped_column(Moment, default=now, index=True)


class KeptAnswer:
    """A JSON answer that can be stored."""

    def __init__(self, status: int, content: BaseModel, location: str | None = None) -> None:
        self.status, self.location = status, location
        self.content = content.model_dump_json()

    def response(self) -> Response:
        """Return it as a response."""
        return _response(self.status, self.content, self.location)


def once(
    session: Session,
    person: str,
    key: str | None,
    request: Request,
    told: BaseModel,
    work: Callable[[], KeptAnswer],
) -> Response:
    """Do the work unless it was already done for this key, all in the session's transaction.

    A repetition that arrives while the first request is being answered waits and gets the same
    answer. Raises Problem if the key was used for a different request.
    """
    if key is None:
        return work().response()
    content = f"{request.method} {request.url.path}\n{told.model_dump_json()}"
    fingerprint = sha256(content.encode()).hexdigest()
    _wait_for_turn(session, f"{person} {key}")
    known = session.get(RepeatableAnswer, (person, key))
    if known is not None:
        if known.fingerprint != fingerprint:
            raise Problem(
                422, "This Idempotency-Key was used for a different request: use a new one."
            )
        again = _response(known.status, known.content, known.location)
        again.headers["Idempotency-Replayed"] = "true"
        return again
    answer = work()
    session.add(
        RepeatableAnswer(
            person=person,
            key=key,
            fingerprint=fingerprint,
            status=answer.status,
            content=answer.content,
            location=answer.location,
        )
    )
    session.flush()
    return answer.response()


def is_known(session: Session, person: str, key: str | None) -> bool:
    """Return whether a request with this key has been answered."""
    return key is not None and session.get(RepeatableAnswer, (person, key)) is not None


def _response(status: int, content: str, location: str | None) -> Response:
    headers = {"Location": location} if location else {}
    return Response(content, status, headers, media_type="application/json")


def _wait_for_turn(session: Session, what: str) -> None:
    """Serialise requests with the same key. SQLite's writers are serialised anyway."""
    if session.get_bind().dialect.name == "postgresql":
        turn = text("SELECT pg_advisory_xact_lock(:lock, hashtext(:what))")
        session.execute(turn, {"lock": _LOCK, "what": what})


def _forget(session: Session, erased: Sequence[str]) -> None:
    """Delete stored answers about something that was erased; keep the fact that they were given."""
    for name in erased:
        named = RepeatableAnswer.content.contains(f'"{name}', autoescape=True)
        for answer in session.scalars(select(RepeatableAnswer).where(named)):
            if _is_about(answer, name):
                answer.status = 404
                answer.content = _ERASED
                answer.location = None


def _is_about(answer: RepeatableAnswer, name: str) -> bool:
    """Return whether an answer is about something with this name, or part of it.

    Free text does not count, nor does an access request, which has no location: otherwise a changed
    answer would reveal that something with this name existed.
    """
    told = json.loads(answer.content)
    shown = [str(told.get(field)) for field in ("id", "reference", "item", "thread")]
    return answer.location is not None and any(
        one == name or one.startswith(f"{name}@") for one in shown
    )


_ERASED = json.dumps(
    {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "It was deleted."}
)
ON_ERASED.append(_forget)
