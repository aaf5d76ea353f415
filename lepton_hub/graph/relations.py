"""The graph's relations as queries over what exists for a person; no edge is stored twice."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, and_, func
from sqlalchemy.orm import aliased

from lepton_hub.catalogue.cards import ItemKind
from lepton_hub.catalogue.items import existing
from lepton_hub.catalogue.tables import ItemTag, SharedItem, Source, Version
from lepton_hub.graph.graph_types import EdgeKind, Key, NodeKind
from lepton_hub.graph.mention_tables import TermMention
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.discussions import visible_threads
from lepton_hub.knowledge.knowledge_tables import (
    DiscussionThread,
    DocumentRevision,
    ThreadPost,
    ThreadTag,
)
from lepton_hub.search.search_tables import SearchEntry

PERSON, TEAM, TAG, TERM = NodeKind.PERSON, NodeKind.TEAM, NodeKind.TAG, NodeKind.TERM
ITEM, THREAD, MODULE = NodeKind.ITEM, NodeKind.THREAD, NodeKind.MODULE
_SourceVersion = aliased(Version)


@dataclass(frozen=True, eq=False)
class Relation:
    """A kind of edges.

    visible: returns the query for the rows that make such edges for a person. subject, object: the
    columns of the two ends. at: when something last happened.
    """

    link: EdgeKind
    kinds: tuple[NodeKind, NodeKind]
    subject: Any
    object: Any
    at: Any
    visible: Callable[[Person], Select[Any]]

    def edges(self, person: Person) -> Select[tuple[Key, Key]]:
        """Return the query for the edges that exist for a person, each once.

        The columns are subject, object and `at`. Who is in which teams is all that it depends on.
        """
        return _edges(self, person)

    def ends(self) -> Iterator[tuple[int, NodeKind, Any]]:
        """Yield which end it is (0 the subject, 1 the object), its kind and its column."""
        yield 0, self.kinds[0], self.subject
        yield 1, self.kinds[1], self.object


@lru_cache(maxsize=1000)
def _edges(relation: Relation, person: Person) -> Select[tuple[Key, Key]]:
    """Return a relation's query; to put one together takes as long as to answer it."""
    columns = (
        relation.subject.label("subject"),
        relation.object.label("object"),
        func.max(relation.at).label("at"),
    )
    query = relation.visible(person).with_only_columns(*columns)
    return query.group_by(relation.subject, relation.object)


def _versions(person: Person) -> Select[Any]:
    query = existing(person).join(Version, Version.item_id == SharedItem.id)
    return query.where(Version.made_by != SharedItem.owner, SharedItem.kind != ItemKind.DOCUMENT)


def _revisions(person: Person) -> Select[Any]:
    revision = DocumentRevision
    query = existing(person).join(revision, revision.item_id == SharedItem.id)
    return query.where(revision.made_by != SharedItem.owner, SharedItem.kind == ItemKind.DOCUMENT)


def _in_team_spaces(person: Person) -> Select[Any]:
    return existing(person).where(SharedItem.team.is_not(None))


def _tagged_items(person: Person) -> Select[Any]:
    return existing(person).join(ItemTag, ItemTag.item_id == SharedItem.id)


def _tagged_threads(person: Person) -> Select[Any]:
    return visible_threads(person).join(ThreadTag, ThreadTag.thread_id == DiscussionThread.id)


def lineage(person: Person) -> Select[Any]:
    """Return the query for versions and those they were made from, where both items exist."""
    source = _SourceVersion
    query = existing(person).join(Version, Version.item_id == SharedItem.id)
    query = query.join(Source, Source.version_id == Version.id)
    query = query.join(source, source.id == Source.source_id)
    return query.where(source.item_id.in_(_item_ids(person)))


def _made_from(person: Person) -> Select[Any]:
    return lineage(person).where(_SourceVersion.item_id != SharedItem.id)


def _mentioning_items(person: Person) -> Select[Any]:
    of_item = and_(SearchEntry.item_id == SharedItem.id, SearchEntry.thread_id.is_(None))
    query = existing(person).join(SearchEntry, of_item)
    return query.join(TermMention, TermMention.entry_id == SearchEntry.id)


def _mentioning_threads(person: Person) -> Select[Any]:
    query = visible_threads(person)
    query = query.join(SearchEntry, SearchEntry.thread_id == DiscussionThread.id)
    return query.join(TermMention, TermMention.entry_id == SearchEntry.id)


