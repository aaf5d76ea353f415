"""Whoever owns the database can change the audit log; `verify` says where, and what."""

from __future__ import annotations

import tracemalloc

import pytest
from audit_logs import as_owner, cut_log, empty_log, open_engine, verdict_of, write_entries
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from lepton_hub.audit import (
    BreakReason,
    ChainVerdict,
    append,
    audit_verification,
    export_head,
    head_public_key,
    is_genuine,
    redact,
)
from lepton_hub.audit.audit_chain import FIELDS, START, digest_of, entry_hash
from lepton_hub.audit.audit_tables import AuditEntry, AuditHead
from lepton_hub.keys import KeyRing

COUNT = 9
REDACTED = (4, "actor")


@pytest.fixture
def engine(tmp_path) -> Engine:
    """Seven entries, a redaction of one value of the fourth (the eighth entry), and a last one."""
    engine = open_engine(f"sqlite:///{tmp_path}/hub.db")
    empty_log(engine)
    write_entries(engine, 7)
    with Session(engine) as session, session.begin():
        redact(session, actor="root", reason="asked for", values=[REDACTED])
    write_entries(engine, 1)
    return engine


def broken_by(engine: Engine, *statements: str) -> tuple[int | None, BreakReason | None]:
    as_owner(engine, *statements)
    verdict = verdict_of(engine)
    assert verdict.entries == (verdict.broken or COUNT + 1) - 1
    return verdict.broken, verdict.reason


def test_a_log_without_its_triggers_is_still_whole(engine):
    assert broken_by(engine) == (None, None)


@pytest.mark.parametrize("number", [1, 5, 9])
@pytest.mark.parametrize(
    "column", ["time", "action", *(f"{field}_commitment" for field in FIELDS), "previous", "hash"]
)
def test_a_changed_column_of_an_entry(engine, number, column):
    change = f"UPDATE audit_entries SET {column} = {column} || 'x' WHERE number = {number}"
    assert broken_by(engine, change) == (number, BreakReason.ENTRY_CHANGED)


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("change", ["text = text || 'x'", "salt = 'x' || salt", "text = ''"])
def test_a_changed_value(engine, field, change):
    as_owner(engine, f"UPDATE audit_values SET {change} WHERE number = 6 AND field = '{field}'")
    assert verdict_of(engine) == ChainVerdict(5, 6, BreakReason.VALUE_CHANGED, field)


