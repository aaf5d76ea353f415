"""An item's page: its card, versions, files, lineage and discussions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from lepton_hub.api.answers import VersionAnswer, answer_of, version_answer
from lepton_hub.api.request_context import Name, Space, State, note
from lepton_hub.catalogue.items import find_item
from lepton_hub.catalogue.names import NameProblem, parse_reference
from lepton_hub.catalogue.tables import SharedItem, Version, VersionFile
from lepton_hub.catalogue.versions import find_version, list_versions, newest_version, used_by
from lepton_hub.identity.person import Person
from lepton_hub.jobs.job_asking import PROGRAMS
from lepton_hub.knowledge.subscriptions import following
from lepton_hub.knowledge.thread_listing import ThreadFilters, list_threads
from lepton_hub.pages.items.file_views import beginning_of, is_readable
from lepton_hub.pages.knowledge.thread_views import view_of
from lepton_hub.pages.page_rendering import render
from lepton_hub.pages.visitors import Visitor
from lepton_hub.permissions import Action
from lepton_hub.permissions.grants import roles_of
from lepton_hub.previews import IMAGES, is_table
from lepton_hub.recommendations import UsageBasis, also_needed

router = APIRouter(include_in_schema=False)

MOST_VERSIONS = 20
MOST_THREADS = 5
MOST_RECOMMENDED = 4
_JOB = re.compile(r"job ([\w-]{16})", re.ASCII)
VersionNumber = Annotated[int | None, Query(ge=1, lt=10**9)]
Before = Annotated[int | None, Query(ge=1, lt=10**9, description="List versions before this one.")]


@dataclass(frozen=True)
class ShownVersion:
    """A version on its item's page. first: the file to preview.

    is_runnable: whether it holds a notebook or a Python file, which a job can run.
    made_with_place: the page of what it was made with, and a version there, where it names one.
    """

    answer: VersionAnswer
    used_by: list[str]
    first: VersionFile | None
    is_runnable: bool
    made_with_place: tuple[str, int | None] | None


@router.get("/pages/items/{space}/{name}")
def show_item(
    request: Request,
    state: State,
    person: Visitor,
    space: Space,
    name: Name,
    version: VersionNumber = None,
    before: Before = None,
) -> Response:
    """Show an item and one of its versions, by default the newest."""
    with state.reading.begin() as session:
        item = find_item(session, person, space, name, Action.VIEW)
        newest = newest_version(session, item)
        chosen = find_version(session, item, version) if version else newest
        versions, count = list_versions(session, item, MOST_VERSIONS + 1, before)
        threads, thread_count = list_threads(
            session, person, ThreadFilters(item=item.id), MOST_THREADS, None
        )
        context = {
            "item": answer_of(session, person, item),
            "roles": sorted(role.value for role in roles_of(session, person, item)),
            "team": item.team,
            "versions": [
                {"number": one.number, "made_by": one.made_by, "made_at": one.made_at}
                for one in versions[:MOST_VERSIONS]
            ],
            "version_count": count,
            "before": versions[MOST_VERSIONS - 1].number if len(versions) > MOST_VERSIONS else None,
            "threads": [view_of(thread) for thread in threads],
            "thread_count": thread_count,
            "followed": following(session, person),
            "also": also_needed(session, person, UsageBasis(item=item), MOST_RECOMMENDED),
        }
        shown = _shown(session, person, item, chosen) if chosen else None
        which = {"version": chosen.number} if chosen else {}
        note(session, person, "item.read", item.reference, **which)
        if shown is not None and shown.first is not None:
            note(session, person, "file.preview", shown.answer.reference, path=shown.first.path)
    # Reading a content may take a while, and writers must not wait for it.
    looks = beginning_of(state, shown.first) if shown and shown.first else None
    return render(
        request, person, "items/item.html",
        shown=shown, looks=looks, is_readable=is_readable, **context,
    )  # fmt: skip


def _showing_most(file: VersionFile) -> int:
    """Return a file's sort key for choosing the preview: tables first, then pictures."""
    if is_table(file.path):
        return 0
    return 1 if file.path.lower().endswith(tuple(IMAGES)) else 2


def _shown(session: Session, person: Person, item: SharedItem, version: Version) -> ShownVersion:
    answer = version_answer(session, person, item, version)
    first = min((f for f in version.files if is_readable(f.path)), key=_showing_most, default=None)
    return ShownVersion(
        answer=answer,
        used_by=used_by(session, person, version),
        first=first,
        is_runnable=any(file.path.lower().endswith(PROGRAMS) for file in version.files),
        made_with_place=_place_of(answer.made_with),
    )


def _place_of(made_with: str) -> tuple[str, int | None] | None:
    """Return the path of the job or item that a text names, and the item's version."""
    if job := _JOB.fullmatch(made_with):
        return f"/pages/jobs/{job[1]}", None
    try:
        named = parse_reference(made_with)
    except NameProblem:
        return None
    return f"/pages/items/{named.space}/{named.name}", named.version
