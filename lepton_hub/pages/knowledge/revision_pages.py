"""A document's revisions, and the difference between two."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request, Response

from lepton_hub.api.knowledge.document_routes import RevisionNumber
from lepton_hub.api.paging import Cursor, from_cursor, to_cursor
from lepton_hub.api.request_context import Name, Space, State, note
from lepton_hub.catalogue.items import actions_of
from lepton_hub.knowledge.documents import find_document, find_revision, list_revisions
from lepton_hub.pages.page_rendering import render
from lepton_hub.pages.visitors import Visitor
from lepton_hub.permissions import Action
from lepton_hub.rendering.difference_rows import difference_rows, inline_rows

router = APIRouter(include_in_schema=False)

ON_A_PAGE = 30


@router.get("/pages/documents/{space}/{name}/revisions")
def show_revisions(
    request: Request,
    state: State,
    person: Visitor,
    space: Space,
    name: Name,
    cursor: Cursor = None,
) -> Response:
    """Show a document's revisions, newest first."""
    before = from_cursor(cursor, int)
    with state.reading.begin() as session:
        item = find_document(session, person, space, name, Action.VIEW)
        newest = find_revision(session, item).number
        place = before[0] if before else None
        found, total = list_revisions(session, item, ON_A_PAGE + 1, place)
        actions = actions_of(session, person, item)
        note(session, person, "revision.list", item.reference)
    page = found[:ON_A_PAGE]
    return render(
        request, person, "knowledge/revisions.html",
        item=item, revisions=page, total=total, newest=newest, actions=actions,
        next=to_cursor([page[-1].number]) if len(found) > ON_A_PAGE else None,
    )  # fmt: skip


@router.get("/pages/documents/{space}/{name}/difference")
def show_difference(
    request: Request,
    state: State,
    person: Visitor,
    space: Space,
    name: Name,
    before: RevisionNumber,
    after: RevisionNumber | None = None,
    view: Literal["inline", "side"] = "inline",
) -> Response:
    """Show what changed from one revision to another, or to the newest."""
    with state.reading.begin() as session:
        item = find_document(session, person, space, name, Action.VIEW)
        old = find_revision(session, item, before)
        new = find_revision(session, item, after)
        newest = find_revision(session, item).number
        note(session, person, "document.compare", item.reference)
    rows = difference_rows(state.renderer.difference(old.text, new.text, ("before", "after")))
    return render(
        request, person, "knowledge/difference.html",
        item=item, old=old, new=new, newest=newest, view=view,
        rows=list(inline_rows(rows)) if view == "inline" else rows,
    )  # fmt: skip
