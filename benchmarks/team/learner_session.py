"""A made-up learner on a team's hub: the requests that a browser makes, without a browser."""

from __future__ import annotations

import json
import re
import ssl
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import urljoin

import httpx
import nbformat
import websocket
from nbformat import NotebookNode
from team_hub import ASSIGNMENT, COURSE, PASSWORD, request_token

STEPS = ("sign in", "lab ready", "fetch", "kernel", "checks", "save", "submit")
"""What a learner does, in this order."""

PATIENCE_SECONDS = 400
"""How long a learner waits for any one answer; the hub gives a server up after 300 s."""

NOTEBOOK = f"{COURSE}/{ASSIGNMENT}/assignment.ipynb"
WHICH = {"course_id": COURSE, "assignment_id": ASSIGNMENT}

LAB_ASKS = (
    "lab/api/settings",
    "lab/api/translations/",
    "lab/api/workspaces/default",
    "api/me",
    "api/kernelspecs",
    "api/sessions",
    "api/kernels",
    "api/terminals",
    "api/contents?content=1",
    "api/contents/START.ipynb?type=notebook&content=1",
)
"""What JupyterLab asks its server for when its page opens."""

_tls = ssl.create_default_context()  # each client would make one, which takes 20 ms


class LearnerFailure(Exception):
    """A learner could not do what they came for; the message says why."""


class LearnerSession:
    """What one learner does, step by step. Each step raises LearnerFailure, or httpx's errors.

    after: called with each step's name and seconds when it has been done.
    """

    def __init__(self, url: str, name: str, after: Callable[[str, float], None]) -> None:
        self.url, self.name, self._after = url, name, after
        self._base = f"/user/{name}/"
        self.checks_seconds: list[float] = []
        self._client = httpx.Client(
            base_url=url, follow_redirects=True, timeout=PATIENCE_SECONDS, verify=_tls
        )

    def close(self) -> None:
        self._client.close()

    def visit(self, answers: dict[str, str], pause: float) -> None:
        """Sign in, fetch, check each exercise unanswered and answered, and submit.

        answers: right ones, by grade id.
        pause: seconds of thought before each check.
        """
        began = time.monotonic()
        self.sign_in()
        self._after("sign in", time.monotonic() - began)
        self.wait_for_lab()
        self._after("lab ready", time.monotonic() - began)
        with self._step("fetch"):
            self._assignments("fetch")
        notebook = self._read(NOTEBOOK)
        with self._step("kernel"):
            kernel = self._start_kernel(notebook)
        with closing(kernel):
            with self._step("checks"):
                self.run_cells(kernel, notebook, right=False, pause=pause)
                write_answers(notebook, answers)
                self.run_cells(kernel, notebook, right=True, pause=pause)
            with self._step("save"):
                self._save(NOTEBOOK, notebook)
            with self._step("submit"):
                self._assignments("submit")

    def sign_in(self) -> None:
        """Sign in, which also begins the start of a server."""
        page = self._client.get("/hub/login").text
        found = re.search(r'name="_xsrf" value="([^"]+)"', page)
        if not found:
            raise LearnerFailure("the page for signing in has no form")
        form = {"username": self.name, "password": PASSWORD, "_xsrf": found[1]}
        answer = self._client.post("/hub/login", data=form)
        if "/hub/login" in answer.url.path or answer.status_code >= 400:
            raise LearnerFailure(f"sign-in was answered with {answer.status_code}")

    def wait_for_lab(self) -> None:
        """Wait until JupyterLab's page, its programs and what it asks for have come."""
        self._watch_start()
        page = self._client.get(f"{self._base}lab/tree/START.ipynb")
        if page.status_code != 200 or not page.url.path.startswith(f"{self._base}lab"):
            raise LearnerFailure(f"the lab's page: {page.status_code} at {page.url.path}")
        for source in re.findall(r'<script[^>]+src="([^"]+)"', page.text):
            self._get(urljoin(self._base, source))
        for place in LAB_ASKS:
            self._get(self._base + place)

    def _watch_start(self) -> None:
        """Follow the start of the server as the page that is shown meanwhile does."""
        place = f"/hub/api/users/{self.name}/server/progress"
        with self._client.stream("GET", place, headers=self._headers("/hub/")) as answer:
            if answer.status_code != 200:
                raise LearnerFailure(f"start of the server: {answer.status_code}")
            for line in answer.iter_lines():
                if line.startswith("data:"):
                    event = json.loads(line.removeprefix("data:"))
                    if event.get("failed"):
                        raise LearnerFailure(f"start of the server: {event.get('message')}")
                    if event.get("ready"):
                        return
        raise LearnerFailure("the hub ended its account of the server's start")

    def run_cells(
        self, kernel: KernelConnection, notebook: NotebookNode, right: bool, pause: float
    ) -> None:
        """Run all code cells; where `right`, every check must say so, and elsewhere none."""
        for cell in notebook.cells:
            if cell.cell_type != "code":
                continue
            check = cell.metadata.get("nbgrader", {}).get("grade")
            if check:
                time.sleep(pause)
            began = time.monotonic()
            said = kernel.run(cell.source)
            if check:
                self.checks_seconds.append(time.monotonic() - began)
                if ("right (" in said) != right:
                    raise LearnerFailure(f"{cell.source} said: {said[:200]}")

    def stop_server(self) -> None:
        """Stop the learner's server, as their own page at the hub does."""
        place = f"/hub/api/users/{self.name}/server"
        self._client.delete(place, headers=self._headers("/hub/"))

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self._after(name, time.monotonic() - began)

    def _assignments(self, action: str) -> None:
        """Have nbgrader's list of assignments fetch or submit."""
        place = f"{self._base}assignments"
        self._get(f"{place}?course_id={COURSE}")
        answer = self._client.post(
            f"{place}/{action}", json=WHICH, headers=self._headers(self._base)
        )
        if answer.status_code != 200 or not answer.json()["success"]:
            raise LearnerFailure(f"{action}: {answer.status_code} {answer.text[-500:]}")

    def _read(self, path: str) -> NotebookNode:
        answer = self._get(f"{self._base}api/contents/{path}?type=notebook&content=1")
        return nbformat.from_dict(answer.json()["content"])

    def _save(self, path: str, notebook: NotebookNode) -> None:
        answer = self._client.put(
            f"{self._base}api/contents/{path}",
            json={"type": "notebook", "format": "json", "content": notebook},
            headers=self._headers(self._base),
        )
        if answer.status_code not in (200, 201):
            raise LearnerFailure(f"saving: {answer.status_code} {answer.text[-500:]}")

    def _start_kernel(self, notebook: NotebookNode) -> KernelConnection:
        """Open the notebook's kernel, and run its setup cell, which imports torch."""
        answer = self._client.post(
            f"{self._base}api/sessions",
            json={
                "path": NOTEBOOK, "name": "", "type": "notebook", "kernel": {"name": "python3"},
            },
            headers=self._headers(self._base),
        )  # fmt: skip
        if answer.status_code != 201:
            raise LearnerFailure(f"kernel: {answer.status_code} {answer.text[-500:]}")
        number = answer.json()["kernel"]["id"]
        cookies = [c for c in self._client.cookies.jar if self._base.startswith(c.path)]
        kernel = KernelConnection(
            f"ws{self.url[4:]}{self._base}api/kernels/{number}/channels",
            "; ".join(f"{cookie.name}={cookie.value}" for cookie in cookies),
        )
        kernel.run(next(cell.source for cell in notebook.cells if cell.cell_type == "code"))
        return kernel

    def _get(self, place: str) -> httpx.Response:
        answer = self._client.get(place, headers=self._headers(self._base))
        if answer.status_code != 200:
            raise LearnerFailure(f"{place}: {answer.status_code}")
        return answer

    def _headers(self, where: str) -> dict[str, str]:
        return {"X-XSRFToken": request_token(self._client, where)}


