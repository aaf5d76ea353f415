"""Convert a form's fields into a request schema, or into messages about what is wrong."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any, TypeVar

from fastapi import Request, Response
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lepton_hub.api.idempotency import KeptAnswer, once
from lepton_hub.api.problems import Problem
from lepton_hub.identity.person import Person
from lepton_hub.pages.forms.form_problems import ITEM_SENTENCES, problems_of
from lepton_hub.search.word_forms import words_of

Model = TypeVar("Model", bound=BaseModel)

_ONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")
_SENTENCES = {
    **ITEM_SENTENCES,
    "section": "Name a part of the course as MODULE/NOTEBOOK#Section, such as "
    "02_data_pipelines/lesson.ipynb#Leakage.",
    "file": 'It must not contain / \\ : * ? " < > | or end with a dot or a space.',
    "audience": "Choose who can see it.",
}


ERASED = (
    "This form has already been sent, and what it created has since been deleted. To create "
    "something new, open the form again."
)


class FormTaken(BaseModel):
    """A form's outcome. path: the page to redirect to, without the hub's prefix."""

    path: str


def read_form(model: type[Model], fields: Mapping[str, Any]) -> tuple[Model | None, dict[str, str]]:
    """Return a form's parsed fields; or None, and a message for each invalid field."""
    try:
        return model.model_validate(dict(fields)), {}
    except ValidationError as error:
        return None, problems_of(error, _SENTENCES)


def by_field(problems: Mapping[str, str] | None) -> defaultdict[str, str]:
    """Return a form's messages by field, with "" for valid fields."""
    return defaultdict(str, problems or {})


def name_from(title: str) -> str:
    """Derive an item's name from its title; "" if the title has no usable letters.

    >>> name_from("Who cancels within a month?")
    'who-cancels-within-a-month'
    """
    return "-".join(word for word in words_of(title) if word.isascii())[:60].strip("-")


def number_in(text: str) -> int | None:
    """Return a positive integer; None for any other text."""
    return int(text) if re.fullmatch(r"[1-9][0-9]{0,8}", text) else None


def new_form_number() -> str:
    """Return a new form number, which makes a form idempotent."""
    return token_urlsafe(16)


def form_key(number: str, told: BaseModel) -> str | None:
    """Return the idempotency key of a form with a number; None if the number is malformed.

    A form resent with different text, as after going back in the browser, has another key.
    """
    if not _ONCE.fullmatch(number):
        return None
    return sha256(f"{number} {told.model_dump_json()}".encode()).hexdigest()


def content_of(answer: Response) -> dict[str, Any]:
    """Return the content of an API answer to a form with a key.

    Raises Problem if the stored answer was deleted because what it described has been erased
    (`forget_erased`).
    """
    if answer.status_code >= 400:
        raise Problem(409, ERASED)
    return json.loads(answer.body)


def take_once(
    request: Request,
    person: Person,
    number: str,
    told: BaseModel,
    work: Callable[[Session], str],
) -> str:
    """Do a form's work once, however often it is sent, and return the redirect.

    number: the form's own. A form resent with different text counts as another one. work: runs in a
    transaction, and returns the page's path.
    """
    key = form_key(number, told)

    def take() -> str:
        def kept() -> KeptAnswer:
            path = work(session)
            return KeptAnswer(303, FormTaken(path=path), path)

        with request.app.state.hub.sessions.begin() as session:
            return once(session, person.name, key, request, told, kept).headers["location"]

    try:
        return take()
    except IntegrityError:  # a double click: the other request was faster
        return take()
