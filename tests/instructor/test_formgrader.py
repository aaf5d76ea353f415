"""An instructor's evening: nbgrader's formgrader and the feedback, in a real Chromium.

With LEPTON_SCREENSHOTS=docs/images the picture of docs/instructors.md is made anew.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from browser import Lab, browser_page, jupyter_lab, picture
from conftest import CLONE
from nbgrader.api import Gradebook
from playwright.sync_api import Locator, Page, expect
from tiny_course import DOUBLE, TOTAL, answered, hand_in, write_curriculum, write_roster
from typer.testing import CliRunner

from autograder.cli.class_commands import class_app

pytestmark = pytest.mark.browser

LIKELY_REASON = "You squared the numbers; add them to themselves."

ATTACK = """<script>window.attacked = "script"</script>
<img src="none.png" onerror="window.attacked = 'img'">
<button class="full-credit" id="total">A button</button>
<a href="javascript:window.attacked = 'link'">A link</a>

[Another link](javascript:window.attacked='markdown')

<iframe srcdoc="<script>parent.attacked = 'iframe'</script>"></iframe>"""

ATTACKING_OUTPUT = f"""
from IPython.display import HTML, Javascript, Markdown, display
display(HTML('''{ATTACK}'''), Markdown('''{ATTACK}'''))
display(Javascript("window.attacked = 'output'"))
def double(x):
    return 2 * abs(x)"""

ANSWERS = {
    "ada": {"double": DOUBLE, "total": TOTAL, "why": "Since $a + b = b + a$."},
    "grace": {
        "double": "def double(x):\n    return x**2",
        "total": TOTAL,
        "why": "Because $\\sum_i x_i$ has no order.",
    },
    "linus": {
        "double": ATTACKING_OUTPUT,  # outputs of cells after the first judged one are left out
        "total": TOTAL,
        "why": ATTACK,
    },
}


@pytest.fixture(scope="module")
def classroom(tmp_path_factory) -> Path:
    """A graded class: all right, one misconception, and half right with an attack."""
    folder = tmp_path_factory.mktemp("evening")
    classroom = folder / "class"
    before = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(CLONE), before])
    lepton_class(
        "create", classroom,
        "--roster", write_roster(folder), "--curriculum", write_curriculum(folder),
    )  # fmt: skip
    for student, answers in ANSWERS.items():
        hand_in(classroom, student, answered(classroom, answers))
    lepton_class("grade", classroom, "small_sums")
    lepton_class("feedback", classroom, "small_sums")
    yield classroom
    os.environ["PYTHONPATH"] = before


def lepton_class(*arguments: object) -> None:
    done = CliRunner().invoke(class_app, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output


@pytest.fixture(scope="module")
def url(classroom, tmp_path_factory):
    """The URL that `jupyter lab` printed in the class's folder."""
    with jupyter_lab(classroom, tmp_path_factory.mktemp("home")) as printed:
        yield printed


@pytest.fixture
def page(chromium, url, tmp_path):
    """A page that is logged in, and may ask nobody but this machine."""
    with browser_page(chromium) as page:
        page.set_default_timeout(20_000)
        page.request.get(url)
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        yield page
        page.screenshot(path=tmp_path / "at the end.png")
    local = ("http://localhost:", "ws://localhost:", "file:", "data:", "blob:")
    assert [address for address in asked if not address.startswith(local)] == []


def formgrader(url: str, place: str) -> str:
    """The address of a page of formgrader."""
    return f"{url.partition('/lab?')[0]}/formgrader/{place}"


def open_submission(page: Page, url: str, student: str) -> None:
    """Go to a student's submission the way a click does."""
    page.goto(formgrader(url, f"manage_students/{student}/small_sums"))
    page.get_by_role("link", name="assignment", exact=True).click()
    page.wait_for_function("window.formgrader && formgrader.grades && formgrader.grades.loaded")
    page.wait_for_function("formgrader.comments.loaded")
    wait_until_still(page)


def wait_until_still(page: Page) -> None:
    """Wait until formgrader has scrolled to the input that has the focus: it glides there."""
    page.wait_for_function("!$('body, html').is(':animated')")


def cell(page: Page, text: str) -> Locator:
    """A cell of the notebook, with its output."""
    return page.locator("#notebook-container > .cell", has_text=text)


def open_feedback(page: Page, classroom: Path, student: str) -> None:
    page.goto((classroom / f"feedback/{student}/small_sums/assignment.html").as_uri())


def test_formgrader_opens_from_the_menu_and_lists_the_class(page, url, classroom):
    page.goto(f"{url}&reset")
    Lab(page, classroom).menu("Nbgrader", "Formgrader")
    inside = page.frame_locator("iframe")
    inside.get_by_role("link", name="small_sums").wait_for()
    inside.get_by_role("link", name="Manual Grading").first.click()
    inside.get_by_role("heading", name="Manual Grading").wait_for()

    page.goto(formgrader(url, "manage_submissions/small_sums"))
    scores = {"Lovelace, Ada": "5 / 6", "Pauling, Linus": "4 / 6"}
    for name, score in scores.items():
        expect(page.get_by_role("row", name=name)).to_contain_text(score)


def test_partial_credit_is_as_the_judge_gave_it(page, url):
    open_submission(page, url, "linus")
    expect(page.locator("input#double.score")).to_have_attribute("placeholder", "1")
    judged = cell(page, 'check("double")')
    expect(judged).to_contain_text("Twice as much: 1 of 2 points")
    expect(judged.get_by_role("row", name="Right positive numbers")).to_be_visible()
    expect(judged.get_by_role("row", name="Wrong negative numbers")).to_be_visible()


