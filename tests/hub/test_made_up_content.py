"""The made-up content: worth looking at, only in an empty hub, removed without a trace but one."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pytest
from page_visitor import PageVisitor
from small_hub import SmallHub, small_hub
from sqlalchemy import select
from typer.testing import CliRunner

from lepton_hub import __main__ as service
from lepton_hub.audit import verify
from lepton_hub.commands import hub_app
from lepton_hub.demonstration import filling
from lepton_hub.demonstration.cast import BOSE, COLLEAGUES
from lepton_hub.demonstration.filling import (
    COUNTING,
    FORECAST,
    MODEL,
    NOTEBOOK,
    RIDERSHIP,
    fill_if_empty,
)
from lepton_hub.demonstration.made_up_files import fit_forecast
from lepton_hub.needs import CountedBatch, CountedPerson
from lepton_hub.recommendations import ItemUse


@pytest.fixture(scope="module")
def hub(tmp_path_factory) -> Iterator[SmallHub]:
    folder = tmp_path_factory.mktemp("filled")
    database = f"sqlite:///{folder}/hub.sqlite"
    with small_hub(folder, database=database, blobs=str(folder / "blobs")) as hub:
        hub.known.people["bose"] = BOSE
        assert fill_if_empty(hub.state)
        yield hub


def test_teams_of_two_organisations_share(hub):
    for who, count in (("ada", 5), ("bose", 5), ("curie", 5), ("dora", 1)):
        assert hub.get(who, "/items").json()["total"] == count
    table = hub.get("curie", f"/items/{RIDERSHIP}/versions/1/preview").json()
    assert table["columns"] == ["date", "riders"]
    assert table["rows"][0] == ["2001-01-22", "15732"]
    lineage = hub.get("ada", f"/items/{RIDERSHIP}/versions/1/lineage").json()
    assert set(lineage["used_by"]) == {f"{NOTEBOOK}@1", f"{MODEL}@1"}
    notebook = hub.get("ada", f"/items/{NOTEBOOK}/versions/1/files/ridership-forecast.ipynb")
    code = "\n".join("".join(c["source"]) for c in json.loads(notebook.content)["cells"])
    assert 'load_dataset("hub:engines/ridership@1")' in code
    html = hub.get("ada", f"/documents/{FORECAST}/html").text
    assert "last-weeks.png" in html and "<table>" in html
    picture = hub.get("ada", f"/documents/{FORECAST}/attachments/last-weeks.png")
    assert picture.content[:4] == b"\x89PNG"
    difference = hub.get("dora", f"/documents/{COUNTING}/difference", params={"before": 1})
    assert "+- Whoever leaves" in difference.json()["difference"]


def test_the_card_says_what_is_true(hub):
    forecast = fit_forecast()
    limits = hub.get("ada", f"/items/{MODEL}").json()["card"]["limits"]
    assert f"{forecast.rms['linear']:,.0f} riders" in limits
    assert forecast.rms["linear"] < forecast.rms["last week"]
    assert forecast.mean["median of four weeks"] < forecast.mean["linear"], "the document says so"


def test_there_is_talk_and_something_new(hub):
    threads = hub.get("ada", "/threads").json()["threads"]
    answered = {one["title"]: bool(one["accepted"]) for one in threads}
    assert answered == {
        "What about 25 December?": False,
        "Which error do we report?": True,
        "Folds by time: equal years or equal days?": False,
    }
    for who in ("ada", "bose", "curie"):
        assert hub.get(who, "/digest").json()["news"], who
    found = hub.get("ada", "/recommendations", params={"item": RIDERSHIP}).json()
    assert found["recommendations"]
    needs = hub.get("ada", "/needs/groups/team/engines").json()
    assert needs["next"]["module"] == "advanced/09_serving_and_monitoring"
    questions = [
        one for module in needs["modules"] if module["material"]
        for one in module["material"]["open_questions"]
    ]  # fmt: skip
    assert questions
    pages = ["/pages/", "/pages/needs", "/pages/needs/groups/team/engines", "/pages/digest"]
    for path in [*pages, f"/pages/documents/{FORECAST}", "/pages/recommendations"]:
        PageVisitor(hub, "ada").see(path)


def test_a_hub_in_which_there_is_something_is_left_alone(hub, tmp_path):
    assert not fill_if_empty(hub.state)
    with small_hub(tmp_path) as other:
        other.make("ada", "engines/mine")
        other.ask("ada", "DELETE", "/items/engines/mine")
        assert not fill_if_empty(other.state)


def test_it_is_removed_by_one_command(hub):
    hub.make("ada", "engines/mine")
    hub.add("ada", "engines/mine", {"a.csv": b"1"})
    told = {"section": "08_evaluation/lesson.ipynb", "audience": "everybody", "title": "Mine"}
    hub.post("curie", "/threads", {**told, "text": "x"})
    folder = hub.state.settings.keys.parent
    said = CliRunner().invoke(hub_app, ["remove-made-up", str(folder)])
    assert said.exit_code == 0, said.output
    assert "Removed 5 made-up items" in said.output
    assert [one["reference"] for one in hub.get("grace", "/items").json()["items"]] == [
        "engines/mine"
    ]
    assert [one["title"] for one in hub.get("grace", "/threads").json()["threads"]] == ["Mine"]
    assert hub.get("grace", "/search").json()["total"] == 2
    assert len(list(hub.state.store.blobs())) == 1
    assert hub.get("bose", "/subscriptions").json()["subscriptions"] == []
    with hub.state.sessions.begin() as session:
        assert verify(session).whole
        names = [person.name for person in COLLEAGUES]
        uses = set(session.scalars(select(ItemUse.person)))
        assert not uses & set(names)
        assert session.scalars(select(CountedBatch)).all() == []
        assert session.scalars(select(CountedPerson)).all() == []
    assert not fill_if_empty(hub.state)


@pytest.mark.parametrize(("told", "filled"), [("on", 1), ("off", 0), (None, 0)])
def test_the_service_begins_with_it_where_it_is_told_to(tmp_path, monkeypatch, told, filled):
    states = []
    monkeypatch.setattr(filling, "fill_if_empty", states.append)
    monkeypatch.setattr(service, "listening", lambda *_: None)
    monkeypatch.setattr(service, "serve", lambda app, _: app.state.hub.engine.dispose())
    environment = {
        "LEPTON_HUB": str(tmp_path),
        "JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:1",
        "JUPYTERHUB_SERVICE_PREFIX": "/services/hub/",
        "JUPYTERHUB_SERVICE_NAME": "hub",
        "JUPYTERHUB_API_URL": "http://127.0.0.1:1/hub/api",
        "JUPYTERHUB_API_TOKEN": "t",
        "JUPYTERHUB_CLIENT_ID": "c",
        **({"LEPTON_HUB_MADE_UP": told} if told else {}),
    }
    before = os.umask(0o077)
    try:
        service.main(environment)
    finally:
        os.umask(before)
    assert len(states) == filled
