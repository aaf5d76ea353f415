"""Select the storage backend for a URL."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from lepton_hub.storage.bucket_place import BucketPlace
from lepton_hub.storage.places import FolderPlace, FsspecPlace, Place


def place_at(url: str, locks: str | None = None) -> Place:
    """Return the place for a folder, a `file://` URL, `s3://BUCKET/FOLDER`, or an fsspec URL.

    locks: the prefix of lock files, for a place without locks of its own.
    """
    parts = urlsplit(url)
    if parts.scheme in ("", "file"):
        return FolderPlace(Path(unquote(parts.path) if parts.scheme else url))
    if parts.scheme in ("s3", "s3a"):
        return BucketPlace(url, locks)
    return FsspecPlace(url)
