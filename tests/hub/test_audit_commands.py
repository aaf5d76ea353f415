"""What an operator types to have a head signed, to check it, and to forget a person."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from audit_logs import cut_log
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from lepton_hub.audit import append, head_public_key
from lepton_hub.commands import hub_app
from lepton_hub.database import open_database, upgrade_database
from lepton_hub.keys import KeyRing
from lepton_hub.settings import settings_of


class AuditedHub:
    """A hub's folder with five entries in its log."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = settings_of(folder)
        self.engine = open_database(self.settings.database)
        upgrade_database(self.engine)
        self.keys = KeyRing.load_or_create(self.settings.keys)
        self.grow("ada", "bose", "ada", "curie", "ada")

    def grow(self, *actors: str) -> None:
        for actor in actors:
            with Session(self.engine) as session, session.begin():
                append(session, actor=actor, action="read", subject="person:bose", detail={})

    def run(self, command: str, *more: object, code: int = 0) -> str:
        result = CliRunner().invoke(hub_app, [command, str(self.folder), *map(str, more)])
        assert result.exit_code == code, result.output
        return result.output


@pytest.fixture
def hub(tmp_path, monkeypatch) -> AuditedHub:
    for name in ("DATABASE", "DATABASE_KEY", "BLOBS", "KEYS"):
        monkeypatch.delenv(f"LEPTON_HUB_{name}", raising=False)
    return AuditedHub(tmp_path / "hub")


@pytest.fixture
def kept(hub, tmp_path) -> Path:
    path = tmp_path / "head.json"
    path.write_text(hub.run("head"))
    return path


def test_a_kept_head_shows_that_the_end_was_cut_off(hub, kept):
    hub.grow("bose")
    assert "intact: 6 entries" in hub.run("verify", "--head", kept)
    cut_log(hub.engine, first=5)
    assert "intact" in hub.run("verify")
    assert "Entry 5 is missing" in hub.run("verify", "--head", kept, code=1)


def test_a_head_of_another_hub_or_a_changed_one_counts_for_nothing(hub, kept):
    head = json.loads(kept.read_text())
    kept.write_text(json.dumps({**head, "number": 4}))
    assert "not signed by this hub" in hub.run("verify", "--head", kept, code=1)
    for text in ("", "{}", "[1]", '{"number": 1}', "\x00", json.dumps({**head, "generation": "x"})):
        kept.write_text(text)
        assert "lepton hub verify: " in hub.run("verify", "--head", kept, code=1)
    kept.write_bytes(b"\xff")
    assert "not a head" in hub.run("verify", "--head", kept, code=1)
    assert "there is no" in hub.run("verify", "--head", kept.with_name("other"), code=1)


def test_a_head_outlives_the_key_that_signed_it(hub, kept):
    public = hub.run("head", "--public-key").strip()
    assert public == head_public_key(hub.keys)
    hub.keys.add_generation()
    hub.keys.retire(1)
    assert "retired" in hub.run("verify", "--head", kept, code=1)
    assert "intact" in hub.run("verify", "--head", kept, "--public-key", public)
    wrong = head_public_key(KeyRing.in_memory())
    assert "not signed" in hub.run("verify", "--head", kept, "--public-key", wrong, code=1)


def test_forgetting_a_person_removes_the_name_and_keeps_the_proof(hub):
    why = ("--by", "root", "--reason", "request of 2 March")
    asked = CliRunner().invoke(hub_app, ["forget", str(hub.folder), "ada", *why], input="n\n")
    assert asked.exit_code == 1 and "Remove 3 values of 3 entries?" in asked.output
    assert hub.run("log").count("ada") == 3
    assert "Removed 3 values of 3 entries; entry 6" in hub.run("forget", "ada", *why, "--yes")
    log = hub.run("log")
    assert "ada" not in log and "request of 2 March" in log and log.count("root") == 1
    assert "does not name ada" in hub.run("forget", "ada", *why)
    assert "intact: 6 entries" in hub.run("verify")
    assert "Removed 6 values" in hub.run("forget", "bose", *why, "--yes")
    assert "intact: 7 entries" in hub.run("verify")
