"""Versions of items: add, read, download, preview."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request, Response
from sqlalchemy.orm import Session

from lepton_hub.api.answers import (
    LineageAnswer,
    TableAnswer,
    VersionAnswer,
    VersionPage,
    version_answer,
)
from lepton_hub.api.byte_ranges import content_response
from lepton_hub.api.conditional import tagged
from lepton_hub.api.idempotency import (
    KEY_EXPIRED,
    IdempotencyKey,
    KeptAnswer,
    is_known,
    once,
)
from lepton_hub.api.paging import Cursor, Limit, from_cursor, to_cursor
from lepton_hub.api.problems import Problem, described
from lepton_hub.api.request_context import Asker, Name, Number, Space, State, note, version_number
from lepton_hub.catalogue.cards import ItemKind, NewVersion
from lepton_hub.catalogue.contents import (
    UploadProblem,
    finish_uploads,
    keep_contents,
    see_contents,
    uploads_of,
)
from lepton_hub.catalogue.items import find_item
from lepton_hub.catalogue.names import PATH
from lepton_hub.catalogue.pickles import HEAD, is_pickle
from lepton_hub.catalogue.tables import SharedItem, Version
from lepton_hub.catalogue.versions import (
    PathTwice,
    SourceMissing,
    add_version,
    find_file,
    find_version,
    list_versions,
    sources_of,
    used_by,
)
from lepton_hub.identity.person import Person
from lepton_hub.permissions import Action
from lepton_hub.previews import NoPreview, is_table, preview_table, thumbnail
from lepton_hub.storage import HashMismatch, UploadMissing

router = APIRouter(tags=["versions"], prefix="/items/{space}/{name}/versions")

FilePath = Annotated[str, Path(max_length=PATH)]
PICKLES_REFUSED = (
    "is a pickle, which can run arbitrary code on the computer that opens it. Share models as "
    ".safetensors or .onnx, arrays as .npz, tables as .csv."
)
UsedIn = Annotated[
    str | None,
    Header(
        alias="Lepton-Module",
        pattern=r"^(?:[a-z]{1,20}/)?[0-9]{2}_[a-z0-9_]{1,60}$",
        description="The course module whose notebook uses the file.",
    ),
]
NO_VERSIONS = (
    "is a document: it has revisions of its text (PUT /documents/SPACE/NAME) and attachments, but "
    "no versions of files. Share files as a separate item, under another name."
)
CONTENT = {
    200: {"content": {"application/octet-stream": {}}, "description": "The content."},
    206: {"content": {"application/octet-stream": {}}, "description": "The range asked for."},
}


@router.get("", response_model=VersionPage, responses=described(400, 404))
def list_them(
    request: Request,
    state: State,
    person: Asker,
    space: Space,
    name: Name,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """List an item's versions, the newest first."""
    before = from_cursor(cursor, int)
    with state.reading.begin() as session:
        item = find_item(session, person, space, name, Action.VIEW)
        found, total = list_versions(session, item, limit + 1, before[0] if before else None)
        page = found[:limit]
        answer = VersionPage(
            versions=[version_answer(session, person, item, version) for version in page],
            total=total,
            next=to_cursor([page[-1].number]) if len(found) > limit else None,
        )
        note(session, person, "version.list", item.reference)
    return tagged(request, answer)


