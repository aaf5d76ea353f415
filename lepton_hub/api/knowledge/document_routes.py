"""Documents: create, read, edit, compare, render."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from lepton_hub.api.conditional import tagged
from lepton_hub.api.idempotency import IdempotencyKey, KeptAnswer, once
from lepton_hub.api.knowledge.knowledge_answers import (
    DifferenceAnswer,
    DocumentAnswer,
    RevisionPage,
    document_answer,
    revision_summary,
)
from lepton_hub.api.paging import Cursor, Limit, from_cursor, to_cursor
from lepton_hub.api.problems import Problem, described
from lepton_hub.api.request_context import Asker, Name, Space, State, note
from lepton_hub.api.service_state import ServiceState
from lepton_hub.catalogue.cards import Text
from lepton_hub.catalogue.items import NameTaken, SpaceClosed, look_up
from lepton_hub.catalogue.names import NameProblem, parse_reference
from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.knowledge import DocumentRevision
from lepton_hub.knowledge.document_fields import NewDocument, NewRevision
from lepton_hub.knowledge.documents import (
    EditConflict,
    TextExists,
    add_revision,
    create_document,
    find_document,
    find_revision,
    list_revisions,
)
from lepton_hub.permissions import Action

router = APIRouter(tags=["documents"])

RevisionNumber = Annotated[int, Query(ge=1, lt=10**9)]
HTML = {200: {"content": {"text/html": {}}, "description": "A safe HTML fragment."}}
_WRITTEN = re.compile(r'(?:W/)?"([A-Za-z0-9_-]{16})-r([0-9]{1,9})-[0-9]{1,9}"')


@router.post(
    "/documents", status_code=201, response_model=DocumentAnswer, responses=described(403, 409)
)
def make(
    request: Request, state: State, person: Asker, told: NewDocument, key: IdempotencyKey = None
) -> Response:
    """Create a document: an item of the kind "document", shared and deleted like any item."""

    def work() -> KeptAnswer:
        try:
            item = create_document(session, person, told)
        except SpaceClosed as error:
            raise Problem(403, f"You may create documents in these spaces: {error}.") from error
        except NameTaken as error:
            detail = f"{told.space} has, or had, an item {told.name}: choose another name."
            raise Problem(409, detail) from error
        answer = document_answer(item, find_revision(session, item))
        note(session, person, "document.make", item.reference, title=told.title)
        return KeptAnswer(201, answer, f"{state.settings.prefix}/documents/{item.reference}")

    with state.sessions.begin() as session:
        return once(session, person.name, key, request, told, work)


@router.get("/documents/{space}/{name}", response_model=DocumentAnswer, responses=described(404))
def read(
    request: Request,
    state: State,
    person: Asker,
    space: Space,
    name: Name,
    revision: RevisionNumber | None = None,
) -> Response:
    """Return a document's text: the newest or a given revision. An edit must send its ETag."""
    with state.reading.begin() as session:
        item = find_document(session, person, space, name, Action.VIEW)
        found = find_revision(session, item, revision)
        note(session, person, "document.read", item.reference, revision=found.number)
        return tagged(
            request,
            document_answer(item, found),
            _etag(item, found),
        )


@router.put(
    "/documents/{space}/{name}",
    response_model=DocumentAnswer,
    responses=described(403, 404, 412, 428),
)
def change(
    request: Request, state: State, person: Asker, space: Space, name: Name, told: NewRevision
) -> Response:
    """Add a revision. Requires If-Match with the ETag of the text you edited.

    If somebody else saved first, nothing is changed and nothing lost: the answer (412) contains
    your text, theirs, their difference, and a merged text if you changed different places.
    """
    try:
        with state.sessions.begin() as session:
            item = find_document(session, person, space, name, Action.EDIT_CARD)
            base = _base_of(request, item)
            whose = (item.public_id, item.card_revision)
            try:
                revision = add_revision(session, person, item, told, base)
                facts = {"revision": revision.number, "characters": len(told.text)}
                note(session, person, "document.change", item.reference, **facts)
            except TextExists:
                revision = find_revision(session, item)
            text = document_answer(item, revision).model_dump_json()
            etag = _tag(*whose, revision.number)
    except EditConflict as conflict:
        with state.sessions.begin() as session:
            facts = {"newest": conflict.newest.number}
            note(session, person, "document.conflict", f"{space}/{name}", **facts)
        raise _both(state, conflict, told, _tag(*whose, conflict.newest.number)) from conflict
    return Response(text, headers={"ETag": etag}, media_type="application/json")


