"""docs/hub-evening.md: three teams of two organisations, one evening, and an auditor afterwards.

All code of the page runs in its order, against a hub in a process of its own with its worker. With
LEPTON_SCREENSHOTS=docs/images the page's pictures are made anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from browser import picture
from conftest import CLONE
from page_of_evening import Evening, running_hub
from playwright.sync_api import Browser, Page
from served_hub import started

from lepton_course.hub import HubConnection, HubError

PAGE = (CLONE / "docs/hub-evening.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(sh|python)\n(.+?\n)```$", PAGE, re.MULTILINE | re.DOTALL)
SECRETS = ("ferry", "engines", "particles", "storms")
"""What none of Dora's answers may hold."""


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening]:
    """The evening after all blocks of the page have run; the hub still runs."""
    home = tmp_path_factory.mktemp("evening")
    with running_hub(home / "lepton-hub", home / "errors") as (process, url, said):
        tokens = {name: all_of for all_of, name in re.findall(r"TOKEN=((\w+)\.\w+)", said)}
        [address] = re.findall(r"http://\S+/pages/sign-in\?key=\S+", said)
        with httpx.Client() as client:
            evening = Evening(home, process, url, tokens, address, client)
            for language, code in BLOCKS:
                evening.run(language, code)
            yield evening
    assert list((home / "lepton-hub" / "jobs").iterdir()) == []
    assert "Traceback" not in (home / "errors").read_text()


def test_people_of_three_teams_in_two_organisations_take_part(evening):
    found = {name: evening.ask(name, "/me").json() for name in evening.tokens}
    assert {team for person in found.values() for team in person["teams"]} == {
        "engines", "particles", "ledgers",
    }  # fmt: skip
    assert {person["organisation"] for person in found.values()} == {
        "analytical", "quantum", None,
    }  # fmt: skip
    assert set(evening.names) == {"ada", "bose", "curie", "dora", "mallory"}


def test_a_colleague_of_another_organisation_finds_it_and_may_contribute(evening):
    assert "dataset engines/ferry of ada\n" in evening.told("curie", "dataset")
    assert evening.told("ada", "asks for") == "curie asks for contribute of engines/ferry\n"
    [asked] = evening.ask("curie", "/requests").json()["requests"]
    assert asked["answer"] == "granted"
    item = evening.ask("curie", "/items/engines/ferry").json()
    assert item["actions"] == ["view", "add_version", "edit_card"]
    assert item["newest"] == 2


def test_what_curie_loaded_is_what_ada_shared_but_for_the_broken_day(evening):
    before = evening.names["curie"]["data"].table()
    assert before["riders"].tolist() == evening.names["ada"]["riders"].tolist()
    assert before["riders"].min() == -1
    rows = evening.ask("bose", "/data", id="engines/ferry@2").text.splitlines()
    assert len(rows) == 1 + 199
    assert not any(row.endswith(",-1") for row in rows)
    version = evening.ask("ada", "/items/engines/ferry/versions/2").json()
    assert (version["made_by"], version["made_from"]) == ("curie", ["engines/ferry@1"])
    assert [column.get("unit", "") for column in version["columns"]] == ["", "mm", "people"]


def test_the_job_has_fitted_the_line_and_the_model_has_its_lineage(evening):
    job = evening.names["curie"]["job"]
    assert job.result == "hub:particles/ferry-line@1"
    [(steps, curve)] = [zip(*found, strict=True) for found in job.metrics().values()]
    assert (len(steps), curve[0] > 8000, 250 < curve[-1] < 350) == (300, True, True)
    intercept, slope = evening.names["bose"]["w"]
    assert (round(intercept, -2), round(slope, -1)) == (9000, -330)
    lineage = evening.ask("ada", "/items/particles/ferry-line/versions/1/lineage").json()
    assert lineage["made_from"] == ["engines/ferry@2"], "Ada may not see the program"
    own = evening.names["curie"]["version"]
    assert sorted(own["made_from"]) == ["engines/ferry@2", "particles/ferry-fit@1"]
    assert own["made_with"] == f"job {job.id}"


