"""The notebooks that `lepton run` has executed, in a real JupyterLab: nothing failed, figures show,
panels read well in both themes; and what only a browser can show of a lesson of one's own."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from browser import LAUNCHER_OPENS, Lab, expose_app, outputs_seen, picture, unreadable
from nbformat import NotebookNode
from nbformat.sign import NotebookNotary

from autograder.proof.notebooks.tasks import NotebookTask, select_tasks
from lepton_course.workspace.install import update_workspace

pytestmark = pytest.mark.browser
pytest_plugins = ["learner_lab"]

TO_READ = [task for task in select_tasks([]) if task.kind in ("lesson", "deeper", "toolbox")]
LESSONS = [task for task in TO_READ if task.kind == "lesson"]
OUTPUTS = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output"
PANELS = f"{OUTPUTS}:not(:has(> table, table.dataframe))"
"""A table of data may be wider than the page: JupyterLab lets it scroll."""


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A home where JupyterLab renders all cells of a notebook, and takes commands from a script."""
    home = tmp_path_factory.mktemp("executed")
    settings = home / ".jupyter/lab/user-settings/@jupyterlab/notebook-extension"
    settings.mkdir(parents=True)
    text = json.dumps({"windowingMode": "none"})
    (settings / "tracker.jupyterlab-settings").write_text(text, encoding="utf-8")
    expose_app(home)
    return home


@pytest.fixture(scope="module")
def workspace(home, built_curriculum, executed_notebooks) -> Path:
    """A workspace with each lesson, and beside it the same executed by this run.

    Their kernels are forked, as `lepton run` forks them: each is a new one, and imports nothing.
    """
    folder = home / "lepton"
    update_workspace(folder)
    signatures = home / ".local/share/jupyter"
    signatures.mkdir(parents=True)
    notary = NotebookNotary(data_dir=str(signatures))
    for task in TO_READ:
        executed = nbformat.read(executed_notebooks.notebook(task), as_version=4)
        notary.sign(with_warm_kernel(executed, folder / executed_path(task)))  # its owner ran it
    for task in LESSONS:
        lesson = folder / task.module / "lesson.ipynb"
        with_warm_kernel(nbformat.read(lesson, as_version=4), lesson)
    return folder


def with_warm_kernel(notebook: NotebookNode, target: Path) -> NotebookNode:
    """Write a notebook that asks for a warm kernel."""
    notebook.metadata.kernelspec.name = "lepton-warm"
    nbformat.write(notebook, target)
    return notebook


def executed_path(task: NotebookTask) -> str:
    return f"{task.folder}/executed {task.source.name}".removeprefix("/")


@pytest.fixture
def lab(page, url, workspace, tmp_path):
    page.set_viewport_size({"width": 1280, "height": 860})
    page.emulate_media(color_scheme="light")
    lab = Lab(page, workspace)
    if page.url == "about:blank":  # loading JupyterLab costs as much as all else that a test does
        lab.open(url)
    yield lab
    page.screenshot(path=tmp_path / "at the end.png")
    page.evaluate(CLOSE)


OPEN = """
async path => {
    const options = {path, factory: 'Notebook'};
    const widget = await jupyterapp.commands.execute('docmanager:open', options);
    // The launcher may take the focus that a closed notebook leaves.
    for (let looks = 0; looks < 400 && jupyterapp.shell.currentWidget !== widget; looks++) {
        jupyterapp.shell.activateById(widget.id);
        await new Promise(resolve => setTimeout(resolve, 50));
    }
}
"""
CLOSE = f"""
async () => {{
    for (const widget of [...jupyterapp.shell.widgets('main')])
        if (widget.context) {{
            await widget.context.sessionContext.shutdown();
            widget.dispose();
        }}
    {LAUNCHER_OPENS}
}}
"""


def visit(lab: Lab, path: str) -> None:
    """Open a notebook of the workspace."""
    lab.page.evaluate(OPEN, path)
    lab.kernel_ready()


@pytest.mark.parametrize("task", TO_READ, ids=lambda task: f"{task.module}, {task.kind}")
def test_an_executed_notebook_is_shown_whole_and_reads_well(lab, workspace, tmp_path, task):
    path = executed_path(task)
    cells = nbformat.read(workspace / path, as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    figures = sum("image/png" in output.get("data", {}) for output in outputs)
    assert figures > 0 or task.kind != "lesson"
    visit(lab, path)
    wanted = {"cells": len(cells), "figures": figures, "broken": [], "errors": [], "lost": []}
    lab.panel().locator(".jp-Notebook .jp-Cell").nth(len(cells) - 1).wait_for()
    assert outputs_seen(lab.page, OUTPUTS) == wanted
    hard_to_read = {}
    for theme in ("light", "dark"):
        lab.theme(theme)
        picture(lab.page, tmp_path / f"{theme}.png")
        hard_to_read[theme] = unreadable(lab.page, PANELS)
    assert hard_to_read == {"light": [], "dark": []}


@pytest.mark.parametrize("task", LESSONS, ids=lambda task: task.module)
def test_a_lesson_begins_asks_for_predictions_and_ends_with_its_quiz(lab, workspace, task):
    lesson = nbformat.read(workspace / task.module / "lesson.ipynb", as_version=4)
    sources = [cell.source for cell in lesson.cells if cell.cell_type == "code"]
    lines = [line for source in sources for line in source.splitlines()]
    predictions = [line for line in lines if line.startswith('check("predict')]
    assert predictions
    visit(lab, f"{task.module}/lesson.ipynb")
    lab.run("begin(")
    for line in predictions:
        lab.run(line)
        lab.cell(line).locator(".lepton-choice").first.wait_for()
    # The quiz cell's source is hidden; below it stands the quiz as it was written.
    place = [cell.id for cell in lesson.cells].index("quiz")
    asked = lab.panel().locator(".jp-Notebook .jp-Cell").nth(place)
    asked.locator(".jp-OutputArea-output").first.click(position={"x": 5, "y": 5})
    lab.page.keyboard.press("Control+Enter")
    asked.locator(".lepton-choice").first.wait_for()
    assert outputs_seen(lab.page, OUTPUTS)["errors"] == []
