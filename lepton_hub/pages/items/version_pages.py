"""Add a version to an item: files sent with the form, or uploaded first by uploads.js."""

from __future__ import annotations

from hashlib import sha256

from fastapi import APIRouter, Request, Response

from lepton_hub.api.middleware.guards import LARGEST_BODY
from lepton_hub.api.problems import Problem
from lepton_hub.api.request_context import Name, Space, State, note
from lepton_hub.api.routes import version_routes
from lepton_hub.api.service_state import ServiceState
from lepton_hub.catalogue.cards import ItemKind
from lepton_hub.catalogue.contents import TooManyUploads, begin_upload, upload_ticket
from lepton_hub.catalogue.items import NotVisible, find_item
from lepton_hub.catalogue.versions import newest_version
from lepton_hub.identity.person import Person
from lepton_hub.pages.forms import ArrivedFile, SentFile, arrived_files
from lepton_hub.pages.forms.form_reading import (
    by_field,
    content_of,
    form_key,
    new_form_number,
)
from lepton_hub.pages.items.version_forms import (
    COLUMN_HELP,
    columns_as_text,
    read_version,
)
from lepton_hub.pages.page_rendering import render, see_other
from lepton_hub.pages.visitors import SentForm, Visitor
from lepton_hub.permissions import Action

router = APIRouter(include_in_schema=False)

BLANK = {"note": "", "columns": "", "made_from": "", "made_with": ""}


@router.get("/pages/items/{space}/{name}/versions/new")
def new_version(
    request: Request, state: State, person: Visitor, space: Space, name: Name
) -> Response:
    """Show a form for a new version, prefilled with the newest one's columns."""
    return _form(request, state, person, space, name, None, [], {})


@router.post("/pages/items/{space}/{name}/versions/new")
def add_version(
    request: Request, state: State, person: Visitor, form: SentForm, space: Space, name: Name
) -> Response:
    """Add a version. If the form has a problem, uploaded files are kept."""
    with state.reading.begin() as session:
        find_item(session, person, space, name, Action.ADD_VERSION)
    files = arrived_files(form.all("upload"))
    try:
        files += [_keep(state, person, file) for file in form.files("file")]
        told, problems = read_version(form, files)
        if told is not None:
            key = form_key(form.get("once", ""), told)
            answer = version_routes.add(request, state, person, space, name, told, key)
            number = content_of(answer)["number"]
            said = f"Version {number} has been added." if answer.status_code == 201 else SAME
            return see_other(request, f"/pages/items/{space}/{name}?version={number}", said)
    except Problem as problem:
        problems = {"": problem.detail}
    return _form(request, state, person, space, name, dict(form), files, problems)


SAME = "Nothing was added: the newest version is identical."


def _keep(state: ServiceState, person: Person, file: SentFile) -> ArrivedFile:
    """Store a file sent with a form as an upload. Raises Problem."""
    digest = sha256(file.content).hexdigest()
    size = len(file.content)
    try:
        with upload_ticket(state.uploads) as ticket, state.sessions.begin() as session:
            upload = begin_upload(session, ticket, person.name, size, digest)
            note(session, person, "upload.begin", upload.id, size=size, sha256=digest)
    except TooManyUploads as error:
        detail = "You have too many unfinished uploads: use or delete some first."
        raise Problem(409, detail) from error
    if file.content:
        state.uploads.append(upload.id, 0, iter([file.content]))
    return ArrivedFile(upload.id, file.name)


def _form(
    request: Request,
    state: ServiceState,
    person: Person,
    space: str,
    name: str,
    typed: dict[str, str] | None,
    files: list[ArrivedFile],
    problems: dict[str, str],
) -> Response:
    with state.reading.begin() as session:
        item = find_item(session, person, space, name, Action.ADD_VERSION)
        if item.kind == ItemKind.DOCUMENT:
            raise NotVisible
        newest = newest_version(session, item)
        columns = columns_as_text(newest.columns) if newest else ""
        number = newest.number + 1 if newest else 1
        note(session, person, "version.list", item.reference)
    return render(
        request, person, "items/new_version.html", status=422 if problems else 200,
        item=item, number=number, typed={**BLANK, "columns": columns, **(typed or {})},
        once=(typed or {}).get("once") or new_form_number(),
        files=files, problems=by_field(problems), column_help=COLUMN_HELP,
        largest_form=LARGEST_BODY, largest=state.settings.largest_upload,
    )  # fmt: skip