class KernelConnection:
    """A kernel through its server's websocket, as JupyterLab speaks to it."""

    def __init__(self, address: str, cookie: str) -> None:
        self._session = uuid.uuid4().hex
        self._socket = websocket.create_connection(address, cookie=cookie, timeout=PATIENCE_SECONDS)

    def close(self) -> None:
        """Leave the kernel; it goes on."""
        self._socket.close()

    def run(self, code: str) -> str:
        """Run code, and return all that it showed. Raises LearnerFailure when it fails."""
        request = _message("execute_request", self._session, code)
        self._socket.send(json.dumps(request))
        shown: list[str] = []
        open_ends = {"reply", "idle"}
        while open_ends:
            message = json.loads(self._socket.recv())
            if message["parent_header"].get("msg_id") != request["header"]["msg_id"]:
                continue
            content = message["content"]
            match message["msg_type"]:
                case "stream":
                    shown.append(content["text"])
                case "display_data" | "execute_result" | "update_display_data":
                    shown += map(str, content["data"].values())
                case "error":
                    raise LearnerFailure(f"a cell failed: {content['ename']}: {content['evalue']}")
                case "status" if content["execution_state"] == "idle":
                    open_ends.discard("idle")
                case "execute_reply":
                    open_ends.discard("reply")
        return "\n".join(shown)


def _message(kind: str, session: str, code: str) -> dict[str, Any]:
    header = {
        "msg_id": uuid.uuid4().hex, "msg_type": kind, "session": session,
        "username": "", "version": "5.3", "date": "",
    }  # fmt: skip
    content = {
        "code": code, "silent": False, "store_history": True, "user_expressions": {},
        "allow_stdin": False, "stop_on_error": True,
    }  # fmt: skip
    return {
        "header": header, "parent_header": {}, "metadata": {}, "content": content,
        "channel": "shell", "buffers": [],
    }  # fmt: skip


def write_answers(notebook: NotebookNode, answers: dict[str, str]) -> None:
    """Write answers into the cells with these grade ids."""
    for cell in notebook.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell.source = answers.get(grade_id, cell.source)
