"""Texts of any form: shown within limits, and nothing in them runs or loads anything."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import nbformat
import pytest
from fuzzing import fuzz
from hostile_files import TEXTS
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell

from autograder.execution.connection import MESSAGE_VALUES, TOO_MUCH, unpack
from autograder.instructor import formgrader_pages
from autograder.instructor.safe_html import clean, from_markdown
from autograder.submissions.limited_process import LimitedProcess, RefusedWork
from autograder.submissions.untrusted_outputs import content_bytes, sanitize_cell

SAFE_TAGS = {
    *("math", "mrow", "mi", "mn", "mo", "msup", "msub", "msubsup", "mfrac", "msqrt", "mtext"),
    *("mover", "munder", "munderover", "mtable", "mtr", "mtd", "mroot", "mstyle", "mspace"),
    *("mphantom", "mpadded", "menclose"),
}


class Watcher(HTMLParser):
    """Notes what a browser would run or load."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "iframe", "object", "embed", "form", "input", "style", "link", "base"):
            self.found.append(tag)
        if tag in SAFE_TAGS:
            return
        for name, value in attrs:
            text = (value or "").strip().lower()
            if name.startswith("on") or name in ("class", "id", "srcset", "action"):
                self.found.append(f"{tag} {name}")
            if (
                name == "src"
                and not text.startswith("data:image/")
                and ("//" in text or ":" in text)
            ):
                self.found.append(f"{tag} src={text}")
            if name == "href" and text.split(":")[0] in ("javascript", "data", "vbscript"):
                self.found.append(f"{tag} href={text}")
            if name == "style" and "url" in text:
                self.found.append(f"{tag} style={text}")


def check_page(html: str) -> None:
    watcher = Watcher()
    watcher.feed(html)
    assert watcher.found == []


FRAGMENTS = st.sampled_from(
    [
        *(
            "<",
            ">",
            "</",
            "/>",
            '"',
            "'",
            "=",
            " ",
            "\n",
            "&",
            "&#x6a;",
            "<!--",
            "-->",
            "<![CDATA[",
        ),
        *("script", "style", "img", "svg", "math", "a", "b", "p", "iframe", "input", "table", "td"),
        *("src", "href", "onerror", "class", "id", "srcdoc", "alert(1)", "javascript:", "data:"),
        *("data:text/html,", "data:image/svg+xml,", "//evil.example/x.png", "https://e.example/a"),
        *("url(//e)", "background:", "cursor:", "expression(", "$", "$$", "\\(", "\\begin{a}"),
        *(
            "\\text{",
            "}",
            "{",
            "`",
            "*",
            "[",
            "](",
            "![",
            ")",
            "> ",
            "- ",
            "|",
            "# ",
            "attachment:",
        ),
        *(
            "\x00",
            "\u2028",
            "\x0c",
            "\\href{javascript:alert(1)}{x}",
            "<img src=x onerror=alert(1)>",
        ),
    ]
)
TEXTS_OF_FRAGMENTS = st.lists(FRAGMENTS | st.text(max_size=4), max_size=25).map("".join)


@fuzz(text=TEXTS_OF_FRAGMENTS)
def test_any_html(text):
    try:
        check_page(clean(text))
    except RefusedWork:
        return


@fuzz(text=TEXTS_OF_FRAGMENTS, attached=TEXTS_OF_FRAGMENTS)
def test_any_markdown(text, attached):
    try:
        check_page(from_markdown(text, {"a.png": {"image/png": attached}}))
    except RefusedWork:
        return


@pytest.fixture(scope="module")
def hasty_renderer():
    """A renderer that gives up sooner than the real one."""
    renderer = LimitedProcess(formgrader_pages.renderer.work, 0.5)
    yield renderer
    renderer.stop()


@pytest.mark.parametrize("name", TEXTS)
def test_the_corpus_of_texts_is_shown_within_the_limits(name, hasty_renderer, monkeypatch):
    monkeypatch.setattr(formgrader_pages, "renderer", hasty_renderer)
    monkeypatch.setattr(formgrader_pages, "_took_too_long", formgrader_pages.deque(maxlen=5))
    text = TEXTS[name]
    cell = nbformat.v4.new_markdown_cell(text)
    html = formgrader_pages.markdown_to_html({"cell": cell}, text)
    check_page(html)
    assert "(Shown as text" in html or len(html) < 20 * len(text)


def test_after_many_texts_that_take_too_long_only_short_ones_are_rendered(monkeypatch):
    now = formgrader_pages.time.monotonic()
    many = formgrader_pages.deque([now] * 5, maxlen=5)
    monkeypatch.setattr(formgrader_pages, "_took_too_long", many)
    assert formgrader_pages.clean_html("<b>x</b>").count("<b>x</b>") == 1
    assert "(Shown as text" not in formgrader_pages.clean_html("<b>x</b>")
    assert "(Shown as text" in formgrader_pages.clean_html("<b>x</b>" * 1_000)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4)
    ),
    max_leaves=15,
)
MIMES = st.sampled_from(["text/plain", "text/html", "image/png", "application/json", "x", ""])
OUTPUTS = st.fixed_dictionaries(
    {},
    optional={
        "output_type": st.sampled_from(["stream", "display_data", "execute_result", "error"])
        | PLAIN,
        "name": st.sampled_from(["stdout", "stderr"]) | PLAIN,
        "text": PLAIN,
        "data": st.dictionaries(MIMES, PLAIN) | PLAIN,
        "metadata": st.dictionaries(MIMES, st.dictionaries(st.text(max_size=6), PLAIN)) | PLAIN,
        **dict.fromkeys(("ename", "evalue", "traceback", "execution_count"), PLAIN),
    },
)


@fuzz(outputs=st.lists(OUTPUTS, max_size=4), count=PLAIN)
def test_any_outputs_of_a_cell(outputs, count):
    cell = new_code_cell("1")
    cell.outputs, cell["execution_count"] = [nbformat.from_dict(o) for o in outputs], count
    sanitize_cell(cell, 10_000)
    nbformat.validate(nbformat.v4.new_notebook(cells=[cell]))
    json.dumps(cell)


@fuzz(content=PLAIN)
def test_any_message_has_a_size(content):
    assert content_bytes({"content": content}) >= 0


@fuzz(data=st.binary(max_size=80))
def test_any_part_of_a_message(data):
    try:
        unpack(data)
    except ValueError:
        return


def test_a_message_of_many_values_is_not_parsed():
    assert unpack(b"[" + b"{}," * (19 * 2**20) + b"{}]") == {TOO_MUCH: True}
    assert unpack(b"[" * 100_000) == {TOO_MUCH: True}
    assert len(unpack(b"[" + b"1," * (MESSAGE_VALUES // 2) + b"1]")) == MESSAGE_VALUES // 2 + 1
    assert unpack(json.dumps({"text": "a, [b], {c}" * 100_000}).encode())["text"][:3] == "a, "
