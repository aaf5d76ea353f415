"""The survey: your answers, and the needs of groups of five people or more."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from lepton_hub.api.conditional import tagged
from lepton_hub.api.learning.learning_answers import (
    MODULE,
    GroupAnswer,
    GroupList,
    MaterialAnswer,
    OwnReplies,
    SentReplies,
    group_answer,
    material_answer,
    own_replies,
)
from lepton_hub.api.problems import Problem, described
from lepton_hub.api.request_context import Asker, State, note
from lepton_hub.catalogue.items import NotVisible
from lepton_hub.identity.person import TEAM
from lepton_hub.needs.answering_material import material_about
from lepton_hub.needs.group_needs import needs_of, visible_groups
from lepton_hub.needs.own_replies import (
    CountedWith,
    NoSuchReply,
    NotTheirGroup,
    count_with,
    group_of,
    replace_replies,
    take_back,
)
from lepton_hub.needs.survey_subjects import survey_subjects
from lepton_hub.permissions import Subject

router = APIRouter(tags=["needs"])

MOST_WITH_MATERIAL = 8
SUBJECT = "survey"
"""The audit log's subject for every answer: it names neither module nor question."""

GroupKind = Annotated[str, Path(pattern="^(team|organisation)$")]
GroupName = Annotated[str, Path(pattern=f"^{TEAM}$")]
ModuleId = Annotated[str, Path(pattern=f"^{MODULE}$", description="Such as basics/08_evaluation.")]


@router.get("/needs/replies", response_model=OwnReplies, responses=described())
def read_mine(request: Request, state: State, person: Asker) -> Response:
    """Return your answers to the survey. Nobody else can see them, not even administrators."""
    with state.reading.begin() as session:
        answer = own_replies(session, person)
        note(session, person, "survey.read", SUBJECT)
    return tagged(request, answer)


@router.put("/needs/replies", response_model=OwnReplies, responses=described(403, 422))
def replace_mine(state: State, person: Asker, told: SentReplies) -> OwnReplies:
    """Send all your answers, replacing those you sent before.

    They are counted a day later at the earliest, once five people of the group have answered about
    the same module, and only once: a later change is stored for you, but changes no sum.
    """
    subjects = survey_subjects(state.settings.curriculum)
    replies = [(one.module, one.question, one.answer) for one in told.replies]
    with state.sessions.begin() as session:
        try:
            count_with(session, person, group_of(person, told.counted_with))
            replace_replies(session, person, subjects, replies)
        except NotTheirGroup as error:
            raise Problem(403, "You can be counted with a team of yours alone.") from error
        except NoSuchReply as error:
            raise Problem(422, f"The survey has no such question or answer: {error}.") from error
        answer = own_replies(session, person)
        note(session, person, "survey.answer", SUBJECT)
        return answer


@router.delete("/needs/replies", status_code=204, responses=described())
def take_mine_back(state: State, person: Asker) -> None:
    """Delete all your answers. Sums that already include you stay as they are."""
    with state.sessions.begin() as session:
        take_back(session, person.name)
        note(session, person, "survey.take_back", SUBJECT)


@router.get("/needs/groups", response_model=GroupList, responses=described())
def list_groups(state: State, person: Asker) -> GroupList:
    """List the groups whose sums you may see: your teams and your organisation."""
    with state.reading.begin() as session:
        answer = GroupList(groups=[str(one) for one in visible_groups(session, person)])
        note(session, person, "needs.list", "needs")
        return answer


@router.get("/needs/groups/{kind}/{name}", response_model=GroupAnswer, responses=described(404))
def read_group(
    request: Request, state: State, person: Asker, kind: GroupKind, name: GroupName
) -> Response:
    """Return a group's knowledge, needs and opinions by module, and material that helps.

    Each sum covers five people or more; modules with fewer are left out.
    """
    subjects = dict(survey_subjects(state.settings.curriculum))
    with state.reading.begin() as session:
        found = needs_of(session, person, CountedWith(Subject(kind), name), subjects)
        material = {
            id_: material_about(session, person, subjects[id_])
            for id_ in found.modules[:MOST_WITH_MATERIAL]
        }
        answer = group_answer(found, subjects, material)
        note(session, person, "needs.read", str(found.group))
    return tagged(request, answer)


@router.get(
    "/needs/material/{module:path}", response_model=MaterialAnswer, responses=described(404)
)
def read_material(request: Request, state: State, person: Asker, module: ModuleId) -> Response:
    """Return the material on a module's subject that you may see."""
    subject = survey_subjects(state.settings.curriculum).get(module)
    if subject is None:
        raise NotVisible
    with state.reading.begin() as session:
        answer = material_answer(material_about(session, person, subject))
        note(session, person, "needs.material", module)
    return tagged(request, answer)
