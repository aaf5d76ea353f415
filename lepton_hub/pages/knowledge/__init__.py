"""Pages for documents, discussions and subscriptions."""

from lepton_hub.pages.knowledge import (
    attachment_pages,
    discussion_pages,
    document_pages,
    editing_pages,
    post_pages,
    revision_pages,
    subscription_pages,
    thread_pages,
)

KNOWLEDGE_PAGES = (
    document_pages, editing_pages, revision_pages, attachment_pages, discussion_pages, thread_pages,
    post_pages, subscription_pages,
)  # fmt: skip

__all__ = ["KNOWLEDGE_PAGES"]
