"""Request and response schemas of the survey and of recommendations."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from lepton_course.survey.asked import MOST_CHARACTERS
from lepton_hub.api.answers import SharedSummary, summary_of
from lepton_hub.api.knowledge.knowledge_answers import ThreadAnswer, thread_answer
from lepton_hub.catalogue.cards import Text, Told
from lepton_hub.identity.person import Person
from lepton_hub.needs.answering_material import AnsweringMaterial
from lepton_hub.needs.group_needs import GroupNeeds
from lepton_hub.needs.own_replies import (
    counted_parts,
    counted_with,
    groups_of,
    replies_of,
)
from lepton_hub.needs.survey_subjects import SurveySubject
from lepton_hub.recommendations import ItemRecommendation

MODULE = r"[a-z]{1,20}/[0-9]{2}_[a-z0-9_]{1,60}"
GROUP = r"^(?:team:[A-Za-z0-9][A-Za-z0-9._-]{0,63}|organisation)$"


class SentReply(Told):
    """An answer to a question of the survey about a module."""

    module: Annotated[str, Field(pattern=f"^{MODULE}$")]
    question: Annotated[
        str,
        Field(
            pattern=r"^(?:known|wanted|useful|pace|unclear|placement [1-9])$",
            description="known 0 to 3, wanted 0 to 2, useful 1 to 5, pace slow, right or fast; "
            "unclear: words; placement N: right, wrong or unsure.",
        ),
    ]
    answer: Annotated[Text, Field(min_length=1, max_length=MOST_CHARACTERS)]


class SentReplies(Told):
    """All your answers, replacing those you sent before.

    counted_with: your team or organisation whose sums they count towards, if any.
    """

    counted_with: Annotated[
        str | None, Field(pattern=GROUP, description="team:NAME, or organisation.")
    ] = None
    replies: Annotated[list[SentReply], Field(max_length=1000)] = []


class OwnReply(BaseModel):
    """An answer of yours."""

    module: str
    question: str
    answer: str


class CountedPart(BaseModel):
    """A sum that includes you: about a module, before or after it."""

    module: str
    part: str


class OwnReplies(BaseModel):
    """Your answers, which only you see, and the modules you have been counted for."""

    counted_with: str | None
    groups: list[str]
    replies: list[OwnReply]
    counted: list[CountedPart]


class NeedAnswer(BaseModel):
    """How well a group knows a module and how much it wants it: means over people, 0 to 1."""

    people: int
    known: float
    wanted: float
    need: float


class OpinionAnswer(BaseModel):
    """What a group thinks of a module. useful: 1 to 5. pace: people by answer."""

    people: int
    useful: float
    pace: dict[str, int]
    unclear: list[str]


class MaterialAnswer(BaseModel):
    """The material on a module's subject that you may see."""

    items: list[SharedSummary]
    documents: list[SharedSummary]
    open_questions: list[ThreadAnswer]


class ModuleNeeds(BaseModel):
    """A module of the course and a group's answers about it."""

    module: str
    title: str
    before: NeedAnswer | None
    after: OpinionAnswer | None
    material: MaterialAnswer | None


class NextModule(BaseModel):
    """The module to teach a group next. instead_of: one that builds on it and is needed more."""

    module: str
    title: str
    instead_of: str | None


class GroupAnswer(BaseModel):
    """A group's needs, the most needed modules first. next: the module to teach it next."""

    group: str
    modules: list[ModuleNeeds]
    next: NextModule | None


class GroupList(BaseModel):
    """The groups whose sums you may see."""

    groups: list[str]


class RecommendationAnswer(BaseModel):
    """A recommendation and its reason."""

    item: SharedSummary
    colleagues: int
    because: str


class RecommendationList(BaseModel):
    """Recommendations, best first."""

    recommendations: list[RecommendationAnswer]


class OwnUse(BaseModel):
    """Something you have used. what: an item's or a module's name."""

    what: str
    first_at: datetime
    last_at: datetime


class OwnUses(BaseModel):
    """Everything the hub has recorded that you used."""

    uses: list[OwnUse]


def own_replies(session: Session, person: Person) -> OwnReplies:
    """Return a person's answers."""
    group = counted_with(session, person)
    return OwnReplies(
        counted_with=str(group) if group else None,
        groups=[str(one) for one in groups_of(person)],
        replies=[
            OwnReply(module=module, question=question, answer=answer)
            for (module, question), answer in sorted(replies_of(session, person).items())
        ],
        counted=[
            CountedPart(module=module, part=part)
            for module, part in sorted(counted_parts(session, person))
        ],
    )


def group_answer(
    found: GroupNeeds,
    subjects: dict[str, SurveySubject],
    material: dict[str, AnsweringMaterial],
) -> GroupAnswer:
    """Return a group's needs. material: of the modules to include it for."""
    after = found.next
    return GroupAnswer(
        group=str(found.group),
        modules=[
            ModuleNeeds(
                module=id_,
                title=subjects[id_].module.title,
                before=NeedAnswer(**vars(found.needs[id_])) if id_ in found.needs else None,
                after=_opinion(found, id_),
                material=material_answer(material[id_]) if id_ in material else None,
            )
            for id_ in found.modules
        ],
        next=NextModule(
            module=after.module.id,
            title=after.module.title,
            instead_of=after.instead_of.id if after.instead_of else None,
        )
        if after
        else None,
    )


def _opinion(found: GroupNeeds, module: str) -> OpinionAnswer | None:
    if module not in found.opinions:
        return None
    one = found.opinions[module]
    return OpinionAnswer(
        people=one.people, useful=one.useful, pace=dict(one.pace), unclear=list(one.unclear)
    )


def material_answer(material: AnsweringMaterial) -> MaterialAnswer:
    """Return the material on a module."""
    return MaterialAnswer(
        items=[summary_of(item) for item in material.items],
        documents=[summary_of(item) for item in material.documents],
        open_questions=[thread_answer(thread) for thread in material.open_questions],
    )


def recommendation_answer(one: ItemRecommendation) -> RecommendationAnswer:
    """Return a recommendation."""
    return RecommendationAnswer(
        item=summary_of(one.item), colleagues=one.colleagues, because=one.because
    )
