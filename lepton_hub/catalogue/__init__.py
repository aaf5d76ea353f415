"""The catalogue: items with their cards, versions and lineage, and uploads."""

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
