"""The knowledge graph as a navigable picture, and in words."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from lepton_hub.api.request_context import State, note
from lepton_hub.catalogue.cards import Text
from lepton_hub.graph.edge_finding import EdgeFinder
from lepton_hub.graph.graph_layout import RADIUS, SHEETS, draw
from lepton_hub.graph.graph_types import GraphNode
from lepton_hub.graph.graph_wording import FORWARD, left_out_words, told_nodes
from lepton_hub.graph.neighbourhood import FARTHEST, neighbourhood
from lepton_hub.graph.node_finding import NODE, find_place
from lepton_hub.pages.page_rendering import KIND_WORDS, render
from lepton_hub.pages.visitors import Visitor

router = APIRouter(include_in_schema=False)

MOST_DRAWN = max(sheet.most for sheet in SHEETS.values())


@router.get("/pages/graph")
def walk(
    request: Request,
    state: State,
    person: Visitor,
    node: Annotated[Text | None, Query(pattern=NODE)] = None,
    depth: Annotated[int, Query(ge=1, le=FARTHEST)] = 2,
) -> Response:
    """Show a node's neighbourhood; each node links to its own neighbourhood."""
    wanted = node or f"person:{person.name}"
    with state.reading.begin() as session:
        finder = EdgeFinder(session, person, state.course)
        found = neighbourhood(finder, find_place(finder, wanted), depth, MOST_DRAWN)
        note(session, person, "graph.read", wanted)
    path, query = _own_page(found.start)
    return render(
        request, person, "graph.html",
        found=found, depth=depth, farthest=FARTHEST, modules=state.course.modules.values(),
        pictures={name: draw(found, sheet) for name, sheet in SHEETS.items()},
        told=list(told_nodes(found)), left_out=left_out_words(found), words=FORWARD,
        kind_words=KIND_WORDS, radius=RADIUS, own_page=path, own_query=query,
    )  # fmt: skip


def _own_page(node: GraphNode) -> tuple[str, dict[str, Any]]:
    """Return the path and query of the page that a node represents."""
    kind, _, key = node.id.partition(":")
    if kind == "item":
        folder = "documents" if node.kind == "document" else "items"
        return f"/pages/{folder}/{key}", {}
    if kind == "thread":
        return f"/pages/discussions/{key}", {}
    if kind == "module":
        return f"/pages/discussions/course/{key.rpartition('/')[2]}", {}
    names = {"person": "owner", "team": "team", "tag": "tag", "term": "q"}
    return "/pages/search", {names[kind]: key}
