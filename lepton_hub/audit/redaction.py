"""Remove personal values from the audit log on request, and keep the proof of it."""

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
    """Return where a person's name stands: numbers of entries, and which of their values.

    A value counts that is the name, ends with it after a colon (`person:ada`), or begins with the
    person's space (`~ada/notes`); and a detail that has it as a whole string, or a string that
    begins with the space. To find them in details, all of them are read.
    """
    column = _VALUES.c.text
    named = column.contains(person, autoescape=True)  # in SQLite also in other capitals
    query = select(_VALUES.c.number, _VALUES.c.field, column).where(named)
    return sorted(
        (number, field) for number, field, text in session.execute(query) if _names(person, text)
    )


def _names(person: str, text: str) -> bool:
    """Return whether a value of an entry, or a detail as JSON, names a person."""
    return (
        text == person
        or text.endswith(f":{person}")
        or text.startswith(f"~{person}/")
        or any(part in text for part in (f'"{person}"', f'"~{person}/'))
    )


def redact(
    session: Session, *, actor: str, reason: str, values: Iterable[tuple[int, str]]
) -> Entry:
    """Remove values, each an entry's number and one of its fields; return the entry that says so.

    What is removed cannot be had back, and its hash in the log cannot be traced to it. The new
    entry has the reason (which must not be personal), how many values were removed and the hash of
    their list: so a value that is missing without a redaction shows, and so does a list changed.

    Raises ValueError when a value is not there, or belongs to a redaction, whose detail is proof.
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
