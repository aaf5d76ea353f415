"""`lepton run`: planted faults of notebooks, each caught by the proof that is meant for it."""

from __future__ import annotations

import gc
import os
import shutil
import threading
from pathlib import Path

import nbformat
import pytest
from conftest import CLONE, declare, skip_unless_ci
from nbformat.v4 import new_code_cell, new_notebook, new_output

from autograder.curriculum.modules import UnknownModule
from autograder.kernels.owner import ALSO, PRELOAD, Zygote
from autograder.proof.notebooks import papermill_execution
from autograder.proof.notebooks.budgets import Budget
from autograder.proof.notebooks.notebook_key import depends_on
from autograder.proof.notebooks.notebook_results import Cache, Result, SlowCell
from autograder.proof.notebooks.pinned_outputs import TAG
from autograder.proof.notebooks.runner import prove, run_notebooks
from autograder.proof.notebooks.tasks import NotebookTask, select_tasks
from autograder.sandbox.walls import Walls, survey
from lepton_course.declared_exercises import DECLARATIONS

MODULE = "basics/01_first"
SETUP = f'from lepton_course import begin, check, plots, record\nbegin("{MODULE}")'
PICTURE = """\
from matplotlib import pyplot as plt
fig, ax = plt.subplots()
ax.plot([1, 2])
plots.show(fig, alt="A straight line that rises from 1 to 2.")"""
EXERCISES = """
from lepton_course.authoring import Call, Case, close, exercise

doubling = exercise("double", title="Twice", points=2, difficulty=1, minutes=1,
                    probe=Call(), compare=close())

@doubling.reference
def double(x):
    return x + x

@doubling.cases
def cases(rng):
    yield Case("numbers", args=(float(rng.uniform(3, 9)),))

EXERCISES = [doubling]
"""
STUB = {"grade_id": "double-answer", "grade": False, "solution": True, "locked": False,
        "schema_version": 3, "task": False}  # fmt: skip
GRADE = {"grade_id": "double", "grade": True, "solution": False, "locked": True, "points": 2,
         "schema_version": 3, "task": False}  # fmt: skip
SOLUTION = "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"


@pytest.fixture(scope="module", autouse=True)
def walls():
    if not survey().walls.namespaces:
        skip_unless_ci("Kernels cannot be closed in here: " + "; ".join(survey().problems))


@pytest.fixture
def module(tmp_path) -> Path:
    folder = tmp_path / "curriculum" / MODULE
    folder.mkdir(parents=True)
    declare(folder, EXERCISES)
    return folder


def notebook(*cells) -> nbformat.NotebookNode:
    made = [new_code_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    return new_notebook(
        cells=made, metadata={"kernelspec": {"name": "python3", "display_name": "P"}}
    )


def answer(source: str, mark: dict) -> nbformat.NotebookNode:
    return new_code_cell(source, metadata={"nbgrader": dict(mark)})


def lesson(module: Path, *cells, budget: Budget | None = None) -> Result:
    """Proves a lesson of a setup cell, a picture and these cells."""
    path = module / "lesson.ipynb"
    nbformat.write(notebook(SETUP, PICTURE, *cells), path)
    return prove(NotebookTask(path, "lesson"), module.parent / "executed.ipynb", budget)


def assignment(module: Path, kind: str, *cells) -> Result:
    path = module / "assignment.ipynb"
    nbformat.write(notebook(SETUP, *cells), path)
    return prove(NotebookTask(path, kind), module.parent / "executed.ipynb")


def test_a_good_lesson_passes(module):
    pinned = new_code_cell("print(6 * 7)", metadata={"tags": [TAG]})
    pinned.outputs = [new_output("stream", text="42\n")]
    result = lesson(
        module,
        'record("two", 2.0, near=(2.0, 0.1))',
        "import tempfile\nwith tempfile.TemporaryDirectory() as folder: open(f'{folder}/x', 'w')",
        "import subprocess\nsubprocess.run(['true'])",
        "open('in_its_own_folder.txt', 'w').close()",
        pinned,
    )
    assert result.problems == ()
    assert result.records == 1
    assert 50 < result.peak_mib < 2048 and 0 < result.seconds < 30


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        (
            'record("score", 0.5, at_least=0.8)',
            "cell 3 (In [3]): a number is outside its band: score: 0.5 (expected: at least 0.8)",
        ),
        (
            "import socket\nsocket.socket().connect(('192.0.2.1', 80))",
            "cell 3 (In [3]) needs the network",
        ),
        (
            "import urllib.request\nurllib.request.urlopen('https://example.org', timeout=5)",
            "cell 3 (In [3]) needs the network",
        ),
        (
            "open('/usr/outside.txt', 'w')",
            "cell 3 (In [3]) uses a file outside its folder",
        ),
        ("open('../outside.txt', 'w').close()", "it wrote outside its folder: ../outside.txt"),
        (
            "from pathlib import Path\n(Path.home() / 'mine').mkdir()",
            "it wrote outside its folder: ~/mine",
        ),
        ("open('/tmp/mine', 'w').close()", "it wrote outside its folder: /tmp/mine"),
        (
            "import subprocess\nleft = subprocess.Popen(['sleep', '61'])",
            "a process still runs at the end: sleep 61",
        ),
        ("1 / 0", "cell 3 (In [3]) failed with ZeroDivisionError: division by zero"),
        ("import os\nos._exit(3)", "Kernel died"),
    ],
    ids=lambda text: None if "\n" in text else text[:40],
)
def test_a_fault_of_a_lesson_is_caught(module, cell, problem):
    result = lesson(module, cell)
    assert result.status == "failed"
    assert result.problems[0].startswith(problem)