def test_the_document_has_its_formula_as_mathml(evening):
    html = evening.ask("ada", "/documents/particles/ferry-guide/html").text
    page = evening.ask("ada", "/documents/particles/ferry-guide").json()
    assert "$$\\hat y = w_0 + w_1 x$$" in page["revision"]["text"]
    assert "hat y" in html


def test_the_digest_tells_what_curie_did(evening):
    lines = evening.told("ada", "|").splitlines()
    assert len(lines) >= 4
    assert all(line.startswith("curie | ") for line in lines)
    assert any("Riders of the ferry by day" in line for line in lines)


def test_the_question_has_its_accepted_answer(evening):
    assert "= 27 mm it says that nobody comes" in evening.told("ada", "bose | ")
    threads = evening.ask("curie", "/threads", answered=True).json()["threads"]
    assert [one["accepted"] for one in threads] == [evening.names["bose"]["answer"]["id"]]


PLACES = (
    "/items", "/search?q=ferry", "/search", "/threads", "/jobs", "/digest", "/requests/to-me",
    "/graph", "/graph/triples", "/recommendations", "/recommendations/uses", "/needs/groups",
    "/suggestions/tags?text=ferry riders and rain", "/digest.atom",
)  # fmt: skip
HIDDEN = (
    "/items/NAME", "/items/NAME/card", "/items/NAME/grants", "/items/NAME/versions/1",
    "/items/NAME/versions/1/lineage", "/items/NAME/versions/newest/files/ferry.csv",
    "/documents/NAME", "/documents/NAME/html", "/data?id=NAME@1", "/document?id=NAME",
    "/graph?node=item:NAME", "/recommendations?item=NAME", "/threads?item=NAME",
)  # fmt: skip


def test_for_who_may_not_see_it_there_is_nothing_anywhere(evening):
    [lines] = [text.splitlines() for who, text in evening.said if who == "dora"]
    assert lines[:3] == ["[] 0", "[] 0", "False"]
    assert len(set(lines[3:])) == 1 and lines[3].startswith("404 ")
    for place in PLACES:
        answer = evening.ask("dora", place)
        assert answer.status_code == 200, (place, answer.text)
        asked = place.partition("?")[2]
        for secret in SECRETS:
            assert secret in asked or secret not in answer.text, (place, answer.text)
    for place in HIDDEN:
        for there, nowhere in (
            ("engines/ferry", "engines/wherry"),
            ("particles/ferry-guide", "particles/wherry-guide"),
            ("particles/ferry-line", "particles/wherry-line"),
        ):
            found = [evening.ask("dora", place.replace("NAME", one)) for one in (there, nowhere)]
            assert [one.status_code for one in found] == [404, 404], place
            texts = [one.text.replace("wherry", "ferry") for one in found]
            assert texts[0] == texts[1], place
    job = evening.names["curie"]["job"].id
    question = evening.names["ada"]["question"]["id"]
    for path in (f"/jobs/{job}", f"/jobs/{job}/log", f"/threads/{question}"):
        assert evening.ask("dora", path).status_code == 404


def test_a_request_tells_dora_nothing_either(evening):
    with HubConnection(evening.url, evening.tokens["dora"]) as dora:
        made = [dora.post("/requests", {"item": f"engines/{name}"}) for name in ("ferry", "wherry")]
        different = {"id", "item", "asked_at"}
        assert len({str({k: v for k, v in one.items() if k not in different}) for one in made}) == 1
        with pytest.raises(HubError, match="no such thing") as refused:
            dora.patiently("PUT", "/subscriptions/item/engines/ferry")
        assert refused.value.status == 404


