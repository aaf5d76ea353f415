"""Nobody waits for another machine or process while they hold the database as its writer.

A test module names this one in `pytest_plugins`, and has its tests use the fixture `nobody_waits`.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import httpx
import pytest
from sqlalchemy import Connection, Engine, event

from lepton_hub.database import engine as engines
from lepton_hub.rendering import BoundedRenderer
from lepton_hub.storage.bucket_place import BucketPlace
from lepton_hub.storage.places import FolderPlace, FsspecPlace

AUDITED = {"socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.posix_spawn"}
"""What Python itself tells of: HTTP over a new connection, SMTP, S3, processes."""
METHODS = (
    (time, "sleep"),
    (httpx.HTTPTransport, "handle_request"),
    (httpx.MockTransport, "handle_request"),
    (BoundedRenderer, "_ask"),
    *(
        (place, method)
        for place in (FolderPlace, FsspecPlace, BucketPlace)
        for method in ("writing", "put", "get", "size", "delete", "names", "folders")
    ),
)
"""What else waits for others: over connections that are open already, for a disk, for nothing."""


class WritingWatch:
    """Takes down what waits for others, and from where it was called."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._here = threading.local()

    @property
    def _writing(self) -> set[int]:
        """The connections of this thread that hold the database as its writer."""
        if not hasattr(self._here, "writing"):
            self._here.writing = set()
        return self._here.writing

    def begin(self, connection: Connection) -> None:
        """Take down that a transaction has begun."""
        if not connection.get_execution_options().get(engines._READS, False):
            self.write(connection)

    def write(self, connection: Connection) -> None:
        """Take down that a transaction writes from now on."""
        self._writing.add(id(connection.connection.dbapi_connection))

    def end(self, connection: Connection) -> None:
        """Take down that a transaction ends."""
        self._writing.discard(id(connection.connection.dbapi_connection))

    def waits(self, what: str) -> None:
        """Take down that something waits for others, if this thread is writing."""
        if self._writing:
            called = traceback.extract_stack()
            own = [
                f"{one.filename}:{one.lineno}" for one in called if "/lepton_hub/" in one.filename
            ]
            self.found.append(f"{what}: {' '.join(own[-4:])}")

    def wrapped(self, owner: Any, name: str) -> Callable[..., Any]:
        """Return a function of something's that is taken down when it is called."""
        usual = getattr(owner, name)

        def call(*arguments: Any, **options: Any) -> Any:
            self.waits(f"{getattr(owner, '__name__', owner)}.{name}")
            return usual(*arguments, **options)

        return call


_watching: list[WritingWatch] = []


def _hook(what: str, _: object) -> None:
    if what in AUDITED:
        for watch in _watching:
            watch.waits(what)


@contextmanager
def nobody_waits_while_writing() -> Iterator[WritingWatch]:
    """Fail at the end if something has waited for others within a writing transaction.

    A test that itself holds the database does so in a thread of its own, or in another process.
    """
    watch = WritingWatch()
    begin_writing = engines._begin_writing

    def begins_writing(connection: Connection) -> None:
        begin_writing(connection)
        watch.write(connection)

    listeners = (("begin", watch.begin), ("commit", watch.end), ("rollback", watch.end))
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(engines, "_begin_writing", begins_writing))
        for owner, name in METHODS:
            stack.enter_context(mock.patch.object(owner, name, watch.wrapped(owner, name)))
        for name, listener in listeners:
            event.listen(Engine, name, listener)
            stack.callback(event.remove, Engine, name, listener)
        _watching.append(watch)
        stack.callback(_watching.remove, watch)
        yield watch
    assert not watch.found, "\n".join(sorted(set(watch.found)))


@pytest.fixture
def nobody_waits() -> Iterator[None]:
    """Have a test fail if something in it waits for others within a writing transaction."""
    with nobody_waits_while_writing():
        yield


sys.addaudithook(_hook)
