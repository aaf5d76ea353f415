"""Drive a real JupyterLab in a real Chromium the way people use it."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import nbformat
from conftest import CLONE
from nbformat import NotebookNode
from nbformat.reader import NotJSONError
from PIL import Image
from playwright.sync_api import Locator, Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
expect.set_options(timeout=120_000)  # a page's limit does not hold for it; its own is 5 s


@contextmanager
def lepton_learn(workspace: Path, home: Path, port: int) -> Iterator[str]:
    """Run `lepton learn` without opening a browser; yield the URL that it prints."""
    command = ["-m", "lepton_course.cli", "learn", str(workspace), "--port", str(port)]
    with _server([*command, "--no-browser"], home, home) as url:
        yield url


@contextmanager
def jupyter_lab(folder: Path, home: Path) -> Iterator[str]:
    """Run plain `jupyter lab` in a folder, without a browser; yield the URL that it prints."""
    with _server(["-m", "jupyterlab", *_options()], folder, home) as url:
        yield url


@contextmanager
def jupyter_notebook(folder: Path, home: Path) -> Iterator[str]:
    """Run Jupyter Notebook 7 in a folder, without a browser; yield the URL that it prints."""
    with _server(["-m", "notebook", *_options()], folder, home) as url:
        yield url


def _options() -> list[str]:
    """Return options of a server of one's own, on a port that nobody else asks for."""
    as_root = ["--allow-root"] if os.geteuid() == 0 else []
    return ["--no-browser", f"--port={free_port()}", *as_root]


def free_port() -> int:
    """Return a port that nobody else asks for.

    Two servers that start at once and ask for the same port both print it, and one moves on.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def _server(command: list[str], folder: Path, home: Path) -> Iterator[str]:
    """Run a JupyterLab in `folder`; its output goes to `home`/jupyterlab.log.

    `home` stands in for the user's home folder, so that neither their Jupyter settings nor their
    files matter.
    """
    environment = {name: v for name, v in os.environ.items() if not name.startswith("JUPYTER")}
    places = [str(CLONE), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment |= {"HOME": str(home), "PYTHONPATH": os.pathsep.join(places)}
    log = home / "jupyterlab.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, *command],
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield served_url(server, log)
    finally:
        server.terminate()
        server.wait(timeout=30)


def served_url(server: subprocess.Popen, log: Path) -> str:
    """Return the URL that a Jupyter server printed, once it answers there."""
    url = _printed_url(server, log)
    _wait_for_connection(server, url, log)
    return url


def _printed_url(server: subprocess.Popen, log: Path) -> str:
    for _ in range(600):
        found = re.search(r"http://localhost:\d+/(?:lab|tree)\S*\?token=\w+", log.read_text())
        if found:
            return found[0]
        assert server.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError(f"JupyterLab printed no URL within a minute:\n{log.read_text()}")


def _wait_for_connection(server: subprocess.Popen, url: str, log: Path) -> None:
    """Wait until the server listens: it prints its URL before, on a busy machine long before."""
    port = int(re.search(r":(\d+)/", url)[1])
    for _ in range(600):
        with suppress(OSError), socket.create_connection(("localhost", port), timeout=1):
            return
        assert server.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError(f"Nobody answers at {url} after a minute:\n{log.read_text()}")


@contextmanager
def browser_page(chromium: str, dark: bool = False) -> Iterator[Page]:
    """Open a page in a fresh Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(
            viewport={"width": 1280, "height": 860},
            color_scheme="dark" if dark else "light",
        )
        page.set_default_timeout(60_000)
        yield page
        browser.close()


def picture(page: Page, path: Path, shown: bool = False) -> None:
    """Save a screenshot of the page; fail when it is empty.

    shown: a page of the documentation shows it. A copy in few colours then also goes to the folder
    that LEPTON_SCREENSHOTS names.
    """
    page.screenshot(path=path)
    with Image.open(path) as image:
        assert len(set(image.resize((160, 100)).convert("L").tobytes())) > 20, "an empty page"
        wanted = os.environ.get("LEPTON_SCREENSHOTS")
        if wanted and shown:
            target = CLONE / wanted
            target.mkdir(parents=True, exist_ok=True)
            image.quantize(128).save(target / path.name, optimize=True)