@router.post("", status_code=201, response_model=VersionAnswer, responses=described(403, 404, 409))
def add(
    request: Request,
    state: State,
    person: Asker,
    space: Space,
    name: Name,
    told: NewVersion,
    key: IdempotencyKey = None,
) -> Response:
    """Add a version from completed uploads, unless it is identical to the newest one.

    If it is, the newest version is returned.
    """
    ids = [file.upload for file in told.files]
    with state.reading.begin() as session:
        item = find_item(session, person, space, name, Action.ADD_VERSION)
        if item.kind == ItemKind.DOCUMENT:
            raise Problem(422, f"{item.reference} {NO_VERSIONS}")
        replayed = is_known(session, person.name, key)
        pending = uploads_of(session, person.name, ids)
    files = []
    try:
        if not replayed:
            files = finish_uploads(state.uploads, pending, told.files)
        seen = see_contents(state.reading, state.store, files)
        for file in files:
            if is_pickle(file.path, b"".join(state.store.read(file.sha256, 0, HEAD))):
                raise Problem(422, f"{file.path} {PICKLES_REFUSED}")
    except HashMismatch as error:
        raise Problem(422, f"{error}. Upload it again.") from error
    except (UploadProblem, UploadMissing) as error:
        raise Problem(409, str(error)) from error

    def work() -> KeptAnswer:
        if replayed:
            raise Problem(409, KEY_EXPIRED)
        item = find_item(session, person, space, name, Action.ADD_VERSION)
        try:
            version, is_new = add_version(session, person, item, told, files)
            keep_contents(session, seen, ids)
        except SourceMissing as error:
            raise Problem(422, f"made_from: there is no {error} that you may see.") from error
        except PathTwice as error:
            raise Problem(422, f"{error} occurs twice, or is also a folder.") from error
        except UploadProblem as error:
            raise Problem(409, str(error)) from error
        answer = version_answer(session, person, item, version)
        if is_new:
            size = sum(file.size for file in files)
            facts = {"digest": version.digest, "files": len(files), "bytes": size}
            note(session, person, "version.add", answer.reference, **facts)
        place = f"{state.settings.prefix}/items/{item.reference}/versions/{version.number}"
        return KeptAnswer(201 if is_new else 200, answer, place)

    with state.sessions.begin() as session:
        return once(session, person.name, key, request, told, work)


@router.get("/{number}", response_model=VersionAnswer, responses=described(404))
def read(
    request: Request, state: State, person: Asker, space: Space, name: Name, number: Number
) -> Response:
    """Return a version."""
    with state.reading.begin() as session:
        item, version = _found(session, person, space, name, number)
        answer = version_answer(session, person, item, version)
        note(session, person, "version.read", answer.reference)
    return tagged(request, answer)


@router.get("/{number}/lineage", response_model=LineageAnswer, responses=described(404))
def lineage(
    request: Request, state: State, person: Asker, space: Space, name: Name, number: Number
) -> Response:
    """Return a version's lineage, both ways."""
    with state.reading.begin() as session:
        item, version = _found(session, person, space, name, number)
        answer = LineageAnswer(
            made_from=sources_of(session, person, version),
            used_by=used_by(session, person, version),
        )
        note(session, person, "lineage.read", f"{item.reference}@{version.number}")
    return tagged(request, answer)


@router.get(
    "/{number}/preview",
    response_model=TableAnswer,
    responses={
        **described(404, 415),
        200: {"content": {"image/png": {}}, "description": "A table's first rows, or a thumbnail."},
    },
)
def preview(
    request: Request,
    state: State,
    person: Asker,
    space: Space,
    name: Name,
    number: Number,
    path: Annotated[str | None, Query(max_length=PATH)] = None,
) -> Response:
    """Return the first rows of a table (CSV, TSV, JSON Lines, NumPy), or a thumbnail.

    path: the file; optional if the version has only one.
    """
    with state.reading.begin() as session:
        item, version = _found(session, person, space, name, number)
        file = find_file(version, path)
        reference = f"{item.reference}@{version.number}"
        note(session, person, "file.preview", reference, path=file.path)
    try:
        if is_table(file.path):
            table = preview_table(state.store, file.sha256, file.path)
            return tagged(request, TableAnswer(**vars(table)))
        return Response(thumbnail(state.store, file.sha256, file.path), media_type="image/png")
    except NoPreview as error:
        raise Problem(415, str(error)) from error


@router.get("/{number}/files/{path:path}", responses={**described(404, 416), **CONTENT})
@router.head("/{number}/files/{path:path}", include_in_schema=False)
def download(
    request: Request,
    state: State,
    person: Asker,
    space: Space,
    name: Name,
    number: Number,
    path: FilePath,
    module: UsedIn = None,
) -> Response:
    """Return a file, or the part requested by Range. Its ETag is its SHA-256."""
    with state.reading.begin() as session:
        item, version = _found(session, person, space, name, number)
        file = find_file(version, path)
        reference = f"{item.reference}@{version.number}"
        note(session, person, "file.download", reference, path=file.path, **used_in(module))
    return content_response(request, state.store, file)


def used_in(module: str | None) -> dict[str, str]:
    """Return the audit log's detail about the course module that uses a file."""
    return {"module": module.rpartition("/")[2]} if module else {}


def _found(
    session: Session, person: Person, space: str, name: str, number: str
) -> tuple[SharedItem, Version]:
    item = find_item(session, person, space, name, Action.VIEW)
    return item, find_version(session, item, version_number(number))
