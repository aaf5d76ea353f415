"""Which bytes of an upload its parts cover."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Part:
    """The bytes start, …, stop - 1 of an upload; written: when, in whole Unix seconds."""

    start: int
    stop: int
    written: int

    @property
    def name(self) -> str:
        """The part as a file name; names sort as the parts do."""
        return f"{self.start:013x}-{self.stop:013x}-{self.written:x}"

    @classmethod
    def from_name(cls, name: str) -> Part:
        """Return the part of a file name."""
        return cls(*(int(number, 16) for number in name.split("-")))


def path_to_end(parts: Iterable[Part]) -> list[Part]:
    """Return parts that follow each other without a gap from byte 0 as far as any chain leads.

    A part more never makes that shorter, even if it overlaps others. So what was acknowledged once
    stays so.
    """
    arriving: dict[int, Part | None] = {0: None}  # by where a chain has come: its last part
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
    """Return how many bytes these parts cover from byte 0 on without a gap."""
    path = path_to_end(parts)
    return path[-1].stop if path else 0
