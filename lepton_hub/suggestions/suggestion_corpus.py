"""The corpus for suggestions: the texts the viewer may see, and the course's terms."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import Select, and_, func, literal, or_, select
from sqlalchemy.orm import Session

from lepton_hub.catalogue.cards import TAG
from lepton_hub.catalogue.items import every_existing
from lepton_hub.catalogue.tables import ItemTag, SharedItem
from lepton_hub.database.unindexed import Unindexed
from lepton_hub.graph.course_terms import CourseOutline
from lepton_hub.identity.person import Person
from lepton_hub.knowledge.discussions import every_visible_thread
from lepton_hub.knowledge.knowledge_tables import DiscussionThread, ThreadPost, ThreadTag
from lepton_hub.search.search_tables import SearchEntry, SearchText
from lepton_hub.suggestions.label_suggestions import (
    LabelledText,
    LabelSuggestion,
    suggest_labels,
    telling_words,
)

MOST_TEXTS = 1000
"""The maximum number of texts to compare with, the latest ones, which bounds the time."""
LOOKED_AT = 4000
"""The maximum number of characters to use of each text."""
MOST_CATEGORIES = 3
_BATCH = 500


@dataclass(frozen=True)
class SuggestedLabels:
    """Suggestions for a text."""

    tags: list[LabelSuggestion] = field(default_factory=list)
    categories: list[LabelSuggestion] = field(default_factory=list)


@dataclass(frozen=True)
class KnownText:
    """A text the viewer may see. category: "" for none, and for threads."""

    text: str
    tags: frozenset[str]
    category: str = ""

    @cached_property
    def words(self) -> frozenset[str]:
        """The words that can indicate its subject."""
        return telling_words(self.text)


def suggest_for_text(
    known: Sequence[KnownText],
    course: CourseOutline,
    text: str,
    *,
    most: int = 5,
    without: Collection[str] = (),
) -> SuggestedLabels:
    """Suggest tags and categories for a text. It is slow: call it outside transactions.

    known: from `known_texts`. without: tags it has already.
    """
    words = telling_words(text[:LOOKED_AT])
    tagged = [LabelledText(one.words, one.tags) for one in known if one.tags]
    tags = suggest_labels(words, tagged, most, without)
    taken = {*without, *(one.label for one in tags)}
    tags += _terms(course, text, taken)[: most - len(tags)]
    filed = [LabelledText(one.words, frozenset({one.category})) for one in known if one.category]
    return SuggestedLabels(tags, suggest_labels(words, filed, min(most, MOST_CATEGORIES)))


def known_texts(
    session: Session, person: Person, item: SharedItem | None = None
) -> list[KnownText]:
    """Return the latest visible texts with tags or a category.

    item: excluded, along with the threads about it.
    """
    items = session.execute(_items(person, item)).all()
    threads = session.execute(_threads(person, item)).all()
    rows = sorted([*items, *threads], key=lambda row: (row.changed_at, row.key), reverse=True)
    rows = rows[:MOST_TEXTS]
    tags_of_items = _tags(session, ItemTag.item_id, ItemTag.tag, rows, "item-")
    tags_of_threads = _tags(session, ThreadTag.thread_id, ThreadTag.tag, rows, "post-")
    return [
        KnownText(
            f"{row.title}\n{row.text}",
            frozenset((tags_of_items if row.key.startswith("item-") else tags_of_threads)[row.id]),
            row.category,
        )
        for row in rows
    ]


def _items(person: Person, item: SharedItem | None) -> Select[Any]:
    of_item = and_(SearchEntry.item_id == SharedItem.id, Unindexed(SearchEntry.thread_id).is_(None))
    query = every_existing(person).join(SearchEntry, of_item)
    query = query.where(or_(SharedItem.tags.any(), SharedItem.category != ""))
    if item is not None:
        query = query.where(SharedItem.id != item.id)
    return _latest(query, SharedItem.id, SharedItem.changed_at, SharedItem.category)


def _threads(person: Person, item: SharedItem | None) -> Select[Any]:
    """Return the query for threads with tags, with the entries of their first posts."""
    query = every_visible_thread(person).where(DiscussionThread.tags.any())
    query = query.join(SearchEntry, SearchEntry.thread_id == DiscussionThread.id)
    query = query.join(ThreadPost, ThreadPost.id == SearchEntry.post_id)
    query = query.where(ThreadPost.number == 1)
    if item is not None:
        query = query.where(DiscussionThread.item_id.is_distinct_from(item.id))
    return _latest(query, DiscussionThread.id, DiscussionThread.changed_at, literal(""))


def _latest(query: Select[Any], id_: Any, changed_at: Any, category: Any) -> Select[Any]:
    query = query.join(SearchText, SearchText.entry_id == SearchEntry.id).with_only_columns(
        id_.label("id"),
        SearchEntry.key,
        SearchText.title,
        func.substr(SearchText.text, 1, LOOKED_AT).label("text"),
        changed_at.label("changed_at"),
        category.label("category"),
    )
    return query.order_by(Unindexed(changed_at).desc(), SearchEntry.key.desc()).limit(MOST_TEXTS)


def _tags(
    session: Session, owner: Any, tag: Any, rows: Sequence[Any], prefix: str
) -> dict[int, set[str]]:
    """Return the tags of rows whose key begins with `prefix`."""
    numbers = [row.id for row in rows if row.key.startswith(prefix)]
    found: dict[int, set[str]] = defaultdict(set)
    for start in range(0, len(numbers), _BATCH):
        query = select(owner, tag).where(owner.in_(numbers[start : start + _BATCH]))
        for number, value in session.execute(query).tuples():
            found[number].add(value)
    return found


def _terms(course: CourseOutline, text: str, taken: Collection[str]) -> list[LabelSuggestion]:
    """Return the course's terms that a text mentions and that can be tags."""
    found = []
    for key in sorted(course.terms_in(text)):
        spelled = course.spellings[key].lower()
        label = spelled if re.fullmatch(TAG, spelled) else key
        if label not in taken and re.fullmatch(TAG, label):
            module = course.modules[course.taught_by[key][0]]
            found.append(LabelSuggestion(label, module=module.title))
    return found
