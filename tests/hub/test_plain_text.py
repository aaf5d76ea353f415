"""Excerpts of Markdown: text as a reader reads it, with the words marked, safe to show."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_hub import small_hub

from lepton_hub.rendering.plain_text import LONGEST, plain_text
from lepton_hub.search.highlights import excerpt


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("# How\n\nThe **rain** *gauge* __by__ _day_", "How The rain gauge by day"),
        ("***both*** and **a *b* c** and ~~not~~ this", "both and a b c and not this"),
        ("snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4"),
        ("see [the *docs*](https://example.com/a_(b) \"Title\"), [ref][1]", "see the docs, ref"),
        ("![a plot](attachment:plot.png) of <https://example.com>", "a plot of https://example.com"),
        ("> said\n> twice\n\n- one\n* two\n+ three\n1. first", "said twice one two three 1. first"),
        ("Title\n=====\n\n---\n\n## Head ##", "Title Head"),
        ("| a | b |\n|---|:-:|\n| 1 | 2 |", "a b 1 2"),
        ("```python\n# kept = a*b*c\n```\nafter `x_*y*`", "# kept = a*b*c after x_*y*"),
        (r"\*stars\* &amp; $a_1 * b * c$ C# #tag", "*stars* & $a_1 * b * c$ C# #tag"),
        ("<b>HTML stays</b> text", "<b>HTML stays</b> text"),
        ("[open **what begins", "[open **what begins"),
    ],
)  # fmt: skip
def test_marks_are_gone_and_text_stays(markdown, text):
    assert " ".join(plain_text(markdown).split()) == text


def test_excerpts_show_no_marks(tmp_path):
    with small_hub(tmp_path) as hub:
        text = "# How\n\nThe **rain** [gauge](https://example.com/rain) <b>x</b> &lt;i&gt;"
        told = {"space": "engines", "name": "note", "title": "Note", "text": text}
        hub.post("ada", "/documents", told)
        for q in ("rain", "gauge"):
            hit = hub.get("ada", "/search", params={"q": q}).json()["hits"][0]
            shown = hit["excerpt"].replace(f"<mark>{q}</mark>", q)
            assert "How The rain gauge &lt;b&gt;x&lt;/b&gt; &lt;i&gt;" in shown
            assert hit["excerpt"].count("<mark>") == 1


def test_a_word_that_only_an_address_has_is_not_where_the_excerpt_begins():
    text = "[site](https://rain.example/rain) " + "other words " * 100 + "**rain** here"
    assert "<mark>rain</mark> here" in excerpt(text, ["rain"])
    assert excerpt("[site](https://rain.example) here", ["rain"]) == "site here"


@given(st.text(alphabet=st.sampled_from("ab*_~`[]()<>!#|\\&;$ \n-=\"'"), max_size=200))
def test_any_text_has_a_passage(markdown):
    passage = plain_text(markdown)
    assert len(passage) <= len(markdown)
    bare = excerpt(markdown, ["a"]).replace("<mark>", "").replace("</mark>", "")
    assert "<" not in bare


@pytest.mark.parametrize(
    "part", ["*a ", "_a ", "[", "[a](", "[a](<", "`a``b", "[a](b ", " \t", "> ", "- ", "|-", "\\"]
)
def test_what_is_made_to_take_long_does_not(part):
    begun = time.process_time()
    plain_text(part * LONGEST)
    assert time.process_time() - begun < 0.5
