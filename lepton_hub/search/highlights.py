"""Mark the matched words in titles and excerpts, as safe HTML."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import islice

from lepton_hub.rendering.plain_text import LONGEST, plain_text
from lepton_hub.search.word_forms import is_match, word_places
from lepton_hub.text import shown

_LOOKED_AT = 20_000
"""The number of characters of a text to search for an excerpt."""
_TRIED = 5
"""The number of occurrences to try; some are invisible, such as in a link's URL."""
_BEFORE, _SHOWN = 60, 240
_PASSAGE_BEFORE = 200


def marked(text: str, wanted: list[str]) -> str:
    """Return a text as HTML with the matched words in <mark>."""
    pieces = []
    place = 0
    for start, stop, word in word_places(text):
        if start >= place and is_match(word, wanted):
            pieces += [escape(text[place:start]), f"<mark>{escape(text[start:stop])}</mark>"]
            place = stop
    return shown("".join([*pieces, escape(text[place:])]))


def excerpt(markdown: str, wanted: list[str]) -> str:
    """Return an excerpt around the first matched word as HTML, with the words marked.

    The text is Markdown; the excerpt is plain text.
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
    """Return a passage as plain text, a matched word's position, and whether text precedes it.

    If no word matches in the part that is read, it is the beginning.
    """
    last = -1
    for place in islice(_places(markdown[:_LOOKED_AT], wanted), _TRIED):
        if place < last:
            continue  # it was in the previous passage
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
    """Return the start of the next line, or else of the next word."""
    if place == 0:
        return 0
    line = text.find("\n", place - 1, latest)
    return line + 1 if line >= 0 else _word_start(text, place)


def _word_start(text: str, place: int) -> int:
    """Return the start of the next word if it is near; otherwise the position itself."""
    if place == 0:
        return 0
    blank = text.find(" ", place, place + _BEFORE)
    return blank + 1 if blank >= 0 else place
