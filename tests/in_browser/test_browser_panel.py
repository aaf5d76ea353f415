"""A check's panel in a real JupyterLab and in Notebook 7: hints, comparison, another case and the
worked solution by mouse and keyboard; the next day, after a restart, and on a dark page."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from browser import Lab, jupyter_notebook, look, picture, sees, stop_kernels, unreadable
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Locator, expect

from lepton_course import progress
from lepton_course.workspace.install import update_workspace

pytestmark = pytest.mark.browser
pytest_plugins = ["learner_lab"]

MODULE = "basics/05_convolutional_networks"
DESK = f"{MODULE}/panel.ipynb"
OUTPUTS = ".jp-OutputArea-output"
SETUP = f"""\
import numpy as np
import torch
from lepton_course import begin, check, plots
begin("{MODULE}")"""

SUMMED = """\
def blur_kernel(size):
    return np.ones((size, size))"""

TURNED = """\
def convolve2d(image, kernels, stride=1, padding=0):
    image, kernels = torch.tensor(image).double(), torch.tensor(kernels).double()
    turned = kernels.flip(2, 3)
    result = torch.nn.functional.conv2d(image[None], turned, padding=padding, stride=stride)
    return result[0].numpy()"""

FIGURES = """\
from matplotlib import pyplot as plt
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3))
left.plot([0, 1, 2, 3], [0, 1, 1, 1])
left.set(xlabel="part_time", ylabel="accuracy", ylim=(0, 1))
right.imshow(np.add.outer(np.arange(9), np.arange(9)))
plots.show(figure, alt="A curve that rises to one, beside a grey ramp.")"""

CELLS = [SETUP, SUMMED, 'check("blur_kernel")', TURNED, 'check("convolve2d")', FIGURES]


@pytest.fixture(scope="module")
def workspace(home, built_curriculum) -> Path:
    folder = home / "lepton"
    update_workspace(folder)
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    cells = [new_code_cell(source) for source in CELLS]
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), folder / DESK)
    return folder


@pytest.fixture
def lab(lab, url):
    """JupyterLab on the desk."""
    open_desk(lab, url)
    return lab


def button(cell: Locator, name: str) -> Locator:
    return cell.get_by_role("button", name=name, exact=True)


def open_desk(lab: Lab, url: str) -> None:
    lab.page.goto(url.replace("START.ipynb", DESK) + "&reset")
    lab.page.locator("#jupyterlab-splash").wait_for(state="detached")
    lab.kernel_ready()


def test_the_panels_buttons_give_hints_comparison_another_case_and_solution(
    lab, url, workspace, home, tmp_path
):
    lab.run_all(DESK, seconds=120)
    convolve = lab.cell('check("convolve2d")')
    button(convolve, "Hint: nudge").click()
    sees(convolve, "hint 1 of 3 (nudge)")
    lab.saved(DESK)
    open_desk(lab, url)  # as after a reload: the kernel lives on
    convolve = lab.cell('check("convolve2d")')
    button(convolve, "Next hint: method").press("Enter")
    sees(convolve, "hint 2 of 3 (method)")
    assert progress.hint_stage(MODULE, "convolve2d", workspace) == 2

    expect(button(convolve, "Compare with the expected result")).to_be_hidden()
    for _ in range(2):
        button(convolve, "Check again").press("Space")
    button(convolve, "Compare with the expected result").click()
    convolve.get_by_text("expected", exact=True).locator("visible=true").first.wait_for()
    case = convolve.get_by_role("row", name=re.compile("^Case")).locator("visible=true")
    first = case.inner_text()
    button(convolve, "Look at another case").click()
    expect(case).not_to_have_text(first)
    assert convolve.get_by_text('hint("convolve2d")').locator("visible=true").count() == 0

    blur = lab.cell('check("blur_kernel")')
    button(blur, "Give up").press("Enter")
    button(blur, "Yes, show a worked solution").press("Enter")
    sees(blur, "np.ones((size, size)) / size**2")
    look(lab, tmp_path / "blur", OUTPUTS)
    case.scroll_into_view_if_needed()
    look(lab, tmp_path / "convolve", OUTPUTS)
    pictures = lab.cell("from matplotlib").locator("img >> visible=true")
    pictures.first.scroll_into_view_if_needed()
    look(lab, tmp_path / "figures", OUTPUTS)
    assert [image.get_attribute("class") for image in pictures.all()] == ["on-dark"]

    lab.page.set_viewport_size({"width": 1280, "height": 860})
    lab.saved(DESK)
    stop_kernels(url)
    open_desk(lab, url)
    sees(lab.cell('check("convolve2d")'), 'hint("convolve2d")')
    assert lab.panel().get_by_text("Error displaying").locator("visible=true").count() == 0
    picture(lab.page, tmp_path / "next day.png")
    lab.run('check("blur_kernel")')
    sees(lab.cell('check("blur_kernel")'), "Run the notebook's setup cell first")
    picture(lab.page, tmp_path / "restarted.png")

    log = (home / "jupyterlab.log").read_text()
    for frightening in ("without encryption", "oneDNN", "absl", "Traceback"):
        assert frightening not in log


def test_notebook_7_has_the_same_panel(page, workspace, home, tmp_path):
    page.set_viewport_size({"width": 1280, "height": 860})
    page.emulate_media(color_scheme="light")
    with jupyter_notebook(workspace, home) as url:
        page.goto(url.replace("/tree?", f"/notebooks/{DESK}?"))
        blur = page.locator(".jp-CodeCell", has_text='check("blur_kernel")').first
        blur.wait_for()
        page.locator(".jp-NotebookKernelStatus, .jp-Notebook-ExecutionIndicator").first.wait_for()
        page.wait_for_timeout(3_000)  # what is run before the kernel is there is forgotten
        Lab(page, workspace).menu("Run", "Run All Cells")
        button(blur, "Hint: nudge").or_(button(blur, "Show the hints again")).click()
        sees(blur, "To blur is to replace")
        picture(page, tmp_path / "notebook 7.png")
        assert unreadable(page, OUTPUTS) == []
