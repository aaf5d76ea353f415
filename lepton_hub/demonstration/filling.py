"""Fill an empty hub with made-up content, in one transaction.

All of it goes through the hub's own functions, so the audit log records it like anything else.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from lepton_hub.api.knowledge.thread_routes import note_thread
from lepton_hub.api.request_context import note
from lepton_hub.api.service_state import ServiceState
from lepton_hub.audit import append
from lepton_hub.catalogue.cards import Card, ItemKind, NewFile, NewItem, NewVersion
from lepton_hub.catalogue.contents import keep_contents, see_contents
from lepton_hub.catalogue.items import create_item, find_item
from lepton_hub.catalogue.names import parse_reference
from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.catalogue.versions import StoredFile, add_version
from lepton_hub.demonstration import made_up_texts as texts
from lepton_hub.demonstration.cast import ADA, BOSE, CURIE
from lepton_hub.demonstration.made_up_files import (
    fit_forecast,
    forecast_notebook,
    forecast_picture,
    ridership_csv,
    weights_file,
)
from lepton_hub.demonstration.made_up_learning import answer_survey, use_items
from lepton_hub.identity.person import Person
from lepton_hub.knowledge import DiscussionThread
from lepton_hub.knowledge.attachments import attach
from lepton_hub.knowledge.discussions import accept, add_post, begin_thread
from lepton_hub.knowledge.document_fields import NewDocument, NewRevision, NewThread
from lepton_hub.knowledge.documents import add_revision, create_document
from lepton_hub.knowledge.subscriptions import Followed, subscribe
from lepton_hub.needs import SurveyReply
from lepton_hub.needs.survey_subjects import survey_subjects
from lepton_hub.permissions import Action, Role, Subject
from lepton_hub.permissions.grants import give_role

RIDERSHIP = "engines/ridership"
NOTEBOOK = "particles/ridership-forecast"
MODEL = "particles/riders-tomorrow"
FORECAST = "particles/how-the-forecast-works"
COUNTING = "engines/what-counts-as-a-rider"
PICTURE = "last-weeks.png"

FOLLOWED: Sequence[tuple[Person, Followed, str]] = (
    (ADA, Followed.TAG, "riders"),
    (ADA, Followed.PERSON, "curie"),
    (BOSE, Followed.ITEM, RIDERSHIP),
    (CURIE, Followed.TEAM, "engines"),
    (CURIE, Followed.ITEM, RIDERSHIP),
)
SECTION_TITLE = "Folds by time: equal years or equal days?"
"""Title of the thread about a section of the course, which belongs to no item."""


def fill_if_empty(state: ServiceState) -> bool:
    """Fill a hub that is and always was empty; return whether it was filled."""
    with state.sessions.begin() as session:
        if not _is_empty(session):
            return False
    forecast = fit_forecast()
    files = {
        "ridership.csv": ("text/csv", ridership_csv()),
        "ridership-forecast.ipynb": ("application/x-ipynb+json", forecast_notebook()),
        "riders-tomorrow.safetensors": ("application/octet-stream", weights_file(forecast)),
        PICTURE: ("image/png", forecast_picture(forecast)),
    }
    stored = {}
    for name, (kind, content) in files.items():
        blob = state.store.write([content])
        stored[name] = StoredFile(name, blob.sha256, blob.size, kind)
    seen = see_contents(state.sessions, state.store, stored.values())
    with state.sessions.begin() as session:
        if not _is_empty(session):  # somebody was faster
            return False
        keep_contents(session, seen, [])
        _share_items(session, stored, texts.model_card(forecast))
        _write_documents(session, stored[PICTURE], texts.forecast_document(forecast))
        _talk(session)
        for person, kind, target in FOLLOWED:
            subscribe(session, person, kind, target)
            note(session, person, "subscription.make", f"{kind}:{target}")
        answer_survey(session, survey_subjects(state.settings.curriculum))
        use_items(session, (RIDERSHIP, NOTEBOOK, MODEL, FORECAST, COUNTING))
        append(session, actor="hub", action="made_up.fill", subject="hub", detail={})
    return True


def _is_empty(session: Session) -> bool:
    columns = (SharedItem.id, DiscussionThread.id, SurveyReply.person)
    return all(session.scalars(select(column).limit(1)).first() is None for column in columns)


def _share_items(session: Session, stored: dict[str, StoredFile], model: Card) -> None:
    _share(session, ADA, RIDERSHIP, ItemKind.DATASET, texts.RIDERSHIP, stored["ridership.csv"],
           columns=texts.RIDERSHIP_COLUMNS, note="As it came from the source.")  # fmt: skip
    _grant(session, ADA, RIDERSHIP, Subject.ORGANISATION, "quantum", Role.READ)
    made_from = [f"{RIDERSHIP}@1"]
    _share(session, BOSE, NOTEBOOK, ItemKind.NOTEBOOK, texts.NOTEBOOK,
           stored["ridership-forecast.ipynb"], made_from=made_from)  # fmt: skip
    _share(session, CURIE, MODEL, ItemKind.MODEL, model, stored["riders-tomorrow.safetensors"],
           made_from=made_from, made_with=f"hub:{NOTEBOOK}@1")  # fmt: skip
    for owner, reference in ((BOSE, NOTEBOOK), (CURIE, MODEL)):
        _grant(session, owner, reference, Subject.ORGANISATION, "analytical", Role.READ)


def _share(
    session: Session,
    person: Person,
    reference: str,
    kind: ItemKind,
    card: Card,
    file: StoredFile,
    **told: object,
) -> None:
    """Create an item with a first version of one file."""
    space, _, name = reference.partition("/")
    item = create_item(session, person, NewItem(space=space, name=name, kind=kind, card=card))
    note(session, person, "item.make", reference, kind=kind, title=card.title)
    files = [NewFile(path=file.path, upload="made-up", media_type=file.media_type)]
    version, _ = add_version(session, person, item, NewVersion(files=files, **told), [file])
    facts = {"digest": version.digest, "files": 1, "bytes": file.size}
    note(session, person, "version.add", f"{reference}@{version.number}", **facts)


def _write_documents(session: Session, picture: StoredFile, text: str) -> None:
    item = _document(session, CURIE, FORECAST, "How the forecast works", text, ["forecast"])
    attach(session, CURIE, item, picture)
    facts = {"name": picture.path, "sha256": picture.sha256, "bytes": picture.size}
    note(session, CURIE, "attachment.add", FORECAST, **facts)
    _grant(session, CURIE, FORECAST, Subject.ORGANISATION, "analytical", Role.CONTRIBUTE)
    title = "What counts as a rider"
    item = _document(session, ADA, COUNTING, title, texts.COUNTING_DRAFT, ["riders"])
    _grant(session, ADA, COUNTING, Subject.EVERYBODY, "", Role.READ)
    told = NewRevision(text=texts.COUNTING, note="Who counts twice, and turnstiles that fail.")
    revision = add_revision(session, ADA, item, told, base=1)
    facts = {"revision": revision.number, "characters": len(told.text)}
    note(session, ADA, "document.change", COUNTING, **facts)


def _document(
    session: Session, person: Person, reference: str, title: str, text: str, tags: list[str]
) -> SharedItem:
    space, _, name = reference.partition("/")
    told = NewDocument(
        space=space, name=name, title=title, text=text, tags=tags, category=texts.CATEGORY
    )
    item = create_document(session, person, told)
    note(session, person, "document.make", reference, title=title)
    return item


def _talk(session: Session) -> None:
    """Hold a discussion, ask and answer a question, and leave one about the course open."""
    told = NewThread(
        item=RIDERSHIP, title="What about 25 December?", text=texts.STRANGE_DAYS, tags=["holidays"]
    )
    thread = _begin(session, BOSE, told)
    _reply(session, ADA, thread, texts.STRANGE_DAYS_REPLY)
    told = NewThread(
        item=FORECAST,
        kind="question",
        title="Which error do we report?",
        text=texts.WHICH_ERROR,
        tags=["forecast"],
    )
    thread = _begin(session, BOSE, told)
    answer = _reply(session, ADA, thread, texts.WHICH_ERROR_REPLY)
    _reply(session, CURIE, thread, texts.WHICH_ERROR_MORE)
    accept(session, BOSE, thread, answer)
    note_thread(session, BOSE, "thread.accept", thread, post=answer)
    told = NewThread(
        section="08_evaluation/lesson.ipynb#Folds-by-time",
        audience="everybody",
        kind="question",
        title=SECTION_TITLE,
        text=texts.FOLDS,
        tags=["evaluation"],
    )
    _begin(session, CURIE, told)


def _begin(session: Session, person: Person, told: NewThread) -> DiscussionThread:
    thread = begin_thread(session, person, told)
    note_thread(session, person, "thread.make", thread, title=thread.title)
    return thread


def _reply(session: Session, person: Person, thread: DiscussionThread, text: str) -> str:
    post = add_post(session, person, thread, text)
    note_thread(session, person, "post.add", thread, post=post.public_id)
    return post.public_id


def _grant(
    session: Session, person: Person, reference: str, subject: Subject, name: str, role: Role
) -> None:
    where = parse_reference(reference)
    item = find_item(session, person, where.space, where.name, Action.SHARE)
    give_role(session, item, person, subject, name, role)
    note(session, person, "grant.give", reference, subject=subject, name=name, role=role)
