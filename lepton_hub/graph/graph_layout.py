"""Lay out a neighbourhood as a picture, with linked nodes close together.

The layout is deterministic: positions start on rings around the start node.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np

from lepton_hub.graph.graph_types import EdgeKind, GraphNode, Neighbourhood

LETTER, LINE, RADIUS = 6.6, 17, 10
"""Width of a label's letter, height of a label, and size of a node, in pixels."""
LONGEST_LABEL = 22
_ROUNDS, _GAP, _GRID = 120, 6, 16


@dataclass(frozen=True)
class Sheet:
    """The size of a picture in pixels, and the number of nodes it has room for."""

    width: int
    height: int
    most: int


SHEETS = {
    "wide": Sheet(1120, 760, 60),
    "middle": Sheet(700, 640, 28),
    "narrow": Sheet(350, 520, 12),
}
"""One picture per screen width, so that labels stay as large as other text."""


@dataclass(frozen=True)
class PlacedNode:
    """A node and its centre in pixels. label: shortened to fit."""

    node: GraphNode
    x: float
    y: float
    label: str

    @property
    def hidden(self) -> int:
        """The number of its edges not in the picture's neighbourhood."""
        return self.node.links - self.node.links_shown


@dataclass(frozen=True)
class PlacedEdge:
    """A line between two nodes."""

    ends: tuple[PlacedNode, PlacedNode]
    link: EdgeKind

    @property
    def from_start(self) -> bool:
        """Whether the start is one of its ends."""
        return 0 in (self.ends[0].node.distance, self.ends[1].node.distance)


@dataclass(frozen=True)
class GraphPicture:
    """A picture: nodes with the start first, and edges."""

    sheet: Sheet
    nodes: list[PlacedNode]
    edges: list[PlacedEdge]


def draw(found: Neighbourhood, sheet: Sheet) -> GraphPicture:
    """Return the picture of as many of a neighbourhood's first nodes as fit on the sheet."""
    nodes = found.nodes[: sheet.most]
    shown = {node.id for node in nodes}
    edges = [edge for edge in found.edges if edge[0] in shown and edge[2] in shown]
    labels = [_shortened(node.label) for node in nodes]
    places = _spread(_positions(nodes, edges), _boxes(nodes, labels), sheet)
    placed = {
        node.id: PlacedNode(node, round(float(x), 1), round(float(y), 1), label)
        for node, label, (x, y) in zip(nodes, labels, places, strict=True)
    }
    lines = [PlacedEdge((placed[one], placed[other]), link) for one, link, other in edges]
    return GraphPicture(sheet, list(placed.values()), lines)


def _positions(nodes: list[GraphNode], edges: list[tuple[str, EdgeKind, str]]) -> np.ndarray:
    """Return positions (nodes, 2) from -1 to 1 along both axes."""
    graph = nx.Graph()
    graph.add_nodes_from(node.id for node in nodes)
    graph.add_edges_from((one, other) for one, _, other in edges)
    rings: dict[int, list[str]] = {}
    for node in nodes:
        rings.setdefault(node.distance, []).append(node.id)
    begin = {
        id_: _on_ring(distance, place / len(ring))
        for distance, ring in rings.items()
        for place, id_ in enumerate(ring)
    }
    if len(nodes) < 2:
        return np.zeros((len(nodes), 2))
    found = nx.spring_layout(
        graph, k=2.2 / math.sqrt(len(nodes)), pos=begin, fixed=[nodes[0].id], iterations=120, seed=0
    )
    places = np.array([found[node.id] for node in nodes])
    lowest, highest = places.min(axis=0), places.max(axis=0)
    return 2 * (places - lowest) / np.maximum(1e-9, highest - lowest) - 1


def _on_ring(distance: int, turn: float) -> tuple[float, float]:
    """Return a point on the ring for a distance; rings are rotated to keep spokes from aligning."""
    angle = 2 * math.pi * (turn + 0.07 * distance) - math.pi / 2
    return distance * math.cos(angle), distance * math.sin(angle)


def _boxes(nodes: list[GraphNode], labels: list[str]) -> np.ndarray:
    """Return half the width and height (nodes, 2) of each node with its label."""
    extra = [4 if node.links > node.links_shown else 0 for node in nodes]
    widths = [(len(label) + more) * LETTER for label, more in zip(labels, extra, strict=True)]
    return np.array([[max(width, 2 * RADIUS) / 2, RADIUS + LINE / 2] for width in widths]) + _GAP


def _spread(places: np.ndarray, boxes: np.ndarray, sheet: Sheet) -> np.ndarray:
    """Return the positions on a sheet, in pixels, moved apart where labels would overlap."""
    size = np.array([sheet.width, sheet.height])
    lowest, highest = boxes, size - boxes
    places = size / 2 + places * (size / 2 - boxes.max(axis=0))
    reach = boxes[:, None] + boxes[None]  # minimum separation of two nodes, along either axis
    for _ in range(_ROUNDS):
        apart = places[:, None] - places[None]
        overlap = reach - np.abs(apart)
        hits = (overlap > 0).all(axis=2)
        np.fill_diagonal(hits, False)
        if not hits.any():
            break
        # Move along the axis of least overlap; of two at the same point, the later one moves down.
        axis = overlap.argmin(axis=2)
        order = np.sign(np.arange(len(places))[:, None] - np.arange(len(places))[None])
        for along in (0, 1):
            direction = np.where(apart[..., along] == 0, order, np.sign(apart[..., along]))
            push = np.where(hits & (axis == along), overlap[..., along] * direction, 0)
            places[:, along] += 0.5 * push.sum(axis=1)
        places = np.clip(places, lowest, highest)
    return _settled(places, boxes, sheet)


def _settled(places: np.ndarray, boxes: np.ndarray, sheet: Sheet) -> np.ndarray:
    """Return the positions, moving nodes that still overlap to the nearest free place."""
    across, down = np.meshgrid(np.arange(0, sheet.width, _GRID), np.arange(0, sheet.height, _GRID))
    grid = np.stack([across.ravel(), down.ravel()], axis=1).astype(float)
    size = np.array([sheet.width, sheet.height])
    for number, box in enumerate(boxes):
        others = np.delete(places, number, axis=0)
        reach = np.delete(boxes, number, axis=0) + box - 1  # the gap is wider than that

        def is_free(at: np.ndarray, others: np.ndarray = others, reach: np.ndarray = reach) -> Any:
            return (np.abs(at[:, None] - others) >= reach).any(axis=2).all(axis=1)

        if is_free(places[[number]])[0]:
            continue
        inside = grid[((grid >= box) & (grid <= size - box)).all(axis=1)]
        free = inside[is_free(inside)]
        if len(free):
            places[number] = free[((free - places[number]) ** 2).sum(axis=1).argmin()]
    return places


def _shortened(label: str) -> str:
    label = " ".join(label.split())
    return label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1].rstrip() + "…"
