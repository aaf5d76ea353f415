"""The full-text index in PostgreSQL: a row per entry and audience, and a forward index.

An audience's rows are sorted by id, so that its latest entries are read without others; a GIN index
finds those that contain a word. The forward index also has word positions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    CompoundSelect,
    FromClause,
    Select,
    String,
    and_,
    any_,
    bindparam,
    case,
    column,
    func,
    literal,
    not_,
    select,
    table,
    text,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import Grouping
from sqlalchemy.sql.expression import cast

from lepton_hub.search.audiences import needed
from lepton_hub.search.entry_ids import among
from lepton_hub.search.search_tables import SearchEntry
from lepton_hub.search.word_forms import is_prefix
from lepton_hub.search.word_query import THERE, EntryWords, Rank, WordQuery

_FEW_HITS = 3000
_MANY_HITS = 9000
_LATEST = 1000
_RARE = 0.08
"""If hits are few, all are looked up. If many, the latest entries are scanned for hits, unless few
of these match: then all are looked up after all, up to a higher bound."""
_FEW_IN_LABELS = 1000
_LAST_POSITION = 16_383
_MOST_POSITIONS = 255
_LARGEST = 1_000_000
"""PostgreSQL's tsvector limits: the last position, positions per word, and total bytes. Phrases
beyond the first two are not found as phrases, and so rank lower than in SQLite."""
_AUDIENCE = 20
"""The maximum overhead in bytes of a word's audience, label and bookkeeping."""
_GAP = 10
"""The gap between fields, so that no phrase spans two."""
_IN_LABELS = {Rank.TITLE: "t_", Rank.LABELS: "l_"}
"""The prefixes of words in the title, and in title or tags, so that the index alone shows where
they occur."""
_WEIGHTS = {Rank.TITLE: "A", Rank.LABELS: "AB"}

_KEEP = text(
    "INSERT INTO search_words_forward (entry_id, audiences, words) "
    "VALUES (:id, '', CAST(:words AS tsvector))"
)
_FORGET = text("DELETE FROM search_words_forward WHERE entry_id = ANY(:ids)")
_TAKE_OUT = text(
    "DELETE FROM search_words "
    "WHERE entry_id = ANY(:ids) AND audience <> ALL(string_to_array(:readers, ' '))"
)
_INDEX = text(f"""
    INSERT INTO search_words (audience, entry_id, lexemes)
    SELECT audience, entry_id, array_to_tsvector(ARRAY(
        SELECT audience || '_' || lexeme FROM unnest(words)
        UNION ALL SELECT audience || '_{_IN_LABELS[Rank.TITLE]}' || lexeme
        FROM unnest(words) WHERE 'A' = ANY(weights)
        UNION ALL SELECT audience || '_{_IN_LABELS[Rank.LABELS]}' || lexeme
        FROM unnest(words) WHERE weights && '{{A,B}}'
    ))
    FROM search_words_forward CROSS JOIN unnest(string_to_array(:needed, ' ')) AS audience
    WHERE entry_id = ANY(:ids) AND audience <> ALL(string_to_array(audiences, ' '))
""")
_READDRESS = text("""
    UPDATE search_words_forward SET audiences = array_to_string(ARRAY(
        SELECT audience FROM unnest(string_to_array(audiences, ' ')) AS audience
        WHERE audience = ANY(string_to_array(:readers, ' '))
        UNION SELECT unnest(string_to_array(:needed, ' '))
    ), ' ')
    WHERE entry_id = ANY(:ids)
""")

_WORDS = table("search_words", column("audience"), column("entry_id"), column("lexemes"))
_FORWARD = table("search_words_forward", column("entry_id"), column("words"))


