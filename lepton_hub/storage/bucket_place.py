"""An S3 bucket, through obstore. All its failures are reported by one exception.

obstore is used directly, not through fsspec, to control memory, part sizes and retries.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from filelock import FileLock

from lepton_hub.storage.blob_types import StorageError, StorageUnavailable
from lepton_hub.storage.places import Place, Write

PART = 8 * 1024 * 1024
"""Part size in bytes. S3 allows 10,000 parts, so an object has at most 78 GiB."""
PARTS_AT_ONCE = 2
"""Parts of one object to buffer in memory."""
ANSWER_SECONDS = 30
"""The timeout of one request."""
RETRY_SECONDS = 20
"""How long to retry a failed request."""
_LONGEST_REASON = 300
_HERE_ALONE, _ERASING_HERE = threading.Lock(), threading.Lock()


class BucketPlace(Place):
    """Objects below a prefix of a bucket. An object becomes visible once it is complete."""

    def __init__(self, url: str, locks: str | None = None) -> None:
        """Open a bucket by its URL, `s3://BUCKET/FOLDER`; the environment has its account.

        locks: the prefix of local lock files that exclude this machine's other processes; None
        excludes only this process's other threads.

        Raises StorageError.
        """
        try:
            import obstore
            from obstore.exceptions import BaseError
            from obstore.store import S3Store
        except ModuleNotFoundError as error:
            raise StorageError(
                "Contents in a bucket of S3 need obstore: pip install 'lepton-course[s3]'"
            ) from error
        parts = urlsplit(url)
        self._bucket, self._locks = parts.netloc, locks
        self._errors: type[Exception] = BaseError
        self._api: Any = obstore
        with self._in_words():
            self._store: Any = S3Store(
                self._bucket,
                prefix=unquote(parts.path).strip("/") or None,
                client_options={
                    "timeout": timedelta(seconds=ANSWER_SECONDS),
                    # Given explicit options, obstore ignores this variable.
                    "allow_http": os.environ.get("AWS_ALLOW_HTTP", "").lower() in ("true", "1"),
                },
                disable_bulk_delete=True,  # not all services support it
                retry_config={"retry_timeout": timedelta(seconds=RETRY_SECONDS)},
            )

    @contextmanager
    def writing(self, name: str) -> Iterator[Write]:
        with self._in_words():
            file = self._api.open_writer(
                self._store, name, buffer_size=PART, max_concurrency=PARTS_AT_ONCE
            )
        try:
            yield self._asking(file.write)
            self._asking(file.close)()
        except StorageUnavailable:
            raise  # a partial object has no envelope, and is swept up
        except BaseException:
            with suppress(Exception):
                file.close()  # there is no other way to abort it
            with suppress(Exception):
                self.delete(name)
            raise

    def put(self, name: str, data: bytes) -> None:
        self._asking(self._api.put)(self._store, name, data, use_multipart=False)

    def get(self, name: str, start: int = 0, stop: int | None = None) -> bytes:
        with self._in_words(missing=True):
            if stop is None:
                return self._api.get(self._store, name).bytes().to_bytes()[start:]
            try:
                return self._api.get_range(self._store, name, start=start, end=stop).to_bytes()
            except self._errors:
                if self._api.head(self._store, name)["size"] <= start:
                    return b""  # S3 returns an error for a range that begins past the end
                raise

    def size(self, name: str) -> int:
        with self._in_words(missing=True):
            return self._api.head(self._store, name)["size"]

    def delete(self, name: str) -> None:
        with self._in_words():
            try:
                self._api.delete(self._store, name)
            except FileNotFoundError:  # for a missing key (not with S3), or the bucket
                self._api.list_with_delimiter(self._store, name)

    def names(self, below: str) -> Iterator[str]:
        with self._in_words():
            pages = list(self._api.list(self._store, f"{below}/", chunk_size=1000))
        yield from (one["path"] for page in pages for one in page)

    def folders(self, below: str) -> list[str]:
        with self._in_words():
            found = self._api.list_with_delimiter(self._store, f"{below}/")
        paths = [*found["common_prefixes"], *(one["path"] for one in found["objects"])]
        return sorted({path.rstrip("/").rpartition("/")[2] for path in paths})

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Exclude all other threads, and this machine's processes with the same keys."""
        with _HERE_ALONE, self._lock("contents"):
            yield

    @contextmanager
    def erasing(self) -> Iterator[None]:
        with _ERASING_HERE, self._lock("erasing"):
            yield

    def _lock(self, what: str) -> AbstractContextManager[object]:
        if self._locks is None:
            return nullcontext()
        return FileLock(Path(f"{self._locks}.{what}.lock"), mode=0o600, thread_local=False)

    def _asking(self, call: Callable[..., object]) -> Callable[..., object]:
        """Wrap a call to translate its exceptions."""

        def ask(*args: object, **options: object) -> object:
            with self._in_words():
                return call(*args, **options)

        return ask

    @contextmanager
    def _in_words(self, missing: bool = False) -> Iterator[None]:
        """Translate an obstore exception to StorageUnavailable.

        missing: pass FileNotFoundError on, since a key may be missing; otherwise it means the
        bucket.
        """
        try:
            yield
        except FileNotFoundError as error:
            if missing:
                raise
            raise StorageUnavailable(f"There is no bucket {self._bucket}") from error
        except (self._errors, OSError, ValueError) as error:
            raise StorageUnavailable(self._reason(error)) from error

    def _reason(self, error: Exception) -> str:
        kind, said = type(error).__name__, str(error)
        if kind in ("PermissionDeniedError", "UnauthenticatedError") or "403 Forbidden" in said:
            return (
                f"The bucket {self._bucket} refuses this account: check AWS_ACCESS_KEY_ID, "
                "AWS_SECRET_ACCESS_KEY and what the account may do"
            )
        reason = said.partition("\n")[0].strip()[:_LONGEST_REASON]
        if "BadScheme" in said:
            reason = "for an AWS_ENDPOINT that begins with http://, set AWS_ALLOW_HTTP=true"
        return f"The bucket {self._bucket} cannot be reached, or fails: {reason}"
