"""The survey on the hub: answers for their owner's eyes, sums over five people or more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from conftest import skip_unless_ci
from postgres import PostgresServer, postgres_programs, postgres_server
from small_hub import BOSE, DORA, SmallHub, small_hub

from lepton_course.survey.asked import KNOWN, PACE, UNCLEAR, USEFUL, WANTED
from lepton_hub.database.moments import now
from lepton_hub.identity.person import Person
from lepton_hub.needs.counting import SETTLING, count_settled
from lepton_hub.needs.own_replies import replace_replies, replies_of
from lepton_hub.needs.survey_subjects import survey_subjects
from lepton_hub.recommendations.usage_keeping import keep_item_use

FIRST, LATER = "basics/04_training_well", "basics/08_evaluation"
SUBJECTS = survey_subjects()


def team_of(size: int, name: str = "engines") -> list[Person]:
    return [Person(f"{name}-{n}", frozenset({name}), "analytical") for n in range(size)]


def answer(hub: SmallHub, person: Person, *replies, counted_with: str | None = "team:engines"):
    hub.known.people[person.name] = person
    told = {
        "counted_with": counted_with,
        "replies": [{"module": m, "question": q, "answer": a} for m, q, a in replies],
    }
    return hub.ask(person.name, "PUT", "/needs/replies", json=told)


def before(module: str, known: int = 0, wanted: int = 2) -> list[tuple[str, str, str]]:
    return [(module, KNOWN.name, str(known)), (module, WANTED.name, str(wanted))]


def after(module: str, useful: int, pace: str, unclear: str = "") -> list[tuple[str, str, str]]:
    said = [(module, USEFUL.name, str(useful)), (module, PACE.name, pace)]
    return said + ([(module, UNCLEAR, unclear)] if unclear else [])


def count(hub: SmallHub, later: timedelta = SETTLING) -> None:
    """Draw sums as the hub does each hour, some time from now."""
    with hub.state.sessions.begin() as session:
        count_settled(session, SUBJECTS, now() + later)


def sums(hub: SmallHub, who: str = "ada", group: str = "team/engines") -> dict[str, dict]:
    told = hub.get(who, f"/needs/groups/{group}").json()
    return {one["module"]: one for one in told["modules"]}


@pytest.fixture
def hub(tmp_path) -> Iterator[SmallHub]:
    with small_hub(tmp_path) as hub:
        yield hub


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory) -> Iterator[SmallHub]:
    """A hub for tests that change nothing."""
    with small_hub(tmp_path_factory.mktemp("unchanged")) as hub:
        yield hub


def test_four_people_are_in_no_sum_and_five_are(hub):
    people = team_of(5)
    for person in people[:4]:
        assert answer(hub, person, *before(LATER)).status_code == 200
    count(hub)
    assert sums(hub) == {}
    answer(hub, people[4], *before(LATER, wanted=0))
    count(hub, timedelta(hours=1))
    assert sums(hub) == {}, "an answer settles for a day"
    count(hub)
    told = sums(hub)[LATER]["before"]
    assert told == {"people": 5, "known": 0.0, "wanted": 0.8, "need": 0.8}


def test_one_more_person_changes_no_sum(hub):
    for person in team_of(7):
        answer(hub, person, *before(LATER))
    count(hub)
    known = hub.get("ada", "/needs/groups/team/engines").content
    for number in range(4):
        answer(hub, Person(f"new-{number}", frozenset({"engines"})), *before(LATER, wanted=0))
        count(hub)
        assert hub.get("ada", "/needs/groups/team/engines").content == known
    answer(hub, Person("new-4", frozenset({"engines"})), *before(LATER, wanted=0))
    count(hub)
    assert sums(hub)[LATER]["before"]["people"] == 12


def test_what_was_counted_stays_whoever_changes_or_leaves(hub):
    people = team_of(5)
    for person in people:
        answer(hub, person, *before(LATER))
    count(hub)
    known = hub.get("ada", "/needs/groups/team/engines").content
    answer(hub, people[0], *before(LATER, wanted=0))
    hub.ask(people[1].name, "DELETE", "/needs/replies")
    moved = Person(people[2].name, frozenset({"particles"}), "quantum")
    answer(hub, moved, *before(LATER), counted_with="team:particles")
    for person in team_of(4, "particles"):
        answer(hub, person, *before(LATER), counted_with="team:particles")
    count(hub)
    assert hub.get("ada", "/needs/groups/team/engines").content == known
    assert sums(hub, "curie", "team/particles") == {}, "who moved is not counted twice"
    told = hub.get(people[0].name, "/needs/replies").json()
    assert {"module": LATER, "question": "wanted", "answer": "0"} in told["replies"]
    assert told["counted"] == [{"module": LATER, "part": "before"}]
    assert hub.get(people[1].name, "/needs/replies").json()["replies"] == []


def test_who_has_left_a_group_and_is_told_so_is_not_counted_with_it(hub):
    people = team_of(6)
    for person in people[:5]:
        answer(hub, person, *before(LATER))
    left = people[0].name
    hub.known.people[left] = Person(left, frozenset({"particles"}), "quantum")
    assert hub.get(left, "/needs/replies").json()["counted_with"] is None
    count(hub)
    assert sums(hub) == {}, "four are left"
    answer(hub, people[5], *before(LATER))
    count(hub)
    assert sums(hub)[LATER]["before"]["people"] == 5


def test_answers_are_their_owners_alone(hub):
    answer(hub, BOSE, *before(LATER, wanted=1))
    for other in ("ada", "grace"):
        assert hub.get(other, "/needs/replies").json()["replies"] == []
        assert "wanted" not in hub.get(other, "/needs/groups").text
    for entry in hub.log(actor="bose"):
        said = f"{entry.subject} {entry.detail}"
        assert "evaluation" not in said and "wanted" not in said
    assert hub.log(actor="bose")[0].action == "survey.answer"


def test_sums_of_others_do_not_exist(hub):
    nothing = hub.get("dora", "/needs/groups/team/nothing")
    for person in team_of(5):
        answer(hub, person, *before(LATER))
    count(hub)
    for path in ("/needs/groups/team/engines", "/needs/groups/organisation/analytical"):
        told = hub.get("dora", path)
        assert (told.status_code, told.content) == (404, nothing.content)
        assert told.headers == nothing.headers
    assert hub.get("dora", "/needs/groups").json() == {"groups": []}
    assert hub.get("curie", "/needs/groups").json()["groups"] == [
        "team:particles", "organisation:quantum",
    ]  # fmt: skip
    assert hub.get("grace", "/needs/groups").json() == {"groups": ["team:engines"]}
    assert sums(hub, "grace")[LATER]["before"]["people"] == 5


@pytest.mark.parametrize("group", ["team:particles", "organisation"])
def test_nobody_is_counted_with_others(unchanged, group):
    hub = unchanged
    assert answer(hub, DORA, *before(LATER), counted_with=group).status_code == 403
    assert hub.get("dora", "/needs/replies").json()["replies"] == []


@pytest.mark.parametrize(
    "reply",
    [
        (LATER, "wanted", "3"),
        (LATER, "pace", "2"),
        (LATER, "placement 9", "right"),
        ("basics/99_nothing", "known", "0"),
        (LATER, "unclear", " "),
    ],
)
def test_what_nobody_is_asked_is_no_answer(unchanged, reply):
    assert answer(unchanged, BOSE, reply).status_code == 422


def test_the_first_answer_to_a_placement_question_stays(hub):
    answer(hub, BOSE, (LATER, "placement 1", "wrong"), (LATER, "known", "2"))
    answer(hub, BOSE, (LATER, "placement 1", "right"), (LATER, "known", "3"))
    told = hub.get("bose", "/needs/replies").json()["replies"]
    assert {(one["question"], one["answer"]) for one in told} == {
        ("placement 1", "wrong"), ("known", "3"),
    }  # fmt: skip


def test_a_text_is_shown_with_the_sum_that_it_belongs_to(hub):
    texts = ["Why five folds?", "", "What is calibration?", "", ""]
    people = team_of(5)
    for person, text in zip(people, texts, strict=True):
        answer(hub, person, *after(LATER, 4, "right", text))
    count(hub)
    told = sums(hub)[LATER]["after"]
    assert told["unclear"] == ["What is calibration?", "Why five folds?"]
    assert (told["useful"], told["pace"]) == (4.0, {"slow": 0, "right": 5, "fast": 0})
    answer(hub, people[0], *after(LATER, 4, "right"))
    assert sums(hub)[LATER]["after"]["unclear"] == ["What is calibration?"]
    with hub.state.sessions.begin() as session:  # written after the sum was drawn
        late = [(LATER, UNCLEAR, "Now I wonder …")]
        replace_replies(session, people[0], SUBJECTS, late, moment=now() + timedelta(days=3))
    assert sums(hub)[LATER]["after"]["unclear"] == ["What is calibration?"]


def test_what_is_needed_is_taught_unless_something_it_builds_on_is_lacking(hub):
    for person in team_of(6):
        answer(hub, person, *before(LATER), *before(FIRST, wanted=1))
    count(hub)
    told = hub.get("ada", "/needs/groups/team/engines").json()
    assert told["next"] == {"module": FIRST, "title": "Training well", "instead_of": LATER}
    for person in team_of(6):
        both = [*before(LATER), *before(FIRST, wanted=1)]
        answer(hub, person, *both, *after(FIRST, 5, "right"))
    count(hub)
    told = hub.get("ada", "/needs/groups/team/engines").json()
    assert told["next"]["module"] == LATER, "the other one was taught"


def test_material_is_what_exists_for_who_asks(hub):
    hub.make("ada", "engines/folds", title="Evaluation of folds")
    told = {"space": "engines", "name": "notes", "title": "Evaluation notes", "text": "x"}
    hub.post("ada", "/documents", told)
    section = {"section": "08_evaluation/lesson.ipynb#Calibration", "kind": "question"}
    asked = {**section, "audience": "team:engines", "title": "Why isotonic?", "text": "Why?"}
    hub.post("ada", "/threads", asked)
    path = f"/needs/material/{LATER}"
    found = hub.get("ada", path).json()
    assert [one["reference"] for one in found["items"]] == ["engines/folds"]
    assert [one["reference"] for one in found["documents"]] == ["engines/notes"]
    [question] = found["open_questions"]
    assert question["title"] == "Why isotonic?"
    reply = hub.post("bose", f"/threads/{question['id']}/posts", {"text": "So."}).json()
    accepted = {"json": {"post": reply["id"]}}
    hub.ask("ada", "PUT", f"/threads/{question['id']}/accepted", **accepted)
    assert hub.get("ada", path).json()["open_questions"] == []
    nothing = {"items": [], "documents": [], "open_questions": []}
    assert hub.get("curie", path).json() == nothing
    assert hub.get("ada", "/needs/material/basics/99_x").status_code == 404


def test_who_is_forgotten_leaves_nothing(tmp_path):
    from typer.testing import CliRunner

    from lepton_hub.commands import hub_app

    with small_hub(tmp_path, database=f"sqlite:///{tmp_path}/hub.sqlite") as hub:
        answer(hub, BOSE, *before(LATER))
        hub.post("ada", "/documents", {"space": "engines", "name": "d", "title": "D", "text": "x"})
        hub.get("bose", "/documents/engines/d")
        assert hub.get("bose", "/recommendations/uses").json()["uses"]
        command = ["forget", str(tmp_path), "bose", "--by", "grace", "--reason", "asked", "--yes"]
        said = CliRunner().invoke(hub_app, command)
        assert said.exit_code == 0 and "Deleted 3" in said.output, said.output
        with hub.state.sessions.begin() as session:
            assert replies_of(session, BOSE) == {}
        assert hub.get("bose", "/recommendations/uses").json()["uses"] == []


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    programs = postgres_programs()
    if programs is None:
        skip_unless_ci("No PostgreSQL found. On Debian: sudo apt install postgresql")
    with postgres_server(programs) as server:
        yield server


def test_uses_on_postgresql(tmp_path, postgres):
    both = ("~grace/rides", "~grace/weather")
    with small_hub(tmp_path, database=postgres.new_database("uses")) as hub:
        for reference in both:
            hub.make("grace", reference)
            hub.grant("grace", reference, "everybody", "", "read")
            hub.add("grace", reference, {"a.csv": b"1"})
            for _ in range(2):
                hub.get("ada", f"/items/{reference}/versions/1/files/a.csv")
        with hub.state.sessions.begin() as session:
            for person in team_of(5):
                for reference in both:
                    earlier = now() - timedelta(days=2)
                    keep_item_use(session, person.name, "file.download", reference, {}, earlier)
        path = "/recommendations"
        found = hub.get("dora", path, params={"item": both[0]}).json()["recommendations"]
        assert [one["item"]["reference"] for one in found] == [both[1]]
        assert len(hub.get("dora", path).json()["recommendations"]) == 2
        assert hub.get("ada", path).json()["recommendations"] == []


def test_needs_on_postgresql(tmp_path, postgres):
    with small_hub(tmp_path, database=postgres.new_database("needs")) as hub:
        for person in team_of(5):
            answer(hub, person, *before(LATER), *after(FIRST, 3, "fast", "Why?"))
        count(hub)
        assert sums(hub)[LATER]["before"]["people"] == 5
        assert sums(hub)[FIRST]["after"]["unclear"] == ["Why?"] * 5
        hub.ask("engines-0", "DELETE", "/needs/replies")
        assert sums(hub)[FIRST]["after"]["unclear"] == ["Why?"] * 4
        assert sums(hub, "grace")[LATER]["before"]["people"] == 5
