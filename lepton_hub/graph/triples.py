"""Export the graph a person may see as triples: N-Triples or TSV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from sqlalchemy import and_, or_
from sqlalchemy.orm import Session, sessionmaker

from lepton_hub.catalogue.tables import Source
from lepton_hub.graph.course_terms import CourseOutline
from lepton_hub.graph.edge_finding import EdgeFinder, course_edges
from lepton_hub.graph.graph_types import EdgeKind, GraphEdge, GraphNode, NodeKind, Place
from lepton_hub.graph.node_finding import describe
from lepton_hub.graph.relations import RELATIONS, version_sources
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.knowledge_tables import DiscussionThread

BATCH = 1000
"""Edges per transaction; between two transactions, writers get their turn."""

Triple = tuple[str, str, str]
"""Subject, relation and object: ids of nodes and a relation, or "label" or "type" with a text."""

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_RDFS = "http://www.w3.org/2000/01/rdf-schema#"
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"})


def triples(
    sessions: sessionmaker[Session], person: Person, course: CourseOutline
) -> Iterator[Triple]:
    """Yield the graph's triples, in parts, each read in a short transaction.

    Each node's label and type accompany its first edge.
    """
    known: set[Place] = set()
    for edges in _batches(sessions, person, course):
        places = {place for edge in edges for place in (edge.subject, edge.object)}
        with sessions.begin() as session:
            named = describe(session, course, places)
        for place in sorted(places - known, key=lambda place: named[place].id):
            yield from _about(named[place])
        known |= places
        yield from ((named[e.subject].id, e.link, named[e.object].id) for e in edges)
    yield from _version_triples(sessions, person, course)


def as_ntriples(found: Iterable[Triple]) -> Iterator[str]:
    """Yield triples as lines of N-Triples."""
    for subject, relation, object_ in found:
        if relation == "label":
            end = f'<{_RDFS}label> "{_clean(object_).translate(_ESCAPES)}"'
        elif relation == "type":
            end = f"<{_RDF}type> <urn:lepton:type:{object_}>"
        else:
            end = f"<urn:lepton:relation:{relation}> {_iri(object_)}"
        yield f"{_iri(subject)} {end} .\n"


def as_tsv(found: Iterable[Triple]) -> Iterator[str]:
    """Yield edges as lines of subject, relation and object, with tabs between; no labels."""
    for subject, relation, object_ in found:
        if relation not in ("label", "type"):
            yield f"{subject}\t{relation}\t{object_}\n"


def _batches(
    sessions: sessionmaker[Session], person: Person, course: CourseOutline
) -> Iterator[list[GraphEdge]]:
    yield list(course_edges(course))
    with sessions.begin() as session:
        yield EdgeFinder(session, person, course).own_teams()
    for relation in RELATIONS:
        last: tuple[Any, Any] | None = None
        while True:
            query = relation.edges(person)
            if last is not None:
                query = query.where(_comes_after(relation.subject, relation.object, *last))
            query = query.order_by(relation.subject, relation.object).limit(BATCH)
            with sessions.begin() as session:
                rows = session.execute(query).all()
            if not rows:
                break
            subject, object_ = relation.kinds
            yield [
                GraphEdge((subject, row.subject), relation.link, (object_, row.object))
                for row in rows
            ]
            last = rows[-1].subject, rows[-1].object
    yield from _section_batches(sessions, person, course)


def _section_batches(
    sessions: sessionmaker[Session], person: Person, course: CourseOutline
) -> Iterator[list[GraphEdge]]:
    last = 0
    while True:
        with sessions.begin() as session:
            finder = EdgeFinder(session, person, course)
            number, edges = finder.about_modules(DiscussionThread.id > last, BATCH)
        if number is None:
            return
        last = number
        yield edges


def _version_triples(
    sessions: sessionmaker[Session], person: Person, course: CourseOutline
) -> Iterator[Triple]:
    """Yield the lineage between versions, and the items they belong to."""
    last, known = (0, 0), set()
    while True:
        query = version_sources(person).where(
            _comes_after(Source.version_id, Source.source_id, *last)
        )
        query = query.order_by(Source.version_id, Source.source_id).limit(BATCH)
        with sessions.begin() as session:
            rows = session.execute(query).all()
            items = {(NodeKind.ITEM, key) for row in rows for key in (row.item, row.source_item)}
            named = describe(session, course, items)
        if not rows:
            return
        for row in rows:
            ends = ((row.item, row.number), (row.source_item, row.source_number))
            ids = []
            for item, number in ends:
                of = named[NodeKind.ITEM, item].id
                ids.append(f"version:{of.removeprefix('item:')}@{number}")
                if ids[-1] not in known:
                    known.add(ids[-1])
                    yield ids[-1], "type", "Version"
                    yield ids[-1], "version_of", of
            yield ids[0], EdgeKind.MADE_FROM, ids[1]
        last = rows[-1].version, rows[-1].source


def _about(node: GraphNode) -> Iterator[Triple]:
    yield node.id, "type", node.kind.capitalize()
    yield node.id, "label", node.label


def _comes_after(first: Any, second: Any, one: Any, other: Any) -> Any:
    return or_(first > one, and_(first == one, second > other))


def _iri(node: str) -> str:
    return f"<urn:lepton:{quote(node, safe='/:@~+')}>"


def _clean(text: str) -> str:
    """Return a text without characters that many N-Triples parsers reject."""
    return "".join(letter if letter.isprintable() or letter in "\n\r" else " " for letter in text)
