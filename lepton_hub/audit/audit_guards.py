"""Triggers that make the audit log append-only in the database itself.

They stop mistakes, and users with access only to the service's tables. The owner of the database
can remove them; then `verify` detects changes, and an exported head detects truncation.
"""

from __future__ import annotations

from lepton_hub.audit.audit_chain import START

_TABLES = ("audit_entries", "audit_values", "audit_redactions", "audit_head")
_REFUSED = "the audit log only grows"
_HEAD = "(SELECT number FROM audit_head)"

_CONDITIONS = {
    ("audit_entries", "INSERT"): f"NEW.number = {_HEAD}"
    " AND NOT EXISTS (SELECT 1 FROM audit_entries o WHERE o.number = NEW.number)",
    ("audit_values", "INSERT"): f"NEW.number = {_HEAD} AND NOT EXISTS (SELECT 1 FROM audit_values o"
    " WHERE o.number = NEW.number AND o.field = NEW.field)",
    ("audit_values", "DELETE"): "EXISTS (SELECT 1 FROM audit_redactions o"
    " WHERE o.number = OLD.number AND o.field = OLD.field)",
    ("audit_redactions", "INSERT"): f'NEW."by" = {_HEAD} AND NEW.number < NEW."by"'
    " AND NOT EXISTS (SELECT 1 FROM audit_redactions o"
    " WHERE o.number = NEW.number AND o.field = NEW.field)",
    ("audit_head", "INSERT"): "NOT EXISTS (SELECT 1 FROM audit_head)",
    ("audit_head", "UPDATE"): "NEW.id = OLD.id AND ("
    "(NEW.number = OLD.number + 1 AND NEW.hash = OLD.hash) OR (NEW.number = OLD.number AND EXISTS"
    " (SELECT 1 FROM audit_entries o WHERE o.number = NEW.number AND o.hash = NEW.hash)))",
}
"""When a row may be written, by table and operation; all other operations are refused."""

_FIRST_HEAD = (
    f"INSERT INTO audit_head (id, number, hash) SELECT 1, 0, '{START}'"
    " WHERE NOT EXISTS (SELECT 1 FROM audit_head)"
)


def guard_statements(dialect: str) -> list[str]:
    """Return the statements that create the triggers and the empty log's head; idempotent.

    dialect: `sqlite` or `postgresql` (14 or newer).
    """
    made = _postgresql_guards() if dialect == "postgresql" else _sqlite_guards()
    return [*made, _FIRST_HEAD]


def unguard_statements(dialect: str) -> list[str]:
    """Return the statements that remove the triggers, before a migration drops the tables."""
    if dialect == "postgresql":
        return ["DROP FUNCTION IF EXISTS audit_guard() CASCADE"]
    return [
        f"DROP TRIGGER IF EXISTS {_trigger(table, operation)}"
        for table in _TABLES
        for operation in ("INSERT", "UPDATE", "DELETE")
    ]


def _trigger(table: str, operation: str) -> str:
    return f"{table}_guard_{operation.lower()}"


def _sqlite_guards() -> list[str]:
    # A BEFORE INSERT trigger fires before INSERT OR REPLACE deletes the conflicting row.
    return [
        f"CREATE TRIGGER IF NOT EXISTS {_trigger(table, operation)} BEFORE {operation} ON {table}"
        f" WHEN NOT ({_CONDITIONS.get((table, operation), 'false')})"
        f" BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
        for table in _TABLES
        for operation in ("INSERT", "UPDATE", "DELETE")
    ]


def _postgresql_guards() -> list[str]:
    branches = "\n".join(
        f"IF TG_TABLE_NAME = '{table}' AND TG_OP = '{operation}' THEN IF {condition} THEN"
        f" RETURN {'OLD' if operation == 'DELETE' else 'NEW'}; END IF; END IF;"
        for (table, operation), condition in _CONDITIONS.items()
    )
    function = (
        "CREATE OR REPLACE FUNCTION audit_guard() RETURNS trigger LANGUAGE plpgsql AS $guard$\n"
        f"BEGIN\n{branches}\nRAISE EXCEPTION '{_REFUSED}';\nEND $guard$"
    )
    rows = [
        f"CREATE OR REPLACE TRIGGER {table}_guard BEFORE INSERT OR UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION audit_guard()"
        for table in _TABLES
    ]
    whole = [
        f"CREATE OR REPLACE TRIGGER {table}_guard_truncate BEFORE TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit_guard()"
        for table in _TABLES
    ]
    return [function, *rows, *whole]
