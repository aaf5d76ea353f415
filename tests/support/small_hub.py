"""A hub in a folder of its own, with people whom a test makes up, asked without a socket."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import uuid4

import httpx
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import Engine

from lepton_hub.api.middleware.fair_turns import FairTurns
from lepton_hub.api.service_state import open_service
from lepton_hub.application import create_app
from lepton_hub.audit import Entry, entries
from lepton_hub.database import open_database, upgrade_database
from lepton_hub.identity.oauth import OAuthSignIn
from lepton_hub.identity.person import IdentityError, Person
from lepton_hub.settings import HubSettings, settings_of

ADA = Person("ada", frozenset({"engines"}), "analytical")
BOSE = Person("bose", frozenset({"engines", "particles"}), "analytical")
CURIE = Person("curie", frozenset({"particles"}), "quantum")
DORA = Person("dora")
GRACE = Person("grace", admin=True)
PEOPLE = (ADA, BOSE, CURIE, DORA, GRACE)

CARD = {
    "title": "Riders by day",
    "licence": "CC0-1.0",
    "origin": "counted by hand",
    "personal_data": "none",
}


class KnownPeople:
    """Knows people by their names: a test double of JupyterHub."""

    notice = None

    def __init__(self) -> None:
        self.people = {person.name: person for person in PEOPLE}

    async def person(self, token: str, place: str) -> Person:
        if token not in self.people:
            raise IdentityError("Nobody is known by this token.")
        return self.people[token]


class SmallHub:
    """A hub's service, and requests in people's names."""

    def __init__(self, settings: HubSettings) -> None:
        self.known = KnownPeople()
        told = ("hub", "secret", "/hub/authorize", "http://hub/token", "/oauth_callback")
        # Without certificates: to load them takes as long as to open the hub.
        oauth = OAuthSignIn(*told, jupyterhub=httpx.AsyncClient(verify=False))
        self.state = open_service(settings, self.known, oauth)
        self.app = create_app(self.state)
        self.client = TestClient(self.app, raise_server_exceptions=False)

    def ask(self, who: str, method: str, path: str, **options: Any) -> Response:
        """Ask as somebody."""
        headers = {"Authorization": f"token {who}", **options.pop("headers", {})}
        return self.client.request(method, path, headers=headers, **options)

    def get(self, who: str, path: str, **options: Any) -> Response:
        return self.ask(who, "GET", path, **options)

    def post(self, who: str, path: str, told: object, **headers: str) -> Response:
        return self.ask(who, "POST", path, json=told, headers=headers)

    def make(self, who: str, reference: str, kind: str = "dataset", **card: Any) -> Response:
        """Make an item."""
        space, name = reference.split("/")
        told = {"space": space, "name": name, "kind": kind, "card": {**CARD, **card}}
        return self.post(who, "/items", told)

    def upload(self, who: str, content: bytes) -> str:
        """Upload a content; return the upload's id."""
        told = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        id_ = self.post(who, "/uploads", told).json()["id"]
        if content:
            sent = self.ask(
                who, "PATCH", f"/uploads/{id_}", content=content, headers={"Upload-Offset": "0"}
            )
            assert sent.status_code == 204, sent.text
        return id_

    def add(self, who: str, reference: str, files: dict[str, bytes], **more: Any) -> Response:
        """Upload files and add a version of them."""
        told = [{"path": p, "upload": self.upload(who, content)} for p, content in files.items()]
        return self.post(who, f"/items/{reference}/versions", {"files": told, **more})

    def grant(self, who: str, reference: str, subject: str, name: str, role: str) -> Response:
        told = {"subject": subject, "name": name, "role": role}
        return self.ask(who, "PUT", f"/items/{reference}/grants", json=told)

    def fair_turns(self) -> FairTurns:
        """Return the layer that gives requests their turns; the first request has made it."""
        layer: Any = self.app.middleware_stack
        while not isinstance(layer, FairTurns):
            layer = layer.app
        return layer

    def log(self, **which: Any) -> list[Entry]:
        """Return entries of the audit log, the newest first."""
        with self.state.sessions.begin() as session:
            return entries(session, **which)


IN_MEMORY = "sqlite://"


@cache
def _migrated() -> Engine:
    """Return a database in memory after all migrations, which run once in a process."""
    engine = open_database(IN_MEMORY)
    upgrade_database(engine)
    return engine


def _copy_migrated(engine: Engine) -> None:
    """Fill an empty database in memory as the migrations would."""
    source, target = _migrated().raw_connection(), engine.raw_connection()
    source.driver_connection.backup(target.driver_connection)
    source.close()
    target.close()


@contextmanager
def small_hub(folder: Path, tidies: bool = False, **settings: Any) -> Iterator[SmallHub]:
    """Run a hub; without a database of its own, it keeps what it has in memory.

    tidies: whether it does so by itself, which a database in memory does not allow: it has one
    connection, and a request may be using it.
    """
    usual = {
        "database": IN_MEMORY,
        "blobs": f"memory://{uuid4().hex}",
        "requests_a_minute": 1e9,
        "burst": 10**9,
    }
    told = replace(settings_of(folder, {}), **{**usual, **settings})
    migrate = _copy_migrated if told.database == IN_MEMORY else upgrade_database
    with mock.patch("lepton_hub.api.service_state.upgrade_database", migrate):
        hub = SmallHub(told)
    with ExitStack() as stack:
        if not tidies:
            untidy = mock.patch("lepton_hub.application._tidy_regularly", mock.AsyncMock())
            stack.enter_context(untidy)
        stack.enter_context(hub.client)
        yield hub
    hub.state.engine.dispose()
