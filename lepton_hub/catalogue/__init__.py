"""The catalogue: items with their cards and versions, what they were made from, uploads."""

from lepton_hub.catalogue.tables import (
    ItemTag,
    PendingUpload,
    SharedItem,
    Source,
    Version,
    VersionFile,
)

__all__ = [
    "SharedItem",
    "ItemTag",
    "PendingUpload",
    "Source",
    "Version",
    "VersionFile",
]
