"""The hub's database: SQLite, SQLite encrypted by SQLCipher, or PostgreSQL."""

from lepton_hub.database.base import Base
from lepton_hub.database.engine import (
    open_database,
    read_one_moment,
    reading,
    write_after_reading,
)
from lepton_hub.database.upgrades import upgrade_database

__all__ = [
    "Base",
    "open_database",
    "read_one_moment",
    "reading",
    "upgrade_database",
    "write_after_reading",
]
