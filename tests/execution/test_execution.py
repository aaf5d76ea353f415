"""Running one notebook: limits, crashes, and nothing left behind. No judge, no gradebook."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.execution.job import Job, SubmissionLimits
from autograder.execution.running import run
from autograder.kernels.owner import ALSO, Zygote, shared
from autograder.submissions.untrusted_files import Exchange, copy_files, remove_folder
from autograder.workers.process_pool import WorkerDied, map_unordered
from lepton_course.exercises.compiled import observation_from_tree
from lepton_course.exercises.probes import Call, probe_to_tree
from lepton_course.exercises.values import dumps, loads

pytestmark = pytest.mark.usefixtures("small_zygote")
PRELOAD = ALSO

CLONE = Path(__file__).resolve().parents[2]
ASK_FOR_DOUBLE = dumps(
    {
        "probe": probe_to_tree(Call()),
        "cases": [{"args": (4,), "kwargs": {}, "weights": None, "x": None}],
    }
)


@pytest.fixture(autouse=True)
def course_for_kernels(monkeypatch):
    """Kernels import the course from this clone, installed or not."""
    monkeypatch.setenv("PYTHONPATH", str(CLONE))


def job(*sources: str, **limits) -> Job:
    """A notebook of these cells, with a check of `double` where a source is "check"."""
    cells = [checked() if source == "check" else new_code_cell(source) for source in sources]
    text = nbformat.writes(new_notebook(cells=cells))
    return Job(text, {"double": ASK_FOR_DOUBLE}, limits=SubmissionLimits(**limits))


def checked():
    mark = {"grade": True, "solution": False, "locked": True, "schema_version": 3}
    return new_code_cell(
        'check("double")', metadata={"nbgrader": {**mark, "points": 1, "grade_id": "double"}}
    )


def answer(result) -> object:
    """What the learner's `double` returned for 4."""
    (tree,) = loads(result.answers["double"])
    return observation_from_tree(tree).seen["result"]


def texts(result) -> str:
    cells = nbformat.reads(result.notebook, as_version=4).cells
    return "".join(o.get("text", "") for c in cells for o in c.outputs)


def test_cells_run_and_answers_are_asked_for_where_the_check_stands():
    result = run(job("def double(x): return 2 * x", "check", "def double(x): return 0", "print(7)"))
    assert answer(result) == 8
    assert texts(result) == "7\n"
    assert (result.stopped, result.incidents) == ("", ())


def test_an_error_does_not_stop_the_notebook():
    result = run(job("1 / 0", "def double(x): return 2 * x", "check"))
    assert answer(result) == 8


def test_figures_are_shown():
    plot = "from matplotlib import pyplot as plt\nplt.plot([1, 2]);"
    cells = nbformat.reads(run(job(plot)).notebook, as_version=4).cells
    assert [list(o.data) for o in cells[0].outputs if "data" in o] == [["image/png", "text/plain"]]


def test_the_check_cell_itself_is_not_run():
    result = run(job("def check(name): raise SystemExit", "double = abs", "check"))
    assert answer(result) == 4
    assert nbformat.reads(result.notebook, as_version=4).cells[-1].outputs == []


def test_what_an_answer_prints_is_dropped():
    result = run(job("def double(x):\n    print('secret', x)\n    return 8", "check"))
    assert answer(result) == 8
    assert "secret" not in result.notebook.replace("print('secret', x)", "")


def test_what_a_cell_has_shown_stays_as_it_was_when_an_answer_is_asked_for():
    show = "from IPython.display import display\nshown = display('mine', display_id=True)"
    later = "shown.update('the input was 4')"
    cells = nbformat.reads(run(job(show, "double = abs", "check", later)).notebook, 4).cells
    assert [o.data["text/plain"] for o in cells[0].outputs] == ["'mine'"]


