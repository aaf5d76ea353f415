"""A place whose process dies at a chosen step, as by SIGKILL or a power cut."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lepton_hub.storage.places import Place, Write


class Died(BaseException):
    """Nothing catches it but the test."""


class DyingPlace(Place):
    """Passes calls on until `steps` changes are done; a write that dies leaves nothing."""

    def __init__(self, place: Place, steps: int) -> None:
        self._place, self._left = place, steps

    def _step(self) -> None:
        if self._left == 0:
            raise Died
        self._left -= 1

    @contextmanager
    def writing(self, name: str) -> Iterator[Write]:
        pieces: list[bytes] = []
        yield pieces.append
        self.put(name, b"".join(pieces))

    def put(self, name: str, data: bytes) -> None:
        self._step()
        self._place.put(name, data)
        self._step()

    def delete(self, name: str) -> None:
        self._step()
        self._place.delete(name)
        self._step()

    def get(self, name: str, start: int = 0, stop: int | None = None) -> bytes:
        return self._place.get(name, start, stop)

    def size(self, name: str) -> int:
        return self._place.size(name)

    def names(self, below: str) -> Iterator[str]:
        return self._place.names(below)

    def folders(self, below: str) -> list[str]:
        return self._place.folders(below)
