"""A learner's first hour, in a real JupyterLab and a real Chromium.

With LEPTON_SCREENSHOTS=docs/images the pictures of the README are made anew.
"""

import re
import shutil
import socket
from pathlib import Path

import httpx
import nbformat
import pytest
from browser import errors, picture, sees
from conftest import CLONE

from lepton_course import progress
from lepton_course.declared_exercises import load_exercises
from lepton_course.progress.standing import attempts

pytestmark = pytest.mark.browser
pytest_plugins = ["learner_lab"]

WHOLLY = ["basics/01_tensors_and_gradients", "basics/03_neural_networks"]
"""Lessons that are run wholly in the browser. The others are executed by `lepton run`, and
test_browser_executed looks at them."""

MODULE = "basics/05_convolutional_networks"
EXERCISE = "max_pool2d"

WRONG = f"""\
def {EXERCISE}(maps, size, stride=None, padding=0):
    padded = nn.functional.pad(torch.tensor(maps), [padding] * 4)
    return nn.functional.max_pool2d(padded, size, stride).numpy()"""

SENTENCE = "padded_with_zeros"  # the misconception that the wrong answer shows


@pytest.fixture(scope="module")
def workspace(home, built_curriculum) -> Path:
    """Where `lepton learn` makes the workspace itself."""
    return home / "lepton"


@pytest.fixture(scope="module")
def port():
    """A port that another program listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def solution() -> str:
    """The course's own answer to the exercise."""
    notebook = nbformat.read(CLONE / "curriculum" / MODULE / "assignment.ipynb", as_version=4)
    [source] = [c.source for c in notebook.cells if f"def {EXERCISE}(" in c.source]
    return "\n".join(line for line in source.splitlines() if not line.strip().startswith("### "))


def test_lab_is_served_and_a_busy_port_moves_to_the_next_free_one(url, port):
    assert f":{port}/" not in url
    base, token = re.fullmatch(r"(.*)/lab/tree/START.ipynb\?token=(\w+)", url).groups()
    assert httpx.get(f"{base}/lab", params={"token": token}).status_code == 200
    without_token = httpx.get(f"{base}/lab", follow_redirects=True)
    assert without_token.url.path == "/login", "without the token, nobody gets in"


def test_nothing_of_nbgrader_is_in_the_learners_lab(lab, url, home):
    assert "nbgrader" not in (home / "jupyterlab.log").read_text()
    base, token = url.split("/lab/tree/START.ipynb?token=")
    assert httpx.get(f"{base}/lab", params={"token": token}).status_code == 200
    formgrader = httpx.get(f"{base}/formgrader", params={"token": token}, follow_redirects=True)
    assert formgrader.status_code == 404
    menus = lab.page.locator(".lm-MenuBar-itemLabel").all_inner_texts()
    assert "File" in menus and "Nbgrader" not in menus
    assert lab.page.locator(".jp-Dialog").count() == 0


def test_the_start_page_shows_the_modules(lab, tmp_path):
    picture(lab.page, tmp_path / "start.png", shown=True)


@pytest.mark.parametrize("module", WHOLLY)
def test_a_lesson_runs_to_its_end_without_an_error(lab, tmp_path, module):
    lab.follow(f"{module}/lesson.ipynb")
    notebook = lab.run_all(f"{module}/lesson.ipynb", seconds=600)
    assert [error for cell in notebook.cells for error in errors(cell)] == []
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    assert all(cell.execution_count for cell in code)
    picture(lab.page, tmp_path / "lesson.png")


def test_a_lesson_starts_processes(lab):
    lab.follow("advanced/02_distributed_training/lesson.ipynb")
    lab.run("begin(")
    greet = "distributed.run(greet, workers=2)"
    lab.run(greet)
    sees(lab.cell(greet), "rank 1 of 2")


def test_a_wrong_answer_is_told_why_and_the_right_one_succeeds(lab, workspace, tmp_path):
    known = load_exercises(CLONE / "curriculum" / MODULE)[EXERCISE]
    [mistake] = [m for m in known.misconceptions if m.implementation.__name__ == SENTENCE]

    lab.follow(f"{MODULE}/assignment.ipynb")
    lab.run("begin(")
    lab.write(f"def {EXERCISE}(", WRONG)
    answer = lab.run(f'check("{EXERCISE}")')
    answer.get_by_text(mistake.sentence).wait_for()
    picture(lab.page, tmp_path / "wrong.png", shown=True)

    lab.write(f"def {EXERCISE}(", solution())
    answer = lab.run(f'check("{EXERCISE}")')
    answer.get_by_text("✓").first.wait_for()
    assert mistake.sentence not in answer.inner_text()
    picture(lab.page, tmp_path / "right.png")  # not shown: the answer stays out of the README

    tried = attempts(workspace)[MODULE, EXERCISE]
    assert tried.solved and tried.tries == 2


def test_the_start_page_brings_progress_up_to_date(lab, workspace):
    progress.record_attempt(MODULE, EXERCISE, "right", folder=workspace)
    tried = attempts(workspace)
    solved = sum(attempt.solved for (module, _), attempt in tried.items() if module == MODULE)
    row = lab.panel().locator("tr", has_text="Convolutional networks")
    row.get_by_text(re.compile(rf"\b{solved}\sof\s\d+")).wait_for()


def test_a_notebook_that_was_only_run_is_still_the_courses_own(lab, workspace, built_curriculum):
    from lepton_course.workspace.install import fingerprint

    path = f"{MODULE}/assignment.ipynb"
    shutil.copyfile(built_curriculum / path, workspace / path)
    lab.follow(path)
    lab.run("begin(")
    lab.saved(path)
    saved = (workspace / path).read_bytes()
    original = (built_curriculum / path).read_bytes()
    assert saved != original
    assert fingerprint(path, saved) == fingerprint(path, original)
