"""Which kind of place a URL names."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from lepton_hub.storage.bucket_place import BucketPlace
from lepton_hub.storage.places import FolderPlace, FsspecPlace, Place


def place_at(url: str, locks: str | None = None) -> Place:
    """Return the place of a folder, a `file://` URL, `s3://BUCKET/FOLDER`, or a URL of fsspec's.

    locks: how the names of lock files begin, for a place that has none of its own.
    """
    parts = urlsplit(url)
    if parts.scheme in ("", "file"):
        return FolderPlace(Path(unquote(parts.path) if parts.scheme else url))
    if parts.scheme in ("s3", "s3a"):
        return BucketPlace(url, locks)
    return FsspecPlace(url)
