"""Pages of jobs: ask, watch, cancel; what was typed is never lost."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
from page_visitor import PageContent, PageVisitor
from pool_hub import RESULT, pool_hub
from served_hub import served, signed_in, started

from lepton_hub.pages.jobs.metric_charts import chart_of

SOURCE = """\
print('<b>bold</b> & more')
open('results/a.txt', 'w').write('x')
with open('metrics.jsonl', 'w') as file:
    for step in range(5):
        file.write('{"loss": %f, "step": %d}\\n' % (1 / (step + 1), step))
"""


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    with pool_hub(tmp_path_factory.mktemp("hub")) as pool:
        pool.hub.make("curie", "~curie/data")
        pool.hub.add("curie", "~curie/data", {"a.csv": b"1"})
        pool.code = pool.program({"fit.py": SOURCE})
        yield pool


@pytest.fixture
def ada(pool):
    return PageVisitor(pool.hub, "ada")


def test_a_job_is_asked_for_watched_and_asked_for_again(pool, ada):
    form = ada.see(f"/pages/jobs/new?program={pool.code}").form("/pages/jobs/new")
    assert (form.fields["program"], form.fields["team"]) == (pool.code, "engines")
    typed = {"parameters": "epochs = 20\nname = a b", "result": RESULT, "memory": "0.5"}
    sent = ada.send("/pages/jobs/new", {**form.fields, **typed})
    page = ada.after(sent)
    place = sent.headers["location"]
    again = ada.send("/pages/jobs/new", {**form.fields, **typed})  # a button pressed twice
    assert again.headers["location"] == place
    assert "The job has been queued." in page.text
    assert "queued It is waiting for its turn." in page.text
    live = ada.get(place).text
    assert '<meta http-equiv="refresh" content="5">' in live
    assert "/pages/static/jobs.js" in live
    assert "epochs = 20, name = a b" in page.text
    assert pool.worker.run_next()
    page = ada.see(place)
    program = ada.see(f"/pages/items/{pool.code.partition('@')[0]}")
    assert f"/pages/jobs/new?{urlencode({'program': pool.code})}" in program.links
    result = ada.see(f"/pages/items/{RESULT}")
    assert place in result.links, "its version names the job that made it"
    assert not [link for link in result.links if link.startswith("/pages/jobs/new?")]
    assert "succeeded" in page.text
    assert "<b>bold</b> & more" in page.text
    assert "http-equiv" not in page.html
    assert f"/pages/items/{RESULT}?version=1" in page.links
    assert "loss over 5 steps: from 1 to 0.2, between 0.2 and 1" in page.html
    assert ada.get(f"{place}/log").text == "<b>bold</b> & more\n"
    assert ada.get(f"{place}/log").headers["content-type"] == "text/plain; charset=utf-8"
    [again] = [link for link in page.links if link.startswith("/pages/jobs/new?")]
    fields = ada.see(again).form("/pages/jobs/new").fields
    assert fields["parameters"] == 'epochs = 20\nname = "a b"'
    assert (fields["memory"], fields["minutes"], fields["result"]) == ("0.5", "60", RESULT)
    assert f"{place}" in ada.see("/pages/jobs").links
    assert "1 job " in ada.see("/pages/jobs?state=").text
    assert "0 jobs No job is cancelled." in ada.see("/pages/jobs?state=cancelled").text


def test_a_job_is_cancelled_once(pool, ada):
    id_ = pool.ask(pool.code).json()["id"]
    assert f"/pages/jobs/{id_}/cancel" in [
        one.action for one in ada.see(f"/pages/jobs/{id_}").forms
    ]
    page = ada.after(ada.send(f"/pages/jobs/{id_}/cancel"))
    assert "The job has been cancelled." in page.text
    assert "Cancelled by ada." in page.text
    assert "It had already ended." in ada.after(ada.send(f"/pages/jobs/{id_}/cancel")).text


WRONG = [
    ({"program": "engines/code"}, "Name a version, such as"),
    ({"program": "nonsense"}, "Name a version, such as"),
    ({"program": "~curie/data@1"}, "does not exist, or you may not see it"),
    ({"program": "~nobody/data@1"}, "does not exist, or you may not see it"),
    ({"inputs": "~curie/data@1\nx"}, "One version per line"),
    ({"parameters": "epochs 20"}, "'epochs 20' has no =."),
    ({"parameters": "class = 1"}, "names as in Python"),
    ({"parameters": 'a = {"b": 1}'}, "One per line"),
    ({"processors": "many"}, "A whole number of at least 1."),
    ({"processors": "4000"}, "limits.processors is at most"),
    ({"memory": "1e400"}, "A number of GiB"),
    ({"minutes": "nan"}, "A number of minutes"),
    ({"minutes": "100000"}, "A number of minutes"),
    ({"minutes": "2000"}, "limits.seconds is at most"),
    ({"priority": "first"}, "Choose one of the options."),
    ({"team": "particles"}, "must be one of your teams"),
    ({"result": "engines/x@1"}, "Name an item without a version"),
    ({"path": "../x.py"}, "Name a file of the program"),
]


@pytest.mark.parametrize(("typed", "words"), WRONG)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(pool, ada, typed, words):
    right = {
        "program": pool.code, "result": RESULT, "team": "engines", "processors": "1",
        "priority": "low", "parameters": "a = 1",
    }  # fmt: skip
    answer = ada.send("/pages/jobs/new", {**right, **typed})
    page = PageContent(answer.text)
    assert (answer.status_code, words in page.text) == (422, True), page.text
    fields = page.form("/pages/jobs/new").fields
    for name, value in {**right, **typed}.items():
        if name not in ("team", "priority"):
            assert fields[name] == value


def test_others_do_not_see_a_job(pool, ada):
    id_ = pool.ask(pool.code).json()["id"]
    bose, grace = PageVisitor(pool.hub, "bose"), PageVisitor(pool.hub, "grace")
    for place in (f"/pages/jobs/{id_}", f"/pages/jobs/{id_}/log", f"/pages/jobs/{'A' * 16}"):
        answer = bose.get(place)
        assert answer.status_code == 404
        assert "no such thing that you may see" in PageContent(answer.text).text
    assert bose.send(f"/pages/jobs/{id_}/cancel").status_code == 404
    assert "0 jobs" in bose.see("/pages/jobs").text
    assert f"/pages/jobs/{id_}" in grace.see("/pages/jobs").links
    page = grace.see(f"/pages/jobs/{id_}")
    assert "Edit and run again" not in page.text
    assert pool.hub.ask("ada", "DELETE", f"/jobs/{id_}").status_code == 200


def test_a_long_job_is_asked_for_again_with_all_that_was_typed(pool):
    """Bose has two teams; what he asked for would be cut in an address."""
    hub = pool.hub
    bose = PageVisitor(hub, "bose")
    inputs = []
    for number in range(12):
        reference = f"engines/{number:02}-{'x' * 59}"
        hub.make("bose", reference)
        inputs.append(hub.add("bose", reference, {"a": b"1"}).json()["reference"])
    hub.make("bose", "particles/mine")
    told = {
        "program": pool.code, "inputs": inputs, "parameters": {"text": "é" * 900},
        "result": "particles/mine", "team": "particles",
    }  # fmt: skip
    id_ = hub.post("bose", "/train", told).json()["id"]
    place = f"/pages/jobs/new?again={id_}"
    assert place in bose.see(f"/pages/jobs/{id_}").links
    form = bose.see(place).form("/pages/jobs/new").fields
    assert form["team"] == "particles"
    page = bose.after(bose.send("/pages/jobs/new", form))
    found = hub.get("bose", "/jobs").json()["jobs"][0]
    assert found["id"] in page.html
    names = ("program", "inputs", "parameters", "limits", "priority", "share")
    before = hub.get("bose", f"/jobs/{id_}").json()
    assert {name: found[name] for name in names} == {name: before[name] for name in names}
    for who in ("ada", "grace"):
        assert PageVisitor(hub, who).get(place).status_code == 404
    for one in (id_, found["id"]):
        hub.ask("bose", "DELETE", f"/jobs/{one}")


def test_a_page_stays_as_it_is_while_the_hub_is_busy(pool, chromium):
    id_ = pool.ask(pool.code).json()["id"]
    with served(pool.hub) as url, started(chromium) as browser:
        page = signed_in(browser, pool.hub, url, "ada").new_page()
        loaded: list[str] = []
        page.on("framenavigated", lambda frame: loaded.append(frame.url))
        busy = {"status": 503, "json": {"status": 503, "detail": "The hub is busy."}}
        page.route(re.compile("^[^/]+//[^/]+/jobs/"), lambda route: route.fulfill(**busy))
        page.goto(f"/pages/jobs/{id_}")
        for _ in range(3):
            page.wait_for_event("response", lambda answer: answer.status == 503)
        assert len(loaded) == 1
        page.unroute_all()
        pool.hub.ask("ada", "DELETE", f"/jobs/{id_}")
        page.wait_for_selector("[data-state=cancelled]")


def test_a_chart_of_many_points_is_short_and_ends_where_they_end():
    points = [(step, float(step % 7)) for step in range(10_001)]
    chart = chart_of("x", points)
    assert len(chart.line.split()) < 500
    assert (chart.last, chart.last_step, chart.most) == (10_000 % 7, 10_000, 6.0)
    assert chart_of("y", [(3, 1.0)]).line == "3.0,45.0"
