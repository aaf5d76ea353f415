"""Recommendations, and the record of a person's uses, which they can delete."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from lepton_hub.api.request_context import State, note
from lepton_hub.pages.page_rendering import render, see_other
from lepton_hub.pages.visitors import SentForm, Visitor
from lepton_hub.recommendations import also_needed
from lepton_hub.recommendations.own_uses import uses_of
from lepton_hub.recommendations.usage_keeping import forget_user

router = APIRouter(include_in_schema=False)

MOST = 12


@router.get("/pages/recommendations")
def recommended(request: Request, state: State, person: Visitor) -> Response:
    """Show recommendations with their reasons, and the uses they are based on."""
    with state.reading.begin() as session:
        found = also_needed(session, person, limit=MOST)
        uses = uses_of(session, person)
        note(session, person, "recommendation.list", "recommendations")
    return render(request, person, "learning/recommendations.html", also=found, uses=uses)


@router.post("/pages/recommendations/forgotten")
def forget(request: Request, state: State, person: Visitor, form: SentForm) -> Response:
    """Delete the record of a person's uses."""
    with state.sessions.begin() as session:
        forget_user(session, person.name)
        note(session, person, "use.forget", "uses")
    return see_other(
        request, "/pages/recommendations", "The record of what you have used has been deleted."
    )
