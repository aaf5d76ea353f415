"""An entry's words for the full-text index, and queries on it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

FACTS = {"kind": "_k", "team": "_t", "owner": "_o", "tag": "_g"}
"""The prefix of facts. No word contains a _ (see `word_forms`)."""
THERE = "_"
"""A fact that every entry has: a query without words matches it."""


class Rank(IntEnum):
    """Where all of a query's words occur, best rank first. LABELS: title or tags."""

    TITLE = 0
    LABELS = 1
    PHRASE = 2
    ANYWHERE = 3


@dataclass(frozen=True)
class EntryWords:
    """The tokens that index an entry: words (see `word_forms`) and facts.

    readers: its audiences.
    """

    title: list[str]
    tags: list[str]
    body: list[str]
    facts: list[str]
    readers: list[str]


@dataclass(frozen=True)
class WordQuery:
    """A query and its audiences: all words, the last of which may be a prefix, and all facts."""

    audiences: list[str]
    words: list[str]
    facts: list[str]

    @property
    def ranks(self) -> list[Rank]:
        """The possible ranks, best first."""
        if not self.words:
            return [Rank.TITLE]
        return [rank for rank in Rank if rank != Rank.PHRASE or len(self.words) > 1]

    def better(self, rank: Rank | None) -> list[Rank]:
        """Return the ranks to subtract from matches at a rank or better.

        Title is omitted for the last two, since matches in the title are also matches in labels.
        """
        some = {Rank.LABELS: [Rank.TITLE], Rank.PHRASE: [Rank.LABELS]}
        some[Rank.ANYWHERE] = [Rank.LABELS, Rank.PHRASE]
        return [one for one in some.get(rank, []) if one in self.ranks]


def fact(name: str, value: str) -> str:
    """Return the token of a fact, such as that the owner is ada."""
    return FACTS[name] + value.encode().hex()
