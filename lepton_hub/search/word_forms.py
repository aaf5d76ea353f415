"""Words as search compares them: without capitals and accents, the same for every database."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

LONGEST = 64
"""Longer words are cut."""
MOST_WORDS = 8
SHORTEST_PREFIX = 3

_WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> list[str]:
    """Return the words of a text.

    >>> words_of("Señor's naïve_model, v2")
    ['senor', 's', 'naive', 'model', 'v2']
    """
    if text.isascii():
        return [word[:LONGEST] for word in _WORD.findall(text.lower())]
    return [word for *_, word in word_places(text)]


def word_places(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield where each word of a text begins and ends, and the word."""
    for found in _WORD.finditer(text):
        for word in _plain(found[0]):
            yield found.start(), found.end(), word


def is_match(word: str, wanted: list[str]) -> bool:
    """Return whether a word is one of those looked for; the last one may go on."""
    return word in wanted or (
        bool(wanted) and is_prefix(wanted[-1]) and word.startswith(wanted[-1])
    )


def is_prefix(word: str) -> bool:
    """Return whether a word that comes last also finds those that begin with it."""
    return len(word) >= SHORTEST_PREFIX


def _plain(word: str) -> list[str]:
    if word.isascii():
        return [word.lower()[:LONGEST]]
    split = unicodedata.normalize("NFKD", word.casefold())
    bare = "".join(letter for letter in split if not unicodedata.combining(letter))
    return [part[:LONGEST] for part in _WORD.findall(bare)]
