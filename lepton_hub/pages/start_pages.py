"""The page where people begin: what is new for them."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from lepton_hub.api.asking import State
from lepton_hub.pages.page_rendering import render
from lepton_hub.pages.visitors import Visitor

router = APIRouter(include_in_schema=False)


@router.get("/pages")
def without_slash(state: State) -> RedirectResponse:
    """Send a browser on to the start."""
    return RedirectResponse(f"{state.settings.prefix}/pages/", 302)


@router.get("/pages/")
def start(request: Request, person: Visitor) -> Response:
    """Show what is new."""
    return render(request, person, "start.html")
