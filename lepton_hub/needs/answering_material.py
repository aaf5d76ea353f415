"""Material that answers a need: the course's module, and items and threads on its subject."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from sqlalchemy.orm import Session

from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.identity.person import Person
from lepton_hub.knowledge import DiscussionThread
from lepton_hub.knowledge.course_places import is_within
from lepton_hub.knowledge.discussions import every_visible_thread
from lepton_hub.knowledge.thread_listing import latest_first
from lepton_hub.needs.survey_subjects import SurveySubject
from lepton_hub.search import SearchFilters, plan_search, search
from lepton_hub.search.word_forms import words_of

MOST = 5
"""The maximum number of items, documents and questions to list, each."""
_LOOKED_AT = 60
_SERVICES = "/services/"


@dataclass(frozen=True)
class AnsweringMaterial:
    """The material on a module's subject that the viewer may see.

    open_questions: those without an accepted answer.
    """

    items: tuple[SharedItem, ...]
    documents: tuple[SharedItem, ...]
    open_questions: tuple[DiscussionThread, ...]


def material_about(session: Session, person: Person, subject: SurveySubject) -> AnsweringMaterial:
    """Return the visible material with all words of the module's title, best first.

    Questions about a section of the module are included whatever their words.
    """
    words = words_of(subject.module.title)
    plan = plan_search(session, person, SearchFilters(words=words))
    hits = search(plan, _LOOKED_AT, None)
    items = dict.fromkeys(hit.item for hit in hits if hit.item and hit.thread is None)
    threads = dict.fromkeys(_asked_in(session, person, subject.folder))
    threads |= dict.fromkeys(hit.thread for hit in hits if hit.thread)
    unanswered = [one for one in threads if one.kind == "question" and one.accepted_id is None]
    return AnsweringMaterial(
        tuple(item for item in items if item.kind != "document")[:MOST],
        tuple(item for item in items if item.kind == "document")[:MOST],
        tuple(unanswered[:MOST]),
    )


def lesson_address(prefix: str, subject: SurveySubject) -> str | None:
    """Return JupyterHub's URL of the module's lesson; None on a stand-alone hub.

    prefix: of the hub's own addresses, such as /services/hub.
    """
    base, found, _ = prefix.partition(_SERVICES)
    if not found:
        return None
    return f"{base}/hub/user-redirect/lab/tree/{quote(subject.id)}/lesson.ipynb"


def _asked_in(session: Session, person: Person, folder: str) -> Sequence[DiscussionThread]:
    """Return open questions about a module's sections, most recently active first."""
    thread = DiscussionThread
    query = every_visible_thread(person).where(
        is_within([folder]), thread.kind == "question", thread.accepted_id.is_(None)
    )
    order = (one.desc() for one in latest_first())
    return session.scalars(query.order_by(*order).limit(MOST)).all()
