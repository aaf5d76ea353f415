"""Render pages from templates, and redirect between pages."""

from __future__ import annotations

import base64
import hmac
from binascii import Error as NotBase64
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from lepton_hub.api.form_tokens import form_token
from lepton_hub.api.service_state import ServiceState
from lepton_hub.identity.oauth import COOKIE
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.course_places import place_in_words
from lepton_hub.pages.navigation import navigation_of
from lepton_hub.pages.static_files import STATIC
from lepton_hub.text import shown

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; connect-src 'self'"
)
HEADERS = {
    "content-security-policy": POLICY,
    # With "no-referrer", browsers would not send a form's origin.
    "referrer-policy": "same-origin",
}
SAID_COOKIE = "lepton-hub-said"
SAID_SECONDS = 60
LONGEST_SAID = 500
KIND_WORDS = {"dataset": "data set"}


class TypedText(str):
    """Text typed by the person, to edit further: hidden characters stay as they are."""

    __slots__ = ()


def _typed(value: object) -> object:
    """Return a field's value for autoescaping; markup is escaped already."""
    return value if hasattr(value, "__html__") else TypedText(value)


def _seen(value: object) -> object:
    """Finalise a template's output: show hidden characters in plain text."""
    return shown(value) if type(value) is str else value


def _moment(when: datetime) -> str:
    return f"{when.day} {when:%B %Y, %H:%M} UTC"


def _kind(kind: str) -> str:
    """Return the display name of a kind of item."""
    return KIND_WORDS.get(kind, kind)


def _size(size: int) -> str:
    """Format a number of bytes, such as 3.4 MB."""
    amount = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            break
        amount /= 1000
    return f"{amount:.0f} {unit}" if unit == "bytes" or amount >= 100 else f"{amount:.1f} {unit}"


def _with(chosen: Mapping[str, str], name: str, value: str) -> dict[str, str]:
    """Return a list's filters with one more added."""
    return {**chosen, name: value}


def _without(chosen: Mapping[str, str], name: str) -> dict[str, str]:
    """Return a list's filters without one of them."""
    return {known: value for known, value in chosen.items() if known != name}


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        finalize=_seen,
    )
    made.filters["typed"] = _typed
    made.filters["moment"] = _moment
    made.filters["size"] = _size
    made.filters["kind"] = _kind
    made.filters["in_words"] = place_in_words
    made.filters["adding"] = _with
    made.filters["without"] = _without
    return made


ENVIRONMENT = _environment()


def render(
    request: Request, person: Person | None, template: str, *, status: int = 200, **context: Any
) -> HTMLResponse:
    """Render a page. person: the visitor; None if nobody is signed in.

    Besides the context, templates can use `path("/pages/…", name=value)`, which puts the hub's
    prefix before a path and encodes a query; `here`, the path of this page without the prefix;
    `person`; and what layout.html and parts.html need.
    """
    state: ServiceState = request.app.state.hub
    prefix = state.settings.prefix
    here = request.scope["path"].removeprefix(prefix)

    def path(place: str, /, **query: Any) -> str:
        told = {name: value for name, value in query.items() if value not in (None, "")}
        return f"{prefix}{quote(place, safe='/~@+')}{'?' if told else ''}{urlencode(told)}"

    def static(name: str) -> str:
        return f"{prefix}/pages/static/{name}?v={STATIC[name].version}"

    said = _said(request, state.form_key)
    text = ENVIRONMENT.get_template(template).render(
        path=path,
        static=static,
        here=here,
        person=person,
        navigation=navigation_of(person) if person else [],
        notice=state.identity.notice,
        may_change_person=state.made_up is not None,
        form_secret=form_token(request, state.form_key),
        said=said,
        **context,
    )
    answer = HTMLResponse(text, status, HEADERS)
    if said:
        answer.delete_cookie(SAID_COOKIE, path=f"{prefix}/pages/")
    return answer


def see_other(request: Request, path: str, said: str = "") -> RedirectResponse:
    """Redirect to another page after a change.

    path: without the prefix. said: a message to show once at the top of that page.
    """
    state: ServiceState = request.app.state.hub
    prefix = state.settings.prefix
    answer = RedirectResponse(f"{prefix}{path}", 303, HEADERS)
    if said:
        plain = base64.urlsafe_b64encode(said[:LONGEST_SAID].encode()).decode()
        answer.set_cookie(
            SAID_COOKIE,
            f"{plain}.{_seal(request, plain, state.form_key)}",
            max_age=SAID_SECONDS,
            path=f"{prefix}/pages/",
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
    return answer


def _said(request: Request, key: bytes) -> str:
    """Return the previous page's message, if its seal is valid."""
    plain, _, seal = request.cookies.get(SAID_COOKIE, "").partition(".")
    if not hmac.compare_digest(seal.encode(), _seal(request, plain, key).encode()):
        return ""
    try:
        return base64.urlsafe_b64decode(plain).decode()
    except (NotBase64, UnicodeDecodeError):
        return ""


def _seal(request: Request, plain: str, key: bytes) -> str:
    who = request.cookies.get(COOKIE, "")
    return hmac.new(key, f"said {plain} {who}".encode(), sha256).hexdigest()
