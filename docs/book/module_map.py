"""The map of the modules: a picture of which builds on which, with links.

It is drawn twice: as columns for wide pages, and as an indented list for narrow ones; the style
sheet shows one of them. Colours are the style sheet's, for light and dark pages.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from book.modules import BookModule, needed_directly

LETTERS = 17
"""Letters of a title that a box holds in one line."""

LINE = 15
BOX = (140, 54)
STEP = (160, 62)
ROW = (18, 60)
"""Of the narrow map: how far a level is indented, and from row to row."""

NARROW = 360
MARGIN = 4


@dataclass(frozen=True)
class Placed:
    """A module on the map. column: length of the longest way to it. row: may lie between two."""

    book: BookModule
    column: int
    row: float


def placed(modules: Sequence[BookModule], needs: Mapping[str, Sequence[str]]) -> list[Placed]:
    """Return the modules with their places, each after those it needs.

    A module stands to the right of what it needs, and in the middle of what follows from it. needs:
    direct prerequisites by id.

    Raises ValueError when modules need each other in a circle.
    """
    known = {book.id: book for book in modules}
    columns: dict[str, int] = {}

    def column(name: str, way: tuple[str, ...] = ()) -> int:
        if name in way:
            raise ValueError(f"modules need each other in a circle: {' → '.join((*way, name))}")
        if name not in columns:
            before = [column(one, (*way, name)) for one in needs[name] if one in known]
            columns[name] = max(before, default=-1) + 1
        return columns[name]

    for name in known:
        column(name)
    parent = {  # the one that decides about the column
        name: max((one for one in needs[name] if one in known), key=columns.__getitem__, default="")
        for name in known
    }
    rows: dict[str, float] = {}
    order: list[str] = []

    def place(name: str) -> None:
        order.append(name)
        after = [other for other in known if parent[other] == name]
        for other in after:
            place(other)
        whole = {rows[other] for other in after}
        leaves = sum(1 for other in rows if other not in parent.values())
        rows[name] = (min(whole) + max(whole)) / 2 if whole else float(leaves)

    for name in known:
        if not parent[name]:
            place(name)
    return [Placed(known[name], columns[name], rows[name]) for name in order]


def map_svg(modules: Sequence[BookModule]) -> str:
    """Return both drawings as HTML. Links are relative to the curriculum's folder."""
    needs = needed_directly(modules)
    places = placed(modules, needs)
    words = escape(in_words(modules, needs))
    drawings = f"{_wide(places, needs, words)}\n{_narrow(places, needs, words)}"
    return f'<div class="module-map">\n{drawings}\n</div>'


def in_words(modules: Sequence[BookModule], needs: Mapping[str, Sequence[str]]) -> str:
    """Return the map as text, for those who do not see it."""
    titles = {book.id: book.module.title for book in modules}
    sentences = []
    for book in modules:
        before = " and ".join(titles.get(name, name) for name in needs[book.id])
        planned = "" if book.notebooks else " (planned)"
        sentences.append(
            f"{titles[book.id]}{planned} {f'builds on {before}' if before else 'comes first'}."
        )
    return "Map of the modules. " + " ".join(sentences)


def _wide(places: Sequence[Placed], needs: Mapping[str, Sequence[str]], words: str) -> str:
    at = {p.book.id: (MARGIN + p.column * STEP[0], MARGIN + p.row * STEP[1]) for p in places}
    width = max(x for x, _ in at.values()) + BOX[0] + MARGIN
    height = max(y for _, y in at.values()) + BOX[1] + MARGIN
    lines = []
    for place in places:
        x, y = at[place.book.id]
        for name in needs[place.book.id]:
            if name in at:
                x0, y0 = at[name][0] + BOX[0], at[name][1] + BOX[1] / 2
                x1, y1 = x, y + BOX[1] / 2
                bend = (x1 - x0) / 2
                lines.append(
                    f'<path d="M{x0:g} {y0:g} C{x0 + bend:g} {y0:g} {x1 - bend:g} {y1:g} '
                    f'{x1:g} {y1:g}"/>'
                )
    boxes = [_box(place.book, *at[place.book.id], BOX[0]) for place in places]
    return _svg("wide", width, height, words, [*lines, *boxes])


def _narrow(places: Sequence[Placed], needs: Mapping[str, Sequence[str]], words: str) -> str:
    at = {
        p.book.id: (MARGIN + p.column * ROW[0], MARGIN + number * ROW[1])
        for number, p in enumerate(places)
    }
    height = MARGIN * 2 + len(places) * ROW[1]
    lines = []
    for place in places:
        x, y = at[place.book.id]
        for name in needs[place.book.id]:
            if name in at:
                x0, y0 = at[name][0] + ROW[0] / 2, at[name][1] + BOX[1]
                lines.append(f'<path d="M{x0:g} {y0:g} V{y + BOX[1] / 2:g} H{x:g}"/>')
    boxes = [
        _box(place.book, *at[place.book.id], NARROW - at[place.book.id][0] - MARGIN)
        for place in places
    ]
    return _svg("narrow", NARROW, height, words, [*lines, *boxes])


def _svg(kind: str, width: float, height: float, words: str, parts: Sequence[str]) -> str:
    begin = f'<svg class="{kind}" viewBox="0 0 {width:g} {height:g}" role="group"'
    return "\n".join([f'{begin} aria-label="{words}">', *parts, "</svg>"])


def _box(book: BookModule, x: float, y: float, width: float) -> str:
    """Return a module's box: a link where the module is there."""
    letters = round(LETTERS * width / BOX[0])
    title = textwrap.wrap(f"{book.module.number} {book.module.title}", letters)
    kind = book.module.track if book.notebooks else "planned"
    middle = y + BOX[1] / 2 - LINE / 2 * (len(title) - 1)
    text = "".join(
        f'<text x="{x + 10:g}" y="{middle + LINE * line:g}">{escape(words)}</text>'
        for line, words in enumerate(title)
    )
    box = f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{BOX[1]}" rx="6"/>{text}'
    if not book.notebooks:
        return f'<g class="{kind}"><title>Planned</title>{box}</g>'
    return (
        f'<a class="{kind}" href="{book.id}/index.html">'
        f"<title>{escape(book.module.about)}</title>{box}</a>"
    )
