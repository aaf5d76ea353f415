"""Storage backends: a folder, or any fsspec file system; for S3 see `bucket_place`.

Writes are atomic. In a folder, they are durable when the call returns.
"""

from __future__ import annotations

import os
import secrets
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import fsspec
from filelock import FileLock

from lepton_hub.folder_sync import sync_folder

Write = Callable[[bytes], object]
_PARTIAL = ".part"
_LOCK = ".lock"
_ERASING_LOCK = ".erasing"
_HERE_ALONE = threading.Lock()
_ERASING_HERE = threading.Lock()


class Place(ABC):
    """A key-value store of names, such as `data/3f/3f09`, and bytes."""

    @abstractmethod
    def writing(self, name: str) -> AbstractContextManager[Write]:
        """Open a new name for writing; after an exception, nothing is stored."""

    @abstractmethod
    def put(self, name: str, data: bytes) -> None:
        """Write a few bytes atomically, replacing any existing ones."""

    @abstractmethod
    def get(self, name: str, start: int = 0, stop: int | None = None) -> bytes:
        """Return a name's bytes, or those of a range. Raises FileNotFoundError."""

    @abstractmethod
    def size(self, name: str) -> int:
        """Return the number of a name's bytes. Raises FileNotFoundError."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Remove a name, if it exists."""

    @abstractmethod
    def names(self, below: str) -> Iterator[str]:
        """Yield the names that begin with `below` and a slash; those in one folder are sorted."""

    @abstractmethod
    def folders(self, below: str) -> list[str]:
        """Return the next parts of the names that begin with `below` and a slash, sorted."""

    def exclusive(self) -> AbstractContextManager[object]:
        """Acquire an exclusive lock. Here, it excludes only this process's threads."""
        return _HERE_ALONE

    def erasing(self) -> AbstractContextManager[object]:
        """Exclude other erasures; readers and writers continue."""
        return _ERASING_HERE

    def remove_folder(self, below: str) -> None:
        """Remove empty folders below a name, if the place has folders."""
        return

    def remove_partial(self, older_than: float, now: float) -> int:
        """Remove what writes killed `older_than` seconds ago left behind; return the number."""
        return 0


class FolderPlace(Place):
    """A folder on this machine, accessible only to its owner."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._make_folder(self._folder)

    @contextmanager
    def writing(self, name: str) -> Iterator[Write]:
        path = self._folder / name
        partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}{_PARTIAL}")
        self._make_folder(path.parent)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(descriptor, "wb") as file:
                yield file.write
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, path)
        except BaseException:
            with suppress(FileNotFoundError):
                partial.unlink()
            raise
        sync_folder(path.parent)

    def put(self, name: str, data: bytes) -> None:
        with self.writing(name) as write:
            write(data)

    def get(self, name: str, start: int = 0, stop: int | None = None) -> bytes:
        with open(self._folder / name, "rb", buffering=0) as file:
            file.seek(start)
            return _read_all(file, stop - start) if stop is not None else file.read()

    def size(self, name: str) -> int:
        return (self._folder / name).stat().st_size

    def delete(self, name: str) -> None:
        path = self._folder / name
        with suppress(FileNotFoundError):
            path.unlink()
            sync_folder(path.parent)

    def names(self, below: str) -> Iterator[str]:
        for folder, inner, files in os.walk(self._folder / below):
            inner.sort()
            relative = Path(folder).relative_to(self._folder)
            yield from (
                f"{relative}/{file}" for file in sorted(files) if not file.endswith(_PARTIAL)
            )

    def folders(self, below: str) -> list[str]:
        try:
            return sorted(entry.name for entry in os.scandir(self._folder / below))
        except FileNotFoundError:
            return []

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Exclude all other threads and processes. A killed process leaves no lock behind."""
        with _HERE_ALONE, FileLock(self._folder / _LOCK, mode=0o600, thread_local=False):
            yield

    @contextmanager
    def erasing(self) -> Iterator[None]:
        lock = FileLock(self._folder / _ERASING_LOCK, mode=0o600, thread_local=False)
        with _ERASING_HERE, lock:
            yield

    def remove_folder(self, below: str) -> None:
        for folder, _, _ in os.walk(self._folder / below, topdown=False):
            with suppress(OSError):
                os.rmdir(folder)

    def remove_partial(self, older_than: float, now: float) -> int:
        removed = 0
        for folder, _, files in os.walk(self._folder):  # skips files removed meanwhile
            for path in (Path(folder, file) for file in files if file.endswith(_PARTIAL)):
                with suppress(FileNotFoundError):
                    if path.stat().st_mtime < now - older_than:
                        path.unlink()
                        removed += 1
        return removed

    def _make_folder(self, folder: Path) -> None:
        if not folder.is_dir():
            self._make_folder(folder.parent)
            folder.mkdir(mode=0o700, exist_ok=True)
            sync_folder(folder.parent)


class FsspecPlace(Place):
    """An fsspec file system whose objects appear only when complete, such as `memory://`."""

    def __init__(self, url: str) -> None:
        files, root = fsspec.core.url_to_fs(url, use_listings_cache=False)
        self._files: Any = files
        self._root = root.strip("/")

    @contextmanager
    def writing(self, name: str) -> Iterator[Write]:
        file = self._files.open(self._path(name), "wb")
        try:
            yield file.write
            file.close()
        except BaseException:
            with suppress(Exception):
                file.close()
            with suppress(Exception):
                self.delete(name)
            raise

    def put(self, name: str, data: bytes) -> None:
        self._files.pipe_file(self._path(name), data)

    def get(self, name: str, start: int = 0, stop: int | None = None) -> bytes:
        if stop is None and start == 0:
            return self._files.cat_file(self._path(name))
        return self._files.cat_file(self._path(name), start=start, end=stop)

    def size(self, name: str) -> int:
        return self._files.info(self._path(name))["size"]

    def delete(self, name: str) -> None:
        with suppress(FileNotFoundError):
            self._files.rm_file(self._path(name))

    def names(self, below: str) -> Iterator[str]:
        try:
            found = sorted(self._files.find(self._path(below)))
        except FileNotFoundError:
            found = []
        start = len(self._root) + 1
        yield from (path.lstrip("/")[start:] for path in found)

    def folders(self, below: str) -> list[str]:
        try:
            found = self._files.ls(self._path(below), detail=False)
        except FileNotFoundError:
            return []
        return sorted({path.rstrip("/").rpartition("/")[2] for path in found})

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"


def _read_all(file: Any, count: int) -> bytes:
    """Read `count` bytes, or fewer at the end of the file; a raw read may return fewer."""
    pieces = []
    while count > 0 and (piece := file.read(count)):
        pieces.append(piece)
        count -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
