"""The site of one module: built without a warning, whole, and read from disk without a network."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from browser import browser_page

from autograder.curriculum.modules import CURRICULUM
from book.anchors import slug
from book.link_check import facts_of, problems_of
from book.modules import load_modules
from book.sphinx_parts import add_notebook_links

pytestmark = pytest.mark.notebook
pytest_plugins = ["small_site"]

PAGES = ["index", "glossary", "curriculum/index", "api/lepton_course", "docs/walls"]


def test_it_is_built_without_a_warning(small_site):
    assert small_site.told == []


def test_links_lead_somewhere_pictures_are_described_and_nothing_comes_from_elsewhere(small_site):
    assert problems_of(small_site.folder) == []


def test_each_figure_of_the_lesson_is_there_with_its_alternative_text(small_site):
    outputs = [o for c in small_site.executed["lesson"].cells for o in c.get("outputs", [])]
    texts = [o.metadata["image/png"]["alt"] for o in outputs if "image/png" in o.get("data", {})]
    page = small_site.page(f"{small_site.course}/lesson")
    shown = re.findall(r'<img class="on-light" alt="([^"]+)"', page)
    assert len(texts) == len(shown) > 3
    assert len(re.findall(r'<img class="on-dark" alt="[^"]+"', page)) == len(texts)


def test_each_term_stands_in_the_glossary_and_leads_to_where_it_is_taught(small_site):
    lesson = f"{small_site.course}/lesson"
    [book] = [book for book in load_modules(CURRICULUM) if book.id == small_site.module]
    page = small_site.page("glossary")
    assert all(f'id="term-{slug(term)}"' in page.lower() for term in book.terms)
    links = [link for link in facts_of(page).links if link.startswith(f"{lesson}.html#")]
    assert len(links) == len(book.terms)
    assert {link.partition("#")[2] for link in links} <= facts_of(small_site.page(lesson)).ids
    overview = small_site.page(f"{small_site.course}/index")
    assert overview.count('href="../../../glossary.html#term-') == len(book.terms)


def test_the_assignment_is_shown_as_learners_get_it(small_site):
    page = small_site.page(f"{small_site.course}/assignment")
    assert page.count("YOUR CODE HERE") >= 5
    assert "BEGIN SOLUTION" not in page
    assert "not answered yet" in page


def test_each_page_has_one_title_and_a_lesson_another_than_its_module(small_site):
    names = [f"{small_site.course}/{name}" for name in ("index", "lesson", "deeper", "assignment")]
    titles = [re.findall(r"<h1>(.*?)<", small_site.page(name)) for name in names]
    assert [len(found) for found in titles] == [1, 1, 1, 1]
    assert len({found[0] for found in titles}) == 4


def test_a_notebook_can_be_downloaded_and_opened_in_the_hub(small_site):
    links = facts_of(small_site.page(f"{small_site.course}/lesson")).links
    notebook = f"{small_site.module}/lesson.ipynb"
    assert f"../../../notebooks/{notebook}" in links
    assert f"{small_site.hub}/hub/user-redirect/lab/tree/lepton/{notebook}" in links


def test_without_a_hub_there_is_no_link_to_one():
    context: dict = {}
    app = SimpleNamespace(config=SimpleNamespace(lepton_hub="", lepton_hub_folder="lepton"))
    add_notebook_links(app, "curriculum/basics/01_one/lesson", "", context, doctree=object())
    assert context == {"notebook_download": "../../../notebooks/basics/01_one/lesson.ipynb"}


def test_the_api_explains_what_a_notebook_imports(small_site):
    page = small_site.page("api/lepton_course")
    assert {f"lepton_course.{name}" for name in ("check", "fit", "record")} <= facts_of(page).ids


@pytest.mark.browser
@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_read_well_from_disk(small_site, chromium, tmp_path, width, theme):
    asked: list[str] = []
    failed: list[str] = []
    with browser_page(chromium) as page:
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: failed.append(str(error)))
        page.set_viewport_size({"width": width, "height": 860})
        page.emulate_media(color_scheme=theme)
        lesson = f"{small_site.course}/lesson"
        for name in [*PAGES, f"{small_site.course}/assignment", lesson]:
            page.goto((small_site.folder / f"{name}.html").as_uri())
            assert page.evaluate("document.documentElement.dataset.theme") == theme
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"{name} is {wide} pixels wider than the page"
        page.locator("mjx-container").first.wait_for()
        seen = page.locator(".lepton-figure img").first.is_visible()
        assert seen == (theme == "light")  # the first of each pair is for light pages
    assert failed == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


@pytest.mark.browser
@pytest.mark.parametrize("word", ["gradient", "standardisation", "standardization"])
def test_the_search_finds_a_word_in_either_spelling_from_disk(small_site, chromium, word):
    with browser_page(chromium) as page:
        page.goto((small_site.folder / "search.html").as_uri() + f"?q={word}")
        page.locator("#search-results li a", has_text="gradients: lesson").first.wait_for()
