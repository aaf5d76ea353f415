"""Colleagues who work on a hub that is killed again and again, and keep what was acknowledged."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from typing import Any

from small_hub import CARD
from talking_client import OwnItem, TalkingClient

COMMON = [bytes([number]) * 5000 for number in range(3)]
"""Contents that several people share: none is erased while somebody needs it."""
SIZES = (1, 3000, 100_000, 200_000)
CODE, RESULT, MINUTES = "engines/code", "engines/result", "engines/minutes"
PROGRAM = b"""\
import json, os, time
own = json.load(open(os.environ["LEPTON_JOB_PARAMETERS"]))["n"]
time.sleep(0.1)
open("results/own.txt", "w").write(str(own))
"""


class Colleague(TalkingClient):
    """Does one thing after the other until told to stop.

    What gets no answer is sent again, as clients do, until it is answered; only then comes the next
    thing. shared: SHA-256 of contents that versions and attachments have, or had; gone: of those
    that were deleted. dropped: uploads that were cancelled. jobs: their numbers. failure: what was
    not answered as it should be.
    """

    def __init__(self, url: str, person: str, seed: int, jobs: int) -> None:
        super().__init__(url, person, seed)
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.followed: set[str] = set()
        self.jobs: dict[str, int] = {}
        self.dropped: list[str] = []
        self.shared: set[str] = set()
        self.gone: set[str] = set()
        self.enough = threading.Event()
        self.failure: BaseException | None = None
        self._most_jobs, self._number = jobs, 0

    def work(self) -> None:
        """Do one thing after the other; `failure` is what was not answered as it should be."""
        deeds = [
            self.share, self.share, self.write, self.change, self.change, self.change_minutes,
            self.describe, self.begin_thread, self.answer, self.answer, self.reword, self.accept,
            self.take_back, self.follow, self.attach, self.detach, self.delete, self.drop_upload,
            self.ask_for_job,
        ]  # fmt: skip
        try:
            while not self.enough.is_set():
                self.chance.choice(deeds)()
        except BaseException as error:
            self.failure = error

    # Deeds

    def share(self) -> None:
        """Add a version to an item, perhaps a new one."""
        item = self._one_of(self.items, lambda one: not one.is_document)
        if item is None or self.chance.random() < 0.3:
            item = OwnItem(self._name("data"), is_document=False)
            space, name = item.reference.split("/")
            told = {"space": space, "name": name, "kind": "dataset", "card": CARD}
            self.post("/items", told)
            self.items.append(item)
        content = self._content()
        files = [{"path": "a.bin", "upload": self.upload(content)}]
        told = {"files": files, "note": self._word()}
        number = self.post(f"/items/{item.reference}/versions", told)["number"]
        self.facts[f"/items/{item.reference}/versions/{number}/files/a.bin"] = content
        self._has(item, content)
        self.done["version"] += 1

    def drop_upload(self) -> None:
        """Begin an upload and cancel it."""
        id_ = self.upload(self._content())
        self.remove(f"/uploads/{id_}")
        self.facts[f"/uploads/{id_}"] = None
        self.dropped.append(id_)
        self.done["upload cancelled"] += 1

    def write(self) -> None:
        """Make a document."""
        item = OwnItem(self._name("text"), is_document=True, word=self._word())
        space, name = item.reference.split("/")
        told = {"space": space, "name": name, "title": name, "text": self._text(item.word)}
        self.post("/documents", told)
        self.items.append(item)
        self.facts[f"/documents/{item.reference}?revision=1"] = {"revision": {"text": told["text"]}}
        self.facts[f"/search?q={item.word}"] = {"total": 1}
        self.done["document"] += 1

    def change(self) -> None:
        """Add a revision to a document of one's own."""
        item = self._one_of(self.items, lambda one: one.is_document)
        if item is None:
            return
        word = self._word()
        assert self._change(item.reference, self._text(word)) == 200
        self.facts[f"/search?q={item.word}"] = {"total": 0}
        self.facts[f"/search?q={word}"] = {"total": 1}
        item.word = word

    def change_minutes(self) -> None:
        """Add a revision to a document that others change, too; they may be faster."""
        if self.person in ("ada", "bose"):
            assert self._change(MINUTES, self._text(self._word())) in (200, 412)

    def _change(self, reference: str, text: str) -> int:
        path = f"/documents/{reference}"
        etag = self.read(path).headers["etag"]
        answer, _ = self.send("PUT", path, {"text": text}, **{"If-Match": etag})
        if answer.status_code == 200:
            number = answer.json()["revision"]["number"]
            self.facts[f"{path}?revision={number}"] = {"revision": {"text": text}}
            self.done["revision"] += 1
        return answer.status_code

    def describe(self) -> None:
        """Change an item's card."""
        item = self._one_of(self.items)
        if item is None:
            return
        path = f"/items/{item.reference}/card"
        card = {**CARD, "title": self._word(), "tags": [self._word(), self._word()]}
        etag = self.read(path).headers["etag"]
        answer, again = self.send("PUT", path, card, **{"If-Match": etag})
        if answer.status_code == 412 and again:
            answer = self.read(path)
        assert answer.status_code == 200, answer.text
        self.facts[path] = {"title": card["title"], "tags": sorted(card["tags"])}
        assert answer.json()["title"] == card["title"]
        self.done["card"] += 1

    def follow(self) -> None:
        """Follow a tag, or do so no more."""
        tag = f"t{self.chance.randrange(6)}"
        path = f"/subscriptions/tag/{tag}"
        if tag in self.followed:
            self.remove(path)
        else:
            answer, _ = self.send("PUT", path)
            assert answer.status_code == 200, answer.text
        self.followed ^= {tag}
        self.done["subscription"] += 1

    def attach(self) -> None:
        """Attach a file to a document."""
        item = self._one_of(self.items, lambda one: one.is_document)
        if item is None:
            return
        content, name = self._content(), f"{self._word()}.bin"
        told = {"name": name, "upload": self.upload(content)}
        self.post(f"/documents/{item.reference}/attachments", told)
        item.attachments.append(name)
        self.facts[f"/documents/{item.reference}/attachments/{name}"] = content
        self._has(item, content)
        self.done["attachment"] += 1

    def detach(self) -> None:
        """Delete an attachment."""
        item = self._one_of(self.items, lambda one: bool(one.attachments))
        if item is None:
            return
        path = f"/documents/{item.reference}/attachments/{item.attachments.pop()}"
        self.remove(path)
        self.gone.add(hashlib.sha256(self.facts[path]).hexdigest())
        self.facts[path] = None
        self.done["attachment deleted"] += 1

    def delete(self) -> None:
        """Delete an item with all that was said about it."""
        item = self._one_of(self.items)
        if item is None or len(self.items) < 5:
            return
        self.remove(f"/items/{item.reference}", status=200)
        self.items.remove(item)
        for path in self.facts:
            if f"/{item.reference}/" in path or f"/{item.reference}?" in path:
                self.facts[path] = None
        if item.word:
            self.facts[f"/search?q={item.word}"] = {"total": 0}
        for thread in item.threads:
            self._forget(thread)
        self.gone |= item.contents
        self.done["item deleted"] += 1

    def ask_for_job(self) -> None:
        """Ask for a job; cancel one in six."""
        if self.person not in ("ada", "bose") or len(self.jobs) >= self._most_jobs:
            return
        self._number += 1
        told = {"program": f"{CODE}@1", "parameters": {"n": self._number}, "result": RESULT,
                "team": "engines"}  # fmt: skip
        job = self.post("/train", told, status=202)["id"]
        self.jobs[job] = self._number
        self.done["job"] += 1
        if self.chance.random() < 1 / 6:
            answer, _ = self.send("DELETE", f"/jobs/{job}")
            assert answer.status_code == 200, answer.text
            self.facts[f"/jobs/{job}"] = {"state": answer.json()["state"]}
            self.done["job cancelled"] += 1

    # What must hold

    def check(self) -> Iterator[str]:
        """Yield a sentence for each acknowledged thing that is not as it was said to be."""
        for path, expected in self.facts.items():
            answer, _ = self.send("GET", path)
            if expected is None:
                holds = answer.status_code == 404
            elif isinstance(expected, bytes):
                holds = answer.status_code == 200 and answer.content == expected
            else:
                holds = answer.status_code == 200 and _says(answer.json(), expected)
            if not holds:
                yield f"{self.person} {path}: {answer.status_code} {answer.text[:200]}"
        told = self.read("/subscriptions").json()["subscriptions"]
        if {one["target"] for one in told} != self.followed:
            yield f"{self.person} follows {told}, and should {self.followed}"

    # What it works with

    def _has(self, item: OwnItem, content: bytes) -> None:
        sha256 = hashlib.sha256(content).hexdigest()
        item.contents.add(sha256)
        self.shared.add(sha256)

    def _name(self, kind: str) -> str:
        self._number += 1
        return f"~{self.person}/{kind}{self._number}"

    def _content(self) -> bytes:
        if self.chance.random() < 0.3:
            return self.chance.choice(COMMON)
        return self.chance.randbytes(self.chance.choice(SIZES))


def _says(answer: Any, expected: Any) -> bool:
    """Return whether JSON has what is expected, and perhaps more."""
    if isinstance(expected, dict):
        return all(_says(answer.get(name), value) for name, value in expected.items())
    return answer == expected
