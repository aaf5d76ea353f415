"""A company's sign-in on loopback: an OpenID Connect provider, and a hub that people enter by it.

The provider is oidc-provider, which is certified; the hub, the example for a company in deploy/.
"""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx
import yaml
from conftest import CLONE, skip_unless_ci
from team_hub import SECONDS, wait_for

from lepton_team.folders import HubFolders
from lepton_team.ports import non_ephemeral_port
from lepton_team.proxy import node

SERVER = CLONE / "tests/team/identity_provider/server.mjs"
MODULES = Path(sys.prefix) / "share/lepton-identity-provider/node_modules"
TOKEN = "a-token-of-the-tests"
TEAM = "courses:\n  deep_learning:\n    instructors: [curie]\n"
ROSTER = "id,first_name,last_name,email,team\nada,Ada,Lovelace,ada@example.org,Engines\n"
CONFIG = """
load_subconfig({example!r})
c.JupyterHub.services = [  # nothing that needs accounts of the machine
    {{"name": "tests", "api_token": {token!r}}},
    {{
        "name": "deep_learning", "url": {course!r}, "api_token": {token!r}[::-1],
        "oauth_no_confirm": True, "timeout": 1,  # it comes later
    }},
]
c.JupyterHub.load_roles = [role for role in c.JupyterHub.load_roles if "groups" in role] + [
    {{"name": "tests", "scopes": ["list:users", "read:users"], "services": ["tests"]}}
]
c.OpenIDAuthenticator.course_groups = {{
    "teachers": "formgrade-deep_learning",
    "staff": "nbgrader-deep_learning",
}}
c.Authenticator.auth_refresh_age = 1
"""

PEOPLE = {
    "ada": {"groups": ["staff", "chess"]},
    "curie": {"groups": ["teachers", "staff"]},
    "mallory": {"groups": ["chess"]},
    "course-deep_learning": {"groups": ["staff"]},
}


def skip_without_provider() -> None:
    """Skip the test where the provider is not installed, but fail in CI."""
    if not MODULES.exists():
        skip_unless_ci("The identity provider is not installed: make test-team")


class Company:
    """An identity provider, and a hub that trusts it.

    groups: "from-provider", or "" where team.yml and the roster say who is in a course.
    """

    def __init__(self, folder: Path, groups: str = "from-provider") -> None:
        self.folders = HubFolders(folder / "team")
        self.log = folder / "log"
        self.config = folder / "config.py"
        ports = [non_ephemeral_port() for _ in range(5)]
        self.url = f"http://127.0.0.1:{ports[0]}"
        self.issuer = f"http://127.0.0.1:{ports[3]}"
        self.hub_api = f"http://127.0.0.1:{ports[1]}/hub/api"
        self.course = f"http://127.0.0.1:{ports[4]}"
        self.environment = {
            **os.environ,
            "LEPTON_TEAM": str(self.folders.root),
            "LEPTON_TEAM_PORT": str(ports[0]),
            "LEPTON_TEAM_HUB_PORT": str(ports[1]),
            "LEPTON_TEAM_PROXY_PORT": str(ports[2]),
            "LEPTON_TEAM_ADDRESS": self.url,
            "OIDC_ISSUER": self.issuer,
            "OIDC_CLIENT": "hub",
            "OIDC_SECRET": "a-secret-for-tests",
            "OIDC_GROUPS": groups,
            "JUPYTERHUB_CRYPT_KEY": "5e" * 32,
        }
        self.processes: list[subprocess.Popen] = []

    def start(self) -> None:
        """Start both, and wait until they are there."""
        self.folders.hub.mkdir(parents=True)
        self.folders.team_file.write_text(TEAM, encoding="utf-8")
        roster = self.folders.classroom("deep_learning") / "roster.csv"
        roster.parent.mkdir(parents=True)
        roster.write_text(ROSTER, encoding="utf-8")
        example = str(CLONE / "deploy/jupyterhub/company_config.py")
        config = CONFIG.format(example=example, token=TOKEN, course=self.course)
        self.config.write_text(config, encoding="utf-8")
        callback, after = f"{self.url}/hub/oauth_callback", f"{self.url}/hub/login"
        port = self.issuer.rpartition(":")[2]
        people = json.dumps(PEOPLE)
        self._run(node(), str(SERVER), str(MODULES), port, callback, after, people)
        hub = [sys.executable, "-m", "jupyterhub", "-f", str(self.config)]
        self._run(*hub)

        def running() -> bool:
            assert all(process.poll() is None for process in self.processes), self.log.read_text()
            text = self.log.read_text()
            return "ready" in text and "JupyterHub is now running" in text

        wait_for(running, "hub of the company")

    def serve_course(self) -> None:
        """Start the course's server as the cluster does: with what stands in course.yaml."""
        manifests = (CLONE / "deploy/kubernetes/course.yaml").read_text(encoding="utf-8")
        [pod] = [m for m in yaml.safe_load_all(manifests) if m["kind"] == "Deployment"]
        [container] = pod["spec"]["template"]["spec"]["containers"]
        told = {one["name"]: one["value"] for one in container["env"] if "value" in one}
        self.environment |= told | {
            "HOME": str(self.folders.root),
            "JUPYTERHUB_API_TOKEN": TOKEN[::-1],
            "JUPYTERHUB_API_URL": self.hub_api,
            "JUPYTERHUB_SERVICE_URL": self.course,
        }
        server = CLONE / Path(container["command"][-1]).relative_to("/opt/lepton-course")
        self._run(sys.executable, *container["command"][1:-1], str(server), "--allow-root")
        wait_for(self._course_answers, "server of the course")

    def _course_answers(self) -> bool:
        assert self.processes[-1].poll() is None, self.log.read_text()
        try:
            return httpx.get(f"{self.course}/services/deep_learning/api").status_code == 200
        except httpx.TransportError:
            return False

    def _run(self, *command: str) -> None:
        with self.log.open("a") as output:
            self.processes.append(
                subprocess.Popen(
                    command,
                    env=self.environment,
                    cwd=self.folders.hub,
                    stdout=output,
                    stderr=output,
                )
            )

    def end(self) -> None:
        """Stop both; the hub ends its proxy."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(SECONDS)

    def browser(self) -> Browser:
        """Return a new browser, with no cookies."""
        return Browser(self)

    def next_token_says(self, **claims: object) -> None:
        """Have the provider's next ID token say something else."""
        httpx.put(f"{self.issuer}/test/token", json=claims).raise_for_status()

    def now_has(self, people: dict[str, object]) -> None:
        """Change the company's people."""
        httpx.put(f"{self.issuer}/test/people", json=people).raise_for_status()

    def groups(self) -> dict[str, list[str]]:
        """Return everybody whom the hub knows, with their groups."""
        headers = {"Authorization": f"token {TOKEN}"}
        users = httpx.get(f"{self.url}/hub/api/users", headers=headers).json()
        return {user["name"]: sorted(user["groups"]) for user in users}


