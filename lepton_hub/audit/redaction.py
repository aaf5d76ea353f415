"""Redact personal values in the audit log on request, verifiably."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, and_, delete, insert, or_, select
from sqlalchemy.orm import Session

from lepton_hub.audit.audit_chain import FIELDS, REDACTION, Entry, digest_of
from lepton_hub.audit.audit_log import append_any
from lepton_hub.audit.audit_tables import AuditEntry, AuditRedaction, AuditValue

_ENTRIES = AuditEntry.__table__
_VALUES = AuditValue.__table__
_REDACTIONS = AuditRedaction.__table__
_AT_ONCE = 300


def mentions(session: Session, person: str) -> list[tuple[int, str]]:
    """Return where a person's name occurs: the numbers of entries, and the fields.

    A value counts if it is the name, ends with it after a colon (`person:ada`), or begins with the
    person's space (`~ada/notes`); a detail counts if it contains the name as a whole string, or a
    string that begins with the space. Finding these reads every detail.
    """
    column = _VALUES.c.text
    named = column.contains(person, autoescape=True)  # in SQLite, LIKE ignores case
    query = select(_VALUES.c.number, _VALUES.c.field, column).where(named)
    return sorted(
        (number, field) for number, field, text in session.execute(query) if _names(person, text)
    )


def _names(person: str, text: str) -> bool:
    """Return whether an entry's value, or its detail as JSON, names a person."""
    return (
        text == person
        or text.endswith(f":{person}")
        or text.startswith(f"~{person}/")
        or any(part in text for part in (f'"{person}"', f'"~{person}/'))
    )


def redact(
    session: Session, *, actor: str, reason: str, values: Iterable[tuple[int, str]]
) -> Entry:
    """Redact values, each given as entry number and field; return the entry that records it.

    A redacted value cannot be recovered, and its commitment in the log cannot be traced back to it.
    The new entry records the reason (which must not be personal), the number of values and the hash
    of their list, so that a value missing without a redaction is detected, as is a forged list.

    Raises ValueError if a value does not exist, or belongs to a redaction, whose detail is
    evidence.
    """
    chosen = sorted(set(values))
    for begin in range(0, len(chosen), _AT_ONCE):
        _check_removable(session, chosen[begin : begin + _AT_ONCE])
    count, digest = digest_of(chosen)
    entry = append_any(
        session,
        actor=actor,
        action=REDACTION,
        subject="audit",
        detail={"reason": reason, "count": count, "digest": digest},
    )
    for begin in range(0, len(chosen), _AT_ONCE):
        some = chosen[begin : begin + _AT_ONCE]
        rows = [{"number": number, "field": field, "by": entry.number} for number, field in some]
        session.execute(insert(_REDACTIONS), rows)
        session.execute(delete(_VALUES).where(or_(*(_is(number, field) for number, field in some))))
    return entry


def _check_removable(session: Session, values: list[tuple[int, str]]) -> None:
    numbers = {number for number, _ in values}
    joined = _VALUES.join(_ENTRIES, _ENTRIES.c.number == _VALUES.c.number)
    rows = session.execute(
        select(_VALUES.c.number, _VALUES.c.field, _ENTRIES.c.action)
        .select_from(joined)
        .where(_VALUES.c.number.in_(numbers))
    )
    actions = {(row.number, row.field): row.action for row in rows}
    for number, field in values:
        if field not in FIELDS or (number, field) not in actions:
            raise ValueError(f"Entry {number} has no value {field!r}")
        if actions[number, field] == REDACTION and field != "actor":
            raise ValueError(f"Entry {number} is a redaction, whose {field} is kept as proof")


def _is(number: int, field: str) -> ColumnElement[bool]:
    return and_(_VALUES.c.number == number, _VALUES.c.field == field)
