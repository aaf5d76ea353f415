"""Terms of the course in texts on pages: what becomes a link, and what stays as it is."""

from __future__ import annotations

import re

import pytest
from page_visitor import PageVisitor
from small_hub import small_hub

from lepton_hub.graph import term_links
from lepton_hub.graph.course_terms import CourseModule, CourseOutline, load_course
from lepton_hub.graph.term_links import TermLinker
from lepton_hub.rendering.formulas import with_formulas
from lepton_hub.rendering.safe_markdown import render_markdown

OUTLINE = CourseOutline({
    "a": CourseModule("a", 'Training "well"', (), ("learning rate", "learning rate range test",
                                                    "batch size", "Adam", "A/B test")),
    "b": CourseModule("b", "Attention & co", (), ("attention", "self-attention", "naïve Bayes")),
})  # fmt: skip
LINK = re.compile(r'<a class="term" href="([^"]*)" title="([^"]*)">(.*?)</a>')


def links(markdown: str) -> list[str]:
    """The words of a text that are links to terms."""
    html = with_formulas(render_markdown(markdown))
    found = TermLinker(OUTLINE, "/hub/pages/graph").linked(html)
    assert LINK.sub(lambda link: link[3], found) == html, "nothing else has changed"
    return [words for _, _, words in LINK.findall(found)]


@pytest.mark.parametrize(
    ("text", "linked"),
    [
        ("The learning rate, and the learning rate.", ["learning rate"]),
        ("Learning-rate, then *batch size*", ["Learning-rate", "batch size"]),
        ("a learning rate range test of the learning rate", [
            "learning rate range test", "learning rate",
        ]),
        ("an A/B test", ["A/B test"]),
        ("NA\u00cfVE Bayes", ["NA\u00cfVE Bayes"]),
        ("learning. Rate", []),
        ("learning *rate*", []),
        ("learning &amp; rate", []),
        ("learningrate, batch sizes", []),
        ("`learning rate` and\n\n    batch size", []),
        ("```\nlearning rate\n```", []),
        ("# Learning rate", []),
        ("[learning rate](https://x.org) <b>batch size</b>", ["batch size"]),
        ("$learning rate$ and $\\text{batch size}$", []),
        ("| learning rate |\n|-|\n| batch size |", ["learning rate", "batch size"]),
        ("Adam is my cousin", []),
        ("Adam and its learning rate", ["Adam", "learning rate"]),
        ("pay attention to the batch size", ["batch size"]),
        ("attention, that is, self-attention", ["attention", "self-attention"]),
        ("", []),
    ],
)  # fmt: skip
def test_the_first_mention_in_plain_words_is_a_link(text, linked):
    assert links(text) == linked


def test_a_link_leads_to_the_term_and_says_who_teaches_it():
    [(address, about, _)] = LINK.findall(TermLinker(OUTLINE, "/g").linked("<p>A/B test</p>"))
    assert address == "/g?node=term%3Aa%20b%20test"
    assert about == "A term of the course: Training &quot;well&quot;"


def test_one_that_was_linked_in_an_earlier_text_is_not_linked_again():
    linker = TermLinker(OUTLINE, "/g")
    assert "<a" in linker.linked("<p>learning rate</p>")
    assert linker.linked("<p>learning rate</p>") == "<p>learning rate</p>"
    assert linker.linked("<p>batch size</p>").count("<a") == 1


def test_a_long_text_gets_none(monkeypatch):
    monkeypatch.setattr(term_links, "LONGEST", 20)
    assert links("learning rate") == []


def test_hostile_texts_stay_as_the_renderer_made_them():
    for text in ("<a title='>learning rate'>", "learning <i> rate", "<<<< learning rate >>>>",
                 '[a](#"learning rate")', "![learning rate](attachment:a)"):  # fmt: skip
        links(text)


def test_every_term_of_the_course_is_found_as_its_modules_write_it():
    course = load_course()
    for module in course.modules.values():
        html = render_markdown("\n\n".join(module.terms))
        assert TermLinker(course, "/g").linked(html).count('class="term"') == len({*module.terms})


def test_documents_and_discussions_have_the_links_and_they_lead_on(tmp_path):
    with small_hub(tmp_path) as hub:
        text = "## Batch size\n\nWe chose the batch size, then the learning rate."
        told = {"space": "engines", "name": "plan", "title": "Secret plan", "text": text}
        assert hub.post("ada", "/documents", told).status_code == 201
        ada = PageVisitor(hub, "ada")
        found = ada.see("/pages/documents/engines/plan")
        mine = [link for link in found.links if "node=term" in link]
        assert mine == [f"/pages/graph?node=term%3A{key}" for key in (
            "batch%20size", "learning%20rate",
        )]  # fmt: skip
        assert (2, "Batch size") in found.headings
        for link in mine:
            assert "Secret plan" in ada.see(link).text
            assert "Secret plan" not in PageVisitor(hub, "curie").see(link).text
        thread = {"item": "engines/plan", "kind": "question", "title": "?", "text": "batch size?"}
        id_ = hub.post("ada", "/threads", thread).json()["id"]
        for _ in range(2):
            hub.post("ada", f"/threads/{id_}/posts", {"text": "The batch size"})
        page = ada.see(f"/pages/discussions/{id_}")
        assert sum("node=term%3Abatch" in link for link in page.links) == 1
