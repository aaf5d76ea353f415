"""Items: list, search, create, read, edit, delete."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Query, Request, Response
from pydantic import AfterValidator
from sqlalchemy.orm import Session

from lepton_hub.api.answers import Erased, ItemAnswer, ItemPage, answer_of, summary_of
from lepton_hub.api.conditional import require_unchanged, tagged
from lepton_hub.api.idempotency import IdempotencyKey, KeptAnswer, once
from lepton_hub.api.paging import Cursor, Limit, from_cursor, to_cursor
from lepton_hub.api.problems import Problem, described
from lepton_hub.api.request_context import Asker, Name, Space, State, note
from lepton_hub.catalogue.cards import TAG, Card, ItemKind, NewItem, Text
from lepton_hub.catalogue.item_lists import Filters, list_items
from lepton_hub.catalogue.items import (
    NameTaken,
    SpaceClosed,
    card_of,
    create_item,
    delete_item,
    find_item,
    write_card,
)
from lepton_hub.catalogue.names import SPACE
from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.identity.person import PERSON, Person
from lepton_hub.permissions import Action

router = APIRouter(tags=["items"])


def _few_words(text: str) -> str:
    if len(text.split()) > 8:
        raise ValueError("at most 8 words")
    return text


@router.get("/items", response_model=ItemPage, responses=described(400))
def list_them(
    request: Request,
    state: State,
    person: Asker,
    q: Annotated[
        Text,
        AfterValidator(_few_words),
        Query(max_length=200, description="Words to search for in the name, card and tags."),
    ] = "",
    kind: ItemKind | None = None,
    tag: Annotated[str | None, Query(pattern=f"^{TAG}$")] = None,
    category: Annotated[Text | None, Query(max_length=64)] = None,
    space: Annotated[str | None, Query(pattern=f"^{SPACE}$")] = None,
    owner: Annotated[str | None, Query(pattern=f"^{PERSON}$")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """List or search the items you may see, ordered by space and name."""
    filters = Filters(q, kind, tag, category, space, owner)
    after = from_cursor(cursor, str, str)
    with state.reading.begin() as session:
        place = (after[0], after[1]) if after else None
        found = list_items(session, person, filters, limit, place)
        answer = ItemPage(
            items=[summary_of(item) for item in found.items],
            total=found.total,
            facets=found.facets,
            next=to_cursor([*found.next]) if found.next else None,
        )
        query = request.url.query[:2000]
        note(session, person, "item.list", "items", query=query, found=found.total)
    return tagged(request, answer)


@router.post("/items", status_code=201, response_model=ItemAnswer, responses=described(403, 409))
def make(
    request: Request, state: State, person: Asker, told: NewItem, key: IdempotencyKey = None
) -> Response:
    """Create an item in your own space or one of your teams'. Its team can read it at once."""

    def work() -> KeptAnswer:
        try:
            item = create_item(session, person, told)
        except SpaceClosed as error:
            raise Problem(403, f"You may create items in these spaces: {error}.") from error
        except NameTaken as error:
            detail = f"{told.space} has, or had, an item {told.name}: choose another name."
            raise Problem(409, detail) from error
        answer = answer_of(session, person, item)
        note(session, person, "item.make", item.reference, kind=told.kind, title=told.card.title)
        return KeptAnswer(201, answer, f"{state.settings.prefix}/items/{item.reference}")

    with state.sessions.begin() as session:
        return once(session, person.name, key, request, told, work)


@router.get("/items/{space}/{name}", response_model=ItemAnswer, responses=described(404))
def read(request: Request, state: State, person: Asker, space: Space, name: Name) -> Response:
    """Return an item."""
    with state.reading.begin() as session:
        item = find_item(session, person, space, name, Action.VIEW)
        answer = answer_of(session, person, item)
        note(session, person, "item.read", item.reference)
    return tagged(request, answer)


@router.get("/items/{space}/{name}/card", response_model=Card, responses=described(404))
def read_card(request: Request, state: State, person: Asker, space: Space, name: Name) -> Response:
    """Return an item's card. An edit must send its ETag."""
    with state.reading.begin() as session:
        item = find_item(session, person, space, name, Action.VIEW)
        note(session, person, "card.read", item.reference)
        return tagged(request, card_of(item), _card_tag(item))


@router.put(
    "/items/{space}/{name}/card", response_model=Card, responses=described(403, 404, 412, 428)
)
def change_card(
    request: Request, state: State, person: Asker, space: Space, name: Name, card: Card
) -> Response:
    """Replace an item's card. Requires If-Match."""
    with state.sessions.begin() as session:
        item = find_item(session, person, space, name, Action.EDIT_CARD)
        require_unchanged(request, _card_tag(item))
        replace_card(session, person, item, card)
        text = card_of(item).model_dump_json()
        return Response(text, headers={"ETag": _card_tag(item)}, media_type="application/json")


def replace_card(session: Session, person: Person, item: SharedItem, card: Card) -> None:
    """Replace an item's card, and record which fields changed."""
    before = card_of(item)
    write_card(item, card)
    session.flush()
    after = card_of(item)
    changed = [n for n in Card.model_fields if getattr(before, n) != getattr(after, n)]
    note(session, person, "card.change", item.reference, changed=changed)


@router.delete("/items/{space}/{name}", response_model=Erased, responses=described(403, 404))
def remove(
    state: State, person: Asker, space: Space, name: Name, afterwards: BackgroundTasks
) -> Erased:
    """Delete an item permanently; its name is never reused.

    Its contents are erased after the response, except those that another item also holds; the audit
    log says which. The caller cannot tell the two apart.
    """
    with state.sessions.begin() as session:
        item = find_item(session, person, space, name, Action.DELETE)
        versions = delete_item(session, item, person.name)
        digests = [version.digest for version in versions]
        note(session, person, "item.delete", item.reference, versions=digests[:200])
    afterwards.add_task(state.erase)
    return Erased(reference=f"{space}/{name}", versions=digests)


def _card_tag(item: SharedItem) -> str:
    return f'"{item.public_id}-{item.card_revision}"'
