"""`module.yml`: what is wrong in it is named by file and key, with what to write."""

import pytest
import yaml

from autograder.curriculum.module_plan import Claim, load_plan
from lepton_course.syllabus import SyllabusError, load_syllabus

PLAN = {
    "title": "First",
    "about": "a test",
    "minutes": {"lesson": 10, "deeper": 0, "assignment": 20},
    "prerequisites": [],
    "must_teach": {"subjects": ["sums"], "syllabuses": ["one course", "another course"]},
    "terms": [f"term {number}" for number in range(10)],
    "claims": [{"claim": "A is better than B", "against": "B"}],
}


@pytest.fixture
def module(tmp_path):
    folder = tmp_path / "basics" / "01_first"
    folder.mkdir(parents=True)
    return folder


def write(module, **changes) -> None:
    tree = {key: value for key, value in {**PLAN, **changes}.items() if value is not None}
    (module / "module.yml").write_text(yaml.safe_dump(tree))


def test_a_plan_is_read(module):
    write(module, unmet=["terms"])
    plan = load_plan(module)
    assert (plan.module.id, plan.module.minutes) == ("basics/01_first", (10, 20))
    assert plan.claims == (Claim("A is better than B", "B"),)
    assert (len(plan.terms), plan.unmet) == (10, ("terms",))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"title": ""}, "title: write a line of text, not ''"),
        ({"about": None}, "about: write a line of text, not None"),
        ({"minutes": {"lesson": 10}}, "minutes: write whole minutes, {lesson: 60"),
        ({"minutes": {"lesson": "ten", "assignment": 20}}, "minutes: write whole minutes"),
        ({"minutes": [10, 20]}, "minutes: write {lesson: 60, deeper: 0, assignment: 90}, not a l"),
        ({"prerequisites": "basics/00"}, "prerequisites: write a list of module ids"),
        ({"must_teach": ["sums"]}, "must_teach: write `subjects:` and `syllabuses:`"),
        ({"must_teach": {"subjects": [], "syllabuses": ["a", "b"]}}, "must_teach, subjects: write"),
        ({"must_teach": {"subjects": ["a"], "syllabuses": ["b"]}}, "syllabuses: name 2 public"),
        ({"terms": ["one"]}, "terms: write a list of 10 to 20 different terms"),
        ({"terms": ["same"] * 10}, "terms: write a list of 10 to 20 different terms"),
        ({"claims": [{"claim": "A"}]}, "claims: write a list of `- claim: …` and `against: …`"),
        ({"placement": ["Which?"]}, "placement: write a list of `- ask: …` and `choices:`"),
        ({"unmet": "terms"}, "unmet: write a list of names of checks"),
        ({"tilte": "First"}, "tilte: is not a key of a plan; those are title, about, minutes"),
    ],
)
def test_a_fault_is_named_by_file_and_key(module, change, said):
    write(module, **change)
    with pytest.raises(SyllabusError) as caught:
        load_plan(module)
    assert f"{module / 'module.yml'}, " in str(caught.value)
    assert said in str(caught.value)


def test_all_faults_are_named_at_once(module):
    write(module, title=None, terms=None, claims=None)
    with pytest.raises(SyllabusError) as caught:
        load_plan(module)
    assert len(str(caught.value).splitlines()) == 3


def test_a_module_without_a_plan_is_named(module):
    with pytest.raises(SyllabusError, match="module.yml is missing. `lepton new module` shows"):
        load_plan(module)


# --- The syllabus -------------------------------------------------------------------------------

PLANNED = "- {id: basics/02_next, title: Next, about: b, minutes: [1, 2], prerequisites: []}"


def test_the_syllabus_takes_a_module_from_its_own_plan(module, tmp_path):
    write(module, minutes={"lesson": 10, "deeper": 5, "assignment": 20})
    (tmp_path / "syllabus.yml").write_text(f"- id: basics/01_first\n{PLANNED}\n")
    first, planned = load_syllabus(tmp_path)
    assert (first.title, first.deeper) == ("First", "basics/01_first/deeper.ipynb")
    assert (planned.title, planned.minutes, planned.deeper) == ("Next", (1, 2), "")


@pytest.mark.parametrize(
    ("syllabus", "said"),
    [
        ("- id: basics/01_first", "module.yml is missing"),
        ("- {id: basics/01_first, title: First}", "syllabus.yml, basics/01_first, about: write"),
        ("- title: First", "write each module as `- id: basics/01_name`"),
        ("- id: [", "is not valid YAML"),
    ],
)
def test_a_syllabus_that_cannot_be_used_says_what_to_write(tmp_path, syllabus, said):
    (tmp_path / "syllabus.yml").write_text(syllabus)
    with pytest.raises(SyllabusError, match=said.replace("[", "\\[")):
        load_syllabus(tmp_path)