class Browser:
    """What a browser does of its own: cookies, redirects, forms."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.client = httpx.Client(timeout=SECONDS)

    def go(self, address: str) -> httpx.Response:
        """Open a page, and follow it up to an answer; stop where the hub sends somebody on."""
        answer = self.client.get(address)
        while answer.is_redirect:
            there = urljoin(str(answer.url), answer.headers["location"])
            if there.startswith(f"{self.company.url}/hub/oauth_callback"):
                return answer
            answer = self.client.get(there)
        return answer

    def submit(self, page: httpx.Response, **fields: str) -> httpx.Response:
        """Fill in the one form of a page and send it."""
        text = page.text
        action = html.unescape(re.search(r'<form[^>]* action="([^"]+)"', text)[1])
        hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text)
        answer = self.client.post(urljoin(str(page.url), action), data={**dict(hidden), **fields})
        if not answer.is_redirect:
            return answer
        return self.go(urljoin(str(answer.url), answer.headers["location"]))

    def to_callback(self, name: str) -> str:
        """Sign in at the provider; return the address at which the hub awaits its answer."""
        page = self.go(f"{self.company.url}/hub/oauth_login")
        while not page.is_redirect:
            assert page.status_code == 200, page.text
            asks_who = 'name="login"' in page.text
            page = self.submit(page, **({"login": name, "password": "any"} if asks_who else {}))
        return page.headers["location"]

    def sign_in(self, name: str) -> httpx.Response:
        """Sign in; return the hub's answer: a redirect to where people arrive, or a refusal."""
        return self.client.get(self.to_callback(name))

    def home(self) -> int:
        """Return the status of the hub's page for those who are signed in."""
        return self.client.get(f"{self.company.url}/hub/home").status_code


def arrives_at(answer: httpx.Response) -> str:
    """Return the path that the hub sends somebody to."""
    assert answer.status_code == 302, answer.text
    place = urlsplit(answer.headers["location"])
    return f"{place.path}?{place.query}" if place.query else place.path


@contextmanager
def company(folder: Path, groups: str = "from-provider") -> Iterator[Company]:
    """Run a company's provider and hub."""
    found = Company(folder, groups)
    try:
        found.start()
        yield found
    finally:
        found.end()
