"""Who sees and may do what: random teams, grants and requests against a model of ten lines."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
)
from small_hub import ADA, BOSE, CURIE, DORA, PEOPLE, small_hub

from lepton_hub.identity.person import Person
from lepton_hub.permissions.roles import Action, Role, allows

# ── The model ─────────────────────────────────────────────────────────────────────────────────
RANKS = ["read", "contribute", "manage"]
NEEDS = {"view": 0, "add_version": 1, "edit_card": 1, "share": 2, "delete": 2}


def applies(person: Person, subject: str, name: str) -> bool:
    own = {"person": {person.name}, "team": person.teams, "organisation": {person.organisation}}
    return subject == "everybody" or name in own[subject]


def rank(person: Person, item: dict) -> int:
    """What a person may do at most: an index of RANKS, or -1."""
    ranks = [RANKS.index(role) for who, role in item["grants"].items() if applies(person, *who)]
    ranks += [2] * (person.admin or person.name == item["owner"])
    return max([*ranks, *[0] * (item["space"] in person.teams), -1])


# ──────────────────────────────────────────────────────────────────────────────────────────────
NAMES = [person.name for person in PEOPLE]
SPACES = ["~ada", "~dora", "engines", "particles"]
SUBJECTS = [
    *(("person", name) for name in NAMES[:4]),
    ("team", "engines"),
    ("team", "particles"),
    ("organisation", "analytical"),
    ("organisation", "quantum"),
    ("everybody", ""),
]
who = st.sampled_from(NAMES)
spaces = st.sampled_from(SPACES)
roles = st.sampled_from(RANKS)
subjects = st.sampled_from(SUBJECTS)
items = st.integers(0, 7)
by_owner = st.sampled_from([True, True, True, False])
BEGINNING = {
    "~ada/item-0": "ada", "engines/item-0": "ada", "engines/item-1": "bose",
    "particles/item-0": "curie", "~dora/item-1": "dora",
}  # fmt: skip
"""What is there at first, and whose it is."""


class Sharing(RuleBasedStateMachine):
    """People share, ask and look around; each answer is what the model says."""

    @initialize()
    def start(self):
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.hub = self.stack.enter_context(small_hub(folder))
        self.items: dict[str, dict] = {}
        self.gone: set[str] = set()
        self.asked: list[tuple[str, str, str, str]] = []
        for reference, owner in BEGINNING.items():
            self.make(owner, *reference.rsplit("/item-"))

    def person(self, name: str) -> Person:
        return self.hub.known.people[name]

    def chosen(self, number: int) -> str:
        """An item, or sometimes one that is not there."""
        references = [*self.items, "particles/nothing"]
        return references[number % len(references)]

    def actor(self, name: str, by_owner: bool, reference: str) -> str:
        """Who does something: the owner, or anybody."""
        return self.items[reference]["owner"] if by_owner and reference in self.items else name

    def expected(self, name: str, reference: str, action: str, good: int) -> int:
        item = self.items.get(reference)
        found = rank(self.person(name), item) if item else -1
        return 404 if found < 0 else good if found >= NEEDS[action] else 403

    @rule(name=who, space=spaces, number=st.integers(0, 1))
    def make(self, name, space, number):
        number = int(number)
        reference = f"{space}/item-{number}"
        made = self.hub.make(name, reference, title=f"About {space}", tags=[f"tag {number}"])
        mine = space in (f"~{name}", *self.person(name).teams)
        taken = reference in self.items or reference in self.gone
        assert made.status_code == (409 if mine and taken else 201 if mine else 403)
        if made.status_code == 201:
            self.items[reference] = {"space": space, "owner": name, "grants": {}}

    @rule(grants=st.lists(st.tuples(who, by_owner, items, subjects, roles), min_size=2, max_size=5))
    def grant(self, grants):
        for name, by_owner, number, subject, role in grants:
            reference = self.chosen(number)
            name = self.actor(name, by_owner, reference)
            answer = self.hub.grant(name, reference, *subject, role)
            assert answer.status_code == self.expected(name, reference, "share", 200)
            if answer.status_code == 200:
                self.items[reference]["grants"][subject] = role

    @rule(name=who, by_owner=by_owner, number=items, which=st.integers(0, 3))
    def revoke(self, name, by_owner, number, which):
        reference = self.chosen(number)
        name = self.actor(name, by_owner, reference)
        given = [*self.items.get(reference, {"grants": ()})["grants"], ("team", "engines")]
        subject = given[which % len(given)]
        query = {"subject": subject[0], "of": subject[1]}
        answer = self.hub.ask(name, "DELETE", f"/items/{reference}/grants", params=query)
        expected = self.expected(name, reference, "share", 204)
        if expected == 204:
            expected = 204 if self.items[reference]["grants"].pop(subject, None) else 404
        assert answer.status_code == expected

    @rule(name=who, number=items, role=roles)
    def ask(self, name, number, role):
        reference = self.chosen(number)
        answer = self.hub.post(name, "/requests", {"item": reference, "role": role})
        assert answer.status_code in (202, 409)
        if answer.status_code == 202:
            assert answer.json()["answer"] == "waiting"
            self.asked.append((answer.json()["id"], name, reference, role))

    @rule(name=who, by_owner=by_owner, number=st.integers(0, 9), granted=st.booleans())
    def answer(self, name, by_owner, number, granted):
        if not self.asked:
            return
        id_, asker, reference, role = self.asked[number % len(self.asked)]
        name = self.actor(name, by_owner, reference)
        path = f"/items/{reference}/requests/{id_}"
        answer = self.hub.post(name, path, {"granted": granted})
        expected = self.expected(name, reference, "share", 200)
        assert answer.status_code in ({200, 404} if expected == 200 else {expected})
        if answer.status_code == 200 and granted:
            self.items[reference]["grants"]["person", asker] = role

    @rule(name=who, by_owner=by_owner, number=items)
    @precondition(lambda self: len(self.items) > 3)
    def delete(self, name, by_owner, number):
        reference = self.chosen(number)
        name = self.actor(name, by_owner, reference)
        answer = self.hub.ask(name, "DELETE", f"/items/{reference}")
        assert answer.status_code == self.expected(name, reference, "delete", 200)
        if answer.status_code == 200:
            del self.items[reference]
            self.gone.add(reference)
            self.asked = [one for one in self.asked if one[2] != reference]

    @rule(
        person=st.sampled_from([ADA, BOSE, CURIE, DORA]),
        teams=st.frozensets(st.sampled_from(["engines", "particles"])),
        organisation=st.sampled_from([None, "analytical", "quantum"]),
    )
    def move(self, person, teams, organisation):
        """Somebody changes teams."""
        moved = replace(person, teams=teams, organisation=organisation)
        self.hub.known.people[person.name] = moved

    @rule(name=who, number=items)
    def contribute(self, name, number):
        reference = self.chosen(number)
        told = {"files": [{"path": "a", "upload": "0" * 32}]}
        answer = self.hub.post(name, f"/items/{reference}/versions", told)
        assert answer.status_code == self.expected(name, reference, "add_version", 409)

    @rule(name=who)
    def look_around(self, name):
        """Lists, counts, searches, statuses and errors show what somebody may see, and no more."""
        person = self.person(name)
        seen = sorted(ref for ref, item in self.items.items() if rank(person, item) >= 0)
        told = self.hub.get(name, "/items").json()
        assert [item["reference"] for item in told["items"]] == seen
        assert told["total"] == sum(told["facets"]["kind"].values()) == len(seen)
        first = [ref for ref in seen if ref.endswith("item-1")]
        assert told["facets"]["tag"].get("tag 1", 0) == len(first)
        for query in ({"q": "about"}, {"q": "ITEM", "limit": 1}, {"tag": "tag 1"}):
            found = self.hub.get(name, "/items", params=query).json()
            assert found["total"] == len(first if "tag" in query else seen)
        told = self.hub.get(name, "/requests").json()["requests"]
        assert {one["answer"] for one in told} <= {"waiting", "granted"}
        nothing = self.hub.get(name, "/items/particles/nothing")
        for reference in {*self.items, *self.gone} - set(seen):
            for path in (f"/items/{reference}", f"/items/{reference}/versions/1/files/a"):
                answer = self.hub.get(name, path)
                assert (answer.status_code, answer.content) == (404, nothing.content)
                assert answer.headers == nothing.headers
        for reference in seen:
            told = self.hub.get(name, f"/items/{reference}").json()
            may = {
                action for action in NEEDS if rank(person, self.items[reference]) >= NEEDS[action]
            }
            assert set(told["actions"]) == may

    def teardown(self):
        for name in NAMES:
            self.look_around(name)
        self.stack.close()


TestSharing = Sharing.TestCase
TestSharing.settings = settings(
    max_examples=10,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("role", list(Role))
def test_each_role_includes_those_below_it(role):
    may = {action for action in Action if allows([role], action)}
    rank_ = min(list(Role).index(role), 2)
    assert may == {Action(name) for name, needed in NEEDS.items() if needed <= rank_}
