"""What pages say: parts of the course in words, news together, choices offered, no empty boxes."""

from __future__ import annotations

import pytest
from lasting_renderer import RENDERER
from page_visitor import PageVisitor
from small_hub import small_hub

from lepton_hub.knowledge.course_places import place_in_words
from lepton_hub.pages.knowledge.rendered_texts import headings_below

SECTION = "08_evaluation/lesson.ipynb#Folds-by-time"


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with small_hub(tmp_path_factory.mktemp("hub")) as hub:
        hub.state.renderer = RENDERER
        hub.make("ada", "engines/rides")
        hub.ask("ada", "PUT", "/subscriptions/person/bose")
        told = {"kind": "question", "text": "x"}
        about = {"section": SECTION, "audience": "everybody"}
        for number in range(2):
            title = f"Which folds, {number}?"
            thread = hub.post("bose", "/threads", {**told, **about, "title": title}).json()["id"]
        for number in range(12):
            hub.post("bose", f"/threads/{thread}/posts", {"text": f"Post {number}"})
        hub.post("bose", "/threads", {**told, "item": "engines/rides", "title": "Which unit?"})
        yield hub


@pytest.fixture
def ada(hub):
    return PageVisitor(hub, "ada")


@pytest.mark.parametrize(
    ("section", "words"),
    [
        (SECTION, "Evaluation: Folds by time"),
        (f"basics/{SECTION}", "Evaluation: Folds by time"),
        ("02_data_pipelines", "Data pipelines"),
        ("02_data_pipelines/assignment.ipynb", "Data pipelines, assignment"),
        ("x/lesson.ipynb#R%C2%B2-is-not-all", "X: R² is not all"),
    ],
)
def test_a_part_of_the_course_in_words(section, words):
    assert place_in_words(section) == words


@pytest.mark.parametrize(
    "path",
    ["/pages/", "/pages/digest", "/pages/discussions", "/pages/search?q=folds",
     "/pages/discussions/course/08_evaluation/lesson.ipynb"],
)  # fmt: skip
def test_pages_name_a_part_of_the_course_as_people_do(ada, path):
    page = ada.see(path)
    assert "Evaluation: Folds by time" in page.text
    assert "ipynb#" not in page.text


def test_programs_and_mails_read_the_same_words(hub):
    told = [one["summary"] for one in hub.get("ada", "/digest").json()["news"]]
    assert "bose asked a question about Evaluation: Folds by time" in told
    assert "bose answered a question about Evaluation: Folds by time" in told
    assert "bose asked a question about Riders by day" in told


@pytest.mark.parametrize("path", ["/pages/", "/pages/digest"])
def test_many_posts_of_a_discussion_hide_no_other_news(ada, path):
    page = ada.see(path)
    assert [title for _, title in page.headings if title.startswith("Which")] == [
        "Which unit?", "Which folds, 1?", "Which folds, 0?",
    ]  # fmt: skip
    assert "the latest of 13 posts" in page.text


@pytest.mark.parametrize("words", ["😀", "?!", "\u200d"])
def test_a_search_without_a_word_finds_nothing_on_the_page_and_in_the_api(hub, ada, words):
    assert hub.get("ada", "/search", params={"q": words}).status_code == 422
    answer = ada.get("/pages/search", params={"q": words})
    assert answer.status_code == 422
    assert "contains no word" in answer.text
    assert "Which unit?" not in answer.text


def test_forms_offer_what_may_be_chosen(hub, ada):
    hub.make("curie", "particles/hidden", title="Hidden")
    page = ada.see("/pages/discussions/new").html
    assert '<option value="engines/rides">Riders by day</option>' in page
    assert "particles/hidden" not in page
    hub.make("bose", "engines/program", "code", title="Fit")
    hub.add("bose", "engines/program", {"fit.py": b"1"})
    page = ada.see("/pages/jobs/new").html
    assert '<option value="engines/program@1">Fit</option>' in page
    results = page.partition('<datalist id="results">')[2].partition("</datalist>")[0]
    assert "engines/rides" in results
    assert "engines/program" not in results, "its owner is somebody else"


def test_an_item_gets_its_name_from_its_title(ada):
    form = ada.see("/pages/items/new").form("/pages/items/new").fields
    told = {"space": "engines", "title": "Who cancels?", "licence": "CC0", "origin": "counted"}
    sent = ada.send("/pages/items/new", {**form, **told})
    assert sent.headers["location"] == "/pages/items/engines/who-cancels/versions/new"
    untold = ada.send("/pages/items/new", {**form, **told, "title": "统计"})
    assert untold.status_code == 422


def test_an_address_that_asks_for_what_no_page_has_says_so(ada):
    answer = ada.get("/pages/digest?days=many")
    assert answer.status_code == 404
    assert "contains a parameter the page does not understand" in answer.text


@pytest.mark.parametrize(
    ("levels", "placed"),
    [([2, 3, 1], [2, 3, 2]), ([1, 2, 3], [2, 3, 4]), ([3, 6, 6], [2, 3, 3]), ([1] * 3, [2] * 3)],
)
def test_headings_of_a_text_leave_out_no_level(levels, placed):
    html = "".join(f"<h{level}>x</h{level}>" for level in levels)
    assert headings_below(html, 1) == "".join(f"<h{level}>x</h{level}>" for level in placed)
