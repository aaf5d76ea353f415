"""Threads for pages, with what they are about and its path."""

from __future__ import annotations

from dataclasses import dataclass

from lepton_hub.api.knowledge.knowledge_answers import ThreadAnswer, thread_answer
from lepton_hub.knowledge import DiscussionThread
from lepton_hub.knowledge.course_places import place_in_words


@dataclass(frozen=True)
class ThreadView:
    """A thread, with the page of what it is about.

    about: an item's title, or a part of the course in words. about_path: without the hub's prefix.
    """

    thread: ThreadAnswer
    about: str
    about_path: str
    about_anchor: str = ""

    @property
    def audience(self) -> str:
        """Its audience in words."""
        kind, _, name = (self.thread.audience or "").partition(":")
        if not kind:
            return f"everybody who can see {self.about}"
        return {"team": f"the team {name}", "organisation": f"the organisation {name}"}.get(
            kind, "everybody"
        )


def view_of(thread: DiscussionThread) -> ThreadView:
    """Return a thread as pages show it, within its session."""
    answer = thread_answer(thread)
    if thread.item is not None:
        kind = "documents" if thread.item.kind == "document" else "items"
        return ThreadView(answer, thread.item.title, f"/pages/{kind}/{thread.item.reference}")
    section = thread.section or ""
    place, mark, anchor = section.partition("#")
    about = place_in_words(section)
    return ThreadView(answer, about, f"/pages/discussions/course/{place}", f"{mark}{anchor}")
