"""The index of words: FTS5 in SQLite, tsvectors in PostgreSQL, behind the same functions.

Both get the same words (`word_forms`), in three places: title, tags, text. Kind, team, owner and
tags of an entry are indexed as well, each as a **fact**: a word that nobody can write. So a common
word with a rare fact is found without reading all that has the word.

Words and facts stand there once for each audience (`audiences`), as AUDIENCE_WORD, so that no hit
is read that somebody may not see. The **inverted index** `search_words` tells which entries have
such a word, the **forward index** `search_words_forward` which words an entry has: by it, an entry
is taken out again, and gets other audiences. Neither is asked how rare a word is: that would let
the order of what somebody finds tell of what they may not see.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from lepton_hub.search.fts5_words import FTS5Words
from lepton_hub.search.tsvector_words import TsvectorWords

_TABLE = "search_words"


def word_index(session: Session) -> FTS5Words | TsvectorWords:
    """Return the index of words of a session's database."""
    is_postgres = session.get_bind().dialect.name == "postgresql"
    return TsvectorWords(session) if is_postgres else FTS5Words(session)


def managed_by_alembic(name: str | None, kind: str, _: object) -> bool:
    """Return whether a table is described by models: the words' own, with its parts, is not."""
    return kind != "table" or not (name or "").startswith(_TABLE)
