"""What the graph is made of: nodes of a kind, and edges between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class NodeKind(StrEnum):
    """What a node is; a document is an item, and a question a thread."""

    PERSON = "person"
    TEAM = "team"
    MODULE = "module"
    TERM = "term"
    TAG = "tag"
    ITEM = "item"
    THREAD = "thread"


class EdgeKind(StrEnum):
    """How one node is related to another; read as a sentence: person owns item."""

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
"""A node inside the hub: an item or a thread by its number, all else by its name."""


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
    such as dataset or question; that of the node for others. distance: over how many edges it is
    reached. links: how many edges it has; links_shown: how many of them the neighbourhood shows.
    """

    id: str
    kind: str
    label: str
    distance: int = 0
    links: int = 0
    links_shown: int = 0


@dataclass(frozen=True)
class Neighbourhood:
    """What is around a node.

    nodes: the start first, then by distance. edges: ids of two nodes, and how they are related.
    left_out: how many edges of the start are not shown, by relation, and by whether the start is
        their subject.
    """

    nodes: list[GraphNode]
    edges: list[tuple[str, EdgeKind, str]]
    left_out: dict[tuple[EdgeKind, bool], int] = field(default_factory=dict)

    @property
    def start(self) -> GraphNode:
        """The node that it is the neighbourhood of."""
        return self.nodes[0]