class TsvectorWords:
    """The full-text index of a PostgreSQL database."""

    def __init__(self, session: Session) -> None:
        self.session = session

    # ── Writing ───────────────────────────────────────────────────────────────────────────────
    def put(self, entries: Mapping[int, EntryWords]) -> None:
        """Have entries be found by their words, and no others."""
        self.remove(list(entries))
        for id_, words in sorted(entries.items()):
            self.session.execute(_KEEP, {"id": id_, "words": vector(words)})
            self.readdress([id_], words.readers)

    def remove(self, ids: Sequence[int]) -> None:
        """Have entries be found by no word."""
        if ids:
            self.readdress(ids, [])
            self.session.execute(_FORGET, {"ids": list(ids)})

    def readdress(self, ids: Sequence[int], readers: list[str]) -> None:
        """Give entries other audiences: what does not change of them is not written again."""
        told = {"ids": list(ids), "readers": " ".join(readers)}
        told["needed"] = " ".join(needed(readers))
        for statement in (_TAKE_OUT, _INDEX, _READDRESS):
            self.session.execute(statement, told)

    # ── Finding ───────────────────────────────────────────────────────────────────────────────
    def few(self, query: WordQuery) -> dict[int, int] | None:
        """Return the rank of all hits, by the entry's id; None: there are many."""
        is_rare = self._is_rare(query)
        # Only several words may be common among the latest entries, and a phrase of them rare.
        if not is_rare and len(query.words) < 2:
            return None
        ids = self._hits(query, None, _MANY_HITS if is_rare else _FEW_HITS)
        if ids is None:
            return None
        columns = (_FORWARD.c.entry_id, _rank(query))
        ranked = among(self.session, columns, ids, of=_FORWARD.c.entry_id)
        return dict(self.session.execute(ranked).tuples().all())

    def latest(
        self,
        query: WordQuery,
        columns: Sequence[Any],
        condition: ColumnElement[bool],
        rank: Rank | None = None,
        before: int | None = None,
    ) -> Select[Any]:
        """Return the query for columns of the latest hits' entries, in order.

        rank: only this one; None: all. before: entries with a lower id alone. With a limit, little
        more is read than it takes to reach it.
        """
        few = (
            self._hits(query, rank, _FEW_IN_LABELS) if query.words and rank in _IN_LABELS else None
        )
        if few is None:
            hits = _looked_through(query, rank, before)
        else:
            ids = [id_ for id_ in few if before is None or id_ < before]
            entry_id = _FORWARD.c.entry_id
            of_rank = among(self.session, (entry_id,), ids, _is_hit(query, rank), of=entry_id)
            hits = of_rank.subquery()
        # Because of the OFFSET each is looked up, where all entries might be read to join them.
        entry = select(*columns).where(SearchEntry.id == hits.c.entry_id, condition).offset(0)
        each = entry.lateral()
        found = select(*each.c).select_from(hits).join(each, true())
        return found.order_by(hits.c.entry_id.desc())

    def _hits(self, query: WordQuery, rank: Rank | None, most: int) -> list[int] | None:
        """Return the ids of all hits, or of those in title or tags; None if there are too many.

        This forces the index to be used: a sequential scan would read other audiences' rows.
        """
        self.session.execute(text("SET LOCAL enable_seqscan = off"))
        has = _has(_WORDS.c.lexemes, _in_any_audience(query, _IN_LABELS.get(rank, "")))
        rows = self.session.scalars(select(_WORDS.c.entry_id).where(has).limit(most + 1)).all()
        return sorted(set(rows)) if len(rows) <= most else None

    def _is_rare(self, query: WordQuery) -> bool:
        """Return whether few of the latest entries match."""
        own = _own(query.audiences, None).subquery()
        latest = select(own.c.entry_id).order_by(own.c.entry_id.desc()).limit(_LATEST).subquery()
        forward = select(_is_hit(query, None).label("is_hit"))
        each = forward.where(_FORWARD.c.entry_id == latest.c.entry_id).offset(0).lateral()
        hits = select(func.count()).select_from(latest).join(each, each.c.is_hit)
        return (self.session.scalar(hits) or 0) < _LATEST * _RARE


# ── Queries ───────────────────────────────────────────────────────────────────────────────────
def _own(audiences: Sequence[str], before: int | None) -> CompoundSelect[tuple[int]]:
    """Return the query for the distinct ids of all entries of some audiences.

    Each audience's ids are sorted, so PostgreSQL merges them as it reads. With DISTINCT, it would
    read all before returning the first.
    """
    entry_id = _WORDS.c.entry_id
    own = Grouping(bindparam("own_audiences", list(audiences), ARRAY(String)))
    each = [
        select(entry_id).where(_WORDS.c.audience == one, *_is_first(own, number))
        for number, one in enumerate(audiences)
    ]
    if before is not None:
        each = [some.where(entry_id < before) for some in each]
    return union_all(*(some.order_by(entry_id.desc()) for some in each))