DEEDS = (
    "ada item.make engines/ferry", "ada version.add engines/ferry@1",
    "ada grant.give engines/ferry", "curie search search", "curie request.make engines/ferry",
    "ada request.answer engines/ferry", "curie file.download engines/ferry@1",
    "curie version.add engines/ferry@2", "curie item.make particles/ferry-fit",
    "curie version.add particles/ferry-fit@1", "curie item.make particles/ferry-line",
    "curie job.ask JOB", "hub job.start JOB", "curie version.use engines/ferry@2",
    "curie version.add particles/ferry-line@1", "hub job.end JOB",
    "curie document.make particles/ferry-guide", "curie grant.give particles/ferry-guide",
    "curie grant.give particles/ferry-line", "ada digest.read digest",
    "ada thread.make QUESTION", "bose file.download particles/ferry-line@1",
    "bose post.add QUESTION", "ada thread.accept QUESTION", "dora search search",
    "dora refused engines/ferry", "dora refused engines/never-was",
)  # fmt: skip
"""What the log tells of the evening, among other things, in this order."""


def test_the_auditor_reads_who_did_what_in_order(evening):
    everything, of_the_data, of_curie = (
        [line.split("  ") for line in text.removeprefix("0 ").splitlines()]
        for who, text in evening.said
        if who == "operator" and text.startswith("0 ") and "  " in text
    )
    numbers = [int(entry[0]) for entry in everything]
    assert numbers == list(range(len(numbers), 0, -1))
    assert [entry[1] for entry in everything] == sorted(
        (entry[1] for entry in everything), reverse=True
    )
    names = {evening.names["curie"]["job"].id: "JOB"}
    names[f"thread {evening.names['ada']['question']['id']}"] = "QUESTION"
    told = iter(
        f"{who} {action} {names.get(subject, subject)}"
        for _, _, who, action, subject, *_ in reversed(everything)
    )
    for deed in DEEDS:
        assert deed in told, f"{deed} is missing, or too late"
    assert of_the_data == [entry for entry in everything if entry[4] == "engines/ferry"]
    assert {tuple(entry[2:4]) for entry in of_curie} == {("curie", "version.add")}


def test_the_log_is_whole_and_one_that_was_changed_is_found(evening):
    whole = evening.told("operator", "is intact")
    assert whole.startswith("0 ")
    assert "Damaged contents: 0" in whole
    number = evening.names["mallory"]["number"]
    who, broken = evening.said[-1]
    assert who == "operator"
    assert broken == f"1 Entry {number} has a value that differs from the one written (actor)\n"


def test_the_pages_show_it(evening, chromium, tmp_path):
    job = f"/pages/jobs/{evening.names['curie']['job'].id}"
    item, nowhere = (f"/pages/items/engines/{name}" for name in ("ferry", "wherry"))
    log = "/pages/administration/log?action=grant.give"
    with started(chromium) as browser:
        page = signed_in(browser, evening, "curie")
        assert "succeeded" in seen(page, job)
        picture(page, tmp_path / "hub-job.png", shown=True)
        page = signed_in(browser, evening, "ada")
        assert "Riders of the ferry by day" in seen(page, item)
        picture(page, tmp_path / "hub-item.png", shown=True)
        assert seen(signed_in(browser, evening, "grace"), log).count("grant.give") >= 3
        page = signed_in(browser, evening, "dora")
        found = seen(page, item, 404)
        assert found == seen(page, nowhere, 404).replace("wherry", "ferry")
        assert "Riders" not in found
        seen(page, job, 404)


def signed_in(browser: Browser, evening: Evening, who: str) -> Page:
    """Return a page on which somebody has said who they are."""
    page = browser.new_page(viewport={"width": 1000, "height": 900}, base_url=evening.url)
    page.goto(evening.browser_address)
    page.get_by_role("button", name=who, exact=True).click()
    page.wait_for_url("**/pages/")
    return page


def seen(page: Page, path: str, status: int = 200) -> str:
    """Return what a page says."""
    assert page.goto(path).status == status
    return page.locator("main").inner_text()
