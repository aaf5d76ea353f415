"""START and PROGRESS in a real JupyterLab: right whenever they are looked at, and never run."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from browser import Lab, look, picture, sees

from lepton_course import progress

pytestmark = pytest.mark.browser
pytest_plugins = ["learner_lab"]

FIRST = "basics/01_tensors_and_gradients"
MODULE = "basics/05_convolutional_networks"
PAGE = ".lepton-CourseDocument:not(.lm-mod-hidden)"


def solved(lab: Lab, count: int):
    """Wait until the page in front shows so many graded exercises of the module as solved."""
    row = lab.panel().locator("tr", has_text="Convolutional networks")
    row.get_by_text(re.compile(rf"graded\s{count}\sof\s\d+")).wait_for()


def test_the_start_page_is_right_whenever_it_is_looked_at(lab, workspace, url, tmp_path):
    solved(lab, 0)
    progress.record_attempt(MODULE, "train_epoch", "right", folder=workspace)
    solved(lab, 1)  # it was open, and nobody ran anything
    lab.page.reload()
    lab.page.locator("#jupyterlab-splash").wait_for(state="detached")
    solved(lab, 1)
    progress.record_attempt(MODULE, "convolve2d", "right", folder=workspace)
    lab.page.goto("about:blank")
    progress.record_attempt(MODULE, "max_pool2d", "right", folder=workspace)
    lab.open(url)
    solved(lab, 3)  # recorded while no page was open
    picture(lab.page, tmp_path / "start.png")


def test_it_has_no_cell_to_add_to_and_starts_no_kernel(lab, workspace, url):
    before = (workspace / "START.ipynb").read_bytes()
    for _ in range(3):
        lab.page.keyboard.press("Shift+Enter")
    assert lab.page.locator(f"{PAGE} .jp-Cell").count() == 0
    base, token = url.split("/lab/tree/START.ipynb?token=")
    sessions = httpx.get(f"{base}/api/sessions", params={"token": token}).json()
    assert "START.ipynb" not in [session["path"] for session in sessions]
    assert lab.page.locator(".jp-Dialog").count() == 0
    assert (workspace / "START.ipynb").read_bytes() == before


def test_a_page_behind_another_is_right_when_it_comes_to_the_front(lab, workspace):
    lab.follow(f"{FIRST}/lesson.ipynb")
    progress.record_attempt(FIRST, "prepare", "right", folder=workspace)
    lab.page.locator(".lm-TabBar-tab", has_text="START.ipynb").first.click()
    row = lab.panel().locator("tr", has_text="Tensors and gradients")
    row.get_by_text(re.compile(r"small\s1\sof\s\d+|graded\s1\sof\s\d+")).first.wait_for()


def test_both_pages_read_well(lab, workspace, url, tmp_path):
    progress.record_attempt(MODULE, "max_pool2d", "wrong", folder=workspace)
    progress.record_answer(MODULE, "quiz 1", "b", True, folder=workspace)
    lab.panel().get_by_text(re.compile(r"quiz\s1\sof\s\d+")).wait_for()
    look(lab, tmp_path / "start", PAGE)
    lab.page.set_viewport_size({"width": 1280, "height": 860})
    lab.panel().get_by_role("link", name="your progress").click()
    lab.panel().get_by_role("heading", name="Your progress").wait_for()
    look(lab, tmp_path / "progress", PAGE)


def test_a_mistake_is_reported_from_the_notebook(lab, tmp_path):
    lab.follow(f"{MODULE}/assignment.ipynb")
    lab.run("begin(")
    shown = lab.cell("begin(").locator("details")
    shown.get_by_text("Report a mistake").click()
    picture(lab.page, tmp_path / "report.png")
    with lab.page.expect_download() as saved:
        shown.get_by_role("link", name="Convolution with channels").click()
    assert saved.value.suggested_filename == f"{MODULE.replace('/', '-')}-assignment-convolve2d.md"
    text = Path(saved.value.path()).read_text()
    assert "cell `convolve2d`" in text and "- torch" in text
    assert str(Path.home()) not in text and str(tmp_path) not in text
    look(lab, tmp_path / "report", ".jp-NotebookPanel:not(.lm-mod-hidden) details")


def test_the_survey_is_answered_with_buttons(lab, workspace, tmp_path):
    progress.record_visit(FIRST, folder=workspace)
    lab.follow("SURVEY.ipynb")
    lab.run_all("SURVEY.ipynb", seconds=60)
    page = lab.panel().locator(".jp-OutputArea").first

    assert page.get_by_text("Or answer in a cell below").is_hidden()
    first = page.locator(".widget-vbox", has_text="How well do you know it?").filter(
        has_text="Tensors and gradients"
    ).last  # fmt: skip
    assert first.get_by_role("button", name="(4,)", exact=True).is_hidden(), "only who knows it"
    first.get_by_role("button", name="have used it").click()
    first.get_by_role("button", name="(4,)", exact=True).press("Enter")
    sees(first, "Question 1: right.")
    first.get_by_role("button", name="making the weight a little larger").click()
    first.get_by_role("button", name="0.5", exact=True).click()
    sees(first, "Question 3: right.")
    first.get_by_role("button", name="perhaps", exact=True).click()
    first.get_by_role("button", name="✓ perhaps").wait_for()

    after = page.locator(".widget-vbox", has_text="Its pace was").filter(
        has_text="Tensors and gradients"
    ).last  # fmt: skip
    after.get_by_role("button", name="5 very").click()
    after.get_by_role("button", name="too fast").click()
    after.get_by_placeholder("What is still unclear?").fill("why <b>axes</b> vanish")
    after.get_by_role("button", name="Keep for myself").click()
    after.get_by_text("Kept, for you alone").wait_for()
    look(lab, tmp_path / "survey", ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output")

    said = progress.load_history(workspace).survey
    assert [(row.question, row.answer) for row in said] == [
        ("known", "2"), ("placement 1", "right"), ("placement 2", "right"),
        ("placement 3", "right"), ("wanted", "1"), ("useful", "5"), ("pace", "fast"),
        ("unclear", "why <b>axes</b> vanish"),
    ]  # fmt: skip
    lab.page.set_viewport_size({"width": 1280, "height": 860})
    lab.page.locator(".lm-TabBar-tab", has_text="START.ipynb").first.click()
    lab.panel().get_by_text("you may skip Tensors and gradients").wait_for()
