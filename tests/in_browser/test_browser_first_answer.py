"""A newcomer's way from the README to the first right answer, and the same learner the next day.

What a person needs for it is counted: the words they read on the way, and the keys they press.
"""

from __future__ import annotations

import re

import nbformat
import pytest
from browser import Lab, look, picture, sees, stop_kernels
from conftest import CLONE
from playwright.sync_api import Locator

from lepton_course.progress.standing import attempts

pytestmark = pytest.mark.browser
pytest_plugins = ["learner_lab"]

MODULE = "basics/01_tensors_and_gradients"
LESSON = f"{MODULE}/lesson.ipynb"
FIRST = "predicted_product"
OUTPUTS = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output:not(:has(> table))"
"""A table of data may be wider than the page: JupyterLab lets it scroll."""

WORDS_PER_MINUTE = 200
SECONDS_PER_LINE = 2
"""A slow reader's pace, and what a line of code takes that need not be understood yet."""


def before_the_first_question() -> list[nbformat.NotebookNode]:
    """The cells of the first lesson that come before its first question."""
    cells = nbformat.read(CLONE / "curriculum" / LESSON, as_version=4).cells
    first = next(i for i, cell in enumerate(cells) if FIRST in cell.source)
    return cells[:first]


def test_the_way_to_the_first_question_is_read_in_less_than_ten_minutes():
    start = (CLONE / "README.md").read_text().partition("## Four doors")[0]
    cells = before_the_first_question()
    texts = [start, *(cell.source for cell in cells if cell.cell_type == "markdown")]
    words = sum(len(re.sub(r"!\[.*?\]\(.*?\)", "", text).split()) for text in texts)
    lines = sum(len(cell.source.splitlines()) for cell in cells if cell.cell_type == "code")
    assert words / WORDS_PER_MINUTE + lines * SECONDS_PER_LINE / 60 < 8, "the rest is for typing"


def press_on(lab: Lab, until: str) -> Locator:
    """Press Shift+Enter, as a reader does, until the cell with this text is the active one."""
    active = lab.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell.jp-mod-active")
    wanted = active.filter(has_text=until)
    for _ in range(40):
        if wanted.count():
            return wanted
        lab.page.keyboard.press("Shift+Enter")
        lab.page.wait_for_timeout(100)
    raise AssertionError(f"no cell with {until}")


def test_shift_enter_leads_from_the_start_page_to_the_first_right_answer(lab, workspace, tmp_path):
    lab.panel().get_by_role("link", name="Tensors and gradients").first.click()
    lab.kernel_ready()
    press_on(lab, f'check("{FIRST}")')
    lab.page.keyboard.press("Shift+Enter")  # before anything is written
    cell = lab.cell(f'check("{FIRST}")')
    sees(cell, "Write your answer in place of")
    look(lab, tmp_path / "asked", OUTPUTS)

    cell.get_by_placeholder("your prediction").fill("2452 x 26")  # as on paper
    cell.get_by_role("button", name="Check", exact=True).click()
    sees(cell, "the outer ones are left")
    lab.write(f'check("{FIRST}")', f'{FIRST} = (2452, 3)\ncheck("{FIRST}")')
    sees(cell, "right.")
    picture(lab.page, tmp_path / "right.png")
    assert attempts(workspace)[MODULE, FIRST].solved


def test_the_next_day_a_check_says_what_to_run_and_what_was_solved(lab, url, workspace, tmp_path):
    lab.follow(LESSON)
    lab.run("begin(")
    lab.run("def to_unit(")
    sees(lab.run('check("to_unit")'), "right.")
    lab.saved(LESSON)
    stop_kernels(url)
    lab.open(url)
    lab.follow(LESSON)
    lab.run('check("to_unit")')
    sees(lab.cell('check("to_unit")'), "Run the notebook's setup cell first")
    lab.run("begin(")
    lab.run('check("to_unit")')
    sees(lab.cell('check("to_unit")'), "You have solved it before")
    look(lab, tmp_path / "next day", OUTPUTS)
    lab.run("def to_unit(")
    lab.run('check("to_unit")')
    sees(lab.cell('check("to_unit")'), "right.")


def test_a_terminal_begins_in_the_workspace_and_knows_lepton(lab, workspace, tmp_path):
    lab.menu("File", "New", "Terminal")
    terminal = lab.page.locator(".jp-Terminal")
    terminal.click()
    said = tmp_path / "said.txt"
    for _ in range(20):  # what is typed before the shell is there is lost
        lab.page.keyboard.type(f"lepton progress > '{said}.part' && mv '{said}.part' '{said}'\n")
        lab.page.wait_for_timeout(3_000)
        if said.exists():
            break
    assert "Tensors and gradients" in said.read_text()
    assert str(workspace)[-20:] in said.read_text().replace("\n", "")


def test_a_drawing_suits_the_dark_theme(lab, tmp_path):
    lab.theme("dark")
    lab.follow(LESSON)
    drawing = lab.page.locator(".jp-RenderedMarkdown img[src*='.svg']").first
    drawing.scroll_into_view_if_needed()
    picture(lab.page, tmp_path / "drawing.png")
    assert "invert" in drawing.evaluate("image => getComputedStyle(image).filter")
    lab.theme("light")
    assert drawing.evaluate("image => getComputedStyle(image).filter") == "none"
