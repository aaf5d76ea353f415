"""Markdown and notebooks of anybody's: nothing runs, leads astray or takes long."""

from __future__ import annotations

import json
import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lepton_hub.rendering import BoundedRenderer
from lepton_hub.rendering.notebook_reading import NotANotebook, render_notebook
from lepton_hub.rendering.safe_markdown import LONGEST_LINE, render_markdown

FOLDER = "/services/hub/documents/engines/guide/attachments"
TAGS = {
    *("a", "blockquote", "br", "code", "del", "div", "em", "hr", "img", "li", "ol", "p", "pre"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "s", "span", "strong", "ul"),
    *("table", "tbody", "td", "th", "thead", "tr"),
}
ATTRIBUTES = {"href", "rel", "src", "alt", "start", "align", "class"}
LEADS_TO = re.compile(rf"https?://|mailto:|#|{re.escape(FOLDER)}/", re.IGNORECASE)


class Elements(HTMLParser):
    """Collects the elements of a page, as a browser would find them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def check(html: str) -> list:
    """The elements of a page, none of which runs or loads anything."""
    found = Elements(html).found
    for tag, attributes in found:
        assert tag in TAGS
        assert set(attributes) <= ATTRIBUTES
        assert LEADS_TO.match(attributes.get("href") or "#")
        assert (attributes.get("src") or FOLDER + "/").startswith(FOLDER + "/")
    return found


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt&colon;alert(1))",
    "[x](&#x6A;avascript:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](<java\nscript:alert(1)>)",
    "[x](vbscript:x)",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "![x](data:image/svg+xml;base64,PHN2Zy8+)",
    "![x](data:image/png;base64,iVBORw0KGgo=)",
    "![tracker](https://elsewhere.example/pixel.png)",
    "![x](//elsewhere.example/pixel.png)",
    "![x](attachment:../../secret)",
    "![x](attachment:%2e%2e%2f%2e%2e%2fsecret)",
    "![x](attachment:%2e%2e)",
    "![x](attachment:..)",
    "[x](//elsewhere.example)",
    "[x](/hub/api/users)",
    "[x](https:elsewhere.example)",
    "[x](https://user:password@elsewhere.example)",
    "[x](https:\\\\elsewhere.example)",
    "[x](mailto:a@b.example?body=x)",
    "<javascript:alert(1)>",
    "<https://a.example/'onclick='alert(1)>",
    '[x](https://a.example "\\" onclick=alert(1)")',
    '![" onerror="alert(1)](attachment:a.png)',
    "[x]: javascript:alert(1)\n\n[x]",
    "$</span><script>alert(1)</script>$",
    "$$\n</div><img src=x onerror=alert(1)>\n$$",
    "```<script>\nalert(1)\n```",
    '```"><script>alert(1)</script>\nx\n```',
    "|a|\n|:--|\n|<script>alert(1)</script>|",
    "<style>@import 'x'</style>",
    "<base href=//x>",
    "<form action=//x><input>",
    "<!--><script>alert(1)</script>-->",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "\x00<script>\ufffe",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_markdown_leaves_nothing_that_runs_or_loads(text):
    html = render_markdown(text, FOLDER)
    found = check(html)
    assert not any("elsewhere" in (one.get("src") or "") for _, one in found)
    for _, attributes in found:
        href = attributes.get("href") or ""
        assert not re.search("user:|body=|%2f|%2e", href, re.IGNORECASE)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [*HOSTILE, "<", ">", '"', "'", "`", "$", "$$", "[", "](", ")", "![", "\n", "\n\n", "|",
             "&", "&lt;", "a", " ", "*", "attachment:", "javascript:", "    ", "- "]
        ),
        max_size=12,
    ).map("".join)
)  # fmt: skip
def test_no_mixture_of_them_does_either(text):
    check(render_markdown(text, FOLDER))


def test_what_a_writer_wants_is_there():
    html = render_markdown(
        "# Title\n\nSee [this](https://a.example/x?y=1#z), [below](#title), **bold** ~~old~~.\n\n"
        "3. three\n\n| a | b |\n|--:|---|\n| 1 | 2 |\n\n![a plot](<attachment:my plot.png>)\n\n"
        "[data](attachment:d.csv) where $a<b$ and\n\n$$\\sum_i x_i$$\n\n```python\nx = 1\n```\n",
        FOLDER,
    )
    check(html)
    for piece in (
        "<h1>Title</h1>", 'href="https://a.example/x?y=1#z"', 'href="#title"', "<s>old</s>",
        '<ol start="3">', '<th align="right">a</th>', f'src="{FOLDER}/my%20plot.png"',
        f'href="{FOLDER}/d.csv"', r"\(a&lt;b\)", r"\[\sum_i x_i\]", "x = 1",
    ):  # fmt: skip
        assert piece in html, piece


def test_without_a_folder_there_are_no_pictures():
    assert "src" not in render_markdown("![x](attachment:a.png)")


GROWING = {
    "quotes": ">" * 100_000,
    "brackets": "[" * 19_000,
    "pictures": "![" * 9_000,
    "links": "[a](" * 4_000,
    "stars": "*a " * 6_000,
    "mixed stars": "*a_" * 6_000,
    "backticks": "".join("e" + "`" * n for n in range(190)),
    "dollars": "$a" * 9_000,
    "lists": "\n".join(" " * (2 * n % 300) + "- x" for n in range(3_000)),
    "references": "".join(f"[{n}]: x\n" for n in range(15_000)) + "\n" + "[1] " * 200,
    "tables": "|" * 9_000 + "\n" + "|-" * 9_000,
    "entities": "&" * 19_000,
    "tags": "<a " * 6_000,
    "one line": "x" * 200_000,
    "many lines": "x\n\n" * 60_000,
    "deep": "\n".join("> " * n + "x" for n in range(400)),
}


@pytest.fixture(scope="module")
def renderer():
    made = BoundedRenderer(seconds=1.0)
    made.markdown("x")
    yield made
    made.close()


@pytest.mark.parametrize("name", sorted(GROWING))
def test_texts_that_grow_fast_are_shown_in_bounded_time(name, renderer):
    begun = time.monotonic()
    html = renderer.markdown(GROWING[name])
    assert time.monotonic() - begun < 20  # minutes, if nothing ended it
    assert len(html) > 100
    assert renderer.markdown("*still there*") == "<p><em>still there</em></p>\n"


def test_a_long_line_is_shown_as_it_is():
    text = "<b>" * LONGEST_LINE
    assert render_markdown(text) == f"<pre>{'&lt;b&gt;' * LONGEST_LINE}</pre>\n"


def test_differences_are_fine_where_they_can_be_and_coarse_where_they_must(renderer):
    names = ("revision 1", "yours")
    assert renderer.difference("a\nb\nc\n", "a\nB\nc\n", names).splitlines()[3:] == [
        " a", "-b", "+B", " c",
    ]  # fmt: skip
    old = "".join(f"{n * 7919 % 97}\n" for n in range(60_000))
    new = "".join(f"{n * 6101 % 97}\n" for n in range(60_000))
    begun = time.monotonic()
    found = renderer.difference(f"same\n{old}end", f"same\n{new}end", names).splitlines()
    assert time.monotonic() - begun < 20  # minutes, if nothing ended it
    removed = [line[1:] for line in found if line.startswith("-")][1:]
    added = [line[1:] for line in found if line.startswith("+")][1:]
    assert len(removed) <= 60_000
    assert len(removed) - len(added) == old.count("\n") - new.count("\n")
    assert renderer.difference("same", "same", names) == ""


def test_a_merge_keeps_both_changes_or_says_that_they_touch(renderer):
    base = "one\ntwo\nthree\nfour\nfive\n"
    ours = base.replace("one", "ONE")
    theirs = base.replace("five", "FIVE\nsix")
    assert renderer.merge(base, ours, theirs) == "ONE\ntwo\nthree\nfour\nFIVE\nsix\n"
    assert renderer.merge(base, ours, base.replace("one", "1")) is None
    assert renderer.merge(base, ours, ours) == ours
    assert renderer.merge(base, base.replace("two", "2"), base.replace("three", "3")) is None


# ── Notebooks ─────────────────────────────────────────────────────────────────────────────────
def notebook(*cells: dict) -> str:
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)})


def code(source: str, *outputs: dict) -> dict:
    return {"cell_type": "code", "source": [source], "outputs": list(outputs)}


def test_a_notebook_is_prose_code_and_printed_results():
    html = render_notebook(
        notebook(
            {"cell_type": "markdown", "source": "# Title <script>"},
            code("1 < 2", {"output_type": "stream", "text": ["yes <b>\n"]}),
            code("x", {"output_type": "execute_result", "data": {"text/plain": ["<x>"]}}),
            code("y", {"output_type": "display_data", "data": {
                "text/html": "<script>alert(1)</script>", "image/svg+xml": "<svg onload=x>"}}),
            code("z", {"output_type": "error", "ename": "E<", "evalue": "<i>", "traceback": []}),
        )
    )  # fmt: skip
    check(html)
    for piece in (
        "<h1>Title &lt;script&gt;</h1>", "1 &lt; 2", "yes &lt;b&gt;", "&lt;x&gt;",
        "Output not shown: image/svg+xml, text/html", "E&lt;: &lt;i&gt;",
    ):  # fmt: skip
        assert piece in html, piece
    assert "onload" not in html


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"nbformat": 3, "cells": []}',
        '{"nbformat": 4, "cells": [1]}',
        '{"nbformat": 4, "cells": 7}',
        '{"nbformat": 4, "cells": [{"cell_type": "code", "outputs": 5}]}',
        '{"nbformat": 4, "cells": [{"cell_type": "code", "outputs": [5]}]}',
        "[" * 100_000,
        '{"nbformat": ' + "9" * 10_000 + "}",
    ],
)
def test_what_is_no_notebook_is_refused(content, renderer):
    with pytest.raises(NotANotebook):
        render_notebook(content)
    with pytest.raises(NotANotebook):
        renderer.notebook(content)


def test_a_notebook_shows_no_more_than_a_reader_reads():
    many = notebook(
        *(code("x", {"output_type": "stream", "text": "y" * 50_000}) for _ in range(300))
    )
    html = render_notebook(many)
    assert len(html) < 2_100_000
    assert "notebook is too long" in html
    assert "500 more cells" in render_notebook(notebook(*[code("x")] * 2_500))
