"""Every notebook is executed by papermill, without a network, within its budgets.

A lesson and a solved assignment run without an error; an untouched assignment too, and each of
its checks says that nothing was answered. Every recorded number lies in its band.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import nbformat
import psutil
import pytest
from conftest import CLONE

from autograder.build import CURRICULUM, modules_in
from lepton_course.records import MIME, Record

pytestmark = pytest.mark.notebook

MODULES = [folder.relative_to(CURRICULUM).as_posix() for folder in modules_in(CURRICULUM)]
MAX_BYTES = 2 * 2**30
SECONDS = {"lesson": 60, "assignment": 30}

OFFLINE = ["unshare", "--user", "--map-root-user", "--net"]
"""Cuts the network off; over ipc, papermill and the kernel still find each other."""

PAPERMILL = (
    "import sys, papermill; from jupyter_client.manager import KernelManager as M;"
    "M.transport.default_value = 'ipc';"
    "papermill.execute_notebook(sys.argv[1], sys.argv[2], kernel_name='python3',"
    " progress_bar=False, cwd=sys.argv[3])"
)


@dataclass(frozen=True)
class Executed:
    """An executed notebook with the processor time and the peak memory of all its processes."""

    notebook: nbformat.NotebookNode
    cpu_seconds: float
    peak_bytes: int


def execute(notebook: Path, work: Path) -> Executed:
    """Executes a copy of a notebook's folder, so that nothing is written elsewhere."""
    folder = work / "run"
    keep_out = shutil.ignore_patterns("__pycache__", "*.ipynb", "exercises.py", "held_out.*")
    shutil.copytree(notebook.parent, folder, ignore=keep_out)
    shutil.copy(notebook, folder / notebook.name)
    environment = {**os.environ, "LEPTON_OFFLINE": "1", "PYTHONPATH": str(CLONE)}
    arguments = [folder / notebook.name, work / "done.ipynb", folder]
    cut = OFFLINE if can_cut_network() else []
    before = cpu_seconds_of_children()
    process = subprocess.Popen(
        [*cut, sys.executable, "-c", PAPERMILL, *map(str, arguments)],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    peak = Peak(process.pid)
    _, stderr = process.communicate()
    assert process.returncode == 0, stderr
    done = nbformat.read(work / "done.ipynb", as_version=4)
    return Executed(done, cpu_seconds_of_children() - before, peak.stop())


def cpu_seconds_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def can_cut_network() -> bool:
    return subprocess.run([*OFFLINE, "true"], capture_output=True).returncode == 0


class Peak:
    """The largest resident memory of a process and all that it started, looked at often."""

    def __init__(self, pid: int) -> None:
        self.bytes = 0
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._look, args=(pid,))
        self.thread.start()

    def _look(self, pid: int) -> None:
        while not self.done.wait(0.1):
            try:
                root = psutil.Process(pid)
                family = [root, *root.children(recursive=True)]
                self.bytes = max(self.bytes, sum(p.memory_info().rss for p in family))
            except psutil.Error:
                continue

    def stop(self) -> int:
        self.done.set()
        self.thread.join()
        return self.bytes


def errors(notebook):
    return [
        f"cell {index}: {output.ename}: {output.evalue}"
        for index, cell in enumerate(notebook.cells)
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    ]


def records(notebook):
    return [
        Record(**output.data[MIME])
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if MIME in output.get("data", {})
    ]


def verdicts(notebook):
    """The first line of what each check said."""
    return {
        cell.source: output.data["text/plain"].splitlines()[0]
        for cell in notebook.cells
        if cell.cell_type == "code" and cell.source.startswith("check(")
        for output in cell.outputs
        if "text/plain" in output.get("data", {})
    }


