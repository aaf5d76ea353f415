"""Convert an item's card to a form and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from lepton_hub.catalogue.cards import Card, ItemKind, NewItem
from lepton_hub.pages.forms import ITEM_SENTENCES, problems_of, split_tags
from lepton_hub.pages.forms.form_reading import name_from

KINDS = [
    (ItemKind.DATASET, "a data set"),
    (ItemKind.MODEL, "a model"),
    (ItemKind.CODE, "code"),
    (ItemKind.NOTEBOOK, "a notebook"),
]
SENTENCES = {
    **ITEM_SENTENCES,
    "kind": "Choose what it is.",
    "personal_data": "Choose one.",
}


def blank_card() -> dict[str, str]:
    """Return the form fields of an empty card."""
    return dict.fromkeys(Card.model_fields, "") | {"personal_data": "none"}


def typed_of(card: Card) -> dict[str, str]:
    """Return the form fields of a card."""
    return {**{name: getattr(card, name) for name in Card.model_fields}, "tags": _joined(card)}


def card_told(typed: Mapping[str, str]) -> dict[str, Any]:
    """Return the card data in a form."""
    told: dict[str, Any] = {name: typed.get(name, "") for name in Card.model_fields}
    return {**told, "tags": split_tags(typed.get("tags", ""))}


def read_card(typed: Mapping[str, str]) -> tuple[Card | None, dict[str, str]]:
    """Return the typed card; or None, and a message for each invalid field."""
    return _read(Card, card_told(typed))


def read_new_item(typed: Mapping[str, str]) -> tuple[NewItem | None, dict[str, str]]:
    """Return the typed item; or None, and a message for each invalid field."""
    told = {name: typed.get(name, "") for name in ("space", "name", "kind")}
    told["name"] = told["name"].strip() or name_from(typed.get("title", ""))
    return _read(NewItem, {**told, "card": card_told(typed)})


def differences(now: Card, typed: Mapping[str, str]) -> dict[str, str]:
    """Return the card's current values, by field, where they differ from what was typed."""
    known = typed_of(now)
    return {
        name: f"It now says: {known[name] or 'nothing'}"
        for name in known
        if known[name] != (typed.get(name, "") if name != "tags" else _joined_text(typed))
    }


def _read(model: type[BaseModel], told: dict[str, Any]) -> tuple[Any, dict[str, str]]:
    try:
        return model.model_validate(told), {}
    except ValidationError as error:
        return None, problems_of(error, SENTENCES)


def _joined(card: Card) -> str:
    return ", ".join(card.tags)


def _joined_text(typed: Mapping[str, str]) -> str:
    return ", ".join(sorted(split_tags(typed.get("tags", ""))))
