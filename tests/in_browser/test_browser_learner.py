"""A learner's pages in a real JupyterLab: checks, predictions, quizzes, start page, new versions;
readable in both themes and on a narrow screen, and usable with the keyboard alone."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import nbformat
import pytest
from browser import Lab, jupyter_notebook, look, picture, sees, unreadable
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import TimeoutError

from lepton_course import progress
from lepton_course.progress.standing import attempts
from lepton_course.workspace.install import update_workspace

pytestmark = pytest.mark.browser
pytest_plugins = ["learner_lab"]

MODULE = "basics/05_convolutional_networks"
DESK = f"{MODULE}/desk.ipynb"
SECTION = "Convolution by hand"
PAGE = ".lepton-CourseDocument:not(.lm-mod-hidden)"

TURNED = """\
import numpy as np
from lepton_course import begin, check, hint, quiz
begin("basics/05_convolutional_networks")

def convolve2d(image, kernels, stride=1, padding=0):
    import torch
    image, kernels = torch.tensor(image).double(), torch.tensor(kernels).double()
    turned = kernels.flip(2, 3)
    result = torch.nn.functional.conv2d(image[None], turned, padding=padding, stride=stride)
    return result[0].numpy()"""

DRAWN = """\
from lepton_course.exercises import Call, Case, Exercise, close
from lepton_course.exercises.compiled import compile_exercise
from lepton_course.exercises.judge import judge
from lepton_course.checks.panel import verdict_panel

def shown(reference, answer, *arguments):
    cases = lambda rng: [Case("a", arguments)]
    asked = compile_exercise(Exercise("f", "Drawn", 2, 1, 1, reference, cases, Call(), close()))
    seen = [asked.probe.observe(answer, case) for case in asked.cases]
    return verdict_panel(asked, judge(asked, seen), seen, compare=True)

photo = np.add.outer(np.arange(28.0), np.arange(28.0))
display(shown(lambda x: -x, lambda x: -x * (x > 9), photo))
display(shown(lambda: np.sin(np.arange(60) / 9), lambda: np.cos(np.arange(60) / 9)))"""

CELLS = [
    TURNED, 'check("convolve2d", compare=True)', DRAWN, 'hint("convolve2d", 3)',
    'check("predicted_shape")', 'check("predicted_drop")', "quiz()",
]  # fmt: skip


@pytest.fixture(scope="module")
def workspace(home, built_curriculum) -> Path:
    """A workspace in use: a desk to try things on, and a lesson that has a new version."""
    folder = home / "lepton"
    update_workspace(folder)
    lesson = folder / MODULE / "lesson.ipynb"
    new = lesson.with_name("lesson (new version).ipynb")
    new.write_bytes(lesson.read_bytes())
    mine = nbformat.read(lesson, as_version=4)
    mine.cells[1].source += "\n# my own note"
    nbformat.write(mine, lesson)
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    cells = [new_code_cell(source) for source in CELLS]
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), folder / DESK)
    return folder


def test_the_start_page_reads_well_follows_work_and_needs_no_mouse(lab, workspace, tmp_path):
    look(lab, tmp_path / "start", PAGE)
    row = lab.panel().locator("tr", has_text="Convolutional networks")
    progress.record_attempt(MODULE, "convolve2d", "right", folder=workspace)
    row.get_by_text(re.compile(r"\b1\sof\s\d+")).wait_for()  # nobody ran anything

    for _ in range(40):
        lab.page.keyboard.press("Tab")
        if "assignment.ipynb" in str(lab.page.evaluate("document.activeElement.href")):
            break
    lab.page.keyboard.press("Enter")
    lab.page.locator(".lm-TabBar-tab.jp-mod-current", has_text="assignment.ipynb").wait_for()


def test_a_new_version_is_shown_side_by_side(lab, tmp_path):
    link = lab.panel().get_by_role("link", name="compare")
    with lab.page.expect_popup() as opened:
        link.click()
    changed = opened.value
    changed.get_by_text("# my own note").first.wait_for()
    picture(changed, tmp_path / "side by side.png")
    changed.close()


def test_checks_predictions_and_quizzes(lab, workspace, tmp_path):
    lab.page.goto(lab.page.url.partition("/lab")[0] + f"/lab/tree/{DESK}?reset")
    lab.kernel_ready()
    lab.run_all(DESK, seconds=120)
    outputs = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output"

    shape = lab.cell('check("predicted_shape")')
    shape.get_by_placeholder("your prediction").fill("(8, 15, 15)")
    shape.get_by_role("button", name="Check", exact=True).click()
    sees(shape, "You rounded up")
    shape.get_by_placeholder("your prediction").fill("(8, 14, 14)")
    shape.get_by_placeholder("your prediction").press("Enter")
    sees(shape, "right.")
    drop = lab.cell('check("predicted_drop")')
    drop.get_by_role("button", name="c", exact=True).press("Enter")
    sees(drop, "right.")

    asked = lab.cell("quiz()")
    asked.get_by_role("button", name="13", exact=True).click()
    sees(asked, "That is the result without padding")
    asked.get_by_role("button", name="14", exact=True).press("Space")
    sees(asked, "Question 1: right.")

    known = attempts(workspace)
    assert known[MODULE, "predicted_shape"].solved and known[MODULE, "predicted_drop"].solved
    answers = progress.load_history(workspace).answers
    assert [(a.choice, a.is_right) for a in answers] == [("a", False), ("b", True)]

    lab.cell('check("convolve2d"')
    look(lab, tmp_path / "check", outputs)
    for cell, name in (("photo = np", "figures"), ("quiz()", "quiz")):
        lab.cell(cell)
        look(lab, tmp_path / name, outputs)

    lab.cell('check("convolve2d"').get_by_role("link", name=SECTION).click()
    lab.page.locator(".lm-TabBar-tab.jp-mod-current", has_text="lesson.ipynb").wait_for()
    heading = lab.panel().get_by_role("heading", name=SECTION)
    heading.wait_for()
    lab.page.wait_for_function(
        "h => { const y = h.getBoundingClientRect().y; return y > 0 && y < innerHeight; }",
        arg=heading.element_handle(),
    )


def test_the_progress_page_reads_well(lab, workspace, tmp_path):
    progress.record_attempt(MODULE, "max_pool2d", "wrong", folder=workspace)
    lab.page.goto(lab.page.url.partition("/lab")[0] + "/lab/tree/PROGRESS.ipynb?reset")
    lab.panel().get_by_text("Convolutional networks").first.wait_for()
    look(lab, tmp_path / "progress", PAGE)


def test_notebook_7_shows_the_start_page_and_runs_it(page, workspace, home, tmp_path):
    page.set_viewport_size({"width": 1280, "height": 860})
    page.emulate_media(color_scheme="light")
    with jupyter_notebook(workspace, home) as url:
        page.goto(url.replace("/tree?", "/notebooks/START.ipynb?"))
        page.get_by_role("heading", name="Lepton Course").wait_for()
        picture(page, tmp_path / "notebook 7.png")
        for _ in range(6):  # what is run before the kernel is there is forgotten
            Lab(page, workspace).menu("Run", "Run All Cells")
            with suppress(TimeoutError):
                page.get_by_role("link", name="compare").wait_for(timeout=5_000)
                break
        progress.record_attempt(
            "basics/01_tensors_and_gradients", "prepare", "right", folder=workspace
        )
        row = page.locator("tr", has_text="Tensors and gradients")
        row.get_by_text(re.compile(r"\b1\sof\s\d+")).wait_for()
        picture(page, tmp_path / "notebook 7 run.png")
        assert unreadable(page, ".jp-OutputArea-output") == []
