"""The graph's relations as queries over what a person may see; edges are not stored separately."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, and_, func
from sqlalchemy.orm import aliased

from lepton_hub.catalogue.cards import ItemKind
from lepton_hub.catalogue.items import every_existing, existing
from lepton_hub.catalogue.tables import ItemTag, SharedItem, Source, Version
from lepton_hub.database.unindexed import Unindexed
from lepton_hub.graph.graph_types import EdgeKind, Key, NodeKind
from lepton_hub.graph.mention_tables import TermMention
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.discussions import every_visible_thread, visible_threads
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


@dataclass(frozen=True)
class VisibleRows:
    """Queries for the items and threads a person may see, from which relations start.

    items, threads: either for looking up rows matched by other conditions, or all of them (see
    `every_existing`). all_items: the ids of all, for an item at an edge's other end.
    """

    items: Select[tuple[SharedItem]]
    threads: Select[tuple[DiscussionThread]]
    all_items: Select[tuple[int]]


@lru_cache(maxsize=1000)
def visible_rows(person: Person, every: bool) -> VisibleRows:
    """Return the queries for a person. every: for all rows, not for some that are known."""
    all_items = every_existing(person)
    ids = all_items.with_only_columns(SharedItem.id)
    if every:
        return VisibleRows(all_items, every_visible_thread(person), ids)
    return VisibleRows(existing(person), visible_threads(person), ids)


@dataclass(frozen=True, eq=False)
class Relation:
    """A kind of edge and its query.

    visible: returns the query for the rows that make such edges for a person. subject, object: the
    columns of the two ends; row: which of them is the row that exists for the person, 0 or 1.
    at: when something last happened.
    """

    link: EdgeKind
    kinds: tuple[NodeKind, NodeKind]
    subject: Any
    object: Any
    at: Any
    visible: Callable[[VisibleRows], Select[Any]]
    row: int = 0

    def edges(self, person: Person) -> Select[tuple[Key, Key]]:
        """Return the query for the edges a person may see, each once.

        The columns are subject, object and `at`. Who is in which teams is all that it depends on.
        """
        return _edges(self, person, True)

    def edges_of(
        self, person: Person, subjects: Collection[Key] = (), objects: Collection[Key] = ()
    ) -> Select[tuple[Key, Key]]:
        """Return the query for the visible edges with some of these ends.

        Visible rows are looked up by id. By anything else, such as a tag, the search runs over all
        that the person may see, since there may be many more hidden rows.
        """
        ends = [(self.subject, subjects), (self.object, objects)]
        is_known = bool(ends[self.row][1])
        query = _edges(self, person, not is_known)
        for number, (column, keys) in enumerate(ends):
            if keys:
                by_key = is_known and number == self.row
                query = query.where(among(column if by_key else Unindexed(column), keys))
        return query


@lru_cache(maxsize=1000)
def _edges(relation: Relation, person: Person, every: bool) -> Select[tuple[Key, Key]]:
    """Return a relation's query, cached because building it takes as long as running it."""
    columns = (
        relation.subject.label("subject"),
        relation.object.label("object"),
        func.max(relation.at).label("at"),
    )
    query = relation.visible(visible_rows(person, every)).with_only_columns(*columns)
    return query.group_by(relation.subject, relation.object)


def _items(rows: VisibleRows) -> Select[Any]:
    return rows.items


def _threads(rows: VisibleRows) -> Select[Any]:
    return rows.threads


def _versions(rows: VisibleRows) -> Select[Any]:
    query = rows.items.join(Version, Version.item_id == SharedItem.id)
    return query.where(Version.made_by != SharedItem.owner, SharedItem.kind != ItemKind.DOCUMENT)


def _revisions(rows: VisibleRows) -> Select[Any]:
    revision = DocumentRevision
    query = rows.items.join(revision, revision.item_id == SharedItem.id)
    return query.where(revision.made_by != SharedItem.owner, SharedItem.kind == ItemKind.DOCUMENT)


def _in_team_spaces(rows: VisibleRows) -> Select[Any]:
    return rows.items.where(Unindexed(SharedItem.team).is_not(None))


def _tagged_items(rows: VisibleRows) -> Select[Any]:
    return rows.items.join(ItemTag, ItemTag.item_id == SharedItem.id)


