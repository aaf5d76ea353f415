"""Find the edges of nodes: in the database, the course, and the viewer's teams."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from lepton_hub.database.unindexed import Unindexed
from lepton_hub.graph.course_terms import CourseOutline
from lepton_hub.graph.graph_types import EdgeKind, GraphEdge, Key, NodeKind, Place
from lepton_hub.graph.relations import RELATIONS, about_sections, among, thread_sections
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.course_places import is_within
from lepton_hub.knowledge.knowledge_tables import DiscussionThread

MOST_TOGETHER = 5000
"""The maximum number of edges of one relation to find among given nodes."""
_ENDS = ("subjects", "objects")

LinkCounts = dict[Place, Counter[tuple[EdgeKind, bool]]]
"""For each node, the number of edges by relation and by whether the node is their subject."""


@dataclass(frozen=True)
class EdgeFinder:
    """Finds the edges that a person may see."""

    session: Session
    person: Person
    course: CourseOutline

    def around(self, places: Collection[Place], most: int) -> list[list[GraphEdge]]:
        """Return the edges of nodes, in a list for each relation and direction.

        Each list is sorted latest first, and limited to `most`.
        """
        found = []
        for relation in RELATIONS:
            for end, kind in enumerate(relation.kinds):
                if keys := keys_of(places, kind):
                    query = relation.edges_of(self.person, **{_ENDS[end]: keys})
                    order = (func.max(relation.at).desc(), relation.subject, relation.object)
                    rows = self.session.execute(query.order_by(*order).limit(most)).all()
                    found.append([_edge(relation.link, relation.kinds, row) for row in rows])
        other = self._other_edges(places, most)
        for link in dict.fromkeys(edge.link for edge in other):
            some = [edge for edge in other if edge.link is link]
            found.append([edge for edge in some if edge.subject in places][:most])
            found.append([edge for edge in some if edge.object in places][:most])
        return [edges for edges in found if edges]

    def among(self, places: Collection[Place]) -> set[GraphEdge]:
        """Return the edges between any two of these nodes."""
        found: set[GraphEdge] = set()
        for relation in RELATIONS:
            subjects, objects = (keys_of(places, kind) for kind in relation.kinds)
            if subjects and objects:
                query = relation.edges_of(self.person, subjects, objects)
                order = (relation.subject, relation.object)
                rows = self.session.execute(query.order_by(*order).limit(MOST_TOGETHER))
                found.update(_edge(relation.link, relation.kinds, row) for row in rows)
        other = self._other_edges(places, MOST_TOGETHER)
        found.update(edge for edge in other if edge.subject in places and edge.object in places)
        return found

    def counts(self, places: Collection[Place]) -> LinkCounts:
        """Return the nodes' numbers of edges."""
        found: LinkCounts = {place: Counter() for place in places}
        for relation in RELATIONS:
            for end, kind in enumerate(relation.kinds):
                if keys := keys_of(places, kind):
                    edges = relation.edges_of(self.person, **{_ENDS[end]: keys}).subquery()
                    key = edges.c.subject if end == 0 else edges.c.object
                    query = select(key, func.count()).group_by(key)
                    for value, count in self.session.execute(query).tuples():
                        found[kind, value][relation.link, end == 0] += count
        for place in places:
            for edge in _edges_in_course(self.course, place):
                found[place][edge.link, edge.subject == place] += 1
        for edge in self.own_teams():
            for place, is_subject in ((edge.subject, True), (edge.object, False)):
                if place in found:
                    found[place][edge.link, is_subject] += 1
        self._count_sections(found)
        return found

    def own_teams(self) -> list[GraphEdge]:
        """Return the viewer's teams; the hub does not know other people's."""
        me = (NodeKind.PERSON, self.person.name)
        teams = sorted(self.person.teams)
        return [GraphEdge(me, EdgeKind.IN_TEAM, (NodeKind.TEAM, team)) for team in teams]

    def about_modules(self, condition: Any, most: int) -> tuple[int | None, list[GraphEdge]]:
        """Return edges from threads to modules in id order, and the last thread's id.

        The id is None if no thread meets the condition.
        """
        query = thread_sections(self.person).where(condition).order_by(DiscussionThread.id)
        rows = self.session.execute(query.limit(most)).tuples().all()
        return (rows[-1][0] if rows else None), list(self._about_modules(rows))

    def _other_edges(self, places: Collection[Place], most: int) -> list[GraphEdge]:
        """Return the nodes' edges that do not come directly from a database relation."""
        found = [edge for place in places for edge in _edges_in_course(self.course, place)]
        found += [e for e in self.own_teams() if e.subject in places or e.object in places]
        threads, modules = (keys_of(places, kind) for kind in (NodeKind.THREAD, NodeKind.MODULE))
        if threads or modules:
            thread = DiscussionThread
            query = thread_sections(self.person).where(
                or_(among(thread.id, threads), self._in_modules(modules))
            )
            order = (Unindexed(thread.changed_at).desc(), thread.id)
            rows = self.session.execute(query.order_by(*order).limit(most)).tuples()
            found += self._about_modules(rows)
        return list(dict.fromkeys(found))

    def _in_modules(self, modules: Collection[Key]) -> Any:
        names = [name for module in modules for name in self.course.sections_of(str(module))]
        return is_within(names)

    def _about_modules(self, rows: Iterable[tuple[int, str]]) -> Iterator[GraphEdge]:
        """Yield the edges from threads to the modules of their sections, if these exist."""
        for thread, section in rows:
            module = self.course.module_of(section)
            if module is not None:
                place = (NodeKind.MODULE, module)
                yield GraphEdge((NodeKind.THREAD, thread), EdgeKind.ABOUT, place)

    def _count_sections(self, found: LinkCounts) -> None:
        for _, module in [place for place in found if place[0] is NodeKind.MODULE]:
            query: Select[Any] = about_sections(self.person).where(self._in_modules([module]))
            counted = select(func.count()).select_from(query.subquery())
            count = self.session.scalar(counted) or 0
            if count:
                found[NodeKind.MODULE, module][EdgeKind.ABOUT, False] += count
        threads = keys_of(found, NodeKind.THREAD)
        if threads:
            query = thread_sections(self.person).where(among(DiscussionThread.id, threads))
            for edge in self._about_modules(self.session.execute(query).tuples()):
                found[edge.subject][EdgeKind.ABOUT, True] += 1


