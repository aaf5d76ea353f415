"""Measure nine o'clock on Monday: a company's people come at once, from one address.

    python benchmarks/hub/newcomers.py FOLDER [--people 600] [--milliseconds 10]

The hub has one core; JupyterHub and the users have the others. It is the installed JupyterHub or,
with --milliseconds, a stand-in that answers so long after the one before. Measured are the first
requests of people whom the hub has not seen, all at once, then those of some whom it knows: alone,
beside as many who send nothing but tokens that are nobody's, and the first requests of newcomers
then. All come from one address.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from secrets import token_hex
from statistics import quantiles

import aiohttp
from aiohttp import web
from process_usage import processor_seconds

from lepton_hub.api.service_state import open_service
from lepton_hub.application import create_app
from lepton_hub.identity.jupyterhub import JupyterHubIdentity
from lepton_hub.server import listening, serve
from lepton_hub.settings import settings_of

PATIENCE_SECONDS = 30.0
KNOWN, THINK_SECONDS, ROUND_SECONDS, LATE = 20, 0.2, 15.0, 20
"""Of those whom the hub knows: how many, and how they ask. LATE: newcomers beside guessers."""
SERVICE = "hub"
CONFIG = """
from jupyterhub.proxy import Proxy

class NoProxy(Proxy):
    should_start = False
    async def add_route(self, *told): pass
    async def delete_route(self, *told): pass
    async def get_all_routes(self): return {{}}

c.JupyterHub.proxy_class = NoProxy
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.log_level = "ERROR"
c.JupyterHub.services = [
    dict(name="filling", api_token={secret!r}),
    dict(name={service!r}, url="http://127.0.0.1:1"),
]
c.JupyterHub.load_roles = [
    dict(name="filling", scopes=["admin:users", "tokens"], services=["filling"]),
    dict(name="user", scopes=["self", "access:services!service={service}"]),
]
"""


@dataclass
class Waits:
    """How long requests took, with all tries; failures; how often somebody was told to wait."""

    seconds: list[float] = field(default_factory=list)
    failed: int = 0
    postponed: int = 0

    def __str__(self) -> str:
        if len(self.seconds) < 2:
            return f"{len(self.seconds)} answered, {self.failed} failed"
        cut = quantiles(self.seconds, n=20, method="inclusive")
        return (
            f"p50 {cut[9]:.2f} s, p95 {cut[18]:.2f} s, longest {max(self.seconds):.2f} s, "
            f"{len(self.seconds)} answered, {self.failed} gave up, {self.postponed} told to wait"
        )


class Crowd:
    """Users of a hub, each with a connection of their own."""

    def __init__(self, address: str, tokens: Sequence[str]) -> None:
        self.address, self.tokens = address, tokens

    async def come_at_once(self, tokens: Sequence[str]) -> Waits:
        """Have people send one request each, at the same moment."""
        waits = Waits()
        await asyncio.gather(*(self._ask_once(one, waits) for one in tokens))
        return waits

    async def ask_again_and_again(self, tokens: Sequence[str], seconds: float) -> Waits:
        """Have people ask, think, and ask again."""
        waits, end = Waits(), time.monotonic() + seconds

        async def ask(token: str) -> None:
            async with _session(self.address) as session:
                while time.monotonic() < end:
                    await self._answered(session, token, waits)
                    await asyncio.sleep(THINK_SECONDS)

        await asyncio.gather(*(ask(token) for token in tokens))
        return waits

    @contextmanager
    def guessing(self, number: int) -> Iterator[Waits]:
        """Have so many strangers send a new token that is nobody's after each answer."""
        waits = Waits()

        async def guess() -> None:
            async with _session(self.address) as session:
                while True:
                    with suppress(aiohttp.ClientError, OSError):
                        headers = {"Authorization": f"token {token_hex(16)}"}
                        async with session.get("/items", headers=headers) as answer:
                            await answer.read()
                            waits.seconds.append(0.0)

        tasks = [asyncio.create_task(guess()) for _ in range(number)]
        try:
            yield waits
        finally:
            for task in tasks:
                task.cancel()

    async def _ask_once(self, token: str, waits: Waits) -> None:
        async with _session(self.address) as session:
            await self._answered(session, token, waits)

    async def _answered(self, session: aiohttp.ClientSession, token: str, waits: Waits) -> None:
        begun = time.monotonic()
        headers = {"Authorization": f"token {token}"}
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    async with session.get("/items?limit=20", headers=headers) as answer:
                        await answer.read()
                        if answer.status == 200:
                            waits.seconds.append(time.monotonic() - begun)
                            return
                        pause = float(answer.headers["Retry-After"])
                    waits.postponed += 1
                    await asyncio.sleep(pause)
        except (aiohttp.ClientError, TimeoutError, OSError, KeyError):
            waits.failed += 1


async def measure(address: str, pid: int, tokens: list[str]) -> None:
    """Print what comes of each round. tokens: of the newcomers, of those who are known, of LATE."""
    people = len(tokens) - KNOWN - LATE
    crowd = Crowd(address, tokens)
    known, late = tokens[people : people + KNOWN], tokens[people + KNOWN :]
    used = processor_seconds(pid)
    print(f"{people} newcomers at once: {await crowd.come_at_once(tokens[:people])}", flush=True)
    print(f"  processor time of the hub: {processor_seconds(pid) - used:.1f} s", flush=True)
    await crowd.come_at_once(known)
    print(f"{KNOWN} known, alone: {await crowd.ask_again_and_again(known, ROUND_SECONDS)}")
    begun = time.monotonic()
    with crowd.guessing(people) as guesses:
        await asyncio.sleep(3.0)
        asking = asyncio.create_task(crowd.ask_again_and_again(known, ROUND_SECONDS))
        await asyncio.sleep(2.0)
        print(f"{LATE} newcomers beside {people} guessers: {await crowd.come_at_once(late)}")
        print(f"{KNOWN} known beside them: {await asking}")
        a_second = len(guesses.seconds) / (time.monotonic() - begun)
        print(f"  guesses answered: {a_second:.0f} a second", flush=True)


