"""Formulas as MathML: what they look like, and that no TeX brings markup of its own along."""

from __future__ import annotations

import re
from contextlib import suppress
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lepton_hub.rendering import BoundedRenderer
from lepton_hub.rendering.formulas import LONGEST_FORMULA, NotConverted, mathml, with_formulas
from lepton_hub.rendering.safe_markdown import render_markdown

KNOWN = re.compile(r"m[a-z]+")
HARMLESS = {
    *("accent", "columnalign", "display", "displaystyle", "fence", "form", "linethickness"),
    *("mathvariant", "maxsize", "minsize", "movablelimits", "stretchy", "width"),
}


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def check(html: str) -> Tags:
    """The elements of a formula: MathML alone, closed, and without what could load or run."""
    found = Tags(html)
    assert found.open == []
    assert all(KNOWN.fullmatch(tag) for tag in found.tags)
    assert found.attributes <= HARMLESS
    return found


@pytest.mark.parametrize(
    ("tex", "elements"),
    [
        (r"\frac{1}{n}\sum_{i=1}^n (y_i-\hat y_i)^2", {"mfrac", "mover", "msup"}),
        (r"\sqrt[3]{x}", {"mroot"}),
        (r"\begin{pmatrix}a&b\\c&d\end{pmatrix}", {"mtable"}),
        (r"\begin{aligned}a&=b\\c&=d\end{aligned}", {"mtable"}),
        (r"\operatorname{softmax}(z)_i = \frac{e^{z_i}}{\sum_j e^{z_j}}", {"mfrac"}),
        (r"\mathbb{E}[X] \to \infty", {"mi"}),
    ],
)
def test_what_courses_write_is_drawn(tex, elements):
    assert elements <= set(check(mathml(tex)).tags)


def test_a_sum_alone_on_its_line_has_its_limits_above_and_below():
    assert "<munderover>" in mathml(r"\sum_{i=1}^n x_i", "block")


def test_bars_stretch_where_they_do_in_tex():
    assert mathml(r"\lVert x\rVert").count('stretchy="false"') == 2
    assert 'stretchy="false"' not in mathml(r"\begin{vmatrix}a&b\\c&d\end{vmatrix}")
    assert 'stretchy="true"' in mathml(r"\left| \frac{a}{b} \right|")


HOSTILE = [
    r"\text{<script>alert(1)</script>}",
    r"\text{</mtext></math><img src=x onerror=alert(1)>}",
    r"\href{javascript:alert(1)}{x}",
    r"\class{x}{y}",
    r"\style{position:fixed}{x}",
    r"\mathrm{<img src=x onerror=alert(1)>}",
    r"\color{red;background:url(//evil.example)}{x}",
    r"\rule{99999em}{99999em}",
    r"\hspace{99999em} x",
    r"\text{&lt;script&gt;}",
    r"\unicode{60}",
    r"\operatorname{<style>*{display:none}</style>}",
]


@pytest.mark.parametrize("tex", HOSTILE)
def test_no_formula_brings_markup_of_its_own(tex):
    with suppress(NotConverted):
        check(mathml(tex))
    check_page = with_formulas(render_markdown(f"a ${tex}$ b\n\n$$\n{tex}\n$$\n"))
    assert not {"script", "img", "style", "a"} & set(Tags(check_page).tags)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                *(
                    "\\frac",
                    "\\text",
                    "\\href",
                    "\\left(",
                    "\\right)",
                    "\\begin{cases}",
                    "&",
                    "\\\\",
                ),
                *("\\end{cases}", "{", "}", "^", "_", "<b>", '"', "'", "x", "\\style", "\\class"),
                *("\\mathrm", "&lt;", "&#60;", "<!--", "]]>", "\\sqrt", "\\limits", "\\color"),
            ]
        ),
        max_size=10,
    )
)
def test_whatever_is_written_stays_mathml_or_tex(pieces):
    with suppress(NotConverted):
        check(mathml("".join(pieces)))


@pytest.mark.parametrize("tex", [r"\frac{", "a & b", r"\unknowncommand x", "x" * 5000, "{" * 200])
def test_what_cannot_be_drawn_stays_tex(tex):
    assert len(tex) > LONGEST_FORMULA or len(tex) < 1000
    with pytest.raises(NotConverted):
        mathml(tex)


def test_a_page_has_formulas_and_the_rest_as_it_was():
    html = with_formulas(render_markdown("Is $a<b$?\n\n$$\n\\frac{\n$$\n\n`$x$` \\(y\\)"))
    assert '<span class="math inline"><math display="inline">' in html
    assert '<code class="tex">\\frac{</code>' in html
    assert "<code>$x$</code> (y)" in html


def test_a_renderer_draws_them_in_its_own_process():
    renderer = BoundedRenderer()
    try:
        assert "<msup>" in renderer.page("$x^2$")
        assert r"\(x^2\)" in renderer.markdown("$x^2$")  # the API's own form stays
    finally:
        renderer.close()
