"""The preview page of a version's file."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from lepton_hub.api.request_context import Name, Space, State, note
from lepton_hub.catalogue.items import find_item
from lepton_hub.catalogue.names import PATH
from lepton_hub.catalogue.versions import find_file, find_version
from lepton_hub.pages.items.file_views import view_of_file
from lepton_hub.pages.page_rendering import render
from lepton_hub.pages.visitors import Visitor
from lepton_hub.permissions import Action

router = APIRouter(include_in_schema=False)


@router.get("/pages/items/{space}/{name}/file")
def show_file(
    request: Request,
    state: State,
    person: Visitor,
    space: Space,
    name: Name,
    path: Annotated[str, Query(max_length=PATH)],
    version: Annotated[int | None, Query(ge=1, lt=10**9)] = None,
) -> Response:
    """Preview a table's first rows, a thumbnail, a text's beginning, or a rendered notebook."""
    with state.reading.begin() as session:
        item = find_item(session, person, space, name, Action.VIEW)
        found = find_version(session, item, version)
        file = find_file(found, path)
        reference, title = item.reference, item.title
        shown_reference = f"{reference}@{found.number}"
        note(session, person, "file.preview", shown_reference, path=file.path)
    return render(
        request, person, "items/file.html",
        reference=reference, title=title, number=found.number, file=file,
        view=view_of_file(state, file),
    )  # fmt: skip
