"""An index of search that was lost, to be made anew."""

from __future__ import annotations

from sqlalchemy import Engine, text

ENTRIES = ("term_mentions", "search_tags", "search_texts", "search_entries", "search_words_forward")


def empty_index(engine: Engine) -> None:
    """Take all entries and words out of the index."""
    with engine.begin() as connection:
        for table in ENTRIES:
            connection.execute(text(f"DELETE FROM {table}"))
        if engine.dialect.name == "sqlite":
            everything = "INSERT INTO search_words (search_words) VALUES ('delete-all')"
        else:
            everything = "DELETE FROM search_words"
        connection.execute(text(everything))
