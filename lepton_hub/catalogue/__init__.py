"""The catalogue: items with their cards and versions, what they were made from, uploads."""

from lepton_hub.catalogue.tables import (
    Item,
    ItemTag,
    PendingUpload,
    Source,
    Version,
    VersionFile,
)

__all__ = [
    "Item",
    "ItemTag",
    "PendingUpload",
    "Source",
    "Version",
    "VersionFile",
]
