"""Verify the audit log from its first entry, and find the first broken one."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import Engine, Row, literal, null, or_, select, union_all
from sqlalchemy.orm import Session, sessionmaker

from lepton_hub.audit.audit_chain import (
    FIELDS,
    REDACTION,
    START,
    commitment,
    digest_of,
    entry_hash,
)
from lepton_hub.audit.audit_tables import AuditEntry, AuditHead, AuditRedaction, AuditValue
from lepton_hub.audit.signed_head import SignedHead
from lepton_hub.database.engine import reading

_ENTRIES = AuditEntry.__table__
_VALUES = AuditValue.__table__
_REDACTIONS = AuditRedaction.__table__
_HEAD = AuditHead.__table__
_AT_ONCE = 500
_Piece = Callable[[], AbstractContextManager[Session]]
"""Opens a session for reading a batch of entries."""


class BreakReason(Enum):
    """The fault of a broken entry; the text continues "Entry 17 "."""

    ENTRY_MISSING = "is missing"
    ENTRY_CHANGED = "was changed after it was written"
    NOT_CHAINED = "does not follow the previous entry: one of the two was replaced"
    VALUE_CHANGED = "has a value that differs from the one written"
    VALUE_MISSING = "lacks a value, and no redaction accounts for it"
    VALUE_RETURNED = "has a value that was redacted"
    REDACTION_CHANGED = "is a redaction whose list of values does not match the log"
    HEAD_CHANGED = "does not match the log's head"
    EXPORTED_DIFFERS = "does not match the exported, signed head"


@dataclass(frozen=True)
class ChainVerdict:
    """The result of verification. entries: the number of valid ones before the first broken one.

    broken: that entry's number; reason: its fault; field: the value concerned, if any.
    """

    entries: int
    broken: int | None = None
    reason: BreakReason | None = None
    field: str | None = None

    @property
    def whole(self) -> bool:
        """Whether no entry is broken."""
        return self.broken is None

    def __str__(self) -> str:
        if self.reason is None:
            return f"The audit log is intact: {self.entries} entries"
        which = f" ({self.field})" if self.field else ""
        return f"Entry {self.broken} {self.reason.value}{which}"


class _Broken(Exception):
    def __init__(self, number: int, reason: BreakReason, field: str | None = None) -> None:
        super().__init__()
        self.verdict = ChainVerdict(number - 1, number, reason, field)


@dataclass(frozen=True)
class _State:
    """A field's state in the tables of values and of redactions; exactly one of the two has it."""

    value: Row[Any] | None = None
    redacted: bool = False


def verify(session: Session, exported: SignedHead | None = None) -> ChainVerdict:
    """Verify every entry in bounded memory; return the first broken one, or that the log is intact.

    exported: a head that was kept elsewhere (check its signature with `is_genuine`); without one, a
    log truncated together with its head looks intact. Entries may be appended meanwhile.
    """
    return _verdict(lambda: nullcontext(session), exported)


def verify_database(engine: Engine, exported: SignedHead | None = None) -> ChainVerdict:
    """Verify every entry as `verify` does, in many short read-only transactions.

    So writers never wait, and the database can checkpoint its write-ahead log meanwhile.
    """
    sessions = sessionmaker(reading(engine))
    return _verdict(sessions.begin, exported)


def _verdict(piece: _Piece, exported: SignedHead | None) -> ChainVerdict:
    try:
        return ChainVerdict(_walk(piece, exported))
    except _Broken as broken:
        return broken.verdict


def _walk(piece: _Piece, exported: SignedHead | None) -> int:
    with piece() as session:
        head_number, head_hash = _head(session)
    number = 0
    previous = START
    while True:
        with piece() as session:
            some = _rows_after(session, number)
            for row, states in some:
                if row.number != number + 1:
                    raise _Broken(number + 1, BreakReason.ENTRY_MISSING)
                _check_entry(row, previous)
                for field in FIELDS:
                    _check_value(row, field, states.get(field, _State()))
                if row.action == REDACTION:
                    _check_redaction(session, row, states["detail"])
                if row.number == head_number and row.hash != head_hash:
                    raise _Broken(row.number, BreakReason.HEAD_CHANGED)
                if exported and row.number == exported.number and row.hash != exported.hash:
                    raise _Broken(row.number, BreakReason.EXPORTED_DIFFERS)
                number = row.number
                previous = row.hash
        if not some:
            break
    if number < max(head_number, exported.number if exported else 0):
        raise _Broken(number + 1, BreakReason.ENTRY_MISSING)
    with piece() as session:
        later_number, later_hash = _head(session)
        if later_number < number or (later_number == number and later_hash != previous):
            raise _Broken(max(number, 1), BreakReason.HEAD_CHANGED)
        _check_orphans(session, number)
    return number


