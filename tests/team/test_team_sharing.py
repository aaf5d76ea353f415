"""The hub where teams share, beside a real JupyterHub: tokens, groups, scopes, a browser's sign-in."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator

import httpx
import pytest
from conftest import CLONE
from team_hub import TeamHub, skip_without_hub, team_hub, wait_for

from lepton_team.folders import SHARING_ACCOUNT

pytestmark = pytest.mark.team

TEAM_FILE = """courses:
  deep_learning:
    instructors: [curie]
teams:
  engines: [ada]
  particles: [bose, curie]
organisations:
  analytical: [engines]
  quantum: [particles]
administrators: [curie]
"""
CARD = {"title": "Rides", "licence": "CC0-1.0", "origin": "made up", "personal_data": "none"}
SHARE = """
import json, sys
import numpy as np
from lepton_course import load_dataset, share
card = json.loads(sys.argv[1])
print(share("engines/rides", {"riders": np.arange(5)}, card=card))
print(load_dataset("hub:engines/rides@1").arrays()["riders"].tolist())
"""


@pytest.fixture(scope="module")
def hub(built_curriculum, tmp_path_factory) -> Iterator[TeamHub]:
    skip_without_hub()
    folder = tmp_path_factory.mktemp("sharing")
    with team_hub(folder) as hub:
        hub.folders.team_file.write_text(TEAM_FILE, encoding="utf-8")
        yield hub


def token_of(hub: TeamHub, name: str, scopes: list[str] | None = None) -> str:
    """A token as people make one on the hub's page; scopes: what it is limited to."""
    with hub.sign_in(name) as client:
        told = {"note": "a test", **({"scopes": scopes} if scopes is not None else {})}
        answer = hub.post(client, f"/hub/api/users/{name}/tokens", told)
        assert answer.status_code == 201, answer.text
        return answer.json()["token"]


def ask(hub: TeamHub, token: str, path: str, **told: object) -> httpx.Response:
    headers = {"Authorization": f"token {token}"}
    method = "POST" if told else "GET"
    return httpx.request(
        method, f"{hub.url}/services/hub{path}", headers=headers, json=told or None, timeout=60
    )


def test_people_are_who_jupyterhub_says(hub):
    ada = ask(hub, token_of(hub, "ada"), "/me").json()
    assert (ada["name"], ada["teams"], ada["organisation"]) == ("ada", ["engines"], "analytical")
    assert ada["spaces"] == ["~ada", "engines"]
    assert not ada["admin"]
    assert ask(hub, token_of(hub, "curie"), "/me").json()["admin"]


def test_a_token_that_was_made_for_something_else_opens_nothing(hub):
    narrow = token_of(hub, "ada", ["access:servers!user"])
    assert ask(hub, narrow, "/me").status_code == 401
    assert ask(hub, "0" * 32, "/me").status_code == 401
    not_an_admin = token_of(hub, "curie", ["access:services!service=hub"])
    assert ask(hub, not_an_admin, "/me").json()["admin"] is False


def test_a_notebook_shares_and_loads_without_being_told_where(hub):
    with hub.sign_in("ada") as client:
        hub.start_lab(client, "ada")
        run = hub.run_as(
            "ada", str(CLONE / ".venv/bin/python"), "-c", SHARE, json.dumps(CARD),
            cwd=hub.home("ada"),
        )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert "hub:engines/rides@1" in run.stdout
    assert "[0, 1, 2, 3, 4]" in run.stdout
    bose = token_of(hub, "bose")
    assert ask(hub, bose, "/items/engines/rides").status_code == 404
    assert ask(hub, bose, "/items").json()["total"] == 0


def test_a_browser_signs_in_by_jupyterhub_and_may_read_alone(hub):
    with hub.sign_in("bose") as client:
        assert client.get("/services/hub/me").status_code == 401
        back = client.get("/services/hub/login", params={"next": "/services/hub/me"})
        assert back.json()["name"] == "bose", back.text
        assert client.get("/services/hub/me").json()["teams"] == ["particles"]
        told = {"space": "particles", "name": "x", "kind": "code", "card": CARD}
        assert client.post("/services/hub/items", json=told).status_code == 401
        away = client.get(
            "/services/hub/login", params={"next": "//evil.example/"}, follow_redirects=True
        )
        assert away.url.host == "127.0.0.1"
        stolen = client.get("/services/hub/oauth_callback", params={"code": "x", "state": "y"})
        assert stolen.status_code == 403


def test_the_service_runs_under_an_account_of_its_own_and_keeps_its_folder_closed(hub):
    owner = hub.number(SHARING_ACCOUNT)
    files = [path for path in hub.folders.sharing.rglob("*") if path.is_file()]
    assert files
    assert {path.stat().st_uid for path in files} == {owner}
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)
    names = [path.name for path in hub.folders.sharing.iterdir()]
    assert {"hub.sqlite", "keys.json", "blobs"} <= set(names)


def test_a_service_that_is_killed_comes_again_with_all_that_was_shared(hub):
    ada = token_of(hub, "ada")
    killed = [pid for pid, command in hub.processes(SHARING_ACCOUNT) if "lepton_hub" in command]
    assert killed
    for pid in killed:
        os.kill(pid, signal.SIGKILL)

    def back() -> bool:
        try:
            return ask(hub, ada, "/items/engines/rides").status_code == 200
        except httpx.TransportError:
            return False

    wait_for(back, "hub's service after a kill")