def test_a_proof_leaves_no_descriptor_and_no_thread(module):
    def held() -> tuple[int, int]:
        gc.collect()
        return len(os.listdir("/proc/self/fd")), threading.active_count()

    lesson(module)
    before = held()
    lesson(module, "1 / 0")
    assert held() == before


def test_a_stored_output_that_differs_is_caught(module):
    pinned = new_code_cell("print(6 * 7)", metadata={"tags": [TAG]})
    pinned.outputs = [new_output("stream", text="41\n")]
    [problem] = lesson(module, pinned).problems
    assert (
        problem
        == "cell 3 (In [3]): the output is not the stored one: stdout: stored '41', now '42'"
    )


def test_a_memory_hog_is_caught(module):
    hog = "import numpy as np, time\nx = np.ones(100 * 2**20)\ntime.sleep(0.5)"
    [problem] = lesson(module, hog, budget=Budget(60, mib=700)).problems
    assert problem.endswith("MiB of memory; its budget is 700 MiB")


def test_a_child_process_counts_as_memory_of_the_notebook(module):
    hog = "import numpy as np, time; x = np.ones(100 * 2**20); time.sleep(0.5)"
    cell = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {hog!r}], check=True)"
    [problem] = lesson(module, cell, budget=Budget(60, mib=700)).problems
    assert problem.endswith("MiB of memory; its budget is 700 MiB")


def test_a_slow_cell_is_caught_and_named(module):
    result = lesson(module, "import time\ntime.sleep(2.5)", budget=Budget(seconds=2))
    assert result.problems[0].endswith("s; its budget is 2 s")
    assert result.slowest[0].number == 3


def test_no_data_on_screen_is_caught(module):
    path = module / "lesson.ipynb"
    nbformat.write(notebook(SETUP, "1 + 1", "2 + 2"), path)
    [problem] = prove(NotebookTask(path, "lesson"), module.parent / "executed.ipynb").problems
    assert problem == "none of the first 3 code cells shows data as a picture or a table"


def test_a_failing_cell_is_shown_with_its_last_outputs(module):
    failure = lesson(module, "print('so far')\nvalues = {}\nvalues['loss']").failure
    assert failure.startswith("curriculum/basics/01_first/lesson.ipynb, cell 3 (In [3])\n")
    for text in ("    values['loss']", "so far", "KeyError: 'loss'"):
        assert text in failure
    assert "\x1b" not in failure


def test_a_solved_assignment_passes_and_a_wrong_solution_does_not(module):
    cells = [answer(SOLUTION, STUB), answer('check("double")', GRADE)]
    assert assignment(module, "assignment", *cells).problems == ()
    cells[0].source = SOLUTION.replace("2 * x", "3 * x")
    [problem] = assignment(module, "assignment", *cells).problems
    assert problem.startswith("cell 3 (In [3]): check('double') should say 'right' and says")


def test_in_an_untouched_assignment_stubs_fail_and_nothing_else(module):
    value = answer("### BEGIN SOLUTION\nnumber = 3\n### END SOLUTION", {**STUB, "grade_id": "n"})
    cells = [answer(SOLUTION, STUB), answer('check("double")', GRADE), value]
    assert assignment(module, "student", *cells).problems == ()
    [problem] = assignment(module, "student", *cells, "number + 1").problems
    assert problem == "cell 5 (In [5]) failed with NameError: name 'number' is not defined"


def test_a_solution_that_students_would_get_is_caught(module):
    slipped = answer("def double(x):\n    return 2 * x\n### BEGIN SOLUTION\n### END SOLUTION", STUB)
    [problem] = assignment(module, "student", slipped, answer('check("double")', GRADE)).problems
    assert problem.startswith("cell 3 (In [3]): check('double') should say 'not answered yet'")


# --- What is run again -------------------------------------------------------------------------


