"""Current settings and sizes, without secrets."""

from __future__ import annotations

from urllib.parse import urlsplit

from sqlalchemy import func, select, text, union
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from lepton_hub.api.service_state import ServiceState
from lepton_hub.audit.audit_log import head_of
from lepton_hub.catalogue.tables import PendingUpload, SharedItem, Version, VersionFile
from lepton_hub.knowledge import Attachment, DiscussionThread, DocumentRevision, ThreadPost
from lepton_hub.pages.page_rendering import KIND_WORDS


def settings_shown(state: ServiceState) -> list[tuple[str, str]]:
    """Return the current settings' names and values, without keys, passwords or tokens.

    URLs are reduced to the parts that identify a location.
    """
    settings = state.settings
    database = make_url(settings.database)
    place = f"{database.host or ''}{'/' if database.host else ''}{database.database or 'memory'}"
    blobs = urlsplit(settings.blobs)
    mail = urlsplit(settings.smtp) if settings.smtp else None
    generations = state.store.keys.generations
    return [
        ("Sign-in", state.identity.notice or "JupyterHub"),
        ("Database", f"{database.get_backend_name()}, {place}"),
        ("Database encrypted", "by SQLCipher" if settings.database_key_file else "no"),
        ("Stored files", f"{blobs.scheme}://{blobs.hostname or ''}{blobs.path}" if blobs.scheme else
         settings.blobs),
        ("Keys", f"{settings.keys}, newest generation {generations[0]}, kept {len(generations)}"),
        ("Address", settings.address or settings.prefix or "/"),
        ("Trusted proxies", settings.proxies or "none"),
        ("Requests per minute and person", f"{settings.requests_a_minute:g}"),
        ("Requests in one burst", str(settings.burst)),
        ("Requests of one person at a time", str(settings.requests_at_once)),
        ("Largest upload", f"{settings.largest_upload / 2**30:g} GiB"),
        ("JupyterHub's answers are cached for", f"{settings.identity_seconds:g} s"),
        ("E-mail", f"{mail.scheme}://{mail.hostname}, from {settings.mail_from}" if mail else
         "none"),
    ]  # fmt: skip


def sizes_of(session: Session) -> list[tuple[str, int, str]]:
    """Return sizes as (name, number, unit), with the unit "" or "bytes"."""

    def count(table: type, *conditions: object) -> int:
        return session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0

    files = select(VersionFile.sha256, VersionFile.size)
    contents = union(files, select(Attachment.sha256, Attachment.size)).subquery()
    kinds = select(SharedItem.kind, func.count()).where(SharedItem.deleted_at.is_(None))
    return [
        *(
            (f"Items: {KIND_WORDS.get(kind, kind)}", number, "")
            for kind, number in session.execute(
                kinds.group_by(SharedItem.kind).order_by(SharedItem.kind)
            )
        ),
        ("Deleted items", count(SharedItem, SharedItem.deleted_at.is_not(None)), ""),
        ("Versions", count(Version), ""),
        ("Revisions of documents", count(DocumentRevision), ""),
        ("Discussions", count(DiscussionThread, DiscussionThread.deleted_at.is_(None)), ""),
        ("Posts", count(ThreadPost, ThreadPost.deleted_at.is_(None)), ""),
        ("Unfinished uploads", count(PendingUpload), ""),
        ("Stored files, each content once", count(contents), ""),
        (
            "Size of the stored files",
            session.scalar(select(func.sum(contents.c.size))) or 0,
            "bytes",
        ),
        ("Entries of the audit log", head_of(session)[0], ""),
        ("Size of the database", _database_size(session), "bytes"),
    ]


def _database_size(session: Session) -> int:
    if session.get_bind().dialect.name == "postgresql":
        return session.scalar(text("SELECT pg_database_size(current_database())")) or 0
    pages = session.scalar(text("PRAGMA page_count")) or 0
    return pages * (session.scalar(text("PRAGMA page_size")) or 0)
