"""Pages for items: find, view, create, extend and share them."""

from lepton_hub.pages.items import (
    access_pages,
    card_pages,
    catalogue_pages,
    file_pages,
    item_pages,
    sharing_pages,
    version_pages,
)

ITEM_PAGES = (
    catalogue_pages, item_pages, card_pages, version_pages, file_pages, sharing_pages, access_pages,
)  # fmt: skip

__all__ = ["ITEM_PAGES"]
