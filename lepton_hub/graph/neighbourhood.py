"""Find a node's neighbourhood: the nearest nodes first, ties broken by number of links."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

from lepton_hub.graph.edge_finding import EdgeFinder, LinkCounts
from lepton_hub.graph.graph_types import GraphEdge, Neighbourhood, Place
from lepton_hub.graph.node_finding import describe

FARTHEST, MOST_NODES = 3, 200


def neighbourhood(finder: EdgeFinder, start: Place, depth: int, limit: int) -> Neighbourhood:
    """Return at most `limit` nodes around a node, over at most `depth` edges, and their edges.

    The node's own relations take turns, latest edges first. Farther out, the nodes with the most
    edges to nearer ones come first. The result is deterministic.
    """
    distances = {start: 0}
    ring = [start]
    for distance in range(1, depth + 1):
        room = limit - len(distances)
        if not ring or room <= 0:
            break
        found = finder.around(ring, 3 * limit)
        ranked = _in_turn(found, distances) if distance == 1 else _by_links(found, distances)
        ring = ranked[:room]
        distances.update(dict.fromkeys(ring, distance))
    edges = finder.among(distances)
    return _described(finder, start, distances, edges)


def _in_turn(found: Sequence[Sequence[GraphEdge]], known: dict[Place, int]) -> list[Place]:
    """Return the new ends of edges, the first of each relation, then the second, and so on."""
    turns = zip_longest(*found)
    edges = (edge for turn in turns for edge in turn if edge is not None)
    ends = (edge.object if edge.subject in known else edge.subject for edge in edges)
    return [place for place in dict.fromkeys(ends) if place not in known]


def _by_links(found: Sequence[Sequence[GraphEdge]], known: dict[Place, int]) -> list[Place]:
    """Return the new ends of edges, those with the most edges first, ties broken in turn."""
    edges = {edge for some in found for edge in some}
    counts = Counter(
        end for edge in edges for end in (edge.subject, edge.object) if end not in known
    )
    return sorted(_in_turn(found, known), key=lambda place: -counts[place])  # stable


def _described(
    finder: EdgeFinder, start: Place, distances: dict[Place, int], edges: set[GraphEdge]
) -> Neighbourhood:
    counts = finder.counts(distances)
    shown: LinkCounts = {place: Counter() for place in distances}
    for edge in edges:
        shown[edge.subject][edge.link, True] += 1
        shown[edge.object][edge.link, False] += 1
    named = describe(finder.session, finder.course, distances)
    nodes = [
        replace(
            named[place],
            distance=distance,
            links=counts[place].total(),
            links_shown=shown[place].total(),
        )
        for place, distance in distances.items()
    ]
    left_out = counts[start] - shown[start]
    return Neighbourhood(
        nodes=nodes,
        edges=sorted((named[e.subject].id, e.link, named[e.object].id) for e in edges),
        left_out=dict(sorted(left_out.items())),
    )
