"""Encrypted content-addressed blobs (SHA-256), and unfinished uploads."""

from lepton_hub.keys import KeyRing
from lepton_hub.storage.blob_store import BlobStore
from lepton_hub.storage.blob_types import (
    Blob,
    BlobDamaged,
    BlobMissing,
    HashMismatch,
    OffsetMismatch,
    StorageError,
    StorageUnavailable,
    StoredBlob,
    Sweeping,
    UploadMissing,
    WrongStoreKeys,
)
from lepton_hub.storage.uploads import Uploads

__all__ = [
    "Blob",
    "BlobDamaged",
    "BlobMissing",
    "BlobStore",
    "HashMismatch",
    "KeyRing",
    "OffsetMismatch",
    "StorageError",
    "StorageUnavailable",
    "StoredBlob",
    "Sweeping",
    "UploadMissing",
    "Uploads",
    "WrongStoreKeys",
]
