"""Suggested tags and categories in forms: requested by a button, accepted by ticking."""

from __future__ import annotations

from collections.abc import Mapping

from lepton_hub.api.request_context import note
from lepton_hub.api.service_state import ServiceState
from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.identity.person import Person
from lepton_hub.pages.forms import Fields, split_tags
from lepton_hub.suggestions.suggestion_corpus import SuggestedLabels, known_texts, suggest_for_text

SUGGEST = "suggest"
"""The button's value of `action`."""
_TEXTS = ("title", "description", "text", "intended_use", "limits")


def with_chosen(form: Fields) -> dict[str, str]:
    """Return a form's typed fields, merged with the ticked suggestions."""
    typed = {name: form.get(name, "") for name in form}
    if chosen := form.all("suggested_tag"):
        typed["tags"] = ", ".join(split_tags(", ".join([typed.get("tags", ""), *chosen])))
    if category := form.get("suggested_category"):
        typed["category"] = category
    return typed


def labels_for(
    state: ServiceState, person: Person, typed: Mapping[str, str], item: SharedItem | None = None
) -> SuggestedLabels:
    """Suggest tags and categories for what was typed, from texts the person may see."""
    text = "\n".join(typed.get(name, "") for name in _TEXTS)
    with state.reading.begin() as session:
        known = known_texts(session, person, item)
        note(session, person, "tags.suggest", item.reference if item else "suggestions")
    tags = split_tags(typed.get("tags", ""))
    found = suggest_for_text(known, state.course, text, without=tags)
    category = typed.get("category", "").strip()
    return SuggestedLabels(found.tags, [one for one in found.categories if one.label != category])