@contextmanager
def stand_in(seconds: float, people: int) -> Iterator[tuple[str, list[str]]]:
    """Run what answers as JupyterHub does; give its address and people's tokens."""
    port = _free_port()
    words = [sys.executable, __file__, "stand-in", str(port), str(seconds)]
    process = subprocess.Popen(words)
    try:
        _wait_for(f"http://127.0.0.1:{port}/hub/api/")
        yield f"http://127.0.0.1:{port}/hub/api", [f"p{number}" for number in range(people)]
    finally:
        process.terminate()
        process.wait()


def run_stand_in(port: int, seconds: float) -> None:
    """Answer whose a token is, one question after the other, as one thread does."""
    one_at_a_time = asyncio.Lock()

    async def user(request: web.Request) -> web.Response:
        name = request.headers["Authorization"].partition(" ")[2]
        async with one_at_a_time:
            await asyncio.sleep(seconds)
        if not name.startswith("p"):
            return web.json_response({}, status=403)
        scopes = [f"access:services!service={SERVICE}"]
        return web.json_response({"kind": "user", "name": name, "groups": [], "scopes": scopes})

    app = web.Application()
    app.router.add_get("/hub/api/user", user)
    app.router.add_get("/hub/api/", lambda _: web.Response())
    web.run_app(app, host="127.0.0.1", port=port, print=None)


@contextmanager
def jupyterhub(folder: Path, people: int) -> Iterator[tuple[str, list[str]]]:
    """Run JupyterHub with made-up people; give its address and their tokens."""
    port, secret = _free_port(), token_hex(32)
    config = folder / "jupyterhub_config.py"
    config.write_text(CONFIG.format(port=port, secret=secret, service=SERVICE))
    words = [sys.executable, "-m", "jupyterhub", "-f", str(config)]
    with (folder / "jupyterhub.log").open("w") as log:
        process = subprocess.Popen(words, cwd=folder, stdout=log, stderr=log)
    try:
        api = f"http://127.0.0.1:{port}/hub/api"
        _wait_for(f"{api}/")
        yield api, asyncio.run(_tokens(api, secret, people))
    finally:
        process.terminate()
        process.wait()


async def _tokens(api: str, secret: str, people: int) -> list[str]:
    headers = {"Authorization": f"token {secret}"}
    names = [f"p{number}" for number in range(people)]
    run = token_hex(4)
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.post(
            f"{api}/users", json={"usernames": [f"{n}-{run}" for n in names]}
        ) as made:
            made.raise_for_status()
        tokens = []
        for name in names:
            async with session.post(f"{api}/users/{name}-{run}/tokens") as answer:
                answer.raise_for_status()
                tokens.append((await answer.json())["token"])
        begun = time.perf_counter()
        for token in tokens[-LATE - KNOWN : -LATE]:
            told = {"Authorization": f"token {token}"}
            async with session.get(f"{api}/user", headers=told) as answer:
                answer.raise_for_status()
        each = (time.perf_counter() - begun) / KNOWN * 1000
        print(f"JupyterHub says whose a token is in {each:.1f} ms", flush=True)
    return tokens


def run_hub(folder: Path, api: str, port: int) -> None:
    """Serve a hub until this process is asked to end."""
    settings = replace(settings_of(folder, {}), requests_a_minute=1e9, burst=10**9)
    state = open_service(settings, JupyterHubIdentity(api, SERVICE))
    serve(create_app(state), listening("127.0.0.1", port, 0))


def main(told: argparse.Namespace) -> None:
    """Run all, and measure."""
    folder = told.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    people = told.people + KNOWN + LATE
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, set(cores[1:]) or set(cores))
    milliseconds = told.milliseconds
    beside = stand_in(milliseconds / 1000, people) if milliseconds else jupyterhub(folder, people)
    with beside as (api, tokens):
        port = _free_port()
        process = subprocess.Popen(
            [sys.executable, __file__, "hub", str(folder), api, str(port)],
            preexec_fn=lambda: os.sched_setaffinity(0, {cores[0]}),
        )
        try:
            _wait_for(f"http://127.0.0.1:{port}/health")
            asyncio.run(measure(f"http://127.0.0.1:{port}", process.pid, tokens))
        finally:
            process.terminate()
            process.wait()


def _session(address: str) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(address, timeout=aiohttp.ClientTimeout(total=None))


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _wait_for(address: str) -> None:
    for _ in range(600):
        with suppress(OSError):
            urllib.request.urlopen(address, timeout=10).close()
            return
        time.sleep(0.2)
    raise SystemExit(f"{address} does not answer")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if sys.argv[1] == "stand-in":
        run_stand_in(int(sys.argv[2]), float(sys.argv[3]))
    elif sys.argv[1] == "hub":
        run_hub(Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
    else:
        parser = argparse.ArgumentParser(description=__doc__)
        parser.add_argument("folder", type=Path)
        parser.add_argument("--people", type=int, default=600)
        parser.add_argument("--milliseconds", type=float, default=0.0)
        main(parser.parse_args())
