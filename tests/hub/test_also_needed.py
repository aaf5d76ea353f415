"""You may also need: counted over three people and what the asker sees; against popularity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_hub import ADA, CURIE, DORA, SmallHub, small_hub
from sqlalchemy import select

from lepton_hub.catalogue.items import existing
from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.database.moments import now
from lepton_hub.identity.person import Person
from lepton_hub.recommendations import ItemUse, UsageBasis, also_needed
from lepton_hub.recommendations.also_needed import STEPS, most_used, told_number
from lepton_hub.recommendations.usage_keeping import KEPT, USES, forget_old_uses

YESTERDAY = now() - timedelta(days=2)


@pytest.fixture
def hub(tmp_path) -> Iterator[SmallHub]:
    with small_hub(tmp_path) as hub:
        yield hub


def use(hub: SmallHub, uses: Iterable[tuple[str, str]], at=YESTERDAY) -> None:
    """Write who used what: people and items' names."""
    with hub.state.sessions.begin() as session:
        numbers = {item.reference: item.id for item in session.scalars(select(SharedItem))}
        for person, item in uses:
            session.merge(ItemUse(person=person, item_id=numbers[item], first_at=at, last_at=at))


def names(hub: SmallHub, who: str, **query: str) -> list[str]:
    found = hub.get(who, "/recommendations", params=query).json()["recommendations"]
    return [one["item"]["reference"] for one in found]


def everybodys(hub: SmallHub, *references: str) -> None:
    for reference in references:
        hub.make("grace", reference)
        hub.grant("grace", reference, "everybody", "", "read")


def test_three_others_must_have_used_both(hub):
    everybodys(hub, "~grace/rides", "~grace/weather", "~grace/stops")
    both = [(f"p{n}", f"~grace/{name}") for n in range(2) for name in ("rides", "weather")]
    use(hub, [*both, ("ada", "~grace/rides"), ("ada", "~grace/weather")])
    assert names(hub, "dora", item="~grace/rides") == ["~grace/weather"], "ada is the third"
    assert names(hub, "ada", item="~grace/rides") == [], "without ada, two are left"
    use(hub, [("p2", "~grace/rides"), ("p2", "~grace/weather")], at=now())
    assert names(hub, "ada", item="~grace/rides") == [], "what was used today is not counted"
    told = hub.get("dora", "/recommendations", params={"item": "~grace/rides"}).json()
    [one] = told["recommendations"]
    assert one["because"] == "At least 3 colleagues who used “Riders by day” also used this"


def test_what_one_uses_is_kept_with_its_audit_entry(hub):
    everybodys(hub, "~grace/rides")
    hub.add("grace", "~grace/rides", {"a.csv": b"1"})
    assert hub.get("ada", "/recommendations/uses").json()["uses"] == []
    hub.get("ada", "/items/~grace/rides")
    assert hub.get("ada", "/recommendations/uses").json()["uses"] == [], "a card is no use"
    path = "/items/~grace/rides/versions/1/files/a.csv"
    hub.get("ada", path, headers={"Lepton-Module": "basics/02_data_pipelines"})
    told = hub.get("ada", "/recommendations/uses").json()["uses"]
    assert [one["what"] for one in told] == ["02_data_pipelines", "~grace/rides"]
    assert hub.log(action="file.download")[0].detail["module"] == "02_data_pipelines"
    assert hub.get("ada", path, headers={"Lepton-Module": "a b"}).status_code == 422
    assert hub.get("bose", "/recommendations/uses").json()["uses"] == []
    assert hub.ask("ada", "DELETE", "/recommendations/uses").status_code == 204
    assert hub.get("ada", "/recommendations/uses").json()["uses"] == []
    assert {entry.action for entry in hub.log(limit=100)} & USES == {"file.download"}


def test_modules_lead_to_items_too(hub):
    everybodys(hub, "~grace/rides")
    hub.add("grace", "~grace/rides", {"a.csv": b"1"})
    section = {"section": "02_data_pipelines/lesson.ipynb#Splits", "audience": "everybody"}
    for name in ("p0", "p1", "bose"):
        hub.known.people[name] = Person(name)
        hub.get(name, "/items/~grace/rides/versions/1/files/a.csv")
        hub.post(name, "/threads", {**section, "title": "T", "text": "x"})
    tomorrow = now() + timedelta(days=1)
    with hub.state.sessions.begin() as session:
        basis = UsageBasis(module="02_data_pipelines")
        [one] = also_needed(session, DORA, basis, moment=tomorrow)
        assert one.item.reference == "~grace/rides"
        assert "who worked on 02_data_pipelines" in one.because
        assert also_needed(session, DORA, basis) == []


def test_old_uses_are_forgotten_and_a_deleted_item_is_nobodys(hub):
    everybodys(hub, "~grace/rides", "~grace/weather")
    use(hub, [("p0", "~grace/rides")], at=now() - KEPT - timedelta(days=1))
    use(hub, [("p1", "~grace/rides"), ("p1", "~grace/weather")])
    hub.ask("grace", "DELETE", "/items/~grace/weather")
    with hub.state.sessions.begin() as session:
        forget_old_uses(session, now())
        assert [one.person for one in session.scalars(select(ItemUse))] == ["p1"]


def test_what_one_may_not_see_is_not_there(hub):
    hub.make("curie", "particles/secret")
    nothing = hub.get("ada", "/recommendations", params={"item": "particles/nothing"})
    hidden = hub.get("ada", "/recommendations", params={"item": "particles/secret"})
    assert (hidden.status_code, hidden.content) == (404, nothing.content)
    assert hidden.headers == nothing.headers


