"""Dependencies of all pages: the visitor, and the form they sent."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from lepton_hub.api.authentication import introduction_of
from lepton_hub.api.form_tokens import FIELD, is_form_token, is_same_origin
from lepton_hub.api.request_context import State, identify
from lepton_hub.identity.person import IdentityError, Person
from lepton_hub.pages.forms import Fields, FormUnreadable, read_fields


class NotSignedIn(Exception):
    """The browser's cookie is not valid."""


class FormRefused(Exception):
    """A form was rejected; the message says why.

    fields: its fields, for sending it again with a fresh token; None if it came from another site.
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
    """Return the browser's person. Raises NotSignedIn, and Problem over the rate limit."""
    try:
        return identify(request, state, introduction_of(request).cookie)
    except IdentityError as error:
        raise NotSignedIn from error


Visitor = Annotated[Person, Depends(visitor)]


async def sent_form(request: Request, state: State, person: Visitor) -> Fields:
    """Return the fields of one of the hub's forms. Raises FormRefused."""
    return await own_form(request, state.form_key)


async def own_form(request: Request, key: bytes) -> Fields:
    """Return the fields of a form sent by a hub page, signed in or not. Raises FormRefused."""
    if not is_same_origin(request):
        raise FormRefused(ELSEWHERE)
    try:
        fields = await read_fields(request)
    except FormUnreadable as error:
        raise FormRefused(f"{error} Nothing was changed.") from error
    request.state.sent = fields  # error pages from here on show what was typed
    if not is_form_token(request, key, fields.get(FIELD, "")):
        raise FormRefused(OLD_FORM, fields)
    return fields


SentForm = Annotated[Fields, Depends(sent_form)]