def test_no_time_that_a_kernel_states_stands_in_the_notebook():
    """Inputs could be written as times: the year 1904 for a 4."""
    forge = (
        "import datetime\n"
        "from jupyter_client.session import Session\n"
        "stated = Session.msg_header\n"
        "Session.msg_header = lambda self, kind: {\n"
        "    **stated(self, kind), 'date': datetime.datetime(1900 + x, 1, 1)\n"
        "}\n"
    )
    result = run(job("def double(y):\n    global x\n    x = y", "check", forge, "pass"))
    cells = nbformat.reads(result.notebook, as_version=4).cells
    assert [cell.metadata for cell in cells if "nbgrader" not in cell.metadata] == [{}, {}, {}]
    assert result.stopped == ""


def test_all_cells_together_have_a_limit_on_output():
    cells = ["print('x' * 900)"] * 4
    result = run(job(*cells, output_bytes=4_000, notebook_output_bytes=7_000))
    assert texts(result).count("x" * 900) == 2
    assert texts(result).count("output truncated") == 2


def test_outputs_in_great_number_are_cut():
    many = "from IPython.display import display\nfor i in range(3000): display(i)"
    cells = nbformat.reads(run(job(many)).notebook, 4).cells
    assert 300 < len(cells[0].outputs) < 600


def test_output_of_very_many_values_is_cut_and_the_rest_goes_on():
    many = (
        "from IPython.display import display\n"
        "display({'application/json': [{}] * 2_000_000}, raw=True)"
    )
    result = run(job(many, "double = abs", "check"))
    assert answer(result) == 4
    assert "output truncated" in texts(result)
    assert len(result.notebook) < 10_000


def test_an_endless_cell_is_interrupted_and_the_rest_goes_on():
    result = run(job("while True: pass", "double = abs", "check", cell_seconds=2))
    assert answer(result) == 4
    assert result.incidents == (
        "the cell that starts with `while True: pass` ran longer than 2 s and was interrupted",
    )


def test_an_endless_answer_gets_nothing_and_the_rest_goes_on():
    result = run(
        job("def double(x):\n    while True: pass", "check", "print('on')", answer_seconds=2)
    )
    assert result.answers == {}
    assert result.failures == {"double": "it took longer than 2 s"}
    assert texts(result) == "on\n"


def test_a_cell_that_cannot_be_interrupted_ends_the_run():
    stubborn = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
    result = run(job("double = abs", "check", stubborn, "print('on')", cell_seconds=2))
    assert answer(result) == 4
    assert "could not be interrupted" in result.stopped
    assert texts(result) == ""


def test_the_whole_notebook_has_a_limit():
    cells = ["import time", *["time.sleep(2)"] * 5, "print('on')"]
    result = run(job(*cells, notebook_seconds=3))
    assert "on" not in texts(result)
    assert result.stopped == "the notebook ran longer than 3 s"


def test_much_output_is_cut():
    result = run(job("for i in range(2000): print('x' * 1000)", output_bytes=10_000))
    assert "output truncated" in texts(result)
    assert len(result.notebook) < 50_000


def test_an_answer_that_is_too_large_gets_nothing():
    large = "import numpy as np\ndef double(x): return np.random.default_rng(0).random(10**5)"
    result = run(job(large, "check", answer_bytes=10_000))
    assert result.answers == {}
    assert "more than" in result.failures["double"]


def test_a_run_leaves_no_descriptor_and_no_thread():
    def held() -> tuple[int, int]:
        gc.collect()
        return len(os.listdir("/proc/self/fd")), threading.active_count()

    run(job("1 + 1"))
    before = held()
    run(job("2 + 2"))
    run(job("while True: pass", cell_seconds=1))
    assert held() == before