# ── Against a model ───────────────────────────────────────────────────────────────────────────
ITEMS = [f"engines/i{n}" for n in range(4)] + [f"particles/i{n}" for n in range(4)]
CROWD = [f"p{n}" for n in range(8)]
pairs = st.sets(st.tuples(st.sampled_from([*CROWD, "ada", "curie"]), st.sampled_from(ITEMS)))


def expected(uses: set, person: Person, basis: str, seen: set) -> dict[str, int]:
    """Return the counts that a person may be told, counted by hand."""
    mine = {item for who, item in uses if who == person.name}
    users = {who for who, item in uses if item == basis and who != person.name}
    counts = {item: sum((who, item) in uses for who in users) for item in seen - mine - {basis}}
    return {item: told_number(count) for item, count in counts.items() if count >= STEPS[0]}


@pytest.fixture(scope="module")
def crowded(tmp_path_factory) -> Iterator[SmallHub]:
    with small_hub(tmp_path_factory.mktemp("crowded")) as hub:
        for item in ITEMS:
            hub.make("bose", item)
        hub.grant("bose", "particles/i0", "person", "ada", "read")
        yield hub


@given(uses=pairs, person=st.sampled_from([ADA, CURIE]))
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_counts_are_over_what_exists_for_the_asker(crowded, uses, person):
    with crowded.state.sessions() as session:
        numbers = {item.reference: item for item in session.scalars(select(SharedItem))}
        seen = {item.reference for item in session.scalars(existing(person))}
        for who, item in uses:
            number = numbers[item].id
            session.add(ItemUse(person=who, item_id=number, first_at=YESTERDAY, last_at=YESTERDAY))
        session.flush()
        told = {}
        for basis in seen:
            found = also_needed(session, person, UsageBasis(item=numbers[basis]), limit=20)
            assert {one.item.reference: one.colleagues for one in found} == expected(
                uses, person, basis, seen
            )
            told[basis] = [(one.item.reference, one.score) for one in found]
        general = [one.item.reference for one in also_needed(session, person, limit=20)]
        unseen = [item for name, item in numbers.items() if name not in seen]
        for item in unseen:  # whoever used what is hidden: nothing that is told changes
            for who in [*CROWD, "x", "y"]:
                session.merge(
                    ItemUse(person=who, item_id=item.id, first_at=YESTERDAY, last_at=YESTERDAY)
                )
        session.flush()
        assert [one.item.reference for one in also_needed(session, person, limit=20)] == general
        for basis in seen:
            found = also_needed(session, person, UsageBasis(item=numbers[basis]), limit=20)
            assert [(one.item.reference, one.score) for one in found] == told[basis]
        session.rollback()


# ── Against the baseline ──────────────────────────────────────────────────────────────────────
TOPICS, OF_A_TOPIC, PEOPLE = 5, 8, 60
SEED = 3
ASKED = 30


def made_up_uses(rng: np.random.Generator, strength: float) -> dict[str, list[int]]:
    """Return which items each person used: mostly of their topic, some that all use.

    strength: how much likelier an item of one's topic is; 1 is the control, in which everybody
    draws from all items by their popularity alone.
    """
    number = TOPICS * OF_A_TOPIC
    popular = 1.0 / (1 + np.arange(number) % OF_A_TOPIC)
    found = {}
    for person in range(PEOPLE):
        of_topic = np.arange(number) // OF_A_TOPIC == person % TOPICS
        weights = np.where(of_topic, strength * popular, popular)
        chosen = rng.choice(number, 7, replace=False, p=weights / weights.sum())
        found[f"q{person}"] = [int(item) for item in chosen]
    return found


def hit_rates(folder: Path, strength: float) -> tuple[float, float]:
    """Return how often one left out item is among three recommended, and among the most used."""
    rng = np.random.default_rng(SEED)
    uses = made_up_uses(rng, strength)
    with small_hub(folder) as hub, hub.state.sessions() as session:
        items = [
            SharedItem(
                space="~grace", name=f"i{n}", kind="dataset", owner="grace", title=f"I{n}",
                description="", category="", licence="x", origin="x", intended_use="", limits="",
                personal_data="none",
            )
            for n in range(TOPICS * OF_A_TOPIC)
        ]  # fmt: skip
        session.add_all(items)
        session.flush()
        session.add_all(
            ItemUse(person=who, item_id=items[n].id, first_at=YESTERDAY, last_at=YESTERDAY)
            for who, mine in uses.items()
            for n in mine
        )
        session.flush()
        hits = np.zeros(2)
        for who, mine in list(uses.items())[:ASKED]:
            left_out = items[mine[int(rng.integers(len(mine)))]]
            row = session.get(ItemUse, (who, left_out.id))
            session.delete(row)
            session.flush()
            person = Person(who, admin=True)  # sees all items
            found = also_needed(session, person, limit=3)
            baseline = most_used(session, person, now(), 3)
            hits += [any(one.item is left_out for one in several) for several in (found, baseline)]
            session.add(
                ItemUse(person=who, item_id=left_out.id, first_at=YESTERDAY, last_at=YESTERDAY)
            )
            session.flush()
        session.rollback()
    ours, popularity = hits / ASKED
    return float(ours), float(popularity)


def test_it_finds_more_than_popularity_where_there_is_something_to_find(tmp_path):
    ours, popularity = hit_rates(tmp_path / "structured", strength=20)
    assert ours > popularity + 0.2, (ours, popularity)
    ours, popularity = hit_rates(tmp_path / "control", strength=1)
    assert ours < popularity + 0.1, (ours, popularity)


def test_numbers_that_are_told_never_say_too_much():
    assert all(told_number(number) <= number for number in range(3, 3000))
