"""Turn validation errors into messages at a form's fields."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

ITEM_SENTENCES = {
    "name": "Use lowercase letters, digits and . _ - only, beginning with a letter or a digit.",
    "space": "Choose one of your spaces.",
    "tags": "At most 20 tags, each of up to 32 lowercase letters, digits, spaces and . _ -",
}
"""Messages for the fields that the forms of items and of documents share."""


def problems_of(error: ValidationError, sentences: Mapping[str, str]) -> dict[str, str]:
    """Return a message for each invalid field.

    sentences: messages by field name; the model's own message is the fallback. In a list or a
    nested model, the innermost named field counts.
    """
    found: dict[str, str] = {}
    for one in error.errors():
        names = [str(part) for part in one["loc"] if isinstance(part, str)]
        known = [name for name in names if name in sentences]
        name = known[-1] if known else names[-1] if names else ""
        said = one["msg"].removeprefix("Value error, ")
        kind = one["type"]
        if isinstance(one["input"], str):  # a validator makes it look like a list
            kind = kind.removeprefix("string_")
        if kind == "too_long" and isinstance(one["input"], str):
            said = f"At most {one['ctx']['max_length']} characters."
        elif kind == "missing" or (kind == "too_short" and isinstance(one["input"], str)):
            said = "This field is required."
        else:
            said = sentences.get(name) or f"{said[:1].upper()}{said[1:]}."
        found.setdefault(name, said)
    return found
