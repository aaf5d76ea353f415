"""`lepton hub start`: a real server on a socket, with made-up people; killed and started again."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import pytest
from bounded_waits import killed_after
from conftest import clean_environment
from small_hub import CARD
from typer.testing import CliRunner

from lepton_course.hub import HubConnection, load_shared, share
from lepton_hub.commands import hub_app
from lepton_team.ports import non_ephemeral_port


@dataclass
class AloneHub:
    """A running hub, and the tokens that it printed."""

    process: subprocess.Popen[str]
    url: str
    tokens: dict[str, str]

    def connect(self, name: str) -> HubConnection:
        return HubConnection(self.url, self.tokens[name])


@contextmanager
def alone(folder: Path, port: int) -> Iterator[AloneHub]:
    command = [sys.executable, "-m", "lepton_course.cli", "hub", "start", str(folder)]
    process = subprocess.Popen(
        [*command, "--port", str(port)], stdout=subprocess.PIPE, text=True, env=clean_environment()
    )
    try:
        said = ""
        with killed_after(process):
            while "Press Ctrl+C to stop" not in said:
                line = process.stdout.readline()
                assert line, said
                said += line
        assert "checks nobody's identity" in said
        tokens = dict(re.findall(r"LEPTON_HUB_TOKEN=((\w+)\.\w+)", said))
        hub = AloneHub(process, f"http://127.0.0.1:{port}", {n: t for t, n in tokens.items()})
        for _ in range(600):
            try:
                httpx.get(f"{hub.url}/health")
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield hub
    finally:
        process.kill()
        process.wait(60)


def test_what_was_shared_is_there_after_a_kill(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder, port = tmp_path / "hub", non_ephemeral_port()
    with alone(folder, port) as hub:
        with hub.connect("bose") as bose:
            reference = share("particles/rides", {"a": np.arange(5)}, card=CARD, hub=bose)
        away = httpx.get(f"{hub.url}/me", headers={"Host": "evil.example"})
        assert away.status_code == 400
        told = httpx.get(f"{hub.url}/me", headers={"Authorization": f"token {hub.tokens['ada']}"})
        assert "checks nobody's identity" in told.json()["sign_in"]
        assert "checks nobody's identity" in told.headers["lepton-sign-in"]
        os.kill(hub.process.pid, signal.SIGKILL)
        hub.process.wait(60)
    with alone(folder, port) as hub, hub.connect("curie") as curie:
        assert load_shared(reference, curie).arrays()["a"].tolist() == [0, 1, 2, 3, 4]
    head = tmp_path / "head.json"
    head.write_text(said_by("head", folder))
    assert "is intact" in said_by("verify", folder, "--head", str(head))
    assert "file.download  particles/rides@1" in said_by("log", folder)
    assert "Key 2 is in use" in said_by("rotate-keys", folder, "--retire")
    assert "Damaged contents: 0" in said_by("verify", folder, "--contents")
    [data] = [path for path in (folder / "blobs" / "data").rglob("*") if path.is_file()]
    data.write_bytes(data.read_bytes()[:-1] + b"?")
    assert "Damaged contents: 1" in said_by("verify", folder, "--contents", code=1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("start", "{}", "--host", "0.0.0.0"), "accepts only this machine"),
        (("verify", "{}/nothing"), "there is no hub in"),
    ],
)
def test_what_cannot_be_is_refused_in_words(tmp_path, arguments, words):
    command, folder, *more = (argument.format(tmp_path) for argument in arguments)
    assert words in said_by(command, folder, *more, code=1)


def said_by(command: str, folder: object, *more: str, code: int = 0) -> str:
    """Run a command of the hub's in this process; return what it says."""
    result = CliRunner().invoke(hub_app, [command, str(folder), *more])
    assert result.exit_code == code, result.output
    return result.output
