"""Append to the audit log, and read pages of it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, select
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
    timestamp,
)
from lepton_hub.audit.audit_tables import AuditEntry, AuditHead, AuditValue

_ENTRIES = AuditEntry.__table__
_VALUES = AuditValue.__table__
_HEAD = AuditHead.__table__

_COLUMNS = [column.name for column in _ENTRIES.columns]
_WRITING = (
    "UPDATE audit_head SET number = number + 1 RETURNING number, hash",
    f"INSERT INTO audit_entries ({', '.join(_COLUMNS)}) VALUES (:{', :'.join(_COLUMNS)})",
    "INSERT INTO audit_values (number, field, salt, text) VALUES "
    + ", ".join(f"(:number, '{field}', :{field}_salt, :{field}_text)" for field in FIELDS),
    "UPDATE audit_head SET hash = :hash",
)
"""The statements that append an entry, as the driver's own SQL: every request runs them, and
building and caching SQLAlchemy expressions takes longer than the database itself."""
_DRIVERS = {
    "sqlite": _WRITING,
    "postgresql": tuple(re.sub(r":(\w+)", r"%(\1)s", statement) for statement in _WRITING),
}


def append(
    session: Session, *, actor: str, action: str, subject: str, detail: dict[str, Any]
) -> Entry:
    """Append an entry in the session's transaction, so that it is committed only with the change.

    actor: who, such as a user's name. action: what, such as `version.read`; it must not be
    personal, since it cannot be redacted. subject: to what. detail: any JSON value.

    Appends are serialised: until the transaction ends, other processes wait here. So call it last,
    after the change itself. In SQLite, the transaction must either be BEGIN IMMEDIATE or not have
    read before it writes; otherwise it may fail when two processes write.

    Raises ValueError or TypeError for values the log cannot store.
    """
    if action == REDACTION:
        raise ValueError("Redactions are written by `redact`")
    return append_any(session, actor=actor, action=action, subject=subject, detail=detail)


def append_any(
    session: Session, *, actor: str, action: str, subject: str, detail: dict[str, Any]
) -> Entry:
    """Append an entry with any action, including redactions."""
    texts = {
        "actor": checked_text("actor", actor),
        "detail": checked_detail(detail),
        "subject": checked_text("subject", subject),
    }
    checked_text("action", action)
    session.flush()
    connection = session.connection()
    take_number, add_entry, add_values, set_head = _DRIVERS[connection.dialect.name]
    number, previous = connection.exec_driver_sql(take_number).one()
    time = timestamp()
    salts = {field: new_salt() for field in FIELDS}
    commitments = {field: commitment(field, salts[field], texts[field]) for field in FIELDS}
    hash_ = entry_hash(number, time, action, commitments, previous)
    entry = {"number": number, "time": time, "action": action, "previous": previous, "hash": hash_}
    entry |= {f"{field}_commitment": commitments[field] for field in FIELDS}
    connection.exec_driver_sql(add_entry, entry)
    values: dict[str, Any] = {"number": number}
    for field in FIELDS:
        values |= {f"{field}_salt": salts[field], f"{field}_text": texts[field]}
    connection.exec_driver_sql(add_values, values)
    connection.exec_driver_sql(set_head, {"hash": hash_})
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
    """Return the matching entries, newest first.

    before: only entries with a smaller number, for the next page.
    """
    conditions: list[ColumnElement[bool]] = []
    if before is not None:
        conditions.append(_ENTRIES.c.number < before)
    if action is not None:
        conditions.append(_ENTRIES.c.action == action)
    for field, value in (("actor", actor), ("subject", subject)):
        if value is not None:
            named = and_(_VALUES.c.field == field, _VALUES.c.text == value)
            conditions.append(_ENTRIES.c.number.in_(select(_VALUES.c.number).where(named)))
    rows = session.execute(
        select(_ENTRIES).where(*conditions).order_by(_ENTRIES.c.number.desc()).limit(limit)
    ).all()
    values = values_of(session, [row.number for row in rows])
    return [_entry(row, {field: v.text for field, v in values[row.number].items()}) for row in rows]


def values_of(session: Session, numbers: Sequence[int]) -> dict[int, dict[str, Row[Any]]]:
    """Return the values that have not been redacted, by entry and field."""
    found: dict[int, dict[str, Row[Any]]] = {number: {} for number in numbers}
    if numbers:
        some = _VALUES.c.number.in_(numbers)
        for row in session.execute(select(_VALUES).where(some)):
            found[row.number][row.field] = row
    return found


def subjects_since(session: Session, action: str, entry: int) -> set[str]:
    """Return the unredacted subjects of an action's entries after a given entry number."""
    found = select(_ENTRIES.c.number).where(_ENTRIES.c.number > entry, _ENTRIES.c.action == action)
    named = and_(_VALUES.c.field == "subject", _VALUES.c.number.in_(found))
    return set(session.scalars(select(_VALUES.c.text).where(named)))


def head_of(session: Session) -> tuple[int, str]:
    """Return the newest entry's number and hash; 0 and zeros for an empty log."""
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
