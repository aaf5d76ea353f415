"""Who looks at a page, and what they send with a form: the dependencies of all pages."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from lepton_hub.api.asking import State, identify
from lepton_hub.api.form_tokens import FIELD, is_form_token, is_same_origin
from lepton_hub.api.introductions import introduction_of
from lepton_hub.identity.person import IdentityError, Person
from lepton_hub.pages.forms import Fields, FormUnreadable, read_fields


class NotSignedIn(Exception):
    """Nobody is known by this browser's cookie."""


class FormRefused(Exception):
    """A form was not taken; the message says why.

    fields: what it held, to be sent again with a fresh token; None where it came from elsewhere.
    """

    def __init__(self, why: str, fields: Fields | None = None) -> None:
        super().__init__(why)
        self.fields = fields


ELSEWHERE = (
    "This request did not come from one of the hub's own pages, so nothing was changed. If you "
    "followed a link from elsewhere, open the hub yourself and do it there."
)
OLD_FORM = (
    "Your session has changed since you opened this form, so nothing has been changed yet. Check "
    "what you are about to send, then send it again."
)


async def visitor(request: Request, state: State) -> Person:
    """Return who the browser is. Raises NotSignedIn, and Problem when they ask too much."""
    try:
        return identify(request, state, introduction_of(request).cookie)
    except IdentityError as error:
        raise NotSignedIn from error


Visitor = Annotated[Person, Depends(visitor)]


async def sent_form(request: Request, state: State, person: Visitor) -> Fields:
    """Return what a form of the hub's own holds. Raises FormRefused."""
    return await own_form(request, state.form_key)


async def own_form(request: Request, key: bytes) -> Fields:
    """Return what a form holds that a page of the hub's sent, whoever it is. Raises FormRefused."""
    if not is_same_origin(request):
        raise FormRefused(ELSEWHERE)
    try:
        fields = await read_fields(request)
    except FormUnreadable as error:
        raise FormRefused(f"{error} Nothing was changed.") from error
    request.state.sent = fields  # whatever goes wrong from here on, its page shows what was typed
    if not is_form_token(request, key, fields.get(FIELD, "")):
        raise FormRefused(OLD_FORM, fields)
    return fields


SentForm = Annotated[Fields, Depends(sent_form)]