def _tagged_threads(rows: VisibleRows) -> Select[Any]:
    return rows.threads.join(ThreadTag, ThreadTag.thread_id == DiscussionThread.id)


def lineage(rows: VisibleRows) -> Select[Any]:
    """Return the query for lineage edges whose items are both visible."""
    source = _SourceVersion
    query = rows.items.join(Version, Version.item_id == SharedItem.id)
    query = query.join(Source, Source.version_id == Version.id)
    query = query.join(source, source.id == Source.source_id)
    return query.where(Unindexed(source.item_id).in_(rows.all_items))


def _made_from(rows: VisibleRows) -> Select[Any]:
    return lineage(rows).where(_SourceVersion.item_id != SharedItem.id)


def _mentioning_items(rows: VisibleRows) -> Select[Any]:
    of_item = and_(SearchEntry.item_id == SharedItem.id, Unindexed(SearchEntry.thread_id).is_(None))
    query = rows.items.join(SearchEntry, of_item)
    return query.join(TermMention, TermMention.entry_id == SearchEntry.id)


def _mentioning_threads(rows: VisibleRows) -> Select[Any]:
    query = rows.threads.join(SearchEntry, SearchEntry.thread_id == DiscussionThread.id)
    return query.join(TermMention, TermMention.entry_id == SearchEntry.id)


def _about_items(rows: VisibleRows) -> Select[Any]:
    return rows.threads.where(Unindexed(DiscussionThread.item_id).is_not(None))


def about_sections(person: Person) -> Select[Any]:
    """Return the query for the threads about sections of the course."""
    threads = visible_rows(person, True).threads
    return threads.where(Unindexed(DiscussionThread.item_id).is_(None))


def _answers(rows: VisibleRows) -> Select[Any]:
    accepted = Unindexed(ThreadPost.public_id) == DiscussionThread.accepted_id
    return _posts(rows).where(accepted)


def _replies(rows: VisibleRows) -> Select[Any]:
    other = ThreadPost.public_id.is_distinct_from(DiscussionThread.accepted_id)
    return _posts(rows).where(other)


def _posts(rows: VisibleRows) -> Select[Any]:
    query = rows.threads.join(ThreadPost, ThreadPost.thread_id == DiscussionThread.id)
    return query.where(ThreadPost.number > 1, ThreadPost.deleted_at.is_(None))


_ITEM, _THREAD = SharedItem.id, DiscussionThread.id
_CHANGED, _TALKED = SharedItem.changed_at, DiscussionThread.changed_at

RELATIONS: tuple[Relation, ...] = (
    Relation(EdgeKind.OWNS, (PERSON, ITEM), SharedItem.owner, _ITEM, _CHANGED, _items, 1),
    Relation(
        EdgeKind.CONTRIBUTED, (PERSON, ITEM), Version.made_by, _ITEM, Version.made_at, _versions, 1
    ),
    Relation(
        EdgeKind.CONTRIBUTED,
        (PERSON, ITEM),
        DocumentRevision.made_by,
        _ITEM,
        DocumentRevision.made_at,
        _revisions,
        1,
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
             _threads, 1),
    Relation(EdgeKind.ANSWERED, (PERSON, THREAD), ThreadPost.made_by, _THREAD, _TALKED,
             _answers, 1),
    Relation(EdgeKind.REPLIED, (PERSON, THREAD), ThreadPost.made_by, _THREAD, _TALKED,
             _replies, 1),
)  # fmt: skip
"""All of them but those that need no query: see `edge_finding`."""


def among(column: Any, keys: Collection[Key]) -> Any:
    """Return the condition that an edge's end is among some nodes."""
    return column.in_(sorted(keys, key=str))


def version_sources(person: Person) -> Select[Any]:
    """Return the query for the versions that were made from others, and for these.

    The columns are the ids of both versions, the items and the versions' numbers.
    """
    return lineage(visible_rows(person, True)).with_only_columns(
        Source.version_id.label("version"),
        Source.source_id.label("source"),
        SharedItem.id.label("item"),
        Version.number.label("number"),
        _SourceVersion.item_id.label("source_item"),
        _SourceVersion.number.label("source_number"),
    )


def thread_sections(person: Person) -> Select[tuple[int, str]]:
    """Return the query for the ids and sections of the threads about the course."""
    return about_sections(person).with_only_columns(DiscussionThread.id, DiscussionThread.section)
