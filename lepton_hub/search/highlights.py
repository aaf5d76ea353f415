"""Where the words stand that somebody looked for, as HTML that is safe."""

from __future__ import annotations

from html import escape

from lepton_hub.search.word_forms import is_match, word_places
from lepton_hub.text import shown

_LOOKED_AT = 20_000
"""Characters of a text in which a place to show is looked for."""
_BEFORE, _SHOWN = 60, 240


def marked(text: str, wanted: list[str]) -> str:
    """Return a text as HTML, with the words that were looked for in <mark>."""
    pieces = []
    place = 0
    for start, stop, word in word_places(text):
        if start >= place and is_match(word, wanted):
            pieces += [escape(text[place:start]), f"<mark>{escape(text[start:stop])}</mark>"]
            place = stop
    return shown("".join([*pieces, escape(text[place:])]))


def excerpt(text: str, wanted: list[str]) -> str:
    """Return the part of a text around the first word that was looked for, marked, as HTML."""
    head = text[:_LOOKED_AT]
    first = next((start for start, _, word in word_places(head) if is_match(word, wanted)), 0)
    start = _word_start(text, max(0, first - _BEFORE))
    part = text[start : start + _SHOWN]
    if start + _SHOWN < len(text) and " " in part.strip():
        part = part.rsplit(maxsplit=1)[0]
    before = "… " if start else ""
    after = " …" if start + len(part) < len(text.rstrip()) else ""
    return before + marked(" ".join(part.split()), wanted) + after


def _word_start(text: str, place: int) -> int:
    """Return where the next word begins, if it is near; a place in the middle of one otherwise."""
    if place == 0:
        return 0
    blank = text.find(" ", place, place + _BEFORE)
    return blank + 1 if blank >= 0 else place
