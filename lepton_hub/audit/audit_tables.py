"""The tables of the audit log."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Connection,
    ForeignKey,
    Index,
    String,
    Text,
    event,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from lepton_hub.audit.audit_chain import NAME_LENGTH
from lepton_hub.audit.audit_guards import guard_statements
from lepton_hub.database.base import Base

_ONE_OF_THREE = "field IN ('actor', 'detail', 'subject')"
_SHORT = "field IN ('actor', 'subject')"


class AuditEntry(Base):
    """A link of the chain: it contains nothing personal and never changes."""

    __tablename__ = "audit_entries"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    time: Mapped[str] = mapped_column(String(32))
    action: Mapped[str] = mapped_column(String(NAME_LENGTH))
    actor_commitment: Mapped[str] = mapped_column(String(64))
    detail_commitment: Mapped[str] = mapped_column(String(64))
    subject_commitment: Mapped[str] = mapped_column(String(64))
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditValue(Base):
    """A value that an entry commits to, until it is redacted."""

    __tablename__ = "audit_values"
    __table_args__ = (
        CheckConstraint(_ONE_OF_THREE, name="field"),
        Index(
            "ix_audit_values_names", "field", "text", "number",
            sqlite_where=text(_SHORT), postgresql_where=text(_SHORT),
        ),
    )  # fmt: skip

    number: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("audit_entries.number"), primary_key=True, autoincrement=False
    )
    field: Mapped[str] = mapped_column(String(8), primary_key=True)
    salt: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text)


class AuditRedaction(Base):
    """A redacted value, and the entry that records why."""

    __tablename__ = "audit_redactions"
    __table_args__ = (CheckConstraint(_ONE_OF_THREE, name="field"),)

    number: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("audit_entries.number"), primary_key=True, autoincrement=False
    )
    field: Mapped[str] = mapped_column(String(8), primary_key=True)
    by: Mapped[int] = mapped_column(BigInteger, ForeignKey("audit_entries.number"), index=True)


class AuditHead(Base):
    """The newest entry's number and hash, in a single row; the number grows by one at a time."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(64))


def _guard_tables(_: object, connection: Connection, tables: list[object], **__: Any) -> None:
    """Add the triggers when the tables are created without a migration."""
    if AuditHead.__table__ in tables:
        for statement in guard_statements(connection.dialect.name):
            connection.exec_driver_sql(statement)


event.listen(Base.metadata, "after_create", _guard_tables)
