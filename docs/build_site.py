"""Build the course as a site: `make site`.

It shows the notebooks as `lepton run` executed them, and runs only those that have changed since.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.curriculum.build import CLONE, CURRICULUM, build
from autograder.proof.notebooks.notebook_results import Cache
from autograder.proof.notebooks.runner import OUT, run_notebooks
from autograder.proof.notebooks.tasks import NotebookTask, select_tasks
from book.link_check import problems_of
from book.modules import load_modules
from book.notebook_pages import has_failed, is_of
from book.staging import SHOWN, Sources, stage
from lepton_course.syllabus import PACKAGED

DOCS = Path(__file__).parent
SITE = CLONE / "build" / "site"
"""The built site; what Sphinx reads and keeps lies beside it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the site, check it, and print where it is; return the exit status."""
    options = _parser().parse_args(arguments)
    started = time.monotonic()
    build(progress=lambda _: None)
    tasks = [task for task in select_tasks([]) if task.kind in SHOWN]
    failed = run_missing(tasks)
    if failed:
        print("\n".join(failed), file=sys.stderr)
        return 1
    sources = Sources(CLONE, CURRICULUM, PACKAGED, lambda task: _read(_executed(task)))
    source = SITE.with_name("site-source")
    stage(sources, load_modules(CURRICULUM), tasks, source)
    problems = run_sphinx(source, SITE, options.hub, options.hub_folder) or problems_of(SITE)
    if problems:
        print("\n".join(problems), file=sys.stderr)
        return 1
    pages = list(SITE.rglob("*.html"))
    seconds = time.monotonic() - started
    print(f"{len(pages)} pages in {seconds:.0f} s. Open {SITE / 'index.html'}")
    return 0


def run_missing(tasks: Sequence[NotebookTask]) -> list[str]:
    """Execute the notebooks that have not run as they stand now; return what failed."""
    missing = [task for task in tasks if not is_executed(task)]
    if missing:
        print(f"Running {len(missing)} notebooks that are new or have changed …")
    results = run_notebooks(missing, OUT / "report", cache=Cache(OUT / "cache"))
    return [f"{r.path}: {problem}" for r in results for problem in r.problems]


def run_sphinx(source: Path, out: Path, hub: str = "", hub_folder: str = "lepton") -> list[str]:
    """Build the gathered pages afresh; return the lines of all errors and warnings.

    hub: address of a JupyterHub whose links notebooks get; hub_folder: the workspace there.
    """
    shutil.rmtree(out, ignore_errors=True)
    settings = {"lepton_hub": hub, "lepton_hub_folder": hub_folder}
    with tempfile.TemporaryDirectory() as kept:
        command = [
            *(sys.executable, "-m", "sphinx", "-b", "html", "-E", "-q", "-W", "--keep-going"),
            *("-j", "auto", "-c", str(DOCS), "-d", kept),
            *(f"-D{name}={value}" for name, value in settings.items()),
            *(str(source), str(out)),
        ]
        run = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    told = run.stderr.splitlines()
    return told if told or not run.returncode else [f"Sphinx ended with {run.returncode}"]


def is_executed(task: NotebookTask) -> bool:
    """Return whether `lepton run` has executed a notebook, without an error, as it stands now."""
    if not _executed(task).is_file():
        return False
    executed = _read(_executed(task))
    return is_of(executed, task.notebook()) and not has_failed(executed)


def _executed(task: NotebookTask) -> Path:
    return OUT / "report" / "executed" / task.file_name


def _read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    hub = os.environ.get("LEPTON_HUB_URL", "")
    parser.add_argument("--hub", default=hub, help="address of your JupyterHub; none by default")
    parser.add_argument(
        "--hub-folder", default="lepton", help="the learner's workspace there (default: lepton)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
