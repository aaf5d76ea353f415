"""Types of the graph: kinds of nodes, and edges between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class NodeKind(StrEnum):
    """The kind of a node; a document is an item, and a question is a thread."""

    PERSON = "person"
    TEAM = "team"
    MODULE = "module"
    TERM = "term"
    TAG = "tag"
    ITEM = "item"
    THREAD = "thread"


class EdgeKind(StrEnum):
    """The kind of an edge, read as a sentence: person owns item."""

    OWNS = "owns"
    CONTRIBUTED = "contributed_to"
    IN_TEAM = "in_team"
    BELONGS = "belongs_to"
    TAGGED = "tagged"
    MADE_FROM = "made_from"
    MENTIONS = "mentions"
    ABOUT = "about"
    BEGAN = "began"
    ANSWERED = "answered"
    REPLIED = "replied_in"
    TEACHES = "teaches"
    BUILDS_ON = "builds_on"


Key = int | str
Place = tuple[NodeKind, Key]
"""A node's internal key: an item's or thread's row id, otherwise a name."""


@dataclass(frozen=True, order=True)
class GraphEdge:
    """A relation between two nodes."""

    subject: Place
    link: EdgeKind
    object: Place


@dataclass(frozen=True)
class GraphNode:
    """A node as people see it.

    id: names it in addresses, such as item:city/ridership. kind: an item's or a thread's own kind,
    such as dataset or question; otherwise the node's. distance: edges from the start. links: the
    number of its edges; links_shown: how many of them the neighbourhood shows.
    """

    id: str
    kind: str
    label: str
    distance: int = 0
    links: int = 0
    links_shown: int = 0


@dataclass(frozen=True)
class Neighbourhood:
    """The neighbourhood of a node.

    nodes: the start first, then by distance. edges: ids of two nodes, and how they are related.
    left_out: the number of the start's edges not shown, by relation and by whether the start is
    their subject.
    """

    nodes: list[GraphNode]
    edges: list[tuple[str, EdgeKind, str]]
    left_out: dict[tuple[EdgeKind, bool], int] = field(default_factory=dict)

    @property
    def start(self) -> GraphNode:
        """The node whose neighbourhood this is."""
        return self.nodes[0]
