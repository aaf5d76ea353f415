"""A client of a hub that may be killed: what gets no answer is sent again until it does."""

from __future__ import annotations

import hashlib
import random
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx

LONGEST_SECONDS = 240.0
"""Longer than one request may take, and a life of the hub."""


class PatientClient:
    """Sends requests in somebody's name, and keeps what was acknowledged.

    facts: addresses, and what they answer from now on: bytes, a part of some JSON, or None where
    nothing is there any more. done, sent_again: how often.
    """

    def __init__(self, url: str, person: str, seed: int) -> None:
        self.person = person
        headers = {"Authorization": f"token {person}"}
        self.client = httpx.Client(base_url=url, headers=headers, timeout=120)
        self.chance = random.Random(f"{seed} {person}")
        self.facts: dict[str, Any] = {}
        self.done: Counter[str] = Counter()
        self.sent_again: Counter[str] = Counter()

    def send(
        self, method: str, path: str, told: object = None, **headers: str
    ) -> tuple[httpx.Response, bool]:
        """Send a request until it is answered; return the answer, and whether it was sent again.

        A hub that does not come back in time is an error: nobody waits for it for ever.
        """
        again = False
        end = time.monotonic() + LONGEST_SECONDS
        while True:
            try:
                answer = self.client.request(method, path, json=told, headers=headers)
            except httpx.TransportError:
                if time.monotonic() > end:
                    raise
                again = True
                self.sent_again[method] += 1
                time.sleep(0.01)
            else:
                if answer.status_code != 503 or time.monotonic() > end:
                    return answer, again

    def post(self, path: str, told: object, status: int = 201) -> Any:
        key = str(UUID(int=self.chance.getrandbits(128)))
        answer, _ = self.send("POST", path, told, **{"Idempotency-Key": key})
        assert answer.status_code == status, (path, answer.text)
        return answer.json()

    def read(self, path: str) -> httpx.Response:
        answer, _ = self.send("GET", path)
        assert answer.status_code == 200, (path, answer.text)
        return answer

    def remove(self, path: str, status: int = 204) -> None:
        answer, again = self.send("DELETE", path)
        assert answer.status_code == status or (again and answer.status_code == 404), answer.text

    def upload(self, content: bytes) -> str:
        """Upload a content in pieces that come slowly; where one breaks off, go on."""
        told = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        id_ = self.post("/uploads", told)["id"]
        place = 0
        while place < len(content):
            piece = content[place : place + self.chance.choice([40_000, 150_000])]
            headers = {"Upload-Offset": str(place)}
            try:
                sent = self.client.patch(f"/uploads/{id_}", content=_slowly(piece), headers=headers)
                assert sent.status_code in (204, 503), sent.text
                arrived = sent.status_code == 204
            except httpx.TransportError:
                arrived = False
            reached = place + len(piece)
            if not arrived:
                self.sent_again["PATCH"] += 1
                reached = self.read(f"/uploads/{id_}").json()["offset"]
                assert place <= reached <= place + len(piece)
            place = reached
        return id_

    def _word(self) -> str:
        return f"w{self.chance.getrandbits(60):x}"

    def _text(self, word: str) -> str:
        return f"{word} " + "tensor gradient " * self.chance.choice([1, 200])


def _slowly(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), 16_000):
        yield content[start : start + 16_000]
        time.sleep(0.002)
