"""Start a team's JupyterHub as `make hub` does, and sign in to it."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import websocket
import yaml
from conftest import CLONE, skip_unless_ci

from autograder.classroom.roster import Student, write_roster
from lepton_team.accounts import number_accounts, read_accounts, write_accounts
from lepton_team.folders import SHARING_ACCOUNT, HubFolders, course_account
from lepton_team.ports import non_ephemeral_port

COURSE, ASSIGNMENT = "deep_learning", "tensors_and_gradients"
PASSWORD = "lepton"
NAMES = [f"LEPTON_TEAM{part}_PORT" for part in ("", "_HUB", "_PROXY", "_COURSE", "_SHARING")]
SECONDS = 300
"""Most that a test waits for anything: ten times what it takes where nothing else runs."""


def skip_without_hub() -> None:
    """Skip the test where no hub can be started, but fail in CI."""
    if importlib.util.find_spec("jupyterhub") is None:
        skip_unless_ci("JupyterHub is not installed: make install-team")
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        skip_unless_ci("A hub whose users have accounts of their own needs root.")


def small_curriculum(folder: Path) -> Path:
    """Write a curriculum of one module of the course, from which a class is soon made."""
    module = f"basics/01_{ASSIGNMENT}"
    target = folder / "curriculum"
    shutil.copytree(CLONE / "curriculum" / module, target / module)
    syllabus = yaml.safe_load((CLONE / "curriculum/syllabus.yml").read_text(encoding="utf-8"))
    entries = [entry for entry in syllabus if entry["id"] == module]
    (target / "syllabus.yml").write_text(yaml.safe_dump(entries), encoding="utf-8")
    return target


class TeamHub:
    """A hub in a folder of its own, with the instructor curie.

    database: returns the URL of a new database on a server; without one, files of SQLite are used.
    learners: their names; without them, the demonstration's ada and bose.
    """

    def __init__(
        self,
        folder: Path,
        database: Callable[[str], str] | None = None,
        learners: Sequence[str] = (),
    ) -> None:
        self.folders = HubFolders(folder / "team")
        self.log = folder / "hub.log"
        self.curriculum = small_curriculum(folder)
        self.ports = [non_ephemeral_port() for _ in range(len(NAMES))]
        self.url = f"http://127.0.0.1:{self.ports[0]}"
        self.process: subprocess.Popen | None = None
        self.database = database("hub") if database else None
        self.gradebook = (
            database("gradebook") if database else f"sqlite:///{self.classroom}/gradebook.db"
        )
        self.roster = folder / "roster.csv" if learners else None
        if self.roster:
            write_roster(self.roster, [Student(id_, "", "", "", "") for id_ in learners])
        self._number_accounts(learners or ("ada", "bose"))

    def _number_accounts(self, learners: Sequence[str]) -> None:
        """Give the accounts numbers that no other hub's have: the system limits by number."""
        self.folders.hub.mkdir(parents=True)
        names = [*learners, "curie", course_account(COURSE), SHARING_ACCOUNT]
        first = 100_000 + len(names) * self.ports[0]
        accounts = number_accounts(names, self.folders.homes, first=first)
        write_accounts(self.folders.accounts, accounts)

    @property
    def classroom(self) -> Path:
        return self.folders.classroom(COURSE)

    def home(self, name: str) -> Path:
        return self.folders.homes / name

    def number(self, name: str) -> int:
        """Return the number of a made-up user's account."""
        accounts = read_accounts(self.folders.accounts, self.folders.homes)
        [found] = [account.number for account in accounts if account.name == name]
        return found

    def start(self, **more: str) -> None:
        """Start the hub, and wait until it and the course's server are there.

        more: settings of the environment.
        """
        command = [sys.executable, str(CLONE / "deploy/jupyterhub/start.py")]
        command += [str(self.folders.root), "--curriculum", str(self.curriculum)]
        command += ["--port", str(self.ports[0])]
        if self.roster:
            command += ["--roster", str(self.roster)]
        settings = dict(zip(NAMES, map(str, self.ports), strict=True))
        settings["LEPTON_HUB_MADE_UP"] = "off"
        if self.database:
            command += ["--gradebook", self.gradebook]
            settings["LEPTON_TEAM_DATABASE"] = self.database
        with self.log.open("a") as output:
            before = output.tell()
            self.process = subprocess.Popen(
                command, env={**os.environ, **settings, **more}, stdout=output, stderr=output
            )

        def running() -> bool:
            text = self.log.read_bytes()[before:].decode(errors="replace")
            assert self.process.poll() is None, text
            # The page for signing in answers earlier, when the ways to people's servers may lack.
            return "JupyterHub is now running" in text

        wait_for(running, "hub")

    def command(self, client: httpx.Client, text: str) -> None:
        """Type a command into a new terminal of the course's server; do not wait for its end."""
        place = f"/services/{COURSE}/api/terminals"
        assert client.get(f"/services/{COURSE}/lab").status_code == 200
        name = self.post(client, place, {}).json()["name"]
        cookies = "; ".join(
            f"{c.name}={c.value}" for c in client.cookies.jar if place.startswith(c.path)
        )
        address = f"ws{self.url[4:]}/services/{COURSE}/terminals/websocket/{name}"
        connection = websocket.create_connection(address, cookie=cookies, timeout=SECONDS)
        while json.loads(connection.recv())[0] != "setup":  # earlier, nobody reads what is typed
            pass
        connection.send(json.dumps(["stdin", f"{text}\n"]))
        connection.close()

    def kill(self) -> None:
        """Kill the hub as a failing machine would: it can tidy nothing up."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)

    def stop(self) -> None:
        """Stop the hub as Ctrl+C does, then people's servers, which go on without it."""
        self.process.terminate()
        self.process.wait(SECONDS)
        self.end()

    def end(self) -> None:
        """Kill the hub and all that it has started, and wait until nothing is left."""
        if self.process:
            self.process.kill()
            self.process.wait(SECONDS)
        wait_for(lambda: not self._killed(), "end of what the hub has started")

    def _killed(self) -> list[int]:
        """Kill the hub's processes; return their numbers."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if self._is_ours(process):
                    found.append(int(process.name))
                    os.kill(found[-1], signal.SIGKILL)
        return found

    def _is_ours(self, process: Path) -> bool:
        """Return whether a process has the hub's view of the machine."""
        return str(self.folders.root) in (process / "mountinfo").read_text()

    def sign_in(self, name: str) -> httpx.Client:
        """Return a client that is signed in; close it when done."""
        client = httpx.Client(base_url=self.url, follow_redirects=True, timeout=SECONDS)
        page = client.get("/hub/login").text
        token = re.search(r'name="_xsrf" value="([^"]+)"', page)[1]
        form = {"username": name, "password": PASSWORD, "_xsrf": token}
        assert client.post("/hub/login", data=form).status_code == 200
        return client

    def put(self, client: httpx.Client, where: str, content: object) -> httpx.Response:
        """Write a file through a server's contents API, as JupyterLab in a browser does."""
        return client.put(
            where, json=content, headers={"X-XSRFToken": request_token(client, where)}
        )

    def post(self, client: httpx.Client, where: str, form: dict[str, str]) -> httpx.Response:
        """Post to a server, as JupyterLab in a browser does."""
        headers = {"X-XSRFToken": request_token(client, where)}
        return client.post(where, json=form, headers=headers)

    def start_lab(self, client: httpx.Client, name: str) -> None:
        """Start a learner's JupyterLab, unless it runs, and wait until it is there."""
        client.get("/hub/spawn")
        self.lab_answers(client, name)

    def lab_answers(self, client: httpx.Client, name: str) -> None:
        """Wait until a learner's JupyterLab is there; a new hub first looks for those that run."""

        def ready() -> bool:
            found = client.get(f"/user/{name}/lab")
            return found.status_code == 200 and found.url.path.startswith(f"/user/{name}/lab")

        wait_for(ready, f"server of {name}")

    def run_as(self, name: str, *command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run a command as a made-up user, with the view and the limits that their server has."""
        pid = self.server_process(name)
        enter = ["nsenter", f"--target={pid}", "--mount", "--wd=/"]
        limits = [
            f"--{option}={limit_of(pid, words)}"
            for option, words in (("nproc", "Max processes"), ("data", "Max data size"))
        ]
        become = ["setpriv", f"--reuid={name}", f"--regid={name}", "--clear-groups", "--"]
        environment = dict(
            line.split("=", 1)
            for line in Path(f"/proc/{pid}/environ").read_text().split("\0")
            if "=" in line
        )
        return subprocess.run(
            [*enter, *become, "prlimit", *limits, "env", f"--chdir={cwd}", *command],
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )

    def server_process(self, name: str) -> int:
        """Return the process of a user's JupyterLab."""
        [found] = self.server_processes(name) or [None]
        assert found, f"{name} has no server:\n{self.log.read_text()}"
        return found

    def server_processes(self, name: str) -> list[int]:
        """Return the process of a user's JupyterLab; nothing where none runs."""
        return [pid for pid, command in self.processes(name) if "jupyterhub.singleuser" in command]

    def processes(self, name: str) -> list[tuple[int, str]]:
        """Return all processes of a user's server, with their commands."""
        found, number = [], self.number(name)
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if process.stat().st_uid == number and self._is_ours(process):
                    found.append((int(process.name), (process / "cmdline").read_text()))
        return found


def request_token(client: httpx.Client, where: str) -> str:
    """Return the token against forged requests of the server at a path."""
    fitting = [c for c in client.cookies.jar if c.name == "_xsrf" and where.startswith(c.path)]
    return max(fitting, key=lambda cookie: len(cookie.path)).value or ""


def limit_of(pid: int, words: str) -> str:
    """Return a limit of a process, by its words in /proc."""
    text = Path(f"/proc/{pid}/limits").read_text()
    return re.search(rf"^{words} +(\w+)", text, re.MULTILINE)[1]


def wait_for(ready: Callable[[], object], what: str, seconds: float = SECONDS) -> None:
    """Wait until `ready` returns something true; fail after so many seconds."""
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, f"There was no {what} within {seconds} s."
        time.sleep(0.2)


@contextmanager
def team_hub(folder: Path, database: Callable[[str], str] | None = None) -> Iterator[TeamHub]:
    """Run a hub."""
    hub = TeamHub(folder, database)
    try:
        hub.start()
        yield hub
    finally:
        hub.end()
