"""The words of texts in all scripts: the same for both databases, and whole."""

from __future__ import annotations

import random
import sqlite3
import sys
import unicodedata

import pytest

from lepton_hub.search.highlights import marked
from lepton_hub.search.tsvector_words import vector
from lepton_hub.search.word_forms import words_of
from lepton_hub.search.word_query import EntryWords


def letters() -> list[str]:
    """Return all letters, digits and marks that Unicode has."""
    codes = (chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000)
    return [one for one in codes if one.isalnum() or unicodedata.category(one)[0] == "M"]


def test_words_stay_as_they_are():
    """Else FTS5, which makes capitals small by itself, would find what PostgreSQL does not."""
    words = {word for letter in letters() for word in words_of(f"a{letter}b")}
    assert len(words) > 100_000
    assert [word for word in words if words_of(word) != [word]] == []


def test_fts5_tells_all_words_apart():
    words = sorted({word for letter in letters() for word in words_of(f"a{letter}b")})
    connection = sqlite3.connect(":memory:")
    how = "body, content = '', tokenize = \"ascii tokenchars '_'\""
    connection.execute(f"CREATE VIRTUAL TABLE found USING fts5({how})")
    rows = list(enumerate(words))
    connection.executemany("INSERT INTO found (rowid, body) VALUES (?, ?)", rows)
    query = "SELECT rowid FROM found WHERE found MATCH ?"
    wrong = [
        word
        for number, word in random.Random(0).sample(rows, 30_000)
        if connection.execute(query, (f'"{word}"',)).fetchall() != [(number,)]
    ]
    connection.close()
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nai\u0308ve caf\u0065\u0301s", ["naive", "cafes"]),  # accents after their letters
        ("हिन्दी भाषा", ["हनद", "भष"]),
        ("مُحَمَّد", ["محمد"]),
        ("שָׁלוֹם", ["שלום"]),
        ("カ\u3099ス ガス", ["カス", "カス"]),
        ("ℝ 𝐑ain ＲＡＩＮ ẞ ﬁre", ["r", "rain", "rain", "ss", "fire"]),
        ("İstanbul", ["istanbul"]),
        ("\u0301x \u0301", ["x"]),
    ],
)
def test_a_word_is_whole_however_it_is_written(text, expected):
    assert words_of(text) == expected


def test_a_word_is_marked_whole():
    assert marked("so nai\u0308ve!", ["naive"]) == "so <mark>nai\u0308ve</mark>!"
    assert marked("हिन्दी", ["हनद"]) == "<mark>हिन्दी</mark>"


def test_a_vector_is_no_larger_than_postgresql_takes():
    """More than a MiB it refuses, and with it the change of the document."""
    many = [f"{number:08d}" for number in range(150_000)]
    text = vector(EntryWords(["title"], [], many * 2, ["_k00"], []))
    assert text.startswith("'_' '_k00' 'title':1A '00000000':22D")
    assert 30_000 < text.count("'") // 2 < 50_000
    often = vector(EntryWords([], [], ["word"] * 300, [], []))
    assert often.count(",") == 254
