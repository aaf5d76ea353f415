"""Migrate a database to this version's schema."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from lepton_hub.database.engine import reading

MIGRATIONS = Path(__file__).resolve().parent / "migrations"
_LOCK = 0x1E972


def upgrade_database(engine: Engine, revision: str = "head") -> None:
    """Run the pending migrations in one transaction; an up-to-date database is only read.

    If several processes start at once, one migrates while the others wait.
    """
    if revision == "head" and _is_current(engine):
        return
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL lock_timeout = 0"))  # it may take long
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def _is_current(engine: Engine) -> bool:
    with reading(engine).begin() as connection:
        found = MigrationContext.configure(connection).get_current_heads()
    return found == tuple(ScriptDirectory.from_config(_config()).get_heads())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
