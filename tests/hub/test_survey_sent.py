"""A colleague sends their answers from the workspace to the hub, and takes them back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from small_hub import SmallHub, small_hub

from lepton_course.hub import HubConnection, HubError, send_survey, take_back_survey
from lepton_course.pages import survey_notebook
from lepton_course.progress import record_survey

MODULE = "basics/08_evaluation"


class WithoutSocket(httpx.BaseTransport):
    """Hands a client's requests to a hub of the test's."""

    def __init__(self, hub: SmallHub) -> None:
        self.hub = hub

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self.hub.client.request(
            request.method, str(request.url.raw_path, "ascii"), content=request.read(),
            headers=dict(request.headers),
        )  # fmt: skip
        headers = {"content-type": answer.headers.get("content-type", "")}
        return httpx.Response(answer.status_code, headers=headers, content=answer.content)


@pytest.fixture
def hub(tmp_path) -> Iterator[SmallHub]:
    with small_hub(tmp_path) as hub:
        yield hub


@pytest.fixture
def workspace(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "lepton"
    (folder / ".lepton").mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


def connected(hub: SmallHub, who: str) -> HubConnection:
    transport = WithoutSocket(hub)
    return HubConnection("http://testserver", who, transport=transport, pause=lambda _: None)


def on_the_hub(hub: SmallHub, who: str) -> dict:
    told = hub.get(who, "/needs/replies").json()
    return {one["question"]: one["answer"] for one in told["replies"]}


def test_answers_go_from_the_workspace_to_the_hub(hub, workspace, capsys):
    record_survey(MODULE, "known", "1")
    record_survey(MODULE, "unclear", "my own words", False)
    assert send_survey(hub=connected(hub, "ada")) == 1
    assert "1 of your answers, counted with team:engines" in capsys.readouterr().out
    record_survey(MODULE, "unclear", "shared words", True)
    record_survey(MODULE, "known", "3")
    send_survey(hub=connected(hub, "ada"))
    assert on_the_hub(hub, "ada") == {"known": "3", "unclear": "shared words"}
    record_survey(MODULE, "unclear", "", False)
    send_survey("nobody", hub=connected(hub, "ada"))
    assert on_the_hub(hub, "ada") == {"known": "3"}
    assert hub.get("ada", "/needs/replies").json()["counted_with"] is None
    take_back_survey(connected(hub, "ada"))
    assert on_the_hub(hub, "ada") == {}


def test_what_was_answered_on_the_page_stays(hub, workspace):
    told = {"replies": [{"module": MODULE, "question": "wanted", "answer": "2"}]}
    hub.ask("dora", "PUT", "/needs/replies", json=told)
    record_survey(MODULE, "known", "0")
    assert send_survey(hub=connected(hub, "dora")) == 2


def test_who_is_in_several_teams_says_which(hub, workspace):
    record_survey(MODULE, "known", "0")
    with pytest.raises(HubError, match=r"send_survey\(\"team:engines\"\)"):
        send_survey(hub=connected(hub, "bose"))
    send_survey("organisation", hub=connected(hub, "bose"))
    send_survey(hub=connected(hub, "bose"))
    known = hub.get("bose", "/needs/replies").json()["counted_with"]
    assert known == "organisation:analytical"
    with pytest.raises(HubError, match="a team of yours alone"):
        send_survey("team:others", hub=connected(hub, "bose"))


def test_the_page_speaks_of_a_hub_where_there_is_one(monkeypatch):
    monkeypatch.delenv("LEPTON_HUB_URL", raising=False)
    assert "send_survey" not in " ".join(survey_notebook.introduction())
    monkeypatch.setenv("LEPTON_HUB_URL", "http://127.0.0.1:1")
    assert "send_survey()" in " ".join(survey_notebook.introduction())
