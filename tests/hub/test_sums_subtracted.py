"""Whoever writes down all sums that the hub ever showed learns nothing about fewer than five."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from small_hub import GRACE, small_hub
from sqlalchemy import select

from lepton_course.survey.asked import FEWEST_PEOPLE
from lepton_hub.database.moments import now
from lepton_hub.identity.person import Person
from lepton_hub.needs import CountedBatch, CountedPerson
from lepton_hub.needs.counting import count_settled
from lepton_hub.needs.group_needs import needs_of, visible_groups
from lepton_hub.needs.own_replies import count_with, group_of, replace_replies, take_back
from lepton_hub.needs.survey_subjects import survey_subjects

MODULE = "basics/08_evaluation"
SUBJECTS = survey_subjects()
TEAMS = ("engines", "particles")
people = st.integers(0, 13)


class Sums(RuleBasedStateMachine):
    """People answer, change, leave, move and come back; somebody writes each sum down each day."""

    @initialize()
    def start(self):
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.hub = self.stack.enter_context(small_hub(folder))
        self.day = 0
        self.said: dict[str, float] = {}
        self.counted: dict[str, float] = {}
        self.seen: set[tuple[str, int, float]] = set()

    @rule(
        numbers=st.sets(people, min_size=1), team=st.sampled_from(TEAMS), wanted=st.integers(0, 2)
    )
    def answer(self, numbers, team, wanted):
        with self.hub.state.sessions.begin() as session:
            for number in numbers:
                person = Person(f"p{number}", frozenset(TEAMS))
                moment = now() + timedelta(days=self.day)
                count_with(session, person, group_of(person, f"team:{team}"), moment)
                told = [(MODULE, "known", "0"), (MODULE, "wanted", str(wanted))]
                replace_replies(session, person, SUBJECTS, told, moment=moment)
                self.said[person.name] = wanted / 2

    @rule(number=people)
    def take_back(self, number):
        with self.hub.state.sessions.begin() as session:
            take_back(session, f"p{number}")
        self.said.pop(f"p{number}", None)

    @rule(days=st.integers(1, 3))
    def days_go_by(self, days):
        self.day += days
        with self.hub.state.sessions.begin() as session:
            count_settled(session, SUBJECTS, now() + timedelta(days=self.day))
            for name in session.scalars(select(CountedPerson.person)):
                self.counted.setdefault(name, self.said.get(name, -1))
            for group in visible_groups(session, GRACE):
                need = needs_of(session, GRACE, group, SUBJECTS).needs[MODULE]
                self.seen.add((group.name, need.people, round(need.wanted * need.people, 6)))

    def teardown(self):
        """Compare what was seen with the smallest group about which any combination could be."""
        with self.hub.state.sessions.begin() as session:
            batches = {one.id: one for one in session.scalars(select(CountedBatch))}
            members = {id_: set() for id_ in batches}
            for one in session.scalars(select(CountedPerson)):
                assert not any(one.person in others for others in members.values())
                members[one.batch_id].add(one.person)
        assert all(len(names) >= FEWEST_PEOPLE for names in members.values())
        for id_, batch in batches.items():
            assert batch.people == len(members[id_])
            true = sum(self.counted[name] for name in members[id_])
            assert np.isclose(batch.sums["wanted"], true), "as people answered it then"
        for name, count, wanted in self.seen:
            of_group = [batch for batch in batches.values() if batch.name == name]
            of_group.sort(key=lambda batch: batch.made_at)
            totals = np.cumsum([[b.people, b.sums["wanted"]] for b in of_group], axis=0)
            assert any(np.allclose(row, (count, wanted)) for row in totals), "whole batches alone"
        self.stack.close()


TestSums = Sums.TestCase
TestSums.settings = settings(
    max_examples=6,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
