"""What made-up colleagues answer to the survey, and what they have used."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from lepton_hub.api.request_context import note
from lepton_hub.database.moments import now
from lepton_hub.demonstration.cast import COLLEAGUES
from lepton_hub.identity.person import Person
from lepton_hub.needs.counting import SETTLING, count_settled
from lepton_hub.needs.own_replies import count_with, groups_of, replace_replies
from lepton_hub.needs.survey_subjects import SurveySubject
from lepton_hub.recommendations.usage_keeping import keep_item_use

SEED = 7
UNCLEAR = (
    "When is a fold by time too short?",
    "How do I explain calibration to a manager?",
    "Is accuracy ever the right measure?",
)
_REVIEWED = "basics/08_evaluation"
_WANTED = {"engines": "advanced/09_serving_and_monitoring", "particles": "advanced/08_privacy"}


def answer_survey(session: Session, subjects: Mapping[str, SurveySubject]) -> None:
    """Have each colleague answer, and draw the sums at once: they answered two days ago."""
    random_ = random.Random(SEED)
    moment = now()
    earlier = moment - 2 * SETTLING
    for number, person in enumerate(COLLEAGUES):
        replies = list(_replies(person, number, subjects, random_))
        count_with(session, person, groups_of(person)[0], earlier)
        replace_replies(session, person, subjects, replies, moment=earlier)
        note(session, person, "survey.answer", "survey")
    count_settled(session, subjects, moment)


def use_items(session: Session, references: Sequence[str]) -> None:
    """Have each colleague use most of the items, some days ago; how makes no difference."""
    random_ = random.Random(SEED)
    moment = now() - timedelta(days=3)
    for person in COLLEAGUES:
        for reference in references:
            if random_.random() < 0.7:
                keep_item_use(session, person.name, "file.download", reference, {}, moment)


def _replies(
    person: Person, number: int, subjects: Mapping[str, SurveySubject], random_: random.Random
) -> Iterator[tuple[str, str, str]]:
    wanted_most = _WANTED[next(iter(person.teams))]
    for place, (id_, subject) in enumerate(subjects.items()):
        known = random_.random() < 0.9 - 0.07 * place
        yield id_, "known", "2" if known else random_.choice("01")
        if known:
            for question in subject.questions:
                outcome = "right" if random_.random() < 0.8 else "wrong"
                yield id_, f"placement {question.number}", outcome
        yield id_, "wanted", "2" if id_ == wanted_most else random_.choice("0112")
    if _REVIEWED in subjects:
        yield _REVIEWED, "useful", random_.choice("345")
        yield _REVIEWED, "pace", random_.choice(["slow", "right", "right", "fast"])
        if number % 4 == 0:
            yield _REVIEWED, "unclear", UNCLEAR[number // 4 % len(UNCLEAR)]