@pytest.fixture
def clone(tmp_path) -> Path:
    """A clone with the real helpers, to be edited."""
    folder = tmp_path / "clone"
    shutil.copytree(CLONE / "lepton_course", folder / "lepton_course",
                    ignore=shutil.ignore_patterns("curriculum", "__pycache__"))  # fmt: skip
    shutil.copyfile(CLONE / "constraints.txt", folder / "constraints.txt")
    return folder


def test_pictures_are_shown_whatever_the_shell_has_them_drawn_with(module, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    assert lesson(module).problems == ()


def test_editing_a_helper_runs_exactly_the_notebooks_that_import_it(module, clone, tmp_path):
    uses = {"lesson": "from lepton_course import fit", "second": "import json"}
    for name, line in uses.items():
        nbformat.write(notebook(SETUP, PICTURE, line), module / f"{name}.ipynb")
    tasks = select_tasks([], module.parents[1])

    def ran() -> set[str]:
        cache = Cache(tmp_path / "cache")
        results = list(run_notebooks(tasks, tmp_path / "out", cache=cache, jobs=1, clone=clone))
        assert [result.problems for result in results] == [(), ()]
        return {Path(result.path).stem for result in results if not result.cached}

    assert ran() == {"lesson", "second"}
    assert ran() == set()
    edit(clone / "lepton_course" / "training" / "minibatches.py")  # imported by training/loop.py
    assert ran() == {"lesson"}


def edit(path: Path) -> None:
    path.write_text(path.read_text() + "\n# edited\n")


@pytest.mark.parametrize(
    ("source", "helper", "imported"),
    [
        ("from lepton_course import fit", "training/loop.py", True),
        ("from lepton_course import fit", "training/minibatches.py", True),
        ("from lepton_course import record", "training/loop.py", False),
        ("from lepton_course import plots", "plots/charts.py", True),
        ("from lepton_course.datasets import load_dataset", "datasets/idx.py", True),
        ("import lepton_course.hardware", "hardware.py", True),
        ("!python -m lepton_course.hardware", "hardware.py", True),
        ("import numpy", "hardware.py", False),
        ('load_dataset("fashion_mnist")\nfrom lepton_course import load_dataset',
         "datasets/data/fashion_mnist/subset.npz", True),
        ("from lepton_course import load_dataset",
         "datasets/data/fashion_mnist/subset.npz", False),
    ],
)  # fmt: skip
def test_a_notebook_depends_on_what_it_imports(module, clone, source, helper, imported):
    nbformat.write(notebook(source), module / "lesson.ipynb")
    files = depends_on(NotebookTask(module / "lesson.ipynb", "lesson"), clone)
    assert (clone / "lepton_course" / helper in files) == imported
    assert {module / "lesson.ipynb", module / DECLARATIONS, clone / "constraints.txt"} <= files


def test_a_result_that_failed_is_not_kept(tmp_path):
    cache, executed = Cache(tmp_path / "cache"), tmp_path / "executed.ipynb"
    executed.write_text("{}")
    result = Result("a", "lesson", "m", "f", 1.0, 100, slowest=(SlowCell(3, 1.0, "x = 1"),))
    cache.keep("good", result, executed)
    cache.keep("bad", Result("a", "lesson", "m", "f", 1.0, 100, problems=("p",)), executed)
    found, path = cache.find("good")
    assert found == Result("a", "lesson", "m", "f", 1.0, 100, slowest=result.slowest, cached=True)
    assert path.read_text() == "{}"
    assert cache.find("bad") is None and cache.find("unknown") is None


# --- Which notebooks --------------------------------------------------------------------------


def test_tasks_are_named_by_module_or_by_notebook(module):
    for name in ("lesson", "assignment"):
        nbformat.write(notebook("1"), module / f"{name}.ipynb")
    curriculum = module.parents[1]
    kinds = [task.kind for task in select_tasks([], curriculum)]
    assert kinds == ["lesson", "assignment", "student"]
    for name in (MODULE, "01_first", "first", str(module)):
        assert [task.kind for task in select_tasks([name], curriculum)] == kinds
    assert [t.kind for t in select_tasks([str(module / "lesson.ipynb")])] == ["lesson"]
    with pytest.raises(UnknownModule, match="no module 'second'. The modules: basics/01_first"):
        select_tasks(["second"], curriculum)
    with pytest.raises(UnknownModule, match="no notebook 'gone.ipynb'"):
        select_tasks(["gone.ipynb"], curriculum)


def test_notebooks_have_the_frameworks_whatever_was_graded_before(monkeypatch, tmp_path):
    monkeypatch.setattr(papermill_execution, "shared", zygote := Zygote(ALSO))
    papermill_execution._kernel(tmp_path, Budget(seconds=1, mib=1), Walls())
    assert zygote.preload == PRELOAD
