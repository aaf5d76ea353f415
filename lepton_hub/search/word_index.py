"""The full-text index: FTS5 in SQLite, tsvectors in PostgreSQL, behind one interface.

Both index the same words (`word_forms`) in three fields: title, tags, text. An entry's kind, team,
owner and tags are indexed as well, each as a **fact**: a token that cannot occur in text. So a
common word combined with a rare fact is found without reading the word's whole posting list.

Words and facts are indexed once per audience (`audiences`), as AUDIENCE_WORD, so that a search
reads no hidden postings. The **inverted index** `search_words` maps such tokens to entries, the
**forward index** `search_words_forward` maps entries to their words, for removing an entry or
changing its audiences. Neither is used for document frequencies, since ranking by them would leak
information about hidden entries.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from lepton_hub.search.fts5_words import FTS5Words
from lepton_hub.search.tsvector_words import TsvectorWords

_TABLE = "search_words"


def word_index(session: Session) -> FTS5Words | TsvectorWords:
    """Return the full-text index of a session's database."""
    is_postgres = session.get_bind().dialect.name == "postgresql"
    return TsvectorWords(session) if is_postgres else FTS5Words(session)


def managed_by_alembic(name: str | None, kind: str, _: object) -> bool:
    """Return whether a table is described by models; the full-text tables are not."""
    return kind != "table" or not (name or "").startswith(_TABLE)
