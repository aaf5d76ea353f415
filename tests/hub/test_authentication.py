"""Open paths need no authentication; other requests get it again once their body has arrived."""

from __future__ import annotations

import asyncio

import pytest
from small_hub import small_hub

from lepton_hub.identity import Person

KEY = "a key of metrics"
TOLD = b'{"space": "~ada", "name": "rides", "kind": "dataset", "card": {"title": "Rides", '
REST = b'"licence": "CC0-1.0", "origin": "made up", "personal_data": "none"}}'


@pytest.fixture
def hub(tmp_path):
    (tmp_path / "key").write_text(KEY, encoding="utf-8")
    (tmp_path / "key").chmod(0o600)
    with small_hub(tmp_path / "hub", metrics=str(tmp_path / "key")) as made:
        yield made


class AskedPeople:
    """Notes which tokens were asked about."""

    notice = None

    def __init__(self, known) -> None:
        self.known, self.asked = known, []

    async def person(self, token: str, place: str) -> Person:
        self.asked.append(token)
        return await self.known.person(token, place)


def test_what_is_open_is_answered_whether_jupyterhub_answers_or_not(hub):
    """Nor is the key of the metrics shown to anybody else."""
    hub.state.identity = people = AskedPeople(hub.known)
    cookie = hub.state.oauth.fernet.encrypt(b"ada").decode()
    headers = {"Authorization": f"Bearer {KEY}", "Cookie": f"lepton-hub={cookie}"}
    for path in ("/metrics", "/pages/static/hub.css", "/pages/static/hub.js"):
        answer = hub.client.get(path, headers=headers)
        assert (answer.status_code, people.asked) == (200, []), path
    assert hub.client.get("/pages/", headers={"Cookie": f"lepton-hub={cookie}"}).is_success
    assert people.asked == ["ada"]


def test_who_is_nobody_by_the_time_the_body_has_arrived_changes_nothing(hub):
    async def work() -> int:
        begun, go_on = asyncio.Event(), asyncio.Event()
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
            "scheme": "http", "path": "/items", "raw_path": b"/items", "query_string": b"",
            "headers": [(b"authorization", b"token ada"), (b"content-type", b"application/json")],
            "client": ("10.0.0.1", 1), "server": ("testserver", 80),
        }  # fmt: skip
        parts, statuses = [TOLD, REST], []

        async def receive():
            if len(parts) == 1:
                begun.set()
                await go_on.wait()
            part = parts.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(parts)}

        async def send(message):
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        sending = asyncio.create_task(hub.app(scope, receive, send))
        await begun.wait()
        del hub.known.people["ada"]
        go_on.set()
        await sending
        return statuses[0]

    ada = hub.known.people["ada"]
    assert asyncio.run(work()) == 401
    hub.known.people["ada"] = ada
    assert hub.get("ada", "/items").json()["total"] == 0
