"""Threads about a part of the course, on both kinds of database."""

from __future__ import annotations

import re

import pytest
from conftest import skip_unless_ci
from page_visitor import PageVisitor
from postgres import postgres_programs, postgres_server
from small_hub import PEOPLE, small_hub

from lepton_hub.knowledge.course_places import threads_within

SECTIONS = [
    "02_data/lesson.ipynb", "02_data/lesson.ipynb#A", "02_data/lesson.ipynb#B", "02_data",
    "02_data/lesson.ipynb_old#A", "02_DATA/lesson.ipynb#A", "02xdata/lesson.ipynb", "02_data2",
]  # fmt: skip


@pytest.fixture(params=["sqlite", "postgresql"])
def hub(request, tmp_path):
    if request.param == "sqlite":
        with small_hub(tmp_path) as made:
            yield made
        return
    programs = postgres_programs()
    if programs is None:
        skip_unless_ci("No PostgreSQL found. On Debian: sudo apt install postgresql")
    with (
        postgres_server(programs) as server,
        small_hub(tmp_path, database=server.new_database("hub")) as made,
    ):
        yield made


def within(hub, who: str, place: str, limit: int = 100) -> tuple[list[str], int]:
    person = next(one for one in PEOPLE if one.name == who)
    with hub.state.sessions.begin() as session:
        found, total = threads_within(session, person, place, limit)
        return [thread.section for thread in found], total


def test_a_place_has_what_is_said_in_it_and_nothing_beside_it(hub):
    for section in SECTIONS:
        told = {"section": section, "audience": "team:engines", "title": section, "text": "x"}
        assert hub.post("ada", "/threads", told).status_code == 201
    lesson = ["02_data/lesson.ipynb", "02_data/lesson.ipynb#A", "02_data/lesson.ipynb#B"]
    assert within(hub, "bose", "02_data/lesson.ipynb") == (lesson, 3)
    assert within(hub, "bose", "02_data") == (
        ["02_data", *lesson, "02_data/lesson.ipynb_old#A"], 5
    )  # fmt: skip
    assert within(hub, "bose", "02_data/lesson.ipynb", limit=2) == (lesson[1:], 3)
    assert within(hub, "curie", "02_data") == ([], 0)
    ada = PageVisitor(hub, "ada")
    fields = ada.see("/pages/discussions/new?section=02_data").form("/pages/discussions/new").fields
    told = {**fields, "title": "Twice", "text": "x", "audience": "everybody"}
    first = ada.send("/pages/discussions/new", told)
    again = ada.send("/pages/discussions/new", told)
    assert first.headers["location"] == again.headers["location"]
    assert within(hub, "curie", "02_data") == (["02_data"], 1)


def test_a_module_is_the_same_with_its_track_and_with_other_capitals_another_one(hub):
    module = "02_data_pipelines"
    told = {"audience": "everybody", "kind": "question", "text": "x"}
    made = []
    for section in (f"basics/{module}/lesson.ipynb#A", f"{module}/lesson.ipynb#A"):
        answer = hub.post("ada", "/threads", {**told, "section": section, "title": section})
        assert answer.json()["section"] == f"{module}/lesson.ipynb#A"
        made.append(answer.json()["id"])
    other = f"{module.upper()}/lesson.ipynb#A"
    hub.post("ada", "/threads", {**told, "section": other, "title": "capitals"})
    for section in (f"{module}/lesson.ipynb#A", f"basics/{module}/lesson.ipynb#A"):
        threads = hub.get("ada", "/threads", params={"section": section}).json()["threads"]
        assert sorted(one["id"] for one in threads) == sorted(made)
    assert within(hub, "bose", f"basics/{module}") == within(hub, "bose", module)
    assert within(hub, "bose", module)[1] == 2
    hub.post("ada", "/threads", {**told, "section": f"{module}/deeper.ipynb#A", "title": "A"})
    hub.post("ada", "/threads", {**told, "section": f"{module}/lesson.ipynb", "title": "All"})
    bose = PageVisitor(hub, "bose")
    course = "/pages/discussions/course"
    for place in (module, f"basics/{module}", f"{module}/lesson.ipynb"):
        found = re.findall(r'<section id="([^"]*)"', bose.see(f"{course}/{place}").html)
        assert len(found) == len(set(found)) > 1, found
    assert "A" in found
    node = {"node": f"module:basics/{module}", "depth": 1}
    start = hub.get("ada", "/graph", params=node).json()["nodes"][0]
    assert start["links"] == start["links_shown"]
    material = hub.get("ada", f"/needs/material/basics/{module}").json()["open_questions"]
    assert set(made) < {one["id"] for one in material}
    uses = {one["what"] for one in hub.get("ada", "/recommendations/uses").json()["uses"]}
    assert uses == {module, module.upper()}
