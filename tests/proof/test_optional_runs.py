"""`lepton run` on what is not on the road: `deeper.ipynb`, the toolbox, and texts of figures."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from conftest import declare, skip_unless_ci
from nbformat.v4 import new_code_cell, new_notebook

from autograder.proof.notebooks.notebook_key import depends_on
from autograder.proof.notebooks.runner import prove
from autograder.proof.notebooks.tasks import NotebookTask, select_tasks
from autograder.sandbox.walls import survey
from lepton_course.declared_exercises import DECLARATIONS

MODULE = "basics/01_first"
SETUP = "from matplotlib import pyplot as plt\nfrom lepton_course import begin, plots, record\n"
BEGIN = SETUP + f'begin("{MODULE}")'
PICTURE = """\
fig, ax = plt.subplots()
ax.plot([1, 2])
plots.show(fig, alt="A straight line that rises from 1 to 2.")"""
BARE = "plt.plot([1, 2]);"


@pytest.fixture(scope="module", autouse=True)
def walls():
    if not survey().walls.namespaces:
        skip_unless_ci("Kernels cannot be closed in here: " + "; ".join(survey().problems))


@pytest.fixture
def module(tmp_path) -> Path:
    folder = tmp_path / "curriculum" / MODULE
    folder.mkdir(parents=True)
    declare(folder, "EXERCISES = []")
    return folder


def write(path: Path, *sources: str) -> None:
    kernel = {"name": "python3", "display_name": "P"}
    cells = [new_code_cell(source) for source in sources]
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)


def test_optional_notebooks_are_executed_with_their_own_names(module):
    curriculum = module.parents[1]
    for path in (curriculum / "toolbox.ipynb", module / "lesson.ipynb", module / "deeper.ipynb"):
        write(path, "1")
    toolbox, *others = select_tasks([], curriculum)
    assert (toolbox.kind, toolbox.module, toolbox.path, toolbox.file_name) == (
        "toolbox", "toolbox", "curriculum/toolbox.ipynb", "toolbox.ipynb",
    )  # fmt: skip
    assert [task.kind for task in others] == ["lesson", "deeper"]
    assert select_tasks(["toolbox"], curriculum) == [toolbox]
    assert module / DECLARATIONS not in depends_on(toolbox)


def test_the_toolbox_is_proven_without_a_module(tmp_path):
    path = tmp_path / "curriculum" / "toolbox.ipynb"
    path.parent.mkdir()
    write(path, SETUP + 'begin("toolbox")', PICTURE, 'record("one", 1, near=(1, 0))')
    result = prove(NotebookTask(path, "toolbox"), tmp_path / "executed.ipynb")
    assert (result.problems, result.records) == ((), 1)


@pytest.mark.parametrize(("unmet", "problems"), [("", 1), ("unmet: [alt-text]", 0)])
def test_a_figure_needs_a_text_unless_the_module_says_not_yet(module, unmet, problems):
    (module / "module.yml").write_text(unmet)
    write(module / "deeper.ipynb", BEGIN, BARE)
    result = prove(NotebookTask(module / "deeper.ipynb", "deeper"), module.parent / "done.ipynb")
    assert len(result.problems) == problems
    assert all("cell 2 (In [2]): a figure has no alt" in problem for problem in result.problems)
