"""Error pages: what went wrong, and what to do next. Programs get problem details instead."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from lepton_hub.api.form_tokens import FIELD, is_same_origin
from lepton_hub.api.problems import problem_response
from lepton_hub.api.request_context import SAFE_METHODS
from lepton_hub.identity.person import Person
from lepton_hub.pages.forms import Fields, FormUnreadable, read_fields
from lepton_hub.pages.page_rendering import render
from lepton_hub.pages.visitors import ELSEWHERE, FormRefused, Visitor

router = APIRouter(include_in_schema=False)

TITLES = {
    401: "You are not signed in",
    403: "This was not done",
    404: "Not found",
    405: "This page does not accept forms",
    413: "This is too large",
    429: "Too many requests",
    503: "The hub is unavailable",
}
NOT_VISIBLE = (
    "There is no such thing that you may see. If a colleague told you about it, ask for access: "
    "its owner decides."
)
NOT_ALLOWED = "You may read this, but not change it. Ask its owner for a role that allows it."
ENDED = (
    "Your session has expired, so nothing has been changed yet. Sign in again in another tab, "
    "then come back here and send it again."
)
_FOR_BROWSERS = ("/login", "/oauth_callback")


@router.get("/pages/{rest:path}")
def no_page(request: Request, person: Visitor) -> Response:
    """Report a missing page to people who are signed in. Included after all other pages."""
    return problem_page(request, 404, "There is no such page.")


def is_for_people(request: Request) -> bool:
    """Return whether a path is for people rather than for programs."""
    prefix = request.app.state.hub.settings.prefix
    path = request.scope["path"].removeprefix(prefix)
    return path == "/pages" or path.startswith("/pages/") or path in _FOR_BROWSERS


def answer_problem(
    request: Request, status: int, detail: str, headers: dict[str, str] | None = None, **more: Any
) -> Response:
    """Return an error: a page for people, problem details for programs."""
    if is_for_people(request):
        return problem_page(request, status, detail, headers)
    return problem_response(status, detail, headers, **more)


def problem_page(
    request: Request,
    status: int,
    detail: str,
    headers: dict[str, str] | None = None,
    title: str = "",
) -> Response:
    """Return an error page.

    title: replaces the status's own; the page then has no link to the start page.
    """
    person = _person(request)
    heading = title or TITLES.get(status, "Something went wrong")
    kept = _typed(request)
    answer = render(
        request, person, "problem.html", status=status, title=heading, detail=detail, kept=kept,
        way_on=not title,
    )  # fmt: skip
    for name, value in (headers or {}).items():
        answer.headers[name] = value
    return answer


def refusal_page(request: Request, status: int) -> Response:
    """Return the page for what somebody may not see (404) or not do (403).

    It is the same whether the thing exists or not.
    """
    parts = request.path_params
    item = f"{parts['space']}/{parts['name']}" if "name" in parts and "space" in parts else ""
    return render(
        request,
        _person(request),
        "refusal.html",
        status=status,
        title=TITLES[404] if status == 404 else "You may not do this",
        detail=NOT_VISIBLE if status == 404 else NOT_ALLOWED,
        item=item,
        kept=_typed(request),
    )


def form_refused_page(request: Request, refused: FormRefused) -> Response:
    """Return the page for a rejected form; one of the hub's own can be sent again."""
    if refused.fields is None or refused.fields.has_files:
        again = " Go back, and choose the file again." if refused.fields is not None else ""
        return problem_page(request, 403, f"{refused}{again}")
    return _again(request, 403, str(refused), refused.fields)


async def sign_in_first(request: Request) -> Response:
    """Redirect a browser to sign in and come back. A form is kept on a page, to be sent again."""
    prefix = request.app.state.hub.settings.prefix
    if request.method in SAFE_METHODS:
        query = request.scope["query_string"].decode("latin-1")
        where = request.scope["path"] + (f"?{query}" if query else "")
        return RedirectResponse(f"{prefix}/login?next={quote(where, safe='')}", 302)
    if not is_same_origin(request):
        return problem_page(request, 403, ELSEWHERE)
    try:
        fields = await read_fields(request)
    except FormUnreadable as error:
        return problem_page(request, 403, f"{error} Nothing was changed.")
    return _again(request, 401, ENDED, fields)


def _again(request: Request, status: int, detail: str, fields: Fields) -> Response:
    sent = [(name, value) for name in fields if name != FIELD for value in fields.all(name)]
    return render(
        request,
        _person(request),
        "send_again.html",
        status=status,
        title=TITLES[status],
        detail=detail,
        sent=sent,
        files=fields.has_files,
    )


def _typed(request: Request) -> list[str]:
    """Return the text typed into the failed form, so that it can be copied."""
    fields: Fields | None = getattr(request.state, "sent", None)
    if fields is None:
        return []
    return [value for name in fields for value in fields.all(name) if len(value.split()) > 2]


def _person(request: Request) -> Person | None:
    return getattr(request.state, "person", None)
