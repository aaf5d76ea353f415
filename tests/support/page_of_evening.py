"""A page of the documentation whose code runs, block by block, against a hub of its own."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from bounded_waits import killed_after, wait_and_kill
from conftest import CLONE, clean_environment
from typer.testing import CliRunner

from lepton_hub.commands import hub_app
from lepton_team.ports import non_ephemeral_port


@dataclass
class Evening:
    """A running hub, and what came of the blocks of the page that have run.

    home: stands in for the reader's home; each person has a folder below it. names: each person's
    variables. said: what each block printed, in the page's order, with who ran it; the status
    comes first for a command.
    """

    home: Path
    process: subprocess.Popen[str]
    url: str
    tokens: dict[str, str]
    browser_address: str
    client: httpx.Client
    names: dict[str, dict[str, Any]] = field(default_factory=dict)
    said: list[tuple[str, str]] = field(default_factory=list)

    def ask(self, who: str, path: str, **query: Any) -> httpx.Response:
        """Ask the hub something as somebody."""
        headers = {"Authorization": f"token {self.tokens[who]}"}
        return self.client.get(self.url + path, params=query or None, headers=headers)

    def told(self, who: str, words: str) -> str:
        """Return what the first block with some words in it printed for somebody."""
        return next(text for one, text in self.said if one == who and words in text)

    def run(self, language: str, code: str) -> None:
        """Run a block of the page."""
        if language == "sh":
            for command in code.splitlines():
                self._run_command(command)
            return
        who = re.match(r"# (\S+)\n", code)[1].lower()
        folder = self.home / who
        folder.mkdir(exist_ok=True)
        if who.endswith(".py"):
            (self.home / "curie" / who).write_text(code, encoding="utf-8")
            return
        told = {
            "HOME": str(self.home),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "LEPTON_HUB_URL": self.url,
            "LEPTON_HUB_TOKEN": self.tokens.get(who, ""),
        }
        out = StringIO()
        with pytest.MonkeyPatch.context() as patch, chdir(folder), redirect_stdout(out):
            for name, value in told.items():
                patch.setenv(name, value)
            names = self.names.setdefault(who, {"__name__": who})
            exec(compile(code, f"<{who}>", "exec"), names)
        self.said.append((who, out.getvalue()))

    def _run_command(self, command: str) -> None:
        program, *arguments = shlex.split(command.replace("~", str(self.home)))
        if program == "cp":
            subprocess.run([program, *arguments], check=True, timeout=60)
            return
        assert (program, arguments.pop(0)) == ("lepton", "hub")
        if arguments[0] != "start":
            mask = os.umask(0o077)
            os.umask(mask)
            result = CliRunner().invoke(hub_app, arguments)
            os.umask(mask)  # the command has made it stricter
            self.said.append(("operator", f"{result.exit_code} {result.output}"))


@contextmanager
def running_hub(folder: Path, log: Path) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """Run a hub with its worker; give its process, its address and what it printed."""
    port = non_ephemeral_port()
    program = [sys.executable, str(CLONE / "tests" / "support" / "evening_hub.py")]
    command = [*program, "start", str(folder), "--port", str(port)]
    with log.open("w") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env=clean_environment()
        )
    try:
        said = ""
        with killed_after(process):
            while "Press Ctrl+C to stop" not in said:
                line = process.stdout.readline()
                assert line, said + log.read_text()
                said += line
        url = f"http://127.0.0.1:{port}"
        for _ in range(600):
            try:
                httpx.get(f"{url}/health")
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield process, url, said
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        finally:
            wait_and_kill(process, 0)
