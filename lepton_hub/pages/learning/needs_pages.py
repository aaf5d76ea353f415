"""Pages of the survey: a person's answers, a group's needs, and material that helps."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from lepton_course.survey.asked import (
    KNOWN,
    MOST_CHARACTERS,
    PACE,
    UNCLEAR,
    UNCLEAR_TEXT,
    USEFUL,
    WANTED,
    is_placement,
    placement_name,
)
from lepton_hub.api.learning.needs_routes import (
    MOST_WITH_MATERIAL,
    SUBJECT,
    GroupKind,
    GroupName,
    ModuleId,
)
from lepton_hub.api.request_context import State, note
from lepton_hub.api.service_state import ServiceState
from lepton_hub.catalogue.items import NotVisible
from lepton_hub.identity.person import Person
from lepton_hub.needs.answering_material import lesson_address, material_about
from lepton_hub.needs.group_needs import needs_of, visible_groups
from lepton_hub.needs.own_replies import (
    CountedWith,
    NoSuchReply,
    NotTheirGroup,
    count_with,
    counted_parts,
    counted_with,
    group_of,
    groups_of,
    replace_replies,
    replies_of,
    take_back,
)
from lepton_hub.needs.survey_subjects import SurveySubject, survey_subjects
from lepton_hub.pages.forms import Fields
from lepton_hub.pages.learning.needs_views import (
    group_title,
    next_sentence,
    outcome_of,
    placements_of,
    scales_of,
    subject_lines,
)
from lepton_hub.pages.page_rendering import render, see_other
from lepton_hub.pages.visitors import SentForm, Visitor
from lepton_hub.permissions import Subject

router = APIRouter(include_in_schema=False)

TOO_LONG = f"This is too long: at most {MOST_CHARACTERS} characters."
NO_SUCH = "The form contains an answer that the survey does not offer: choose again."


@router.get("/pages/needs")
def overview(request: Request, state: State, person: Visitor) -> Response:
    """Show the modules, the group the person's answers count for, and the visible groups."""
    subjects = survey_subjects(state.settings.curriculum)
    with state.reading.begin() as session:
        answers = replies_of(session, person)
        chosen = counted_with(session, person)
        lines = subject_lines(subjects.values(), answers, counted_parts(session, person))
        shown = visible_groups(session, person)
        note(session, person, "survey.read", SUBJECT)
    mine = [(_told(group), group_title(group)) for group in groups_of(person)]
    return render(
        request,
        person,
        "learning/needs.html",
        lines=lines,
        has_answers=bool(answers),
        choices=[*mine, ("", "no group: only I see my answers")],
        chosen=_told(chosen) if chosen else "",
        is_counted=chosen is not None,
        groups=[(group, group_title(group)) for group in shown],
    )


@router.post("/pages/needs/counted")
def choose_group(request: Request, state: State, person: Visitor, form: SentForm) -> Response:
    """Choose the group that the person's answers count for."""
    with state.sessions.begin() as session:
        try:
            group = group_of(person, form.get("counted_with") or None)
        except NotTheirGroup as error:
            raise NotVisible from error
        count_with(session, person, group)
        note(session, person, "survey.answer", SUBJECT)
    said = (
        f"Your answers count for {group_title(group)}."
        if group
        else "Your answers count for no group."
    )
    return see_other(request, "/pages/needs", said)


@router.post("/pages/needs/taken-back")
def take_all_back(request: Request, state: State, person: Visitor, form: SentForm) -> Response:
    """Delete all answers."""
    with state.sessions.begin() as session:
        number = take_back(session, person.name)
        note(session, person, "survey.take_back", SUBJECT)
    return see_other(request, "/pages/needs", f"Your {number} answers have been deleted.")


@router.get("/pages/needs/modules/{module:path}")
def ask(request: Request, state: State, person: Visitor, module: ModuleId) -> Response:
    """Show the questions about a module, and the material on it."""
    return _questions(request, state, person, _subject(state, module))


