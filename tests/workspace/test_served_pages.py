"""START and PROGRESS are rendered when they are read, by any front end of the course's server."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from lepton_course import progress
from lepton_course.pages import served_pages
from lepton_course.pages.served_pages import CourseContents
from lepton_course.workspace.install import update_workspace

MODULE = "basics/01_first"


@pytest.fixture
def workspace(tmp_path, small_curriculum, monkeypatch) -> Path:
    folder = tmp_path / "lepton"
    update_workspace(folder, small_curriculum.folder)
    for name, render in served_pages._PAGES.items():
        monkeypatch.setitem(
            served_pages._PAGES, name,
            lambda place, render=render: render(place, small_curriculum.folder),
        )  # fmt: skip
    return folder


def read(folder: Path, path: str) -> dict:
    return asyncio.run(CourseContents(root_dir=str(folder)).get(path))


def html(model: dict) -> str:
    [cell] = model["content"]["cells"]
    return cell["outputs"][0]["data"]["text/html"]


@pytest.mark.parametrize("below", ["", "lepton/"])
def test_the_start_page_is_as_it_is_now(workspace, below):
    root = workspace.parent if below else workspace
    assert "small&nbsp;0&nbsp;of&nbsp;2" in html(read(root, f"{below}START.ipynb"))
    progress.record_attempt(MODULE, "add", "right", folder=workspace)
    assert "small&nbsp;1&nbsp;of&nbsp;2" in html(read(root, f"{below}START.ipynb"))
    assert "✓&nbsp;solved" in html(read(root, f"{below}PROGRESS.ipynb"))
    saved = json.loads((workspace / "START.ipynb").read_bytes())
    assert "small&nbsp;0&nbsp;of&nbsp;2" in html({"content": saved}), "the file is left alone"


def test_other_notebooks_and_listings_are_jupyters_own(workspace):
    [cell] = read(workspace, f"{MODULE}/lesson.ipynb")["content"]["cells"]
    assert (cell["source"], cell["outputs"]) == ("x = 1", [])
    assert "START.ipynb" in [file["name"] for file in read(workspace, "")["content"]]


def test_a_learners_own_start_page_elsewhere_is_left_alone(workspace):
    (workspace / MODULE / "START.ipynb").write_bytes((workspace / "START.ipynb").read_bytes())
    progress.record_attempt(MODULE, "add", "right", folder=workspace)
    assert "small&nbsp;0&nbsp;of&nbsp;2" in html(read(workspace, f"{MODULE}/START.ipynb"))


def test_where_a_page_cannot_be_rendered_the_saved_one_shows(workspace, monkeypatch):
    def fail(folder: Path) -> str:
        raise OSError("a disk that is gone")

    monkeypatch.setitem(served_pages._PAGES, "START.ipynb", fail)
    served_pages._rendered.cache_clear()
    assert "First" in html(read(workspace, "START.ipynb"))


def test_a_page_that_is_read_often_fills_no_log(workspace, caplog):
    read(workspace, "START.ipynb")
    assert caplog.messages == []
    read(workspace, f"{MODULE}/assignment.ipynb")
    assert "not trusted" in caplog.text, "which is what Jupyter says of any other notebook"


def test_cells_that_a_learner_added_stay(workspace):
    page = json.loads((workspace / "START.ipynb").read_bytes())
    page["cells"].append({"cell_type": "markdown", "id": "m", "metadata": {}, "source": "mine"})
    (workspace / "START.ipynb").write_text(json.dumps(page))
    cells = read(workspace, "START.ipynb")["content"]["cells"]
    assert cells[1]["source"] == "mine"