def test_a_grade_by_hand_is_saved_kept_and_told(page, url, classroom, tmp_path):
    open_submission(page, url, "grace")
    expect(page.locator("input#double.score")).to_have_attribute("placeholder", "0")
    likely = cell(page, 'check("double")').get_by_role("row", name=f"Likely reason {LIKELY_REASON}")
    expect(likely).to_be_visible()

    page.locator("input#why.score").fill("0.5")
    page.locator("#why-comment").fill("True, but *why* has it none?")
    with page.expect_response("**/api/comment/**"):
        page.locator("#why-comment").blur()
    if os.environ.get("LEPTON_SCREENSHOTS"):
        page.wait_for_timeout(2000)  # the ticks of saving fade
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    picture(page, tmp_path / "formgrader.png", shown=True)
    assert graded_by_hand(classroom) == (0.5, "True, but *why* has it none?")

    lepton_class("grade", classroom, "small_sums")
    lepton_class("grade", classroom, "small_sums", "--student", "grace", "--force")
    assert graded_by_hand(classroom) == (0.5, "True, but *why* has it none?")
    page.reload()
    expect(page.locator("input#why.score")).to_have_value("0.5")

    lepton_class("feedback", classroom, "small_sums", "--student", "grace")
    open_feedback(page, classroom, "grace")
    expect(page.get_by_role("heading").first).to_contain_text("Score: 3.5 / 6.0")
    likely = cell(page, 'check("double")').get_by_role("row", name=f"Likely reason {LIKELY_REASON}")
    expect(likely).to_be_visible()
    expect(cell(page, "has no order")).to_contain_text("True, but why has it none?")
    expect(cell(page, "has no order").locator("math")).to_contain_text("∑")
    picture(page, tmp_path / "feedback.png")


def graded_by_hand(classroom: Path, who: str = "grace") -> tuple[float | None, str | None]:
    """A learner's points and comment for the open question, in the gradebook."""
    with Gradebook(f"sqlite:///{classroom}/gradebook.db") as gradebook:
        grade = gradebook.find_grade("why", "assignment", "small_sums", who)
        comment = gradebook.find_comment("why", "assignment", "small_sums", who)
        return grade.manual_score, comment.manual_comment


def wait_until_saved(page: Page, classroom: Path, grade: tuple[float, str]) -> None:
    """Wait until the gradebook has what Ada's page shows; a busy machine may take long."""
    end = time.monotonic() + 60
    while graded_by_hand(classroom, "ada") != grade and time.monotonic() < end:
        page.wait_for_timeout(200)
    assert graded_by_hand(classroom, "ada") == grade
    expect(page.locator("input#why.score")).to_have_value(f"{grade[0]:g}")


def test_the_rubric_gives_points_and_reasons(page, url, classroom):
    open_submission(page, url, "ada")
    rubric = page.get_by_role("list", name="Rubric")
    example = rubric.get_by_label("0.5 an example with <b>numbers</b>")
    commutes = rubric.get_by_label("0.5 that addition commutes")
    reason = "- 0.5 that addition commutes"
    example.check()
    wait_until_saved(page, classroom, (0.5, "- 0.5 an example with <b>numbers</b>"))
    commutes.check()
    wait_until_saved(page, classroom, (1.0, f"{reason}\n- 0.5 an example with <b>numbers</b>"))
    page.locator("#why-comment").press_sequentially("\nWell said.")
    wait_until_still(page)
    example.uncheck()
    wait_until_saved(page, classroom, (0.5, f"{reason}\n\nWell said."))

    page.reload()
    expect(rubric.get_by_label("0.5 that addition commutes")).to_be_checked()
    expect(rubric.get_by_label("0.5 an example")).not_to_be_checked()
    assert page.evaluate("document.querySelector('.lepton-rubric .words b')") is None


def test_formgraders_own_button_asks_the_same_judge(page, url, classroom):
    page.goto(formgrader(url, "manage_submissions/small_sums"))
    page.get_by_role("row", name="Lovelace, Ada").locator(".autograde a").click()
    expect(page.locator(".modal-title")).to_contain_text("Success", timeout=60_000)
    with Gradebook(f"sqlite:///{classroom}/gradebook.db") as gradebook:
        grades = gradebook.find_submission("small_sums", "ada").notebooks[0].grades
        assert sum(grade.auto_score or 0 for grade in grades) == 5


@pytest.mark.parametrize("where", ["formgrader", "feedback"])
def test_what_a_learner_wrote_is_shown_and_not_run(page, url, classroom, where):
    if where == "formgrader":
        open_submission(page, url, "linus")
    else:
        open_feedback(page, classroom, "linus")
    page.wait_for_timeout(500)
    assert page.evaluate("window.attacked") is None
    shown = page.locator(".text_cell_render, .output_html, .output_markdown")
    for link in shown.get_by_text("link").all():
        link.click()
    for button in shown.get_by_text("A button").all():
        button.click()
    page.wait_for_timeout(500)
    assert shown.get_by_text("A button").count() == 3
    assert page.evaluate("window.attacked") is None
    with Gradebook(f"sqlite:///{classroom}/gradebook.db") as gradebook:
        assert gradebook.find_submission("small_sums", "linus").score == 4
