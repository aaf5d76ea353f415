"""Find a node by its id, and look up the names of nodes."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lepton_hub.catalogue.items import NotVisible, look_up
from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.graph.course_terms import CourseOutline
from lepton_hub.graph.edge_finding import EdgeFinder, keys_of
from lepton_hub.graph.graph_types import GraphNode, NodeKind, Place
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.discussions import find_thread
from lepton_hub.knowledge.knowledge_tables import DiscussionThread

NODE = rf"^({'|'.join(NodeKind)}):.{{1,200}}$"
"""The pattern of a node's id."""


def find_place(finder: EdgeFinder, node: str) -> Place:
    """Return the node with an id. Raises NotVisible if it does not exist for the viewer.

    A person, a team or a tag exists if something the viewer may see is linked to it.
    """
    name, _, key = node.partition(":")
    kind = NodeKind(name)
    if kind is NodeKind.ITEM:
        return kind, _item(finder.session, finder.person, key)
    if kind is NodeKind.THREAD:
        return kind, find_thread(finder.session, finder.person, key).id
    place = (kind, key)
    known = {
        NodeKind.MODULE: key in finder.course.modules,
        NodeKind.TERM: key in finder.course.spellings,
        NodeKind.PERSON: key == finder.person.name,
        NodeKind.TEAM: key in finder.person.teams,
    }
    if known.get(kind) or (
        kind not in (NodeKind.MODULE, NodeKind.TERM) and finder.counts([place])[place].total()
    ):
        return place
    raise NotVisible


def describe(
    session: Session, course: CourseOutline, places: Collection[Place]
) -> dict[Place, GraphNode]:
    """Return the names of nodes, all visible to the viewer since edges led to them."""
    found = {place: _named(course, place) for place in places}
    for item in _rows(session, SharedItem, places, NodeKind.ITEM):
        node = GraphNode(f"item:{item.reference}", item.kind, item.title)
        found[NodeKind.ITEM, item.id] = node
    for thread in _rows(session, DiscussionThread, places, NodeKind.THREAD):
        node = GraphNode(f"thread:{thread.public_id}", thread.kind, thread.title)
        found[NodeKind.THREAD, thread.id] = node
    return found


def _item(session: Session, person: Person, reference: str) -> int:
    space, _, name = reference.rpartition("/")
    return look_up(session, person, SharedItem.space == space, SharedItem.name == name).id


def _named(course: CourseOutline, place: Place) -> GraphNode:
    kind, key = place
    label = str(key)
    if kind is NodeKind.MODULE:
        label = course.modules[label].title
    elif kind is NodeKind.TERM:
        label = course.spellings.get(label, label)
    return GraphNode(f"{kind}:{key}", kind, label)


def _rows(session: Session, table: Any, places: Collection[Place], kind: NodeKind) -> Any:
    keys = keys_of(places, kind)
    return session.scalars(select(table).where(table.id.in_(keys))) if keys else ()