def keys_of(places: Collection[Place], kind: NodeKind) -> set[Key]:
    """Return the keys of the nodes of a kind."""
    return {key for kind_, key in places if kind_ is kind}


def course_edges(course: CourseOutline) -> Iterator[GraphEdge]:
    """Yield the edges that the course itself has."""
    for module in course.modules:
        place = (NodeKind.MODULE, module)
        yield from (edge for edge in _edges_in_course(course, place) if edge.subject == place)


def _edges_in_course(course: CourseOutline, place: Place) -> Iterator[GraphEdge]:
    kind, key = place
    if kind is NodeKind.TERM:
        for module in course.taught_by.get(str(key), ()):
            yield GraphEdge((NodeKind.MODULE, module), EdgeKind.TEACHES, place)
    elif kind is NodeKind.MODULE and key in course.modules:
        for term in sorted(course.terms_of(str(key))):
            yield GraphEdge(place, EdgeKind.TEACHES, (NodeKind.TERM, term))
        for other, module in course.modules.items():
            if other in course.modules[str(key)].prerequisites:
                yield GraphEdge(place, EdgeKind.BUILDS_ON, (NodeKind.MODULE, other))
            if key in module.prerequisites:
                yield GraphEdge((NodeKind.MODULE, other), EdgeKind.BUILDS_ON, place)


def _edge(link: EdgeKind, kinds: tuple[NodeKind, NodeKind], row: Any) -> GraphEdge:
    return GraphEdge((kinds[0], row.subject), link, (kinds[1], row.object))
