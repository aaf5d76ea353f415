"""A place that is slow: it waits at a chosen call until it may go on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from bounded_waits import PATIENCE_SECONDS

from lepton_hub.storage import BlobStore
from lepton_hub.storage.places import Place, Write


class WaitingPlace(Place):
    """Passes calls on; the call after `calls` others waits for `go`. reached: whether it does."""

    def __init__(self, place: Place, calls: int) -> None:
        self._place, self._left = place, calls
        self._counting = threading.Lock()
        self.reached, self.go = threading.Event(), threading.Event()

    def _call(self) -> None:
        with self._counting:
            self._left -= 1
            is_it = self._left == -1
        if is_it:
            self.reached.set()
            assert self.go.wait(PATIENCE_SECONDS)

    @contextmanager
    def writing(self, name: str) -> Iterator[Write]:
        self._call()
        with self._place.writing(name) as write:
            yield write

    def put(self, name: str, data: bytes) -> None:
        self._call()
        self._place.put(name, data)

    def get(self, name: str, start: int = 0, stop: int | None = None) -> bytes:
        self._call()
        return self._place.get(name, start, stop)

    def size(self, name: str) -> int:
        self._call()
        return self._place.size(name)

    def delete(self, name: str) -> None:
        self._call()
        self._place.delete(name)

    def names(self, below: str) -> Iterator[str]:
        self._call()
        return self._place.names(below)

    def folders(self, below: str) -> list[str]:
        self._call()
        return self._place.folders(below)


@contextmanager
def waiting(store: BlobStore, calls: int) -> Iterator[WaitingPlace]:
    """Have a store's place wait at its next call but `calls`, for as long as this lasts."""
    usual = store.place
    slow = WaitingPlace(usual, calls)
    store.place = slow
    store._use(store.keys)
    try:
        yield slow
    finally:
        slow.go.set()
        store.place = usual
        store._use(store.keys)