@router.post("/pages/needs/modules/{module:path}")
def answer(
    request: Request, state: State, person: Visitor, form: SentForm, module: ModuleId
) -> Response:
    """Save a person's answers about a module."""
    subject = _subject(state, module)
    unclear = form.get("unclear", "").strip()
    problems = {"unclear": TOO_LONG} if len(unclear) > MOST_CHARACTERS else {}
    if not problems:
        try:
            with state.sessions.begin() as session:
                known = replies_of(session, person)
                told = _answered(subject, form, known)
                replace_replies(session, person, {subject.id: subject}, told, subject.id)
                asks_more = placements_of(subject, replies_of(session, person))
                note(session, person, "survey.answer", SUBJECT)
        except NoSuchReply:
            problems = {"": NO_SUCH}
    if problems:
        return _questions(request, state, person, subject, form, problems)
    if any(not view.outcome for view in asks_more):
        said = "Saved. The questions below show what you may skip."
        return see_other(request, f"/pages/needs/modules/{subject.id}", said)
    return see_other(request, "/pages/needs", f"Saved: {subject.module.title}.")


@router.get("/pages/needs/groups/{kind}/{name}")
def show_group(
    request: Request, state: State, person: Visitor, kind: GroupKind, name: GroupName
) -> Response:
    """Show a group's knowledge and needs, and material that helps."""
    subjects = survey_subjects(state.settings.curriculum)
    with state.reading.begin() as session:
        found = needs_of(session, person, CountedWith(Subject(kind), name), subjects)
        material = {
            id_: material_about(session, person, subjects[id_])
            for id_ in found.modules[:MOST_WITH_MATERIAL]
        }
        note(session, person, "needs.read", str(found.group))
    return render(
        request,
        person,
        "learning/group.html",
        found=found,
        title=group_title(found.group),
        next=next_sentence(found, subjects),
        subjects=subjects,
        material=material,
        lesson=lambda id_: lesson_address(state.settings.prefix, subjects[id_]),
    )


def _questions(
    request: Request,
    state: ServiceState,
    person: Person,
    subject: SurveySubject,
    form: Fields | None = None,
    problems: dict[str, str] | None = None,
) -> Response:
    """Return the page of a module's questions. form: the input, if it was rejected."""
    with state.reading.begin() as session:
        answers = replies_of(session, person)
        counted = {part for module, part in counted_parts(session, person) if module == subject.id}
        material = material_about(session, person, subject)
        note(session, person, "survey.read", SUBJECT)
    typed: dict[str, Any] = dict(answers)
    if form is not None:
        for name in (KNOWN.name, WANTED.name, USEFUL.name, PACE.name, UNCLEAR):
            typed[subject.id, name] = form.get(name, "")
    return render(
        request,
        person,
        "learning/module.html",
        status=422 if problems else 200,
        subject=subject,
        scales=scales_of(typed, subject.id),
        placements=placements_of(subject, answers),
        unclear=typed.get((subject.id, UNCLEAR), ""),
        unclear_text=UNCLEAR_TEXT,
        longest=MOST_CHARACTERS,
        counted=counted,
        problems=problems or {},
        material=material,
        lesson=lesson_address(state.settings.prefix, subject),
    )


def _answered(
    subject: SurveySubject, form: Fields, known: dict[tuple[str, str], str]
) -> list[tuple[str, str, str]]:
    """Return a form's answers, along with placement questions answered earlier."""
    told = [
        (module, question, text)
        for (module, question), text in known.items()
        if module == subject.id and is_placement(question)
    ]
    for name in (KNOWN.name, WANTED.name, USEFUL.name, PACE.name, UNCLEAR):
        if value := form.get(name, "").strip():
            told.append((subject.id, name, value))
    for question in subject.questions:
        name = placement_name(question.number)
        outcome = outcome_of(question, form.get(name.replace(" ", "-"), ""))
        if outcome is not None and (subject.id, name) not in known:
            told.append((subject.id, name, outcome))
    return told


def _subject(state: ServiceState, module: str) -> SurveySubject:
    subject = survey_subjects(state.settings.curriculum).get(module)
    if subject is None:
        raise NotVisible
    return subject


def _told(group: CountedWith) -> str:
    """Return a group as a form names it."""
    return "organisation" if group.kind is Subject.ORGANISATION else str(group)
