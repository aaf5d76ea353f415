"""The hub where teams share, beside a real JupyterHub: tokens, groups, scopes, cookies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import httpx
import psutil
import pytest
from conftest import CLONE
from team_hub import NAMES, SECONDS, TeamHub, skip_without_hub, wait_for

from lepton_team.folders import HubFolders
from lepton_team.ports import non_ephemeral_port

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
CONFIG = """
load_subconfig({example!r})
c.JupyterHub.services = [
    {{name: value for name, value in service.items() if name != "user"}}  # as whom the tests run
    for service in c.JupyterHub.services
    if service["name"] == "hub"
]
c.JupyterHub.default_url = "/hub/home"
c.JupyterHub.load_roles = [one for one in c.JupyterHub.load_roles if "services" not in one]
"""
CARD = {"title": "Rides", "licence": "CC0-1.0", "origin": "made up", "personal_data": "none"}


class SharingHub(TeamHub):
    """JupyterHub as `make hub` configures it, with no service but the hub for sharing."""

    def __init__(self, folder) -> None:
        self.folders = HubFolders(folder / "team")
        self.log = folder / "log"
        self.ports = [non_ephemeral_port() for _ in NAMES]
        self.url = f"http://127.0.0.1:{self.ports[0]}"
        for needed in (self.folders.hub, self.folders.sharing):
            needed.mkdir(parents=True)
        self.folders.team_file.write_text(TEAM_FILE, encoding="utf-8")
        self.config = folder / "config.py"
        example = str(CLONE / "deploy/jupyterhub/jupyterhub_config.py")
        self.config.write_text(CONFIG.format(example=example), encoding="utf-8")

    def start(self) -> None:
        """Start it, and wait until both hubs answer."""
        settings = dict(zip(NAMES, map(str, self.ports), strict=True))
        environment = {**os.environ, **settings, "LEPTON_TEAM": str(self.folders.root)}
        command = [sys.executable, "-m", "jupyterhub", "-f", str(self.config)]
        with self.log.open("w") as output:
            self.process = subprocess.Popen(
                command, env=environment, cwd=self.folders.hub, stdout=output, stderr=output
            )

        def running() -> bool:
            text = self.log.read_text()
            assert self.process.poll() is None, text
            return "JupyterHub is now running" in text

        wait_for(running, "hub")

    def end(self) -> None:
        """Stop it; it stops its service and its proxy."""
        self.process.terminate()
        self.process.wait(SECONDS)

    def service(self) -> psutil.Process | None:
        """Return the process of the hub for sharing."""
        for child in psutil.Process(self.process.pid).children(recursive=True):
            if "lepton_hub" in child.cmdline() and "die_with_parent" not in " ".join(
                child.cmdline()
            ):
                return child
        return None


@pytest.fixture(scope="module")
def hub(tmp_path_factory) -> Iterator[SharingHub]:
    skip_without_hub()
    hub = SharingHub(tmp_path_factory.mktemp("sharing"))
    try:
        hub.start()
        yield hub
    finally:
        hub.end()


def token_of(hub: TeamHub, name: str, scopes: list[str] | None = None) -> str:
    """A token as people make one on the hub's page; scopes: what it is limited to."""
    with closing(hub.sign_in(name)) as client:
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


def test_a_servers_token_enters_the_hub_and_no_more(hub):
    ada = token_of(hub, "ada", ["users:activity!user", "access:services!service=hub"])
    told = {"space": "engines", "name": "rides", "kind": "dataset", "card": CARD}
    assert ask(hub, ada, "/items", **told).status_code == 201
    bose = token_of(hub, "bose")
    assert ask(hub, bose, "/items/engines/rides").status_code == 404
    assert ask(hub, bose, "/items").json()["total"] == 0
    assert ask(hub, token_of(hub, "curie"), "/items").json()["total"] == 1


def test_a_browser_signs_in_by_jupyterhub_and_may_read_alone(hub):
    with closing(hub.sign_in("bose")) as client:
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


def test_a_service_that_is_killed_comes_again_with_all_that_was_shared(hub):
    ada = token_of(hub, "ada")
    service = hub.service()
    os.kill(service.pid, signal.SIGKILL)

    def back() -> bool:
        try:
            return ask(hub, ada, "/items/engines/rides").status_code == 200
        except httpx.TransportError:
            return False

    wait_for(back, "hub's service after a kill")
