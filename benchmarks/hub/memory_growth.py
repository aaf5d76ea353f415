"""Measure the hub's memory over many requests: `memory_growth.py FOLDER [--requests 10000]`.

FOLDER is that of `load.py`, or is filled the first time. Eight people at a time read, search, make
documents, share files and look at pages, through the API and as browsers do. After each thousand
requests the proportional set size of the hub's process tree is printed.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
from load_services import UNIQUE, end_in_order, hub
from load_users import LoadUser
from made_up_hub import PEOPLE, TEAMS, VOCABULARY, sign_in
from process_usage import memory_mib, processor_seconds

from lepton_hub.identity.oauth import COOKIE

AT_ONCE = 8
CARD = {"title": "Made up", "licence": "CC0-1.0", "origin": "made up", "personal_data": "none"}
PAGES = ("/pages/", "/pages/items", "/pages/documents", "/pages/discussions", "/pages/team")
Answered = AsyncIterator[int]
"""The status of each answer to what somebody asks in a row."""


class MixedRequests:
    """Requests of all kinds to one hub."""

    def __init__(self, session: aiohttp.ClientSession, users: list[LoadUser]) -> None:
        self.session, self.users = session, users
        self.chance = random.Random(0)
        self.sign_in = sign_in()
        self.statuses: Counter[int] = Counter()

    async def send(self, count: int) -> None:
        """Send so many, some at a time."""
        left = iter(range(count))
        await asyncio.gather(*(self._send_while(left) for _ in range(AT_ONCE)))

    async def _send_while(self, left: Any) -> None:
        kinds: tuple[Callable[[int], Answered], ...] = (self._ask, self._look, self._share)
        while True:
            kind = self.chance.choices(kinds, (14, 4, 1))[0]
            async for status in kind(self.chance.randrange(PEOPLE)):
                self.statuses[status] += 1
                if next(left, None) is None:
                    return

    async def _ask(self, number: int) -> Answered:
        """What `load.py` asks."""
        asking = self.users[number].drawn(self.chance)
        yield await self._status(
            number, asking.method, asking.path, params=asking.query, json=asking.told
        )

    async def _look(self, number: int) -> Answered:
        """Look at a page, as a browser."""
        asking = self.users[number].drawn(self.chance)
        while asking.kind not in ("one", "search"):
            asking = self.users[number].drawn(self.chance)
        pages = (f"/pages{asking.path}", self.chance.choice(PAGES))
        headers = {"Cookie": f"{COOKIE}={self.sign_in.cookie_of(f'p{number}')}"}
        path = self.chance.choice(pages)
        query = asking.query if path.startswith("/pages/search") else {}
        yield await self._status(number, "GET", path, params=query, headers=headers)

    async def _share(self, number: int) -> Answered:
        """Make an item, upload a table, add it, read it and look at it."""
        item = {"space": f"t{number % TEAMS}", "name": f"new-{next(UNIQUE)}", "kind": "dataset"}
        path = f"/items/{item['space']}/{item['name']}"
        yield await self._status(number, "POST", "/items", json={**item, "card": CARD})
        words = self.chance.choices(VOCABULARY, k=2000)
        content = "\n".join(["word,number", *(f"{one},{len(one)}" for one in words)]).encode()
        told = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        headers = self.users[number].headers
        async with self.session.post("/uploads", json=told, headers=headers) as answer:
            upload = (await answer.json())["id"]
            yield answer.status
        yield await self._status(
            number,
            "PATCH",
            f"/uploads/{upload}",
            data=content,
            headers={**headers, "Upload-Offset": "0"},
        )
        version = {"files": [{"path": "a.csv", "upload": upload}]}
        yield await self._status(number, "POST", f"{path}/versions", json=version)
        yield await self._status(number, "GET", f"{path}/versions/1/files/a.csv")

    async def _status(self, number: int, method: str, path: str, **options: Any) -> int:
        options.setdefault("headers", self.users[number].headers)
        async with self.session.request(method, path, **options) as answer:
            await answer.read()
            return answer.status


async def measure(address: str, pid: int, users: list[LoadUser], requests: int, step: int) -> None:
    """Print a line for each step, and what the second half added."""
    async with aiohttp.ClientSession(address) as session:
        mixed = MixedRequests(session, users)
        sizes = [memory_mib(pid)]
        print("| requests | memory |\n|---:|---:|", flush=True)
        for done in range(step, requests + 1, step):
            await mixed.send(step)
            sizes.append(memory_mib(pid))
            print(f"| {done:,} | {sizes[-1]:.1f} MiB |", flush=True)
    added = sizes[-1] - sizes[len(sizes) // 2]
    each = processor_seconds(pid) / requests * 1000
    print(f"\nThe second half added {added:.1f} MiB.")
    print(f"With the hub's start, {each:.1f} ms of processor time a request.")
    print(f"Statuses: {dict(sorted(mixed.statuses.items()))}.")


def main() -> None:
    """Start the hub, and measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--step", type=int, default=1_000)
    parser.add_argument("--items", type=int, default=2_000)
    parser.add_argument("--documents", type=int, default=18_000)
    told = parser.parse_args()
    end_in_order()
    service = hub(told.folder.resolve() / "hub", told.items, told.documents)
    with service.started(os.sched_getaffinity(0)) as (pid, address):
        users = service.users(PEOPLE)
        asyncio.run(measure(address, pid, users, told.requests, told.step))


if __name__ == "__main__":
    main()
