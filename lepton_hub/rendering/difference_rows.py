"""A unified difference as rows of a table: inline, or the two texts side by side."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from os.path import commonprefix
from typing import Literal

MOST_ROWS = 2000
_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
_WORDS = re.compile(r"\w+|\s+|.")


@dataclass(frozen=True)
class LinePart:
    """A part of a line. changed: whether it occurs on this side only."""

    text: str
    changed: bool = False


@dataclass(frozen=True)
class SideLine:
    """A line of one of the texts. number: from 1."""

    number: int
    parts: tuple[LinePart, ...]


@dataclass(frozen=True)
class DifferenceRow:
    """A row: an unchanged line on both sides, or a change.

    The kind "gap" stands for omitted unchanged lines, and "cut" for the rest of a difference that
    is too long to show.
    """

    kind: Literal["same", "changed", "gap", "cut"]
    before: SideLine | None = None
    after: SideLine | None = None


def difference_rows(difference: str) -> list[DifferenceRow]:
    """Return the rows of a unified difference, with each replaced line beside its replacement."""
    rows: list[DifferenceRow] = []
    removed: list[SideLine] = []
    added: list[SideLine] = []
    old = new = 0

    def flush() -> None:
        rows.extend(_paired(removed, added))
        removed.clear()
        added.clear()

    for line in difference.split("\n")[2:]:
        found = _HUNK.fullmatch(line)
        sign = line[:1]
        if found:
            flush()
            old = int(found[1])
            new = int(found[2])
            if rows or old > 1 or new > 1:
                rows.append(DifferenceRow("gap"))
        elif sign == "-":
            removed.append(SideLine(old, (LinePart(line[1:]),)))
            old += 1
        elif sign == "+":
            added.append(SideLine(new, (LinePart(line[1:]),)))
            new += 1
        else:
            flush()
            parts = (LinePart(line[1:]),)
            rows.append(DifferenceRow("same", SideLine(old, parts), SideLine(new, parts)))
            old += 1
            new += 1
    flush()
    if len(rows) > MOST_ROWS:
        rows[MOST_ROWS:] = [DifferenceRow("cut")]
    return rows


def inline_rows(rows: Sequence[DifferenceRow]) -> Iterator[DifferenceRow]:
    """Yield rows with one line each: for each change, all old lines, then all new ones."""
    waiting: list[DifferenceRow] = []
    for row in rows:
        if row.kind != "changed":
            yield from waiting
            waiting = []
            yield row
            continue
        if row.before:
            yield DifferenceRow("changed", before=row.before)
        if row.after:
            waiting.append(DifferenceRow("changed", after=row.after))
    yield from waiting


def _paired(removed: list[SideLine], added: list[SideLine]) -> Iterator[DifferenceRow]:
    for before, after in zip_longest(removed, added):
        if before and after:
            old, new = _marked(before.parts[0].text, after.parts[0].text)
            before = SideLine(before.number, old)
            after = SideLine(after.number, new)
        yield DifferenceRow("changed", before, after)


def _marked(old: str, new: str) -> tuple[tuple[LinePart, ...], tuple[LinePart, ...]]:
    """Return two lines with the words between their common prefix and suffix marked.

    It takes linear time, which a comparison word by word does not.
    """
    before = _WORDS.findall(old)
    after = _WORDS.findall(new)
    head = len(commonprefix([before, after]))
    tail = len(commonprefix([before[head:][::-1], after[head:][::-1]]))
    return _parts(before, head, tail), _parts(after, head, tail)


def _parts(words: list[str], head: int, tail: int) -> tuple[LinePart, ...]:
    end = len(words) - tail
    if head == 0 and tail == 0:
        return (LinePart("".join(words)),)  # nothing in common: the row's colour suffices
    pieces = (words[:head], words[head:end], words[end:])
    return tuple(
        LinePart("".join(piece), changed)
        for piece, changed in zip(pieces, (False, True, False), strict=True)
        if piece
    )
