"""The knowledge graph: a node's neighbourhood, and all triples for download."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from lepton_hub.api.conditional import tagged
from lepton_hub.api.problems import described
from lepton_hub.api.request_context import Asker, State, note
from lepton_hub.catalogue.cards import Text
from lepton_hub.graph.edge_finding import EdgeFinder
from lepton_hub.graph.graph_types import EdgeKind, Neighbourhood
from lepton_hub.graph.neighbourhood import FARTHEST, MOST_NODES, neighbourhood
from lepton_hub.graph.node_finding import NODE, find_place
from lepton_hub.graph.triples import as_ntriples, as_tsv, triples

router = APIRouter(tags=["knowledge graph"])

MEDIA_TYPES = {"nt": "application/n-triples", "tsv": "text/tab-separated-values; charset=utf-8"}
_FILES = {media.partition(";")[0]: {"schema": {"type": "string"}} for media in MEDIA_TYPES.values()}


class NodeAnswer(BaseModel):
    """A node. id: person:, team:, module:, term:, tag:, item: or thread: and its name.

    kind: an item's or a thread's own kind, otherwise the node's. distance: edges from the start.
    links: the number of its edges that you may see; links_shown: how many are in the answer.
    """

    id: str
    kind: str
    label: str
    distance: int
    links: int
    links_shown: int


class EdgeAnswer(BaseModel):
    """A relation between a node, the subject, and another."""

    subject: str
    relation: EdgeKind
    object: str


class LeftOut(BaseModel):
    """The number of the node's edges not in the answer. end: which end of them the node is."""

    relation: EdgeKind
    end: Literal["subject", "object"]
    count: int


class GraphAnswer(BaseModel):
    """A node's neighbourhood; the node itself comes first."""

    nodes: list[NodeAnswer]
    edges: list[EdgeAnswer]
    left_out: list[LeftOut]


@router.get("/graph", response_model=GraphAnswer, responses=described(404))
def around(
    request: Request,
    state: State,
    person: Asker,
    node: Annotated[
        Text | None,
        Query(
            pattern=NODE,
            description=("For example item:city/ridership or term:dropout; by default, you."),
        ),
    ] = None,
    depth: Annotated[int, Query(ge=1, le=FARTHEST, description="Maximum distance in edges.")] = 2,
    limit: Annotated[int, Query(ge=1, le=MOST_NODES, description="Maximum number of nodes.")] = 60,
) -> Response:
    """Return a node's neighbourhood in the knowledge graph, as far as you may see it.

    The nearest nodes come first; farther out, those with the most edges to nearer ones.
    """
    wanted = node or f"person:{person.name}"
    with state.reading.begin() as session:
        finder = EdgeFinder(session, person, state.course)
        found = neighbourhood(finder, find_place(finder, wanted), depth, limit)
        note(session, person, "graph.read", wanted)
    return tagged(request, _answer(found))


@router.get(
    "/graph/triples",
    response_class=Response,
    responses={**described(), 200: {"content": _FILES, "description": "The triples."}},
)
def download(
    state: State,
    person: Asker,
    format: Annotated[Literal["nt", "tsv"], Query(description="N-Triples, or columns.")] = "nt",
) -> StreamingResponse:
    """Download all you may see of the knowledge graph, as triples.

    TSV has the columns subject, relation and object, without a header; N-Triples adds labels and
    types.
    """
    with state.reading.begin() as session:
        note(session, person, "graph.download", "graph", format=format)
    found = triples(state.reading, person, state.course)
    lines = as_tsv(found) if format == "tsv" else as_ntriples(found)
    name = f'attachment; filename="hub.{format}"'
    headers = {"Content-Disposition": name}
    return StreamingResponse(lines, media_type=MEDIA_TYPES[format], headers=headers)


def _answer(found: Neighbourhood) -> GraphAnswer:
    return GraphAnswer(
        nodes=[NodeAnswer(**vars(node)) for node in found.nodes],
        edges=[EdgeAnswer(subject=s, relation=link, object=o) for s, link, o in found.edges],
        left_out=[
            LeftOut(relation=link, end="subject" if is_subject else "object", count=count)
            for (link, is_subject), count in found.left_out.items()
        ],
    )
