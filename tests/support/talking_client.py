"""Somebody who asks, answers, changes what they said and takes it back, on a hub that is killed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from patient_client import PatientClient


@dataclass
class OwnThread:
    """A thread that somebody began, and its other posts."""

    id: str
    first: str
    posts: list[str] = field(default_factory=list)


@dataclass
class OwnItem:
    """An item of somebody's. words: by which search finds it, and what is said about it."""

    reference: str
    is_document: bool
    word: str = ""
    contents: set[str] = field(default_factory=set)
    attachments: list[str] = field(default_factory=list)
    threads: list[OwnThread] = field(default_factory=list)


class TalkingClient(PatientClient):
    """Talks about items of their own. items: those that they have."""

    def __init__(self, url: str, person: str, seed: int) -> None:
        super().__init__(url, person, seed)
        self.items: list[OwnItem] = []

    def begin_thread(self) -> None:
        """Ask a question about an item."""
        item = self._one_of(self.items)
        if item is None:
            return
        told = {"item": item.reference, "kind": "question", "title": self._word(),
                "text": self._text(self._word())}  # fmt: skip
        made = self.post("/threads", told)
        thread = OwnThread(made["id"], made["first"]["id"])
        item.threads.append(thread)
        self.facts[f"/threads/{thread.id}"] = {"title": told["title"], "accepted": None}
        self.facts[f"/posts/{thread.first}"] = {"text": told["text"], "revision": 1}
        self.done["thread"] += 1

    def answer(self) -> None:
        """Say something in a thread of one's own."""
        thread = self._thread()
        if thread is None:
            return
        text = self._text(self._word())
        post = self.post(f"/threads/{thread.id}/posts", {"text": text})["id"]
        thread.posts.append(post)
        self.facts[f"/posts/{post}"] = {"text": text, "revision": 1}
        self.done["post"] += 1

    def reword(self) -> None:
        """Word a post otherwise."""
        thread = self._thread()
        if thread is None:
            return
        path = f"/posts/{self.chance.choice([thread.first, *thread.posts])}"
        before = self.read(path)
        text = self._text(self._word())
        etag = before.headers["etag"]
        answer, again = self.send("PUT", path, {"text": text}, **{"If-Match": etag})
        if answer.status_code == 412 and again:
            answer = self.read(path)
        assert answer.status_code == 200, answer.text
        revision = before.json()["revision"] + 1
        assert (answer.json()["text"], answer.json()["revision"]) == (text, revision)
        self.facts[path] = {"text": text, "revision": revision}
        self.done["wording"] += 1

    def accept(self) -> None:
        """Accept an answer, or none."""
        thread = self._thread()
        if thread is None or not thread.posts:
            return
        post = self.chance.choice([*thread.posts, None])
        path = f"/threads/{thread.id}/accepted"
        answer, _ = self.send("PUT", path, {"post": post}) if post else self.send("DELETE", path)
        assert answer.status_code == 200, answer.text
        self.facts[f"/threads/{thread.id}"]["accepted"] = post
        self.done["accepted answer"] += 1

    def take_back(self) -> None:
        """Delete a post; with a thread's first one, the thread."""
        item = self._one_of(self.items, lambda one: bool(one.threads))
        if item is None:
            return
        thread = self.chance.choice(item.threads)
        if thread.posts and self.chance.random() < 0.7:
            post = thread.posts.pop(self.chance.randrange(len(thread.posts)))
            self.remove(f"/posts/{post}")
            self.facts[f"/posts/{post}"] = None
            fact = self.facts[f"/threads/{thread.id}"]
            fact["accepted"] = None if fact["accepted"] == post else fact["accepted"]
        else:
            item.threads.remove(thread)
            self.remove(f"/posts/{thread.first}")
            self._forget(thread)
        self.done["post deleted"] += 1

    def _one_of(
        self, items: list[OwnItem], fits: Callable[[OwnItem], bool] = lambda _: True
    ) -> OwnItem | None:
        found = [item for item in items if fits(item)]
        return self.chance.choice(found) if found else None

    def _thread(self) -> OwnThread | None:
        found = [thread for item in self.items for thread in item.threads]
        return self.chance.choice(found) if found else None

    def _forget(self, thread: OwnThread) -> None:
        self.facts[f"/threads/{thread.id}"] = None
        for post in (thread.first, *thread.posts):
            self.facts[f"/posts/{post}"] = None
