"""Find texts that are longer than their column: SQLite keeps them, PostgreSQL refuses them."""

from __future__ import annotations

from sqlalchemy import Connection, String, func, select

from lepton_hub.database import Base


def too_long(connection: Connection) -> list[str]:
    """Return the columns in which something stands that PostgreSQL would not keep."""
    found = []
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            most = getattr(column.type, "length", None)
            if isinstance(column.type, String) and most:
                longest = connection.scalar(select(func.max(func.length(column))))
                if (longest or 0) > most:
                    found.append(f"{column}: {longest} of {most}")
    return found