def unreadable(page: Page, selector: str) -> list[str]:
    """Return what on the page is hard to read.

    That is text below WCAG's contrast AA, and content wider than its place. Signs that screen
    readers skip count as graphics (3 to 1).
    """
    return page.evaluate(Path(__file__).with_name("readability.js").read_text(), selector)


VIEWS = [("light", 1280), ("light", 800), ("dark", 1280), ("dark", 800)]


def look(lab: Lab, path: Path, parts: str) -> None:
    """Look at the notebook in front in both themes, wide and narrow: all of it is readable."""
    found = {}
    for theme, width in VIEWS:
        lab.theme(theme)
        lab.page.set_viewport_size({"width": width, "height": 860})
        picture(lab.page, path.with_name(f"{path.name}-{theme}-{width}.png"))
        found[theme, width] = unreadable(lab.page, parts)
    assert found == {view: [] for view in VIEWS}


def sees(cell: Locator, text: str) -> None:
    """Wait until the text is seen in the cell."""
    cell.get_by_text(text).locator("visible=true").first.wait_for()


def stop_kernels(url: str) -> None:
    """Stop all kernels of the JupyterLab at `url`, as over night."""
    base, token = re.fullmatch(r"(.*)/lab/tree/START.ipynb\?token=(\w+)", url).groups()
    with httpx.Client(params={"token": token}) as client:
        for session in client.get(f"{base}/api/sessions").json():
            client.delete(f"{base}/api/sessions/{session['id']}")


def outputs_seen(page: Page, selector: str) -> dict[str, Any]:
    """Return the outputs that the notebook in front shows; see outputs_seen.js."""
    return page.evaluate(Path(__file__).with_name("outputs_seen.js").read_text(), selector)


def expose_app(home: Path) -> None:
    """Have the JupyterLab of a home take commands from a script: it is then called jupyterapp."""
    settings = home / ".jupyter"
    settings.mkdir(exist_ok=True)
    text = json.dumps({"LabApp": {"expose_app_in_browser": True}})
    (settings / "jupyter_lab_config.json").write_text(text, encoding="utf-8")


LAUNCHER_OPENS = """
    for (let looks = 0; looks < 400 && ![...jupyterapp.shell.widgets('main')].length; looks++)
        await new Promise(resolve => setTimeout(resolve, 50));
"""
"""An empty JupyterLab opens its launcher a moment later, which would hide what is opened next."""

START_OVER = f"""
async () => {{
    for (const widget of [...jupyterapp.shell.widgets('main')])
        widget.dispose();
    {LAUNCHER_OPENS}
    await jupyterapp.commands.execute('docmanager:open', {{path: 'START.ipynb'}});
}}
"""


