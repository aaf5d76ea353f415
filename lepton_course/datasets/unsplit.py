"""Hold data that comes without a split: a log of events, and a text.

For a log, the split is a question of time: what was known on a certain day, and what came after.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lepton_course.datasets.catalogue import EventsInfo, TextInfo
from lepton_course.datasets.tables import Rows, as_html, as_text, cell_text


@dataclass(frozen=True, eq=False, repr=False)
class EventLog:
    """Events in rows, by customer (if there are any) and day; a notebook displays its first rows.

    columns: name -> array (E,), as `info.columns` describes them.
    """

    columns: dict[str, np.ndarray]
    info: EventsInfo

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, index: slice | np.ndarray) -> EventLog:
        """Return some of the events, by slice, mask or index array.

        `log[log.column("day") < 365]` are the events of the first year.
        """
        return EventLog({name: c[index] for name, c in self.columns.items()}, self.info)

    def column(self, name: str) -> np.ndarray:
        """Return one column, (E,).

        Raises KeyError, listing the names that exist, when there is no such column.
        """
        if name not in self.columns:
            raise KeyError(f"no column {name!r}; there are: {', '.join(self.columns)}")
        return self.columns[name]

    def __repr__(self) -> str:
        return as_text(self._rows(5), self._size())

    def _repr_html_(self) -> str:
        return as_html(self._rows(8), self._size())

    def _size(self) -> str:
        return f"{len(self)} {self.info.examples}"

    def _rows(self, count: int) -> Rows:
        first: list[Any] = [self.columns[name][:count].tolist() for name in self.columns]
        return [[*self.columns], *([cell_text(v) for v in row] for row in zip(*first, strict=True))]


@dataclass(frozen=True, eq=False, repr=False)
class Text:
    """One long text: `content`, with its line breaks."""

    content: str
    info: TextInfo

    def __len__(self) -> int:
        return len(self.content)

    def __repr__(self) -> str:
        return f"{self.info.title}: {len(self)} {self.info.examples}; licence {self.info.licence}"
