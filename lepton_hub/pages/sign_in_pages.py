"""Sign a browser in as one of the made-up people of a stand-alone hub."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from lepton_hub.api.authentication import introduction_of
from lepton_hub.api.problems import Problem
from lepton_hub.api.request_context import State
from lepton_hub.api.routes.other_routes import leads_here, set_cookie
from lepton_hub.identity.made_up import MadeUpSignIn
from lepton_hub.identity.oauth import COOKIE, LASTS_SECONDS
from lepton_hub.identity.person import Person
from lepton_hub.pages.error_pages import problem_page
from lepton_hub.pages.page_rendering import HEADERS, render
from lepton_hub.pages.visitors import own_form

router = APIRouter(include_in_schema=False)

Short = Annotated[str, Query(max_length=2000)]
KEY_NEEDED = (
    "To sign in, open the address that “lepton hub start” printed in its terminal. It ends in a "
    "key that keeps other accounts on this machine out."
)


@router.get("/pages/sign-in")
def choose(request: Request, state: State, key: Short = "", next: Short = "") -> Response:
    """Show the made-up people to choose from."""
    if state.made_up is None:
        return RedirectResponse(f"{state.settings.prefix}/login", 302, HEADERS)
    try:
        _check(request, state.made_up, key)
    except Problem as problem:
        return problem_page(request, problem.status, problem.detail, title="Sign in first")
    people = state.made_up.identity.people
    return render(request, None, "sign_in.html", people=people, key=key, next=next)


@router.post("/pages/sign-in")
async def become(request: Request, state: State) -> Response:
    """Set the cookie of the chosen person."""
    if state.made_up is None:
        raise Problem(404, "This hub signs people in through JupyterHub.")
    fields = await own_form(request, state.form_key)
    _check(request, state.made_up, fields.get("key", ""))
    person = state.made_up.identity.look_up(fields.get("name", ""))
    if person is None:
        raise Problem(404, "There is nobody with this name.")
    prefix = state.settings.prefix
    where = fields.get("next", "")
    answer = RedirectResponse(
        where if leads_here(where, prefix) else f"{prefix}/pages/", 303, HEADERS
    )
    cookie = state.made_up.cookie_of(person.name)
    set_cookie(request, answer, COOKIE, cookie, prefix, LASTS_SECONDS)
    return answer


def _check(request: Request, made_up: MadeUpSignIn, key: str) -> None:
    """Raise Problem without the key, unless the browser is signed in already."""
    shown = introduction_of(request)
    if not made_up.fits(key) and not isinstance(shown.found.get(shown.cookie), Person):
        raise Problem(403, KEY_NEEDED)
