"""Threads about a part of the course: a module, a notebook or a section."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from urllib.parse import unquote

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from lepton_hub.database.unindexed import Unindexed
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.discussions import every_visible_thread
from lepton_hub.knowledge.document_fields import without_track
from lepton_hub.knowledge.knowledge_tables import DiscussionThread
from lepton_hub.knowledge.thread_listing import latest_first

_NUMBER = re.compile("[0-9]+_")
_USUAL = "lesson"
"""The default notebook, omitted in names."""


def place_in_words(section: str) -> str:
    """Return a part of the course in words.

    >>> place_in_words("basics/08_evaluation/lesson.ipynb#Folds-by-time")
    'Evaluation: Folds by time'
    >>> place_in_words("08_evaluation/deeper.ipynb")
    'Evaluation, deeper'
    """
    place, _, anchor = without_track(section).partition("#")
    module, *notebook = place.split("/")
    words = [_NUMBER.sub("", module, count=1).replace("_", " ")]
    words += (name for part in notebook if (name := part.removesuffix(".ipynb")) != _USUAL)
    heading = unquote(anchor).replace("-", " ")
    said = ", ".join(words)
    return f"{said[:1].upper()}{said[1:]}{': ' if heading else ''}{heading}"


def threads_within(
    session: Session, person: Person, place: str, limit: int
) -> tuple[Sequence[DiscussionThread], int]:
    """Return the threads about a part of the course and everything within it, and the total.

    place: a module, or a notebook as MODULE/NOTEBOOK, with or without the track before it. The
    threads are grouped by section, most recently active first; only the `limit` latest are
    returned.
    """
    query = every_visible_thread(person).where(is_within([without_track(place)]))
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    latest = query.order_by(*(one.desc() for one in latest_first()))
    found = session.scalars(latest.limit(limit)).all()
    return sorted(found, key=lambda thread: thread.section or ""), total


def is_within(places: Collection[str]) -> ColumnElement[bool]:
    """Return the condition that a thread is about some parts of the course, or within them.

    The match is case-sensitive, unlike SQLite's LIKE.
    """
    section = Unindexed(DiscussionThread.section)
    starts = (
        func.substr(section, 1, len(place) + 1).in_([f"{place}/", f"{place}#"]) for place in places
    )
    return or_(section.in_(places), *starts)
