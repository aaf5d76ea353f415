"""Normalise words for search, without case and accents, identically for every database."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

LONGEST = 64
"""Longer words are truncated."""
MOST_WORDS = 8
SHORTEST_PREFIX = 3

_WORD = re.compile(r"[^\W_]+")
_MARKS = "".join(
    chr(code) for code in range(0x300, 0x20000) if unicodedata.category(chr(code))[0] == "M"
)
_MARKED_WORD = re.compile(rf"[^\W_]+(?:[{_MARKS}]+[^\W_]*)*")
"""A word with its combining accents and vowel signs, which Python's \\w does not match, so each
would end a word."""


def words_of(text: str) -> list[str]:
    """Return the words of a text.

    >>> words_of("Señor's naïve_model, v2")
    ['senor', 's', 'naive', 'model', 'v2']

    Vowel signs, as in Hindi or Arabic, are ignored like accents.
    """
    if text.isascii():
        return [word[:LONGEST] for word in _WORD.findall(text.lower())]
    return [word for *_, word in word_places(text)]


def word_places(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield each word of a text with its start and end."""
    for found in _MARKED_WORD.finditer(text):
        for word in _plain(found[0]):
            yield found.start(), found.end(), word


def is_match(word: str, wanted: list[str]) -> bool:
    """Return whether a word matches one of the query's; the last one may be a prefix."""
    return word in wanted or (
        bool(wanted) and is_prefix(wanted[-1]) and word.startswith(wanted[-1])
    )


def is_prefix(word: str) -> bool:
    """Return whether a query's last word is also matched as a prefix."""
    return len(word) >= SHORTEST_PREFIX


def _plain(word: str) -> list[str]:
    if word.isascii():
        return [word.lower()[:LONGEST]]
    # Twice, since letters such as ℝ become capitals only when decomposed.
    split = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", word).casefold())
    bare = "".join(letter for letter in split if unicodedata.category(letter)[0] != "M")
    return [part[:LONGEST] for part in _WORD.findall(bare)]
