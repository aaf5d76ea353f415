"""View models of the survey's pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lepton_course.checks.code_marks import text_to_html
from lepton_course.checks.quiz_questions import QuizQuestion
from lepton_course.survey.asked import (
    KNOWN,
    PACE,
    RIGHT,
    TESTED_FROM,
    UNSURE,
    UNSURE_LETTER,
    UNSURE_TEXT,
    USEFUL,
    WANTED,
    WRONG,
    Scale,
    Valid,
    placement_name,
)
from lepton_hub.needs.counting import AFTER, BEFORE
from lepton_hub.needs.group_needs import GroupNeeds
from lepton_hub.needs.own_replies import CountedWith
from lepton_hub.needs.survey_subjects import SurveySubject
from lepton_hub.permissions import Subject

OUTCOMES = {RIGHT: "right", WRONG: "not yet", UNSURE: "you did not know"}


@dataclass(frozen=True)
class ScaleView:
    """A question with fixed answers. options: pairs of stored value and label."""

    name: str
    text: str
    options: tuple[tuple[str, str], ...]
    value: str


@dataclass(frozen=True)
class PlacementView:
    """A placement question. Texts are HTML. outcome: "" before it is answered.

    right, why: the right choice and its explanation, once it is answered.
    """

    name: str
    text: str
    options: tuple[tuple[str, str], ...]
    outcome: str
    right: str
    why: str


@dataclass(frozen=True)
class SubjectLine:
    """A module in the list. said: the person's answers so far, in words."""

    subject: SurveySubject
    said: str


def scale_view(scale: Scale, answers: Valid, module: str) -> ScaleView:
    """Return a scale with the person's answer."""
    value = answers.get((module, scale.name), "")
    return ScaleView(scale.name, scale.text, (*scale.answers, ("", "no answer")), value)


def scales_of(answers: Valid, module: str) -> dict[str, list[ScaleView]]:
    """Return the questions with fixed answers, before and after a module."""
    return {
        BEFORE: [scale_view(scale, answers, module) for scale in (KNOWN, WANTED)],
        AFTER: [scale_view(scale, answers, module) for scale in (USEFUL, PACE)],
    }


def placements_of(subject: SurveySubject, answers: Valid) -> list[PlacementView]:
    """Return the placement questions, for a person who has used the subject or answered one."""
    views = [_placement(question, answers, subject.id) for question in subject.questions]
    knows = answers.get((subject.id, KNOWN.name), "") >= TESTED_FROM
    return views if knows or any(view.outcome for view in views) else []


def outcome_of(question: QuizQuestion, letter: str) -> str | None:
    """Return the outcome of a chosen letter; None for a letter the question does not have."""
    if letter == UNSURE_LETTER:
        return UNSURE
    try:
        return RIGHT if question.choice(letter).is_right else WRONG
    except LookupError:
        return None


def subject_lines(
    subjects: Iterable[SurveySubject], answers: Valid, counted: set[tuple[str, str]]
) -> list[SubjectLine]:
    """Return the modules with the person's answers so far."""
    return [SubjectLine(one, _said_of(one.id, answers, counted)) for one in subjects]


def group_title(group: CountedWith) -> str:
    """Return a group's display name."""
    kind = "Team" if group.kind is Subject.TEAM else "Organisation"
    return f"{kind} {group.name}"


def next_sentence(found: GroupNeeds, subjects: Mapping[str, SurveySubject]) -> str:
    """Return the module to teach a group next, in words; "" if there is none."""
    if found.next is None:
        return ""
    title = found.next.module.title
    if found.next.instead_of is None:
        return f"This group needs {title} most."
    wanted = found.next.instead_of.title
    return f"Start with {title}: the group wants {wanted} most, but it builds on {title}."


def _said_of(module: str, answers: Valid, counted: set[tuple[str, str]]) -> str:
    said = []
    if (module, KNOWN.name) in answers or (module, WANTED.name) in answers:
        said.append("answered before" + (", counted" if (module, BEFORE) in counted else ""))
    if (module, USEFUL.name) in answers or (module, PACE.name) in answers:
        said.append("reviewed" + (", counted" if (module, AFTER) in counted else ""))
    return "; ".join(said)


def _placement(question: QuizQuestion, answers: Valid, module: str) -> PlacementView:
    name = placement_name(question.number)
    outcome = answers.get((module, name), "")
    right = next(choice for choice in question.choices if choice.is_right)
    options = [
        (letter, text_to_html(choice.text))
        for letter, choice in zip("abcdef", question.choices, strict=False)
    ]
    return PlacementView(
        name.replace(" ", "-"),
        text_to_html(question.text),
        (*options, (UNSURE_LETTER, UNSURE_TEXT)),
        OUTCOMES.get(outcome, ""),
        text_to_html(right.text) if outcome else "",
        text_to_html(right.explanation) if outcome else "",
    )
