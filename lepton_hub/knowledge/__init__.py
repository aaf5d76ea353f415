"""The knowledge base: documents, attachments, discussions, questions, and the digest."""

from lepton_hub.catalogue.dependents import CONTENT_COLUMNS, ON_DELETE
from lepton_hub.knowledge.discussions import delete_threads_about
from lepton_hub.knowledge.documents import delete_revisions
from lepton_hub.knowledge.knowledge_tables import (
    Attachment,
    DigestMail,
    DiscussionThread,
    DocumentRevision,
    PostWording,
    Subscription,
    ThreadPost,
    ThreadTag,
)
from lepton_hub.knowledge.subscriptions import delete_subscriptions_to

CONTENT_COLUMNS.append(Attachment.sha256)
ON_DELETE.extend([delete_revisions, delete_threads_about, delete_subscriptions_to])

__all__ = [
    "Attachment",
    "DigestMail",
    "DiscussionThread",
    "DocumentRevision",
    "PostWording",
    "Subscription",
    "ThreadPost",
    "ThreadTag",
]
