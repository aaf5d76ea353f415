"""Writing to nbgrader's gradebook over one connection, one transaction per submission.

nbgrader opens the gradebook nine times to record a submission, and commits after each cell. Each
opening inspects all tables and recompiles its statements; each commit waits for the disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from nbgrader.api import Gradebook
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.orm import scoped_session, sessionmaker


class GradebookWriter:
    """A gradebook connection through which all of nbgrader's writes go, as a whole or not at all.

    url: SQLAlchemy's URL of the gradebook.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    @cached_property
    def engine(self) -> Engine:
        """The engine of the connection, opened at first use."""
        Gradebook(self.url).close()  # creates missing tables
        return create_engine(self.url)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit at the end of the block, or roll back if it raises.

        nbgrader offers no way to hand it a connection. So any `Gradebook` opened within the block
        joins the transaction.
        """
        usual = Gradebook.__init__, Gradebook.close
        with self.engine.begin() as connection:
            Gradebook.__init__, Gradebook.close = self._joining(connection)
            try:
                yield
            finally:
                Gradebook.__init__, Gradebook.close = usual

    def close(self) -> None:
        """Close the connection, if it was opened."""
        if "engine" in vars(self):
            self.engine.dispose()

    def _joining(self, connection: Connection) -> tuple[Any, Any]:
        """Return `__init__` and `close` for a gradebook that works within the transaction."""
        sessions = sessionmaker(connection, join_transaction_mode="rollback_only")

        def __init__(
            book: Gradebook, url: str, course_id: str = "default_course", authenticator: Any = None
        ) -> None:
            if url != self.url:
                raise ValueError(f"a gradebook at {url}, while {self.url} is written")
            book.engine, book.db = self.engine, scoped_session(sessions)
            book.check_course(course_id=course_id)
            book.course_id, book.authenticator = course_id, authenticator

        def close(book: Gradebook) -> None:
            book.db.remove()

        return __init__, close
