"""A search that looks at all there is, to compare the hub's with, and made-up content for both."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from lepton_hub.catalogue.items import existing
from lepton_hub.catalogue.tables import ItemTag, SharedItem
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.discussions import visible_threads
from lepton_hub.knowledge.knowledge_tables import DiscussionThread, ThreadPost, ThreadTag
from lepton_hub.permissions import Grant
from lepton_hub.search import SearchEntry, SearchFilters
from lepton_hub.search.word_forms import is_match, words_of

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = ("rain", "rainy", "gauge", "snow", "naïve", "by", "day")
TAGS = ("rain", "snow day", "gauges")
SPACES = (("engines", "engines"), ("particles", "particles"), ("~dora", None), ("~ada", None))


# ── Made-up content ───────────────────────────────────────────────────────────────────────────
def fill(session: Session, chance: random.Random) -> None:
    """Make items with grants, and threads about items and sections; several at each moment."""

    def some(most: int) -> str:
        return " ".join(chance.choices(WORDS, k=chance.randint(1, most)))

    for number in range(1, 61):
        space, team = chance.choice(SPACES)
        moment = BEGINNING + timedelta(seconds=chance.randrange(30))
        item = SharedItem(
            id=number, space=space, name=f"i{number}", team=team, kind=chance.choice(KINDS),
            owner=chance.choice(["ada", "bose", "curie", "dora"]), title=some(3),
            description=some(6), category="", licence="x", origin="x", intended_use="",
            limits="", personal_data="none", changed_at=moment,
            tags=[ItemTag(tag=tag) for tag in TAGS if chance.random() < 0.3],
        )  # fmt: skip
        session.add(item)
        subject, name = chance.choice(GRANTS)
        if subject:
            told = {"item_id": number, "role": "read", "granted_by": "ada"}
            session.add(Grant(subject=subject, name=name, **told))
    session.flush()
    for number in range(1, 31):
        about = chance.choice([None, chance.randint(1, 60)])
        audience, name = chance.choice([("everybody", ""), ("team", "engines")])
        thread = DiscussionThread(
            id=number, item_id=about, section=None if about else "m/lesson.ipynb",
            audience=None if about else audience, audience_name=None if about else name,
            kind=chance.choice(["question", "discussion"]), title=some(2), made_by="bose",
            tags=[ThreadTag(tag=tag) for tag in TAGS if chance.random() < 0.3],
        )  # fmt: skip
        session.add(thread)
        session.flush()
        for post in (1, 2):
            moment = BEGINNING + timedelta(seconds=chance.randrange(30))
            told = {"thread_id": number, "number": post, "changed_at": moment}
            session.add(ThreadPost(text=some(6), made_by=chance.choice(["ada", "curie"]), **told))


KINDS = ("dataset", "model", "document")
GRANTS = ((None, ""), ("everybody", ""), ("organisation", "quantum"), ("person", "dora"))


# ── A naive search ────────────────────────────────────────────────────────────────────────────
@dataclass
class Known:
    """An entry, as a naive search looks at it."""

    entry: SearchEntry
    tags: list[str]
    places: list[list[str]]  # words of title, tags, text

    def rank(self, words: list[str]) -> int | None:
        """Return how good a hit it is; None: it is none."""

        def all_in(*places: list[str]) -> bool:
            found = [word for place in places for word in place]
            *whole, last = words
            return set(whole) <= set(found) and any(is_match(word, [last]) for word in found)

        if not words:
            return 0
        if not all_in(*self.places):
            return None
        if all_in(self.places[0]):
            return 0
        if all_in(*self.places[:2]):
            return 1
        return 2 if len(words) > 1 and any(is_phrase(words, p) for p in self.places) else 3


def is_phrase(words: list[str], place: list[str]) -> bool:
    """Return whether words stand one after the other."""
    *whole, last = words
    starts = range(len(place) - len(whole))
    return any(
        place[i : i + len(whole)] == whole and is_match(place[i + len(whole)], [last])
        for i in starts
    )


def all_entries(session: Session) -> list[Known]:
    """Return all that is indexed."""
    known = []
    for entry in session.scalars(select(SearchEntry)):
        tags = [tag.tag for tag in entry.tags]
        texts = (entry.shown.title, " ".join(tags), entry.shown.text)
        known.append(Known(entry, tags, list(map(words_of, texts))))
    return known


def naive(
    session: Session, everything: list[Known], person: Person, filters: SearchFilters
) -> list[tuple[int, Known]]:
    """Return all that a person finds, with its rank, the best first."""
    items = set(session.scalars(existing(person).with_only_columns(SharedItem.id)))
    threads = set(session.scalars(visible_threads(person).with_only_columns(DiscussionThread.id)))
    found = []
    for known in everything:
        entry = known.entry
        visible = entry.thread_id in threads if entry.thread_id else entry.item_id in items
        wanted = ((filters.kind, entry.kind), (filters.team, entry.team))
        wanted += ((filters.owner, entry.owner),)
        fits = all(want in (None, value) for want, value in wanted)
        fits = fits and filters.tag in (None, *known.tags)
        rank = known.rank(filters.words)
        if visible and fits and rank is not None:
            found.append((rank, known))
    found.sort(key=lambda pair: (pair[0], -pair[1].entry.changed_at.timestamp(), -pair[1].entry.id))
    return found
