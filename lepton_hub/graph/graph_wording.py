"""Relations in words, and a neighbourhood as a list of sentences."""

from __future__ import annotations

from collections.abc import Iterator

from lepton_hub.graph.graph_types import EdgeKind, GraphNode, Neighbourhood

FORWARD = {
    EdgeKind.OWNS: "owns",
    EdgeKind.CONTRIBUTED: "contributed to",
    EdgeKind.IN_TEAM: "is in team",
    EdgeKind.BELONGS: "is in the space of team",
    EdgeKind.TAGGED: "has the tag",
    EdgeKind.MADE_FROM: "was made from",
    EdgeKind.MENTIONS: "mentions",
    EdgeKind.ABOUT: "is about",
    EdgeKind.BEGAN: "began",
    EdgeKind.ANSWERED: "gave the accepted answer to",
    EdgeKind.REPLIED: "replied in",
    EdgeKind.TEACHES: "teaches",
    EdgeKind.BUILDS_ON: "builds on",
}
"""Each relation, read from its subject."""

BACKWARD = {
    EdgeKind.OWNS: "is owned by",
    EdgeKind.CONTRIBUTED: "has contributions by",
    EdgeKind.IN_TEAM: "has the member",
    EdgeKind.BELONGS: "shares",
    EdgeKind.TAGGED: "is a tag of",
    EdgeKind.MADE_FROM: "was used for",
    EdgeKind.MENTIONS: "is mentioned in",
    EdgeKind.ABOUT: "is discussed in",
    EdgeKind.BEGAN: "was started by",
    EdgeKind.ANSWERED: "was answered by",
    EdgeKind.REPLIED: "has replies by",
    EdgeKind.TEACHES: "is taught in",
    EdgeKind.BUILDS_ON: "is needed for",
}
"""Each relation, read from its object."""

ToldNode = tuple[GraphNode, list[tuple[str, list[GraphNode]]]]
"""A node with its relations in words, and the nodes at their other ends."""


def relation_words(link: EdgeKind, from_subject: bool) -> str:
    """Return a relation in words, read from one of its ends."""
    return (FORWARD if from_subject else BACKWARD)[link]


def told_nodes(found: Neighbourhood) -> Iterator[ToldNode]:
    """Yield nodes with their edges in words; each edge once, at its end nearer to the start."""
    nodes = {node.id: node for node in found.nodes}
    order = {id_: place for place, id_ in enumerate(nodes)}
    told: dict[str, dict[str, list[GraphNode]]] = {id_: {} for id_ in nodes}
    for subject, link, object_ in found.edges:
        forward = order[subject] <= order[object_]
        here, there = (subject, object_) if forward else (object_, subject)
        told[here].setdefault(relation_words(link, forward), []).append(nodes[there])
    for id_, relations in told.items():
        if relations:
            yield nodes[id_], sorted(relations.items())


def left_out_words(found: Neighbourhood) -> list[tuple[str, int]]:
    """Return the start's relations with omitted edges, in words, and the numbers omitted."""
    return [
        (relation_words(link, is_subject), count)
        for (link, is_subject), count in found.left_out.items()
    ]
