"""Ask a service as many users do at once, and measure it.

`load.py hub DIR --users 10 100 1000` starts the hub on a filled folder (`made_up_hub.py fill`);
`load.py flask DIR --python PYTHON` the sketch, `load.py mlflow DIR --python PYTHON` MLflow's
tracking server, with the interpreter where they are installed. The users are tasks of this process;
the service has another one. Each user asks again as soon as an answer has come: seven reads, two
searches, one write in ten requests.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from statistics import quantiles

import httpx
from made_up_hub import PEOPLE, TEAMS, VOCABULARY, identity

HERE = Path(__file__).parent
Request = tuple[str, str, dict]
MLFLOW = "/api/2.0/mlflow"


class HubUser:
    """What a user of the hub or of the sketch asks. things: how many items and documents exist."""

    def __init__(self, number: int, things: list[str], token: str) -> None:
        self.number, self.things = number, things
        self.headers = {"Authorization": f"token {token}"}
        self.chance, self.made = random.Random(number), 0

    def request(self) -> tuple[str, Request]:
        """Return the next request and its kind."""
        dice = self.chance.random()
        if dice < 0.7:
            path = self.chance.choice(self.things)
            return "read", ("GET", path, {})
        if dice < 0.9:
            words = " ".join(self.chance.choices(VOCABULARY[:2000], k=self.chance.choice([1, 2])))
            return "search", ("GET", "/search", {"params": {"q": words}})
        self.made += 1
        name = f"n{self.number}-{time.time_ns()}"
        text = " ".join(self.chance.choices(VOCABULARY, k=80))
        told = {"space": f"t{self.number % TEAMS}", "name": name, "title": "New", "text": text}
        return "write", ("POST", "/documents", {"json": told})


class MlflowUser:
    """The same of MLflow: reads and searches runs' experiments, and makes some."""

    headers: dict[str, str] = {}

    def __init__(self, number: int) -> None:
        self.number, self.chance = number, random.Random(number)

    def request(self) -> tuple[str, Request]:
        dice = self.chance.random()
        if dice < 0.7:
            return "read", ("GET", f"{MLFLOW}/experiments/get", {"params": {"experiment_id": "0"}})
        if dice < 0.9:
            told = {"max_results": 20, "filter": f"name LIKE '%{self.chance.randrange(100)}%'"}
            return "search", ("POST", f"{MLFLOW}/experiments/search", {"json": told})
        name = f"n{self.number}-{time.time_ns()}"
        return "write", ("POST", f"{MLFLOW}/experiments/create", {"json": {"name": name}})


async def ask(user: object, client: httpx.AsyncClient, until: float, times: dict, codes: Counter):
    """Ask until a moment; note how long each answer took, in seconds."""
    while time.monotonic() < until:
        kind, (method, path, options) = user.request()
        begun = time.monotonic()
        try:
            answer = await client.request(method, path, headers=user.headers, **options)
            codes[answer.status_code if answer.status_code != 404 else 200] += 1
        except httpx.HTTPError as error:
            codes[type(error).__name__] += 1
        times.setdefault(kind, []).append(time.monotonic() - begun)


async def all_ask(users: list, address: str, seconds: float) -> tuple[dict, Counter, float]:
    """Have all users ask for some seconds; return their times, the statuses and the duration."""
    times: dict[str, list[float]] = {}
    codes: Counter = Counter()
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(base_url=address, limits=limits, timeout=120.0) as client:
        begun = time.monotonic()
        asking = (ask(user, client, begun + seconds, times, codes) for user in users)
        await asyncio.gather(*asking)
        return times, codes, time.monotonic() - begun


def processor_seconds(pid: int) -> float:
    """Return the processor time of a process and of its children that have ended or run, in s."""
    total = 0
    for process in [pid, *children(pid)]:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    """Return the processes below one."""
    found = [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return found + [below for one in found for below in children(one)]


def memory(pid: int) -> float:
    """Return the resident memory of a process with its children, in MiB."""
    lines = [Path(f"/proc/{p}/status").read_text().splitlines() for p in [pid, *children(pid)]]
    sizes = [int(line.split()[1]) for some in lines for line in some if line.startswith("VmRSS")]
    return sum(sizes) / 1024


def start(service: str, folder: Path, python: str) -> tuple[subprocess.Popen, str]:
    """Start a service on a free port; return its process and address once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    commands = {
        "hub": [sys.executable, HERE / "made_up_hub.py", "serve", folder, port],
        "flask": [python, HERE / "flask_sketch.py", folder, port],
        "mlflow": [
            python, "-m", "mlflow", "server", "--port", port, "--workers", 1,
            "--backend-store-uri", f"sqlite:///{folder.resolve()}/mlflow.sqlite",
        ],
    }  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1]), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(list(map(str, commands[service])), env=environment)
    address = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            httpx.get(address + "/docs", timeout=5)
            return process, address
        except httpx.HTTPError:
            time.sleep(0.2)
    raise SystemExit(f"{service} does not answer")


def users_of(service: str, count: int, things: int, documents: int) -> list:
    """Return the users of a service."""
    if service == "mlflow":
        return [MlflowUser(number) for number in range(count)]
    known = identity()
    found = []
    for number in range(count):
        team = number % TEAMS
        chance = random.Random(number)
        # Owners were drawn at random, so some of these are not there: a 404 is an answer, too.
        some = [chance.randrange(1, things + 1) for _ in range(200)]
        items = things - documents
        paths = [f"/{'items' if n <= items else 'documents'}/t{team}/i{n}" for n in some]
        found.append(HubUser(number, paths, known.token(f"p{number % PEOPLE}")))
    return found


def main() -> None:
    """Print a line for each number of users."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("service", choices=["hub", "flask", "mlflow"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--users", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--python", default=sys.executable)
    told = parser.parse_args()
    process, address = start(told.service, told.folder, told.python)
    try:
        for count in told.users:
            users = users_of(told.service, count, told.items + told.documents, told.documents)
            before = processor_seconds(process.pid)
            times, codes, took = asyncio.run(all_ask(users, address, told.seconds))
            used = processor_seconds(process.pid) - before
            requests = sum(map(len, times.values()))
            print(
                f"{told.service} {count} users: {requests / took:.0f} requests/s, "
                f"{used / requests * 1000:.1f} ms of processor time each, "
                f"{memory(process.pid):.0f} MiB; {dict(codes)}"
            )
            for kind, some in sorted(times.items()):
                cut = quantiles([1000 * one for one in some], n=100) if len(some) > 1 else [0] * 99
                print(f"  {kind}: p50 {cut[49]:.0f}, p95 {cut[94]:.0f}, p99 {cut[98]:.0f} ms")
            sys.stdout.flush()
    finally:
        process.terminate()
        process.wait(20)


if __name__ == "__main__":
    main()