MISSING = BreakReason.ENTRY_MISSING
CASES = {
    "the first entry removed": (["DELETE FROM audit_entries WHERE number = 1"], 1, MISSING),
    "an entry removed": (["DELETE FROM audit_entries WHERE number = 5"], 5, MISSING),
    "an entry removed, the rest moved up": (
        [
            "DELETE FROM audit_entries WHERE number = 5",
            "UPDATE audit_entries SET number = number - 1 WHERE number = 6",
        ],
        5,
        BreakReason.ENTRY_CHANGED,
    ),
    "two entries exchanged": (
        [
            "UPDATE audit_entries SET number = 100 WHERE number = 2",
            "UPDATE audit_entries SET number = 2 WHERE number = 3",
            "UPDATE audit_entries SET number = 3 WHERE number = 100",
        ],
        2,
        BreakReason.ENTRY_CHANGED,
    ),
    "the end cut off": (["DELETE FROM audit_entries WHERE number > 8"], 9, MISSING),
    "all removed": (["DELETE FROM audit_entries"], 1, MISSING),
    "the head put back": (
        ["UPDATE audit_head SET number = 8, hash = (SELECT hash FROM audit_entries"
         " WHERE number = 8)"],
        9,
        BreakReason.HEAD_CHANGED,
    ),
    "the head's hash changed": (
        ["UPDATE audit_head SET hash = 'other'"], 9, BreakReason.HEAD_CHANGED
    ),
    "the head removed": (["DELETE FROM audit_head"], 1, BreakReason.HEAD_CHANGED),
    "a value removed": (
        ["DELETE FROM audit_values WHERE number = 6 AND field = 'actor'"],
        6,
        BreakReason.VALUE_MISSING,
    ),
    "a redacted value put back": (
        ["INSERT INTO audit_values VALUES (4, 'actor', 'salt', 'bose')"],
        4,
        BreakReason.VALUE_RETURNED,
    ),
    "a redaction forgotten": (
        ["DELETE FROM audit_redactions"], 4, BreakReason.VALUE_MISSING
    ),
    "a redaction of more values": (
        [
            "DELETE FROM audit_values WHERE number = 6 AND field = 'actor'",
            "INSERT INTO audit_redactions VALUES (6, 'actor', 8)",
        ],
        8,
        BreakReason.REDACTION_CHANGED,
    ),
    "a redaction by an entry that is none": (
        [
            "DELETE FROM audit_values WHERE number = 6 AND field = 'actor'",
            "INSERT INTO audit_redactions VALUES (6, 'actor', 7)",
        ],
        6,
        BreakReason.VALUE_MISSING,
    ),
    "the proof of a redaction removed": (
        [
            "DELETE FROM audit_values WHERE number = 8 AND field = 'detail'",
            "INSERT INTO audit_redactions VALUES (8, 'detail', 8)",
        ],
        8,
        BreakReason.VALUE_MISSING,
    ),
    "values of an entry that is not there": (
        ["INSERT INTO audit_values VALUES (70, 'actor', 'salt', 'bose')"], 70, MISSING
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_first_broken_entry_is_named_with_the_reason(engine, case):
    statements, number, reason = CASES[case]
    as_owner(engine, *statements)
    verdict = verdict_of(engine)
    assert (verdict.broken, verdict.reason) == (number, reason)
    assert not verdict.whole
    assert str(number) in str(verdict) and reason.value in str(verdict)


def test_an_entry_exchanged_for_an_older_state_of_it_does_not_fit(engine):
    """As after a restore of one table from a backup of another log."""
    with Session(engine) as session:
        row = session.execute(select(AuditEntry.__table__).where(AuditEntry.number == 5)).one()
    commitments = {field: getattr(row, f"{field}_commitment") for field in FIELDS}
    other = entry_hash(5, row.time, row.action, commitments, "f" * 64)
    as_owner(
        engine,
        f"UPDATE audit_entries SET previous = '{'f' * 64}', hash = '{other}' WHERE number = 5",
    )
    assert verdict_of(engine) == ChainVerdict(4, 5, BreakReason.NOT_CHAINED)


def forge_from(engine: Engine, first: int, action: str) -> None:
    """Change an entry, and compute all hashes after it anew, the head's too."""
    as_owner(engine)
    entries = AuditEntry.__table__
    with engine.begin() as connection:
        previous = START
        for row in connection.execute(select(entries).order_by(entries.c.number)).all():
            fields = {field: getattr(row, f"{field}_commitment") for field in FIELDS}
            new_action = action if row.number == first else row.action
            hash_ = entry_hash(row.number, row.time, new_action, fields, previous)
            connection.execute(
                update(entries)
                .where(entries.c.number == row.number)
                .values(action=new_action, previous=previous, hash=hash_)
            )
            previous = hash_
        connection.execute(update(AuditHead.__table__).values(hash=previous))


def test_only_an_exported_head_shows_that_the_end_was_cut_off(engine):
    keys = KeyRing.in_memory()
    with Session(engine) as session:
        head = export_head(session, keys)
    cut_log(engine, COUNT)
    assert verdict_of(engine) == ChainVerdict(entries=COUNT - 1)
    verdict = verdict_of(engine, exported=head)
    assert verdict == ChainVerdict(COUNT - 1, COUNT, BreakReason.ENTRY_MISSING)
    write_entries(engine, 3)
    verdict = verdict_of(engine, exported=head)
    assert verdict == ChainVerdict(COUNT - 1, COUNT, BreakReason.EXPORTED_DIFFERS)


def test_only_an_exported_head_shows_that_the_whole_log_was_written_anew(engine):
    keys = KeyRing.in_memory()
    with Session(engine) as session:
        head = export_head(session, keys)
    forge_from(engine, 3, "version.delete")
    assert verdict_of(engine).whole
    verdict = verdict_of(engine, exported=head)
    assert (verdict.broken, verdict.reason) == (head.number, BreakReason.EXPORTED_DIFFERS)


def test_a_head_cannot_be_made_to_fit(engine):
    keys = KeyRing.in_memory()
    public = head_public_key(keys)
    with Session(engine) as session:
        head = export_head(session, keys)
    assert is_genuine(head, public)
    for field, value in (
        ("number", 8), ("hash", "0" * 64), ("time", "later"), ("generation", 2),
        ("signature", "00" + head.signature[2:]), ("number", "9"),
    ):  # fmt: skip
        assert not is_genuine(type(head)(**{**vars(head), field: value}), public)
    assert not is_genuine(head, head_public_key(KeyRing.in_memory()))


def test_where_the_log_was_cut_a_new_entry_leaves_a_gap(engine):
    as_owner(engine, "DELETE FROM audit_values WHERE number = 9",
             "DELETE FROM audit_entries WHERE number = 9")  # fmt: skip
    write_entries(engine, 2)
    assert verdict_of(engine) == ChainVerdict(8, 9, BreakReason.ENTRY_MISSING)


def test_a_redaction_without_its_list_is_found(engine):
    as_owner(
        engine,
        "DELETE FROM audit_redactions",
        "INSERT INTO audit_values SELECT 4, 'actor', salt, text FROM audit_values WHERE number = 2"
        " AND field = 'actor'",
    )
    assert verdict_of(engine).reason is BreakReason.VALUE_CHANGED


def test_memory_does_not_grow_with_the_log(engine, monkeypatch):
    monkeypatch.setattr(audit_verification, "_AT_ONCE", 50)

    def peak() -> float:
        tracemalloc.start()
        assert verdict_of(engine).whole
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size / 1e6

    def grow(count: int) -> None:
        with Session(engine) as session, session.begin():
            for number in range(count):
                detail = {"text": f"{number:04}" * 250}
                append(session, actor="ada", action="read", subject="item", detail=detail)

    grow(100)
    small = peak()
    grow(400)
    assert peak() < small * 1.2


def test_the_digest_of_a_list_depends_on_all_of_it():
    lists = ([], [(1, "actor")], [(1, "detail")], [(11, "actor")], [(1, "actor"), (2, "actor")])
    assert len({digest_of(values) for values in lists}) == len(lists)
