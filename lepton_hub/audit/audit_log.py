"""Write the audit log, and read pages of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, insert, select, update
from sqlalchemy.orm import Session

from lepton_hub.audit.audit_chain import (
    FIELDS,
    REDACTION,
    Entry,
    checked_detail,
    checked_text,
    commitment,
    entry_hash,
    new_salt,
    now,
)
from lepton_hub.audit.audit_tables import AuditEntry, AuditHead, AuditValue

_ENTRIES = AuditEntry.__table__
_VALUES = AuditValue.__table__
_HEAD = AuditHead.__table__


def append(
    session: Session, *, actor: str, action: str, subject: str, detail: dict[str, Any]
) -> Entry:
    """Add an entry in the session's transaction: it stays exactly if the change stays.

    actor: who, such as a user's name. action: what, such as `version.read`; it must not be
    personal, since it cannot be redacted. subject: to what. detail: whatever JSON can say.

    Entries are added one at a time: until the transaction ends, other processes wait here. So call
    it last, after the change itself. In SQLite the transaction must not have read before it writes,
    or be one of BEGIN IMMEDIATE; another one may fail when two processes write.

    Raises ValueError or TypeError for what the log cannot keep.
    """
    if action == REDACTION:
        raise ValueError("Redactions are written by `redact`")
    return append_any(session, actor=actor, action=action, subject=subject, detail=detail)


def append_any(
    session: Session, *, actor: str, action: str, subject: str, detail: dict[str, Any]
) -> Entry:
    """Add an entry of any action, also that of redactions."""
    texts = {
        "actor": checked_text("actor", actor),
        "detail": checked_detail(detail),
        "subject": checked_text("subject", subject),
    }
    checked_text("action", action)
    raised = update(_HEAD).values(number=_HEAD.c.number + 1)
    number, previous = session.execute(raised.returning(_HEAD.c.number, _HEAD.c.hash)).one()
    time = now()
    values = [
        {"number": number, "field": field, "salt": new_salt(), "text": texts[field]}
        for field in FIELDS
    ]
    commitments = {v["field"]: commitment(v["field"], v["salt"], v["text"]) for v in values}
    hash_ = entry_hash(number, time, action, commitments, previous)
    session.execute(
        insert(_ENTRIES).values(
            number=number,
            time=time,
            action=action,
            previous=previous,
            hash=hash_,
            **{f"{field}_commitment": hash_ for field, hash_ in commitments.items()},
        )
    )
    session.execute(insert(_VALUES), values)
    session.execute(update(_HEAD).values(hash=hash_))
    return Entry(number, time, actor, action, subject, json.loads(texts["detail"]), previous, hash_)


def entries(
    session: Session,
    *,
    actor: str | None = None,
    subject: str | None = None,
    action: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Entry]:
    """Return the newest entries that match, the newest first.

    before: only entries with a smaller number, for the next page.
    """
    conditions: list[ColumnElement[bool]] = []
    if before is not None:
        conditions.append(_ENTRIES.c.number < before)
    if action is not None:
        conditions.append(_ENTRIES.c.action == action)
    for field, text in (("actor", actor), ("subject", subject)):
        if text is not None:
            named = and_(_VALUES.c.field == field, _VALUES.c.text == text)
            conditions.append(_ENTRIES.c.number.in_(select(_VALUES.c.number).where(named)))
    rows = session.execute(
        select(_ENTRIES).where(*conditions).order_by(_ENTRIES.c.number.desc()).limit(limit)
    ).all()
    values = values_of(session, [row.number for row in rows])
    return [_entry(row, {field: v.text for field, v in values[row.number].items()}) for row in rows]


def values_of(session: Session, numbers: Sequence[int]) -> dict[int, dict[str, Row[Any]]]:
    """Return the values that are still there, by entry and field."""
    found: dict[int, dict[str, Row[Any]]] = {number: {} for number in numbers}
    if numbers:
        some = _VALUES.c.number.in_(numbers)
        for row in session.execute(select(_VALUES).where(some)):
            found[row.number][row.field] = row
    return found


def head_of(session: Session) -> tuple[int, str]:
    """Return the newest entry's number and hash; 0 and zeros before the first one."""
    number, hash_ = session.execute(select(_HEAD.c.number, _HEAD.c.hash)).one()
    return number, hash_


def _entry(row: Row[Any], texts: dict[str, str]) -> Entry:
    detail = texts.get("detail")
    return Entry(
        row.number,
        row.time,
        texts.get("actor"),
        row.action,
        texts.get("subject"),
        None if detail is None else json.loads(detail),
        row.previous,
        row.hash,
    )