class Lab:
    """JupyterLab in a page: what a learner sees and does."""

    def __init__(self, page: Page, workspace: Path) -> None:
        self.page = page
        self.workspace = workspace

    def open(self, url: str) -> None:
        """Go to the URL and wait until the start page shows, with no tabs from earlier visits."""
        self.page.goto(f"{url}&reset")
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")
        self.panel().get_by_role("heading", name="Lepton Course").wait_for()

    def start_over(self, url: str) -> None:
        """Close what is open and show the start page; load JupyterLab only where it is not there.

        To load it takes as much as most of what a test does.
        """
        there = self.page.url.startswith(url.partition("/lab/")[0] + "/lab/")
        if not there or self.page.locator(".jp-Dialog").count():
            self.open(url)
        else:
            self.page.evaluate(START_OVER)
            self.panel().get_by_role("heading", name="Lepton Course").wait_for()

    def theme(self, name: str) -> None:
        """Switch to the "light" or "dark" theme; until it is there, a splash takes the clicks."""
        self.page.emulate_media(color_scheme=name)
        is_light = "true" if name == "light" else "false"
        self.page.locator(f'body[data-jp-theme-light="{is_light}"]').wait_for(state="attached")
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")

    def panel(self) -> Locator:
        """Return the notebook, or the course's page, in front."""
        return self.page.locator(
            ":is(.jp-NotebookPanel, .lepton-CourseDocument):not(.lm-mod-hidden)"
        )

    def menu(self, *titles: str) -> None:
        """Choose an entry of the menus by its titles: "Run", "Run All Cells"."""
        first, *rest = titles
        self.page.locator(".lm-MenuBar-itemLabel", has_text=re.compile(f"^{first}$")).click()
        for title in rest:
            item = self.page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{title}$"))
            item.last.click()

    def follow(self, link: str) -> None:
        """Click a link to a notebook on the page in front, and wait for the notebook's kernel."""
        anchor = self.panel().locator(f'a[href*="{link}"]').first
        tab = self.page.locator(".lm-TabBar-tab.jp-mod-current", has_text=Path(link).name)
        anchor.click()
        with suppress(PlaywrightTimeout):  # a click is lost on a page that is being drawn anew
            tab.wait_for(timeout=20_000)
        if not tab.count():
            anchor.click()
        tab.wait_for()
        self.kernel_ready()

    def kernel_ready(self) -> None:
        """Wait for the kernel of the notebook in front; earlier, JupyterLab would ask for one."""
        self.panel().locator(".jp-Toolbar-kernelName", has_text="Python 3").wait_for()
        self.idle().wait_for()

    def idle(self) -> Locator:
        """Return the sign that the kernel of the notebook in front has nothing to do."""
        return self.page.locator("#jp-main-statusbar").get_by_text(re.compile("Python 3.*Idle"))

    def saved(self, path: str) -> NotebookNode:
        """Save the notebook in front and return what was saved."""
        file = self.workspace / path
        before, end = file.stat().st_mtime_ns, time.monotonic() + 30
        self.panel().locator("[data-jp-item-name='save'] >> visible=true").first.click()
        while True:
            assert time.monotonic() < end, f"{path} was not saved within 30 s"
            time.sleep(0.05)
            if file.stat().st_mtime_ns != before:
                with suppress(NotJSONError):  # the server writes in place: it is not all there yet
                    return nbformat.read(file, as_version=4)

    def run_all(self, path: str, seconds: float) -> NotebookNode:
        """Run all cells of the notebook in front, and wait until the last one has run."""
        self.menu("Run", "Run All Cells")
        end = time.monotonic() + seconds
        while True:
            self.idle().wait_for(timeout=seconds * 1000)  # saving takes time from a cell that runs
            notebook = self.saved(path)
            code = [c for c in notebook.cells if c.cell_type == "code" and c.source.strip()]
            if code[-1].execution_count or any(errors(cell) for cell in code):
                return notebook
            assert time.monotonic() < end, f"{path} had not run to its end after {seconds} s"
            time.sleep(1)

    def cell(self, text: str) -> Locator:
        """Return the code cell of the notebook in front that has the text; scroll it into view."""
        cell = self.panel().locator(".jp-CodeCell", has_text=text).first
        cell.scroll_into_view_if_needed()
        return cell

    def write(self, text: str, source: str) -> None:
        """Replace the source of the cell that contains `text`, and run it."""
        self.cell(text).locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(source)
        self.page.keyboard.press("Control+Enter")

    def run(self, text: str) -> Locator:
        """Run the cell that contains the text; return its output once there is one."""
        cell = self.cell(text)
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        cell.locator(".jp-InputPrompt", has_text=re.compile(r"\[\d+\]")).wait_for()
        return cell.locator(".jp-OutputArea-output").first


def errors(cell: NotebookNode) -> list[str]:
    """Return the errors in a code cell's output."""
    outputs = cell.outputs if cell.cell_type == "code" else []
    return [f"{o.ename}: {o.evalue}" for o in outputs if o.output_type == "error"]
