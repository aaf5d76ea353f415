"""Bring a database to the tables that this version of the hub uses."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from lepton_hub.database.engine import reading

MIGRATIONS = Path(__file__).resolve().parent / "migrations"


def upgrade_database(engine: Engine, revision: str = "head") -> None:
    """Run the migrations that a database lacks, in one transaction; a current one is left alone.

    So is it by others: to find that out, it is only read.
    """
    if revision == "head" and _is_current(engine):
        return
    with engine.begin() as connection:
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