def _check_entry(row: Row[Any], previous: str) -> None:
    commitments = {field: getattr(row, f"{field}_commitment") for field in FIELDS}
    if row.hash != entry_hash(row.number, row.time, row.action, commitments, row.previous):
        raise _Broken(row.number, BreakReason.ENTRY_CHANGED)
    if row.previous != previous:
        raise _Broken(row.number, BreakReason.NOT_CHAINED)


def _check_value(row: Row[Any], field: str, state: _State) -> None:
    value = state.value
    if value is None and not state.redacted:
        raise _Broken(row.number, BreakReason.VALUE_MISSING, field)
    if value is not None and state.redacted:
        raise _Broken(row.number, BreakReason.VALUE_RETURNED, field)
    if value is not None:
        found = commitment(field, value.salt, value.text)
        if found != getattr(row, f"{field}_commitment"):
            raise _Broken(row.number, BreakReason.VALUE_CHANGED, field)


def _check_redaction(session: Session, row: Row[Any], detail: _State) -> None:
    """Compare a redaction's recorded list with the values marked as redacted by it."""
    if detail.value is None:
        raise _Broken(row.number, BreakReason.VALUE_MISSING, "detail")
    said = json.loads(detail.value.text)
    told = (said.get("count"), said.get("digest")) if isinstance(said, dict) else None
    listed = (
        select(_REDACTIONS.c.number, _REDACTIONS.c.field)
        .where(_REDACTIONS.c.by == row.number)
        .order_by(_REDACTIONS.c.number, _REDACTIONS.c.field)
        .execution_options(yield_per=_AT_ONCE)
    )
    if digest_of(map(tuple, session.execute(listed))) != told:
        raise _Broken(row.number, BreakReason.REDACTION_CHANGED)


def _check_orphans(session: Session, last: int) -> None:
    """Find values without an entry; foreign keys may have been disabled.

    last: up to this number there is an entry for each.
    """
    outer = _VALUES.outerjoin(_ENTRIES, _ENTRIES.c.number == _VALUES.c.number)
    orphan = session.scalar(
        select(_VALUES.c.number)
        .select_from(outer)
        .where(or_(_VALUES.c.number < 1, _VALUES.c.number > last), _ENTRIES.c.number.is_(None))
        .order_by(_VALUES.c.number)
        .limit(1)
    )
    if orphan is not None:
        raise _Broken(orphan, BreakReason.ENTRY_MISSING)


def _head(session: Session) -> tuple[int, str]:
    row = session.execute(select(_HEAD.c.number, _HEAD.c.hash)).one_or_none()
    if row is None:
        raise _Broken(1, BreakReason.HEAD_CHANGED)
    return row.number, row.hash


def _rows_after(session: Session, last: int) -> list[tuple[Row[Any], dict[str, _State]]]:
    """Return the next entries with the states of their fields, by number.

    last: the number before; 0 also gives what has a number below 1, which no entry has.
    """
    later = select(_ENTRIES).order_by(_ENTRIES.c.number).limit(_AT_ONCE)
    if last:
        later = later.where(_ENTRIES.c.number > last)
    rows = session.execute(later).all()
    states = _states(session, rows) if rows else {}
    return [(row, states.get(row.number, {})) for row in rows]


def _states(session: Session, rows: Sequence[Row[Any]]) -> dict[int, dict[str, _State]]:
    """Return the states of some entries' fields, from one snapshot."""
    first = rows[0].number
    last = rows[-1].number
    by = _ENTRIES.alias("by")
    values = select(
        _VALUES.c.number, _VALUES.c.field, _VALUES.c.salt, _VALUES.c.text, literal(0).label("gone")
    ).where(_VALUES.c.number.between(first, last))
    redacted = (
        select(_REDACTIONS.c.number, _REDACTIONS.c.field, null(), null(), literal(1))
        .join(by, by.c.number == _REDACTIONS.c.by)
        .where(_REDACTIONS.c.number.between(first, last), by.c.action == REDACTION)
    )
    found: dict[int, dict[str, _State]] = {}
    for one in session.execute(union_all(values, redacted)):
        fields = found.setdefault(one.number, {})
        before = fields.get(one.field, _State())
        fields[one.field] = _State(
            before.value if one.gone else one, before.redacted or bool(one.gone)
        )
    return found