def within_budget(executed: Executed, kind: str) -> None:
    """Two cores for so many seconds. Time on the clock would depend on what else runs."""
    print(f"{kind}: {executed.cpu_seconds:.1f} CPU s, {executed.peak_bytes / 2**20:.0f} MiB")
    assert executed.cpu_seconds < 2 * SECONDS[kind]
    assert executed.peak_bytes < MAX_BYTES


@pytest.mark.parametrize("module", MODULES)
def test_lesson(module, built_curriculum, tmp_path):
    executed = execute(built_curriculum / module / "lesson.ipynb", tmp_path)
    assert errors(executed.notebook) == []
    assert len(records(executed.notebook)) >= 3
    assert [str(r) for r in records(executed.notebook) if not r.holds] == []
    within_budget(executed, "lesson")


@pytest.mark.parametrize("module", MODULES)
def test_solved_assignment(module, tmp_path):
    executed = execute(CURRICULUM / module / "assignment.ipynb", tmp_path)
    assert errors(executed.notebook) == []
    said = verdicts(executed.notebook)
    assert said and all("right" in line for line in said.values()), said
    assert [str(r) for r in records(executed.notebook) if not r.holds] == []
    within_budget(executed, "assignment")


@pytest.mark.parametrize("module", MODULES)
def test_untouched_assignment(module, built_curriculum, tmp_path):
    executed = execute(built_curriculum / module / "assignment.ipynb", tmp_path)
    assert errors(executed.notebook) == []
    said = verdicts(executed.notebook)
    listing = json.loads((built_curriculum / module / "exercises.json").read_text())
    graded = {f'check("{exercise["name"]}")' for exercise in listing if exercise["points"]}
    assert graded <= set(said)
    assert all("not answered yet" in said[check] for check in graded), said
    within_budget(executed, "assignment")


@pytest.mark.parametrize("module", MODULES)
def test_points_in_the_assignment_are_those_of_the_exercises(module, built_curriculum):
    notebook = nbformat.read(CURRICULUM / module / "assignment.ipynb", as_version=4)
    listing = json.loads((built_curriculum / module / "exercises.json").read_text())
    marks = [cell.metadata.nbgrader for cell in notebook.cells if "nbgrader" in cell.metadata]
    judged = {m["grade_id"]: m["points"] for m in marks if m["grade"] and not m["solution"]}
    assert judged == {e["name"]: e["points"] for e in listing if e["points"]}
    assert any(mark["grade"] and mark["solution"] for mark in marks), "one question by hand"


@pytest.mark.parametrize("module", MODULES)
def test_pictures_are_there_and_described(module):
    import re

    for path in (CURRICULUM / module).glob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            for words, target in re.findall(r"!\[(.*?)\]\((.*?)\)", cell.source):
                assert (path.parent / target).is_file(), target
                assert len(words) > 20, f"{target} needs an alternative text"


@pytest.mark.parametrize("module", MODULES)
def test_cells_are_short_and_outputs_are_stripped(module):
    import statistics

    for path in (CURRICULUM / module).glob("*.ipynb"):
        cells = nbformat.read(path, as_version=4).cells
        code = [cell for cell in cells if cell.cell_type == "code"]
        lines = [len([line for line in c.source.splitlines() if line.strip()]) for c in code]
        assert statistics.median(lines) <= 8 and max(lines) <= 40
        assert all(not cell.outputs and cell.execution_count is None for cell in code)


@pytest.mark.parametrize("module", MODULES)
def test_every_place_to_read_again_is_a_heading_of_the_lesson(module):
    from lepton_course.exercises.load import load_exercises

    headings = {
        line.lstrip("# ").strip().replace(" ", "-")
        for cell in nbformat.read(CURRICULUM / module / "lesson.ipynb", as_version=4).cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
        if line.startswith("#")
    }
    for exercise in load_exercises(CURRICULUM / module / "exercises.py").values():
        for read in (exercise.read, *(m.read for m in exercise.misconceptions)):
            if read.startswith("lesson.ipynb#"):
                assert read.partition("#")[2] in headings, read
