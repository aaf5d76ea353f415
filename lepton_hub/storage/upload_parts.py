"""The bytes of an upload that its parts cover."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Part:
    """The bytes start, …, stop - 1 of an upload; written: in whole Unix seconds."""

    start: int
    stop: int
    written: int

    @property
    def name(self) -> str:
        """The part's file name; names sort in the parts' order."""
        return f"{self.start:013x}-{self.stop:013x}-{self.written:x}"

    @classmethod
    def from_name(cls, name: str) -> Part:
        """Parse a part from its file name."""
        return cls(*(int(number, 16) for number in name.split("-")))


def path_to_end(parts: Iterable[Part]) -> list[Part]:
    """Return the longest gapless chain of parts from byte 0.

    An additional part never shortens it, even if it overlaps others, so acknowledged bytes stay
    acknowledged.
    """
    arriving: dict[int, Part | None] = {0: None}  # a chain's last part, by the offset it reaches
    for part in sorted(parts):
        if part.start in arriving:
            arriving.setdefault(part.stop, part)
    path: list[Part] = []
    place = max(arriving)
    while (part := arriving[place]) is not None:
        path.append(part)
        place = part.start
    return path[::-1]


def reached_by(parts: Iterable[Part]) -> int:
    """Return the number of bytes these parts cover from byte 0 without a gap."""
    path = path_to_end(parts)
    return path[-1].stop if path else 0