@router.get(
    "/documents/{space}/{name}/revisions",
    response_model=RevisionPage,
    responses=described(400, 404),
)
def list_them(
    request: Request,
    state: State,
    person: Asker,
    space: Space,
    name: Name,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """List a document's revisions, the newest first."""
    before = from_cursor(cursor, int)
    with state.reading.begin() as session:
        item = find_document(session, person, space, name, Action.VIEW)
        found, total = list_revisions(session, item, limit + 1, before[0] if before else None)
        page = found[:limit]
        answer = RevisionPage(
            revisions=[revision_summary(one) for one in page],
            total=total,
            next=to_cursor([page[-1].number]) if len(found) > limit else None,
        )
        note(session, person, "revision.list", item.reference)
    return tagged(request, answer)


@router.get(
    "/documents/{space}/{name}/difference",
    response_model=DifferenceAnswer,
    responses=described(404),
)
def compare(
    request: Request,
    state: State,
    person: Asker,
    space: Space,
    name: Name,
    before: RevisionNumber,
    after: RevisionNumber | None = None,
) -> Response:
    """Return what changed from one revision to another, or to the newest."""
    with state.reading.begin() as session:
        item = find_document(session, person, space, name, Action.VIEW)
        old = find_revision(session, item, before)
        new = find_revision(session, item, after)
        note(session, person, "document.compare", item.reference)
    names = (f"revision {old.number}", f"revision {new.number}")
    found = state.renderer.difference(old.text, new.text, names)
    return tagged(request, DifferenceAnswer(before=old.number, after=new.number, difference=found))


@router.get(
    "/documents/{space}/{name}/html", response_class=Response, responses={**HTML, **described(404)}
)
def show(
    state: State,
    person: Asker,
    space: Space,
    name: Name,
    revision: RevisionNumber | None = None,
) -> Response:
    r"""Return a document as sanitised HTML. Formulas are TeX between \( and \) or \[ and \]."""
    with state.reading.begin() as session:
        item = find_document(session, person, space, name, Action.VIEW)
        found = find_revision(session, item, revision)
        note(session, person, "document.read", item.reference, revision=found.number)
    folder = f"{state.settings.prefix}/documents/{item.reference}/attachments"
    return Response(state.renderer.markdown(found.text, folder), media_type="text/html")


@router.get(
    "/document",
    tags=["older clients"],
    response_class=Response,
    responses={
        **described(404),
        200: {"content": {"text/markdown": {}}, "description": "The text."},
    },
)
def document(
    state: State,
    person: Asker,
    id: Annotated[
        Text, Query(max_length=230, description="SPACE/NAME, SPACE/NAME@REVISION or id.")
    ],
) -> Response:
    """Return a document's text for older clients: by default the newest."""
    with state.reading.begin() as session:
        try:
            reference = parse_reference(id)
        except NameProblem:
            wanted = SharedItem.public_id == id, SharedItem.kind == "document"
            item = look_up(session, person, *wanted)
            found = find_revision(session, item)
        else:
            item = find_document(session, person, reference.space, reference.name, Action.VIEW)
            found = find_revision(session, item, reference.version)
        note(session, person, "document.read", item.reference, revision=found.number)
    headers = {"ETag": _etag(item, found)}
    return Response(found.text, headers=headers, media_type="text/markdown")


def _etag(item: SharedItem, revision: DocumentRevision) -> str:
    return _tag(item.public_id, item.card_revision, revision.number)


def _tag(public_id: str, card_revision: int, number: int) -> str:
    """Return the ETag of an answer with a revision's text; it changes with the card, too."""
    return f'"{public_id}-r{number}-{card_revision}"'


def _base_of(request: Request, item: SharedItem) -> int | None:
    """Return the revision that an edit is based on; None if unknown. Raises Problem."""
    header = request.headers.get("if-match")
    if header is None or header.strip() == "*":
        raise Problem(
            428, "Send If-Match with the ETag of the version you read, so that no change is lost."
        )
    found = _WRITTEN.fullmatch(header.strip())
    return int(found[2]) if found and found[1] == item.public_id else None


def _both(state: ServiceState, conflict: EditConflict, told: NewRevision, etag: str) -> Problem:
    """Return the answer with both texts and their difference."""
    newest = conflict.newest
    base = conflict.base
    names = (f"revision {newest.number}", "yours")
    merged = state.renderer.merge(base.text, newest.text, told.text) if base else None
    return Problem(
        412,
        f"{newest.made_by} has changed it in the meantime. Both texts are here: merge them, and "
        "send the result with the ETag of this answer.",
        {"ETag": etag},
        newest={
            "revision": newest.number,
            "text": newest.text,
            "made_by": newest.made_by,
            "made_at": newest.made_at.isoformat(),
        },
        yours=told.text,
        base=base.number if base else None,
        difference=state.renderer.difference(newest.text, told.text, names),
        merged=merged,
    )
