"""How much work SQLite does for a request: counted, so that it is the same on every machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from small_hub import SmallHub
from sqlalchemy import event


@dataclass
class DatabaseWork:
    """What was done. steps: rows and index entries that were looked at, about; by statement."""

    statements: list[str] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)

    @property
    def amount(self) -> tuple[int, int]:
        """Number of statements, and of steps in all."""
        return len(self.statements), sum(self.steps)


@contextmanager
def counted_work(hub: SmallHub) -> Iterator[DatabaseWork]:
    """Count what a hub in memory does; it has one connection.

    SQLite calls the progress handler where its program goes round a loop or jumps.
    """
    work = DatabaseWork()
    pooled = hub.state.engine.raw_connection()
    connection = pooled.driver_connection
    pooled.close()

    def begun(*told: object) -> None:
        work.statements.append(str(told[2]))
        work.steps.append(0)

    def step() -> int:
        if work.steps:
            work.steps[-1] += 1
        return 0

    event.listen(hub.state.engine, "before_cursor_execute", begun)
    connection.set_progress_handler(step, 1)
    try:
        yield work
    finally:
        connection.set_progress_handler(None, 0)
        event.remove(hub.state.engine, "before_cursor_execute", begun)
