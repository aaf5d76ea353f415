"""Recommendations, and the record of what you have used."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from lepton_hub.api.conditional import tagged
from lepton_hub.api.learning.learning_answers import (
    OwnUse,
    OwnUses,
    RecommendationList,
    recommendation_answer,
)
from lepton_hub.api.problems import Problem, described
from lepton_hub.api.request_context import Asker, State, note
from lepton_hub.catalogue.items import find_item
from lepton_hub.catalogue.names import ITEM, SPACE, parse_reference
from lepton_hub.permissions import Action
from lepton_hub.recommendations import UsageBasis, also_needed
from lepton_hub.recommendations.own_uses import uses_of
from lepton_hub.recommendations.usage_keeping import forget_user

router = APIRouter(tags=["what you may also need"])


@router.get("/recommendations", response_model=RecommendationList, responses=described(404))
def recommend(
    request: Request,
    state: State,
    person: Asker,
    item: Annotated[str | None, Query(pattern=f"^{SPACE}/{ITEM}$")] = None,
    module: Annotated[
        str | None,
        Query(pattern=r"^[0-9]{2}_[a-z0-9_]{1,60}$", description="Such as 02_data_pipelines."),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=20)] = 5,
) -> Response:
    """Recommend what others used who used the same items and modules as you.

    item, module: what to recommend for; by default, what you used last. Each item was used by at
    least three others; their number is rounded down to steps, and nobody is named.
    """
    if item and module:
        raise Problem(422, "Name an item or a module, not both.")
    with state.reading.begin() as session:
        basis = UsageBasis(module=module) if module else None
        if item:
            reference = parse_reference(item)
            found = find_item(session, person, reference.space, reference.name, Action.VIEW)
            basis = UsageBasis(item=found)
        answer = RecommendationList(
            recommendations=[
                recommendation_answer(one) for one in also_needed(session, person, basis, limit)
            ]
        )
        note(session, person, "recommendation.list", item or module or "recommendations")
    return tagged(request, answer)


@router.get("/recommendations/uses", response_model=OwnUses, responses=described())
def list_uses(request: Request, state: State, person: Asker) -> Response:
    """List what the hub has recorded that you used and may still see."""
    with state.reading.begin() as session:
        found = [
            OwnUse(what=one.what, first_at=one.first_at, last_at=one.last_at)
            for one in uses_of(session, person)
        ]
        note(session, person, "use.list", "uses")
    return tagged(request, OwnUses(uses=found))


@router.delete("/recommendations/uses", status_code=204, responses=described())
def forget_uses(state: State, person: Asker) -> None:
    """Delete the record of what you have used: it no longer affects anybody's recommendations."""
    with state.sessions.begin() as session:
        forget_user(session, person.name)
        note(session, person, "use.forget", "uses")
