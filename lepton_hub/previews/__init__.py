"""Previews of tables and pictures, in bounded memory and time."""

from lepton_hub.previews.image_previews import IMAGES, NoPreview, thumbnail
from lepton_hub.previews.table_previews import TablePreview, is_table, preview_table

__all__ = ["IMAGES", "NoPreview", "TablePreview", "is_table", "preview_table", "thumbnail"]
