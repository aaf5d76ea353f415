"""Fixtures of the browser tests: a learner's workspace, its JupyterLab, and a page on it.

A test module names this one in `pytest_plugins`, and may define its own `home`, `workspace` or
`port`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Lab, browser_page, expose_app, free_port, lepton_learn
from playwright.sync_api import Page

from lepton_course.workspace.install import update_workspace


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that stands in for the learner's home."""
    folder = tmp_path_factory.mktemp("learner")
    expose_app(folder)
    return folder


@pytest.fixture(scope="module")
def workspace(home: Path, built_curriculum: Path) -> Path:
    """A new workspace."""
    folder = home / "lepton"
    update_workspace(folder)
    return folder


@pytest.fixture(scope="module")
def port() -> int:
    """The port that JupyterLab is asked to take."""
    return free_port()


@pytest.fixture(scope="module")
def url(workspace: Path, home: Path, port: int) -> Iterator[str]:
    """The URL that `lepton learn` printed."""
    with lepton_learn(workspace, home, port) as printed:
        yield printed


@pytest.fixture(scope="module")
def page(chromium: str) -> Iterator[Page]:
    """A page in a fresh Chromium."""
    with browser_page(chromium) as page:
        yield page


@pytest.fixture
def lab(page: Page, url: str, workspace: Path, tmp_path: Path) -> Iterator[Lab]:
    """JupyterLab on the start page. A test that fails leaves a picture of what it saw."""
    page.set_viewport_size({"width": 1280, "height": 860})
    page.emulate_media(color_scheme="light")
    lab = Lab(page, workspace)
    lab.start_over(url)
    yield lab
    page.screenshot(path=tmp_path / "at the end.png")
