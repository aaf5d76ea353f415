"""Keep mentions up to date: scan changed texts for terms in the transaction that changes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from sqlalchemy import delete, event, insert, select
from sqlalchemy.orm import Session, sessionmaker

from lepton_hub.graph.course_terms import CourseOutline
from lepton_hub.graph.mention_tables import MentionState, TermMention
from lepton_hub.search.search_tables import SearchEntry, SearchText

_CHANGED = "entries to look through for terms"
_BATCH = 200


def keep_mentions(sessions: sessionmaker[Session], course: CourseOutline) -> None:
    """From now on, scan what these sessions change for terms.

    Call it after `keep_index`. If the course's terms have changed since the last run, rescan
    everything.
    """
    event.listen(sessions, "after_flush", _collect)
    event.listen(sessions, "before_commit", partial(_write, course))
    after: int | None = 0
    while after is not None:
        after = _look_again(sessions, course, after)


def _collect(session: Session, _: Any) -> None:
    changed = session.info.setdefault(_CHANGED, set())
    rows = (*session.new, *session.dirty)
    changed.update(row.entry_id for row in rows if isinstance(row, SearchText))


def _write(course: CourseOutline, session: Session) -> None:
    session.flush()
    changed = session.info.pop(_CHANGED, None)
    if changed:
        _look_through(session, course, sorted(changed))


def _look_through(session: Session, course: CourseOutline, numbers: Sequence[int]) -> None:
    """Replace the mentions of entries."""
    shown = SearchText
    query = select(shown.entry_id, shown.title, shown.text).where(shown.entry_id.in_(numbers))
    found = [
        {"entry_id": id_, "term": term}
        for id_, *texts in session.execute(query).tuples().all()
        for term in sorted(_terms(course, texts))
    ]
    session.execute(delete(TermMention).where(TermMention.entry_id.in_(numbers)))
    if found:
        session.execute(insert(TermMention), found)


def _terms(course: CourseOutline, texts: Iterable[str]) -> set[str]:
    return course.terms_in("\n".join(texts))


def _look_again(sessions: sessionmaker[Session], course: CourseOutline, after: int) -> int | None:
    """Rescan a batch of entries after the course has changed; return the last entry's id.

    None if there is nothing left to do.
    """
    with sessions.begin() as session:
        state = session.scalars(select(MentionState).with_for_update()).one()
        if state.fingerprint == course.fingerprint:
            return None
        query = select(SearchEntry.id).where(SearchEntry.id > after).order_by(SearchEntry.id)
        numbers = session.scalars(query.limit(_BATCH)).all()
        if not numbers:
            state.fingerprint = course.fingerprint
            return None
        _look_through(session, course, numbers)
        return numbers[-1]