def _about_items(person: Person) -> Select[Any]:
    return visible_threads(person).where(DiscussionThread.item_id.is_not(None))


def about_sections(person: Person) -> Select[Any]:
    """Return the query for the threads about sections of the course."""
    return visible_threads(person).where(DiscussionThread.item_id.is_(None))


def _answers(person: Person) -> Select[Any]:
    accepted = ThreadPost.public_id == DiscussionThread.accepted_id
    return _posts(person).where(accepted)


def _replies(person: Person) -> Select[Any]:
    other = ThreadPost.public_id.is_distinct_from(DiscussionThread.accepted_id)
    return _posts(person).where(other)


def _posts(person: Person) -> Select[Any]:
    query = visible_threads(person).join(ThreadPost, ThreadPost.thread_id == DiscussionThread.id)
    return query.where(ThreadPost.number > 1, ThreadPost.deleted_at.is_(None))


def _item_ids(person: Person) -> Select[Any]:
    return existing(person).with_only_columns(SharedItem.id)


_ITEM, _THREAD = SharedItem.id, DiscussionThread.id
_CHANGED, _TALKED = SharedItem.changed_at, DiscussionThread.changed_at

RELATIONS: tuple[Relation, ...] = (
    Relation(EdgeKind.OWNS, (PERSON, ITEM), SharedItem.owner, _ITEM, _CHANGED, existing),
    Relation(
        EdgeKind.CONTRIBUTED, (PERSON, ITEM), Version.made_by, _ITEM, Version.made_at, _versions
    ),
    Relation(
        EdgeKind.CONTRIBUTED,
        (PERSON, ITEM),
        DocumentRevision.made_by,
        _ITEM,
        DocumentRevision.made_at,
        _revisions,
    ),
    Relation(EdgeKind.BELONGS, (ITEM, TEAM), _ITEM, SharedItem.team, _CHANGED, _in_team_spaces),
    Relation(EdgeKind.TAGGED, (ITEM, TAG), _ITEM, ItemTag.tag, _CHANGED, _tagged_items),
    Relation(EdgeKind.TAGGED, (THREAD, TAG), _THREAD, ThreadTag.tag, _TALKED, _tagged_threads),
    Relation(
        EdgeKind.MADE_FROM, (ITEM, ITEM), _ITEM, _SourceVersion.item_id, Version.made_at, _made_from
    ),
    Relation(
        EdgeKind.MENTIONS, (ITEM, TERM), _ITEM, TermMention.term, _CHANGED, _mentioning_items
    ),
    Relation(
        EdgeKind.MENTIONS, (THREAD, TERM), _THREAD, TermMention.term, _TALKED, _mentioning_threads
    ),
    Relation(
        EdgeKind.ABOUT, (THREAD, ITEM), _THREAD, DiscussionThread.item_id, _TALKED, _about_items
    ),
    Relation(EdgeKind.BEGAN, (PERSON, THREAD), DiscussionThread.made_by, _THREAD, _TALKED,
             visible_threads),
    Relation(EdgeKind.ANSWERED, (PERSON, THREAD), ThreadPost.made_by, _THREAD, _TALKED, _answers),
    Relation(EdgeKind.REPLIED, (PERSON, THREAD), ThreadPost.made_by, _THREAD, _TALKED, _replies),
)  # fmt: skip
"""All of them but those that need no query: see `edge_finding`."""


def among(column: Any, keys: Collection[Key]) -> Any:
    """Return the condition that an end is one of some nodes."""
    return column.in_(sorted(keys, key=str))


def version_sources(person: Person) -> Select[Any]:
    """Return the query for the versions that were made from others, and for these.

    The columns are the ids of both versions, the items and the versions' numbers.
    """
    return lineage(person).with_only_columns(
        Source.version_id.label("version"),
        Source.source_id.label("source"),
        SharedItem.id.label("item"),
        Version.number.label("number"),
        _SourceVersion.item_id.label("source_item"),
        _SourceVersion.number.label("source_number"),
    )


def thread_sections(person: Person) -> Select[tuple[int, str]]:
    """Return the query for the threads about the course: their numbers and sections."""
    return about_sections(person).with_only_columns(DiscussionThread.id, DiscussionThread.section)