def _is_first(own: Grouping[Any], number: int) -> list[ColumnElement[bool]]:
    """Return the condition that a row's entry belongs to none of the first `number` audiences.

    It avoids EXISTS, which the planner could evaluate for all rows at once. own: all audiences as
    one parameter, since a statement has at most 65,535, and somebody may be in hundreds of teams.
    """
    if not number:
        return []
    other = _WORDS.alias()
    same = select(other.c.entry_id).where(
        other.c.audience == any_(own[1:number]), other.c.entry_id == _WORDS.c.entry_id
    )
    return [same.limit(1).correlate(_WORDS).scalar_subquery().is_(None)]


def _looked_through(query: WordQuery, rank: Rank | None, before: int | None) -> FromClause:
    """Return the query that scans all entries the person may see for hits."""
    own = _own(query.audiences, before).subquery()
    if not query.words and not query.facts:
        return own
    is_hit = select(_FORWARD.c.entry_id).where(
        _FORWARD.c.entry_id == own.c.entry_id, _is_hit(query, rank)
    )
    # Because of the OFFSET each is looked up, where all entries might be read to join them.
    each = is_hit.offset(0).lateral()
    # By its own column, which PostgreSQL knows to be sorted.
    return select(own.c.entry_id).select_from(own).join(each, true()).subquery()


def _is_hit(query: WordQuery, rank: Rank | None) -> ColumnElement[bool]:
    """Return the condition that a forward-index row matches at a rank; None for any."""
    conditions: list[ColumnElement[bool]] = [true()]
    if query.facts:
        conditions.append(_has(_FORWARD.c.words, " & ".join(f"'{one}'" for one in query.facts)))
    if query.words:
        conditions.append(_is_at_least(query, Rank.ANYWHERE if rank is None else rank))
        conditions += [not_(_is_at_least(query, one)) for one in query.better(rank)]
    return and_(*conditions)


def _rank(query: WordQuery) -> ColumnElement[int]:
    """Return the rank of a matching forward-index row."""
    *better, worst = query.ranks
    if not better:
        return literal(int(worst))
    return case(*((_is_at_least(query, one), int(one)) for one in better), else_=int(worst))


def _is_at_least(query: WordQuery, rank: Rank) -> ColumnElement[bool]:
    """Return the condition that a forward-index row matches at a rank or better."""
    if rank == Rank.PHRASE:
        return _has(_FORWARD.c.words, _tsquery(query.words, " <-> "))
    return _has(_FORWARD.c.words, _tsquery(query.words, weights=_WEIGHTS.get(rank, "")))


def _has(words: ColumnElement[Any], query: str) -> ColumnElement[bool]:
    """Return the condition that a tsvector matches a query.

    The query is a literal, not a parameter, so that the planner sees it and makes no generic plan.
    """
    shown = bindparam(None, query, String, literal_execute=True)
    return words.op("@@", is_comparison=True)(cast(shown, TSQUERY))


def _in_any_audience(query: WordQuery, place: str) -> str:
    each = []
    for one in query.audiences:
        facts = [f"'{one}_{some}'" for some in query.facts]
        words = [_tsquery(query.words, before=f"{one}_{place}")] if query.words else []
        each.append("(" + " & ".join([*facts, *words]) + ")")
    return " | ".join(each)


def _tsquery(words: list[str], between: str = " & ", weights: str = "", before: str = "") -> str:
    *whole, last = words
    ends = [weights] * len(whole) + [("*" if is_prefix(last) else "") + weights]
    parts = zip(words, ends, strict=True)
    return between.join(f"'{before}{word}'" + (f":{end}" if end else "") for word, end in parts)


def vector(words: EntryWords) -> str:
    """Return a tsvector literal. Words consist of letters and digits only.

    If a text has more words than fit into a tsvector, even with an audience before each (about
    30,000 distinct words), the last are dropped.
    """
    position = 1
    places: dict[str, list[str]] = {}
    for some, weight in zip((words.title, words.tags, words.body), "ABD", strict=True):
        for word in some:
            known = places.setdefault(word, [])
            if len(known) < _MOST_POSITIONS:
                known.append(f"{min(position, _LAST_POSITION)}{weight}")
            position += 1
        position += _GAP
    found = [f"'{one}'" for one in (THERE, *words.facts)]
    left = _LARGEST
    for word, some in places.items():
        in_labels = 1 + 2 * (some[0][-1] != "D")
        left -= in_labels * (len(word.encode()) + max(2 * len(some) + 3, _AUDIENCE))
        if left < 0:
            break
        found.append(f"'{word}':{','.join(some)}")
    return " ".join(found)
