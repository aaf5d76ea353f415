"""Link words in a text to the course terms in the knowledge graph."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from urllib.parse import quote

from lepton_hub.graph.course_terms import EVERYDAY, CourseOutline
from lepton_hub.search.word_forms import words_of

LONGEST = 300_000
"""In characters of HTML. Longer texts get no links."""
_PIECE = re.compile(r"""</?([a-z][a-z0-9]*)(?:[^<>"']|"[^"]*"|'[^']*')*>|[^<]+|<""")
_WORD = re.compile(r"&#?\w+;|[^\W_]+")
_BETWEEN = re.compile(r"(?:_|[^\w.!?;:,()&<>]){1,3}")
_WITHOUT = frozenset({"a", "code", "pre", "math", "h1", "h2", "h3", "h4", "h5", "h6"})
"""Elements whose text gets no links."""

Spot = tuple[int, int, int]
"""The position of a term: the piece of text, and its start and end."""


@dataclass
class TermLinker:
    """Links the first mention of each term across all texts it is given.

    graph: the address of the page of the graph. Terms are the course's own, so a text gets the same
    links whoever reads it; the target page shows only what the reader may see.
    """

    course: CourseOutline
    graph: str
    _linked: set[str] = field(default_factory=set)

    def linked(self, html: str) -> str:
        """Return HTML with links. html: output of the renderer."""
        if len(html) > LONGEST:
            return html
        pieces, open_pieces = _pieces(html)
        found: dict[str, Spot] = {}
        for number in open_pieces:
            for key, start, end in self._terms(pieces[number]):
                found.setdefault(key, (number, start, end))
        meant = [(spot, key) for key, spot in found.items() if self._is_meant(key, found)]
        for (number, start, end), key in sorted(meant, reverse=True):  # the last one first
            if key not in self._linked:
                text = pieces[number]
                link = self._link(key, text[start:end])
                pieces[number] = f"{text[:start]}{link}{text[end:]}"
        self._linked.update(key for _, key in meant)
        return "".join(pieces)

    def _terms(self, text: str) -> Iterator[tuple[str, int, int]]:
        """Yield the terms in plain text; of two that start at the same word, the longer one."""
        starts = self.course.starts
        words = [(found.start(), found.end(), found[0].lower()) for found in _WORD.finditer(text)]
        reached = 0
        for place, (start, _, word) in enumerate(words):
            terms = starts.get(word if word.isascii() else _plain(word))
            if place < reached or not terms:
                continue
            for term in sorted(terms, key=len, reverse=True):
                if _stands_here(term, words[place : place + len(term)], text):
                    reached = place + len(term)
                    yield " ".join(term), start, words[reached - 1][1]
                    break

    def _is_meant(self, key: str, found: dict[str, Spot]) -> bool:
        """Return whether a word is meant as the term (see `EVERYDAY`)."""
        if key not in EVERYDAY:
            return True
        modules = {*self.course.taught_by[key]}
        return any(modules & {*self.course.taught_by[one]} for one in found if one not in EVERYDAY)

    def _link(self, key: str, words: str) -> str:
        modules = (self.course.modules[id_].title for id_ in self.course.taught_by[key])
        about = escape(f"A term of the course: {', '.join(modules)}")
        address = escape(f"{self.graph}?node={quote(f'term:{key}', safe='')}")
        return f'<a class="term" href="{address}" title="{about}">{words}</a>'


def _pieces(html: str) -> tuple[list[str], list[int]]:
    """Return the tags and texts of HTML, and the numbers of the texts that may hold links."""
    pieces, open_pieces = [], []
    within = 0
    for found in _PIECE.finditer(html):
        piece, tag = found[0], found[1]
        if tag in _WITHOUT:
            within += -1 if piece.startswith("</") else 1
        elif tag is None and not within:
            open_pieces.append(len(pieces))
        pieces.append(piece)
    return pieces, open_pieces


def _stands_here(term: tuple[str, ...], words: list[tuple[int, int, str]], text: str) -> bool:
    """Return whether words form a term, with at most a space or dash in between."""
    if len(words) != len(term) or any(
        (word if word.isascii() else _plain(word)) != wanted
        for (_, _, word), wanted in zip(words, term, strict=True)
    ):
        return False
    gaps = zip(words, words[1:], strict=False)
    return all(_BETWEEN.fullmatch(text, one[1], other[0]) for one, other in gaps)


def _plain(word: str) -> str:
    """Return a word normalised as for search; "" if search splits it into several."""
    found = words_of(word)
    return found[0] if len(found) == 1 else ""