def test_nothing_is_left_behind(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("autograder.execution.running.shared", zygote := Zygote(ALSO))
    monkeypatch.setattr("autograder.kernels.provisioner.shared", zygote)
    lingering = (
        "import subprocess\nsubprocess.Popen(['sleep', '654.321'])\nopen('left', 'w').write('x')"
    )
    run(job(lingering, "import os\nos._exit(3)"))
    zygote.stop()
    assert list(tmp_path.iterdir()) == []
    assert "654.321" not in [word for p in psutil.process_iter() for word in command_line(p)]


def command_line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def use(zygote):
    shared.adopt(zygote)


def is_even(number):
    return number % 2 == 0


def sleep_unless_first(number):
    time.sleep(600 if number else 0)
    return number


def die_at_three(number):
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_tasks_come_back_by_their_names():
    results = dict(map_unordered(is_even, [("a", 1), ("b", 2), ("c", 4)], 2, print))
    assert results == {"a": False, "b": True, "c": True}


def test_tasks_are_taken_when_workers_need_them():
    taken = []
    results = map_unordered(is_even, ((i, taken.append(i) or i) for i in range(20)), 2, print)
    next(results)
    assert len(taken) == 4
    assert len(list(results)) == 19


def test_a_worker_that_dies_costs_its_own_task_alone():
    results = dict(map_unordered(die_at_three, [(i, i) for i in range(6)], 2, print))
    assert isinstance(results.pop(3), WorkerDied)
    assert results == {i: i for i in range(6) if i != 3}


def test_when_the_caller_stops_the_workers_are_killed():
    started = time.monotonic()
    for key, _ in map_unordered(sleep_unless_first, [(0, 0), (1, 1), (2, 2)], 2, print):
        assert key == 0
        break
    assert time.monotonic() - started < 30
    assert multiprocessing.active_children() == []


def test_workers_share_a_zygote():
    jobs = {i: job(f"def double(x): return {i}", "check") for i in range(4)}
    results = dict(map_unordered(run, jobs.items(), 2, use, shared.link()))
    assert {key: answer(result) for key, result in results.items()} == {i: i for i in range(4)}


def test_links_are_not_followed_when_files_are_copied(tmp_path):
    source, target = tmp_path / "submitted", tmp_path / "work"
    (source / "data").mkdir(parents=True)
    (source / "data/numbers.csv").write_text("1,2")
    (tmp_path / "secret").write_text("secret")
    (source / "link.txt").symlink_to(tmp_path / "secret")
    (source / "folder").symlink_to(tmp_path)
    target.mkdir()
    copy_files([source], target)
    assert [p for p in target.rglob("*") if p.is_file()] == [target / "data/numbers.csv"]


def test_released_files_win_over_submitted_ones(tmp_path):
    for name, text in (("release", "ours"), ("submitted", "theirs")):
        (tmp_path / name / "figures").mkdir(parents=True)
        (tmp_path / name / "figures/a.svg").write_text(text)
    (tmp_path / "work").mkdir()
    copy_files([tmp_path / "release", tmp_path / "submitted"], tmp_path / "work")
    assert (tmp_path / "work/figures/a.svg").read_text() == "ours"


def test_an_answer_must_be_an_ordinary_file(tmp_path):
    exchange = Exchange(tmp_path / "exchange")
    os.mkfifo(exchange.folder / "pipe")
    (exchange.folder / "link").symlink_to("/etc/hostname")
    (exchange.folder / "folder").mkdir()
    for name in ("pipe", "link", "folder", "missing"):
        with pytest.raises(ValueError, match="answer"):
            exchange.take(name, 100)


def test_an_exchange_stays_where_it_is_when_its_folder_is_replaced(tmp_path):
    exchange = Exchange(tmp_path / "exchange")
    (tmp_path / "elsewhere").mkdir()
    exchange.folder.rename(tmp_path / "moved")
    exchange.folder.symlink_to(tmp_path / "elsewhere")
    exchange.put("cases", b"1")
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert (tmp_path / "moved/cases").read_bytes() == b"1"


def test_a_folder_that_resists_is_removed(tmp_path):
    folder = tmp_path / "scratch"
    (folder / "closed").mkdir(parents=True)
    (folder / "closed/file").write_text("x")
    (folder / "closed").chmod(0)
    deep = "/".join(["d"] * 2000)
    subprocess.run(["mkdir", "-p", deep], cwd=folder, check=True)
    remove_folder(folder)
    assert not folder.exists()
