"""Where the words stand that somebody looked for, as HTML that is safe."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import islice

from lepton_hub.rendering.plain_text import LONGEST, plain_text
from lepton_hub.search.word_forms import is_match, word_places
from lepton_hub.text import shown

_LOOKED_AT = 20_000
"""Characters of a text in which a place to show is looked for."""
_TRIED = 5
"""Places where a word stands; it may be in what nobody reads, such as a link's address."""
_BEFORE, _SHOWN = 60, 240
_PASSAGE_BEFORE = 200


def marked(text: str, wanted: list[str]) -> str:
    """Return a text as HTML, with the words that were looked for in <mark>."""
    pieces = []
    place = 0
    for start, stop, word in word_places(text):
        if start >= place and is_match(word, wanted):
            pieces += [escape(text[place:start]), f"<mark>{escape(text[start:stop])}</mark>"]
            place = stop
    return shown("".join([*pieces, escape(text[place:])]))


def excerpt(markdown: str, wanted: list[str]) -> str:
    """Return the part of a text around the first word that was looked for, marked, as HTML.

    The text is Markdown; what is shown of it is without marks.
    """
    passage, first, is_begun = _passage(markdown, wanted)
    start = _word_start(passage, max(0, first - _BEFORE))
    part = passage[start : start + _SHOWN]
    if start + _SHOWN < len(passage) and " " in part.strip():
        part = part.rsplit(maxsplit=1)[0]
    before = "… " if start or is_begun else ""
    after = " …" if start + len(part) < len(passage.rstrip()) else ""
    return before + marked(" ".join(part.split()), wanted) + after


def _passage(markdown: str, wanted: list[str]) -> tuple[str, int, bool]:
    """Return some plain text, where a word that was looked for stands, and whether more is before.

    Where none is in what is read, it is the beginning.
    """
    last = -1
    for place in islice(_places(markdown[:_LOOKED_AT], wanted), _TRIED):
        if place < last:
            continue  # it was in the passage before
        start = _line_start(markdown, max(0, place - _PASSAGE_BEFORE), place)
        passage = plain_text(markdown[start : start + LONGEST])
        first = next(_places(passage, wanted), None)
        if first is not None:
            return passage, first, start > 0
        last = start + LONGEST
    return plain_text(markdown[:LONGEST]), 0, False


def _places(text: str, wanted: list[str]) -> Iterator[int]:
    return (start for start, _, word in word_places(text) if is_match(word, wanted))


def _line_start(text: str, place: int, latest: int) -> int:
    """Return where a line begins, or else a word, from a place on."""
    if place == 0:
        return 0
    line = text.find("\n", place - 1, latest)
    return line + 1 if line >= 0 else _word_start(text, place)


def _word_start(text: str, place: int) -> int:
    """Return where the next word begins, if it is near; a place in the middle of one otherwise."""
    if place == 0:
        return 0
    blank = text.find(" ", place, place + _BEFORE)
    return blank + 1 if blank >= 0 else place
