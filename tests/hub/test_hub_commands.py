"""`lepton hub …` beside a running hub: what it waits for, what it makes, what it says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import typer
from small_hub import small_hub
from starlette.applications import Starlette
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from typer.testing import CliRunner

from lepton_hub.audit import append, mentions
from lepton_hub.audit.audit_chain import REDACTION
from lepton_hub.audit.audit_log import append_any
from lepton_hub.commands import hub_app
from lepton_hub.database import engine as engines
from lepton_hub.database.engine import DatabaseError, open_database
from lepton_hub.identity.made_up import own_hosts, secret_in
from lepton_hub.settings import settings_of


@pytest.fixture
def hub(tmp_path, monkeypatch):
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.3)
    for name in ("LEPTON_HUB_KEYS", "LEPTON_HUB_DATABASE", "LEPTON_HUB_BLOBS"):
        monkeypatch.delenv(name, raising=False)
    options = {"database": f"sqlite:///{tmp_path}/hub.sqlite", "blobs": str(tmp_path / "blobs")}
    with small_hub(tmp_path, **options) as hub:
        yield hub


def run(*words: str, **options: object):
    return CliRunner().invoke(hub_app, words, **options)


# ── Forgetting somebody ───────────────────────────────────────────────────────────────────────
def test_nobody_waits_while_it_asks_whether_to_forget(hub, tmp_path, monkeypatch):
    hub.make("ada", "~ada/notes")
    seen: list[int] = []

    def confirm(*_: object, **__: object) -> bool:
        seen.append(hub.get("bose", "/items").status_code)
        return True

    monkeypatch.setattr(typer, "confirm", confirm)
    answer = run("forget", str(tmp_path), "ada", "--by", "root", "--reason", "asked")
    assert answer.exit_code == 0, answer.output
    assert seen == [200]


def test_a_persons_space_is_forgotten_with_the_person_and_nobody_else(hub, tmp_path):
    hub.make("ada", "~ada/notes")
    hub.get("ada", "/items/~ada/notes")
    with hub.state.sessions.begin() as session:
        for subject in ("person:ADA", "~adam/notes", "~ADA/notes", "engines/ada"):
            about = {"of": subject, "title": "Ada"}
            append(session, actor="bose", action="grant.give", subject=subject, detail=about)
    answer = run("forget", str(tmp_path), "ada", "--by", "root", "--reason", "asked", "--yes")
    assert answer.exit_code == 0, answer.output
    told = [f"{one.actor} {one.subject} {one.detail}" for one in hub.log()]
    assert not any("~ada/" in one for one in told)
    for kept in ("person:ADA", "~adam/notes", "~ADA/notes", "engines/ada"):
        assert f"bose {kept} {{'of': '{kept}', 'title': 'Ada'}}" in told
    with hub.state.sessions.begin() as session:
        assert mentions(session, "ada") == []


@pytest.mark.parametrize("detail", [{}, {"count": 1}, {"count": 0, "digest": 5}])
def test_a_redaction_that_does_not_say_what_it_removed_is_reported(hub, tmp_path, detail):
    with hub.state.sessions.begin() as session:
        append_any(session, actor="eve", action=REDACTION, subject="audit", detail=detail)
    answer = run("verify", str(tmp_path))
    assert answer.exit_code == 1
    assert "is a redaction whose list of values does not match" in answer.output


# ── Keys ──────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("words", [["head"], ["verify", "--contents"], ["rotate-keys"]])
def test_no_command_makes_keys_for_a_hub_that_has_others(hub, tmp_path, monkeypatch, words):
    elsewhere = tmp_path / "not" / "there.json"
    monkeypatch.setenv("LEPTON_HUB_KEYS", str(elsewhere))
    answer = run(words[0], str(tmp_path), *words[1:])
    assert answer.exit_code == 1
    assert "LEPTON_HUB_KEYS" in answer.output + str(answer.exception)
    assert not elsewhere.exists()


def test_keys_that_others_can_read_are_refused_in_words(hub, tmp_path):
    (tmp_path / "keys.json").chmod(0o644)
    answer = run("head", str(tmp_path))
    assert isinstance(answer.exception, SystemExit)
    assert "chmod 600" in answer.output + str(answer.exception)


def test_a_secret_whose_writing_was_killed_is_not_taken_for_one(tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for make in (secret_in, lambda file: settings_of(tmp_path, metrics(file)).metrics_key()):
        file = tmp_path / f"secret-{make.__name__.strip('<>')}"
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            with pytest.raises(OSError, match="No space"):
                make(file)
        assert not file.exists()
        assert len(make(file)) in (32, 64)
        assert file.stat().st_mode & 0o077 == 0
    assert [one.name for one in tmp_path.glob("*.part")] == []


def metrics(file: Path) -> dict[str, str]:
    return {"LEPTON_HUB_METRICS": str(file)}


# ── Settings and databases ────────────────────────────────────────────────────────────────────
def test_a_variable_that_is_empty_counts_as_not_set(tmp_path):
    usual = settings_of(tmp_path, {})
    names = ("DATABASE", "BLOBS", "KEYS", "WORKERS", "LARGEST_UPLOAD", "JOBS_FOLDER", "JOBS_WALLS")
    assert settings_of(tmp_path, {f"LEPTON_HUB_{name}": "" for name in names}) == usual


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://ada:secret@db/hub", "SQLite or PostgreSQL"),
        ("postgresql+pg8000://ada:secret@db/hub", r"postgresql\+psycopg"),
    ],
)
def test_a_database_that_is_refused_keeps_its_password(url, words):
    with pytest.raises(DatabaseError, match=words) as raised:
        open_database(url)
    assert "secret" not in str(raised.value)


def test_a_server_that_is_not_there_is_told_in_words(tmp_path, monkeypatch):
    monkeypatch.setenv("LEPTON_HUB_DATABASE", f"postgresql+psycopg:///hub?host={tmp_path}")
    answer = run("log", str(tmp_path))
    assert isinstance(answer.exception, SystemExit)
    assert "lepton hub: " in answer.output + str(answer.exception)


# ── Addresses of this machine ─────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.5", "::1", "localhost"])
def test_a_hub_alone_answers_at_its_own_address_and_no_other(host):
    app = Starlette(routes=[Route("/", lambda _: PlainTextResponse("here"))])
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=own_hosts(host))
    client = TestClient(app)

    def asked(name: str) -> int:
        return client.get("/", headers={"host": f"{name}:8890"}).status_code

    assert asked(f"[{host}]" if ":" in host else host) == 200
    assert [asked(name) for name in ("evil.example", "localhost.evil.example")] == [400, 400]
