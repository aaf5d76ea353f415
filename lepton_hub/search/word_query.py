"""What the index of words holds of an entry, and what is looked for in it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

FACTS = {"kind": "_k", "team": "_t", "owner": "_o", "tag": "_g"}
"""What a fact begins with. No word holds a _ (see `word_forms`)."""
THERE = "_"
"""The fact that an entry is there: who looks for nothing in particular finds all by it."""


class Rank(IntEnum):
    """Where all words stand that were looked for, the best place first. LABELS: title or tags."""

    TITLE = 0
    LABELS = 1
    PHRASE = 2
    ANYWHERE = 3


@dataclass(frozen=True)
class EntryWords:
    """What an entry is found by: words (see `word_forms`) and facts.

    readers: the audiences that find it.
    """

    title: list[str]
    tags: list[str]
    body: list[str]
    facts: list[str]
    readers: list[str]


@dataclass(frozen=True)
class WordQuery:
    """What is looked for, and by whom: all words and facts. The last word may go on."""

    audiences: list[str]
    words: list[str]
    facts: list[str]

    @property
    def ranks(self) -> list[Rank]:
        """The ranks that there may be, the best one first."""
        if not self.words:
            return [Rank.TITLE]
        return [rank for rank in Rank if rank != Rank.PHRASE or len(self.words) > 1]

    def better(self, rank: Rank | None) -> list[Rank]:
        """Return the ranks to leave out, where what has words at a place or a better one is found.

        Title is not among those of the last two, since what has the words there has them in labels.
        """
        some = {Rank.LABELS: [Rank.TITLE], Rank.PHRASE: [Rank.LABELS]}
        some[Rank.ANYWHERE] = [Rank.LABELS, Rank.PHRASE]
        return [one for one in some.get(rank, []) if one in self.ranks]


def fact(name: str, value: str) -> str:
    """Return the word of a fact, such as that the owner is ada."""
    return FACTS[name] + value.encode().hex()
