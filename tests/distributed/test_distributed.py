"""Several processes from a notebook: results by rank, first failures, time-outs, no leftovers."""

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from multiprocessing import forkserver
from pathlib import Path

import nbformat
import psutil
import pytest
import torch
import torch.distributed as dist
from nbclient import NotebookClient
from traitlets.config import Config

import lepton_course
from autograder.kernels.manager import WarmKernelManager
from autograder.kernels.owner import shared
from autograder.sandbox.walls import World, survey
from lepton_course import distributed

PRELOAD = ("torch",)
LONG_ENOUGH = 10
"""Seconds in which workers come where they wait, however busy the machine is."""

closed_in = pytest.mark.skipif(
    not survey().walls.namespaces, reason=f"no walls here: {survey().problems}"
)


@pytest.fixture(scope="module", autouse=True)
def own_fork_server():
    """Workers are forked from a server that has torch, and not from one that other tests left."""
    forkserver._forkserver._stop()
    yield
    forkserver._forkserver._stop()


def total(factor):
    x = torch.tensor([factor * (1.0 + dist.get_rank())])
    dist.all_reduce(x)
    print("sum", x.item())
    return dist.get_rank(), x.item()


def workers_left() -> list[psutil.Process]:
    """Workers of this process: children of its fork server."""
    servers = [c for c in psutil.Process().children() if "forkserver" in " ".join(c.cmdline())]
    return [child for server in servers for child in server.children()]


def running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def gone(pids, seconds=30.0) -> bool:
    until = time.monotonic() + seconds
    while any(map(running, pids)) and time.monotonic() < until:
        time.sleep(0.05)
    return not any(map(running, pids))


# --- what comes back ---


def test_results_come_back_by_rank_and_prints_name_the_rank(capfd):
    assert distributed.run(total, 10, workers=3) == [(0, 60.0), (1, 60.0), (2, 60.0)]
    printed = capfd.readouterr().out.splitlines()
    assert sorted(printed) == [f"[rank {rank}] sum 60.0" for rank in range(3)]


def test_a_function_takes_the_globals_of_its_notebook_along():
    cell = {"__name__": "__main__", "dist": dist, "offset": 5}
    exec("def shifted():\n    return offset + dist.get_rank()", cell)
    assert distributed.run(cell["shifted"]) == [5, 6]
    cell["offset"] = 7
    assert distributed.run(cell["shifted"]) == [7, 8]


def test_what_is_large_comes_back_too():
    [first, second] = distributed.run(lambda: torch.full((1000, 1000), float(dist.get_rank())))
    assert first.sum() == 0 and second.sum() == 1e6


def test_without_a_group_for_another_framework():
    def alone():
        return dist.is_initialized(), os.environ["RANK"], torch.get_num_threads()

    assert distributed.run(alone, backend=False) == [(False, "0", 1), (False, "1", 1)]


def test_the_environment_of_this_moment_is_passed_on(monkeypatch):
    monkeypatch.setenv("LEPTON_TEST", "now")
    assert distributed.run(lambda: os.environ["LEPTON_TEST"], workers=1) == ["now"]


def test_at_least_one_worker():
    with pytest.raises(ValueError, match="workers must be at least 1, not 0"):
        distributed.run(total, 1, workers=0)


# --- what goes wrong ---


def test_the_first_failing_rank_is_named_with_its_traceback(capfd):
    def train():
        if dist.get_rank() == 1:
            raise ValueError("negative learning rate")
        dist.barrier()  # fails too, because rank 1 has gone

    with pytest.raises(distributed.WorkerFailed) as caught:
        distributed.run(train)
    message = str(caught.value)
    assert message.startswith("rank 1 of 2 failed: ValueError: negative learning rate")
    assert 'in train\n    raise ValueError("negative learning rate")' in message
    assert "worker.py" not in message
    assert caught.value.__context__ is None
    assert "torch/multiprocessing" not in capfd.readouterr().err


def test_a_worker_that_dies_without_a_word_is_named():
    def train():
        if dist.get_rank() == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        dist.barrier()

    with pytest.raises(distributed.WorkerFailed, match="rank 1 of 2 was killed by SIGKILL"):
        distributed.run(train)


def test_a_result_that_cannot_travel():
    with pytest.raises(distributed.WorkerFailed, match="cannot be sent back.*generator"):
        distributed.run(lambda: (i for i in range(3)), workers=1)


def test_a_time_out_says_where_each_worker_stood():
    def wait_for_each_other():
        if dist.get_rank() == 0:
            dist.recv(torch.zeros(1), src=1)
        else:
            time.sleep(60)

    with pytest.raises(distributed.WorkersTimedOut) as caught:
        distributed.run(wait_for_each_other, timeout=LONG_ENOUGH)
    message = str(caught.value)
    assert f"2 workers were not done after {LONG_ENOUGH} s" in message
    assert "rank 0 was in wait_for_each_other" in message and "dist.recv(" in message
    assert "rank 1 was in wait_for_each_other" in message and "time.sleep(60)" in message


def test_a_time_out_names_those_that_were_done():
    def wait_on_rank_1():
        if dist.get_rank() == 1:
            time.sleep(60)

    with pytest.raises(distributed.WorkersTimedOut, match="rank 0 was done\nrank 1 was in wait_on"):
        distributed.run(wait_on_rank_1, timeout=LONG_ENOUGH)


def test_after_a_restart_all_begin_anew():
    def train():
        attempt = int(os.environ["TORCHELASTIC_RESTART_COUNT"])
        if attempt == 0 and dist.get_rank() == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        dist.barrier()
        return attempt

    assert distributed.run(train, restarts=1) == [1, 1]


# --- nothing is left behind ---


def test_an_interrupt_ends_the_workers_and_is_an_ordinary_one(tmp_path, capfd):
    def wait(folder):
        Path(folder, str(dist.get_rank())).write_text(str(os.getpid()))
        dist.recv(torch.zeros(1))

    def interrupt_when_ready():
        while len(list(tmp_path.iterdir())) < 2:
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    thread = threading.Thread(target=interrupt_when_ready)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        distributed.run(wait, str(tmp_path), timeout=60)
    thread.join()
    assert "death signal" not in capfd.readouterr().err
    assert gone([int(path.read_text()) for path in tmp_path.iterdir()])
    assert handlers == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]


def test_a_run_leaves_no_worker_and_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    distributed.run(total, 1)
    with pytest.raises(distributed.WorkerFailed):
        distributed.run(lambda: 1 / 0)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert gone([worker.pid for worker in workers_left()])


def test_workers_end_when_whoever_started_them_is_killed(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            """
            import os, sys, time
            from pathlib import Path
            from lepton_course import distributed

            def wait(folder):
                Path(folder, os.environ["RANK"]).write_text(str(os.getpid()))
                time.sleep(120)

            distributed.run(wait, sys.argv[1])
            """
        )
    )
    pids = tmp_path / "pids"
    pids.mkdir()
    process = subprocess.Popen([sys.executable, script, pids])
    while len(list(pids.iterdir())) < 2 and process.poll() is None:
        time.sleep(0.05)
    helpers = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    assert len(helpers) >= 3  # the fork server and two workers
    assert gone([helper.pid for helper in helpers])


# --- in notebooks, and under torchrun ---


@pytest.fixture(params=[False, pytest.param(True, marks=closed_in)], ids=["open", "closed in"])
def world(request, small_zygote):
    package = Path(lepton_course.__file__).parent
    return World(shared.make_folder(), (package,)) if request.param else None


def test_in_a_warm_kernel(world):
    cells = [
        "import torch\nimport torch.distributed as dist\nfrom lepton_course import distributed",
        "scale = 2\n"
        "def scaled_sum():\n"
        "    x = scale * torch.ones(3) * dist.get_rank()\n"
        "    dist.all_reduce(x)\n"
        "    return x.tolist()",
        "torch.ones(300, 300) @ torch.ones(300, 300)  # has started threads\n"
        "print(distributed.run(scaled_sum, timeout=60))",
        "def fail():\n    raise ValueError('in a cell')\ndistributed.run(fail, timeout=60)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    NotebookClient(
        notebook,
        kernel_manager_class=WarmKernelManager,
        config=Config({"WarmKernelManager": {"world": world}}),
        resources={"metadata": {"path": str(world.scratch if world else shared.make_folder())}},
        shutdown_kernel="immediate",
        allow_errors=True,
        timeout=90,
    ).execute()
    printed = "".join(o.text for o in notebook.cells[2].outputs if o.output_type == "stream")
    assert "[[2.0, 2.0, 2.0], [2.0, 2.0, 2.0]]" in printed
    error = notebook.cells[3].outputs[-1]
    assert error.ename == "WorkerFailed"
    assert "Cell In[4], line 2, in fail" in error.evalue


def test_the_same_function_under_torchrun(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            """
            import sys

            import torch
            import torch.distributed as dist
            from lepton_course import distributed

            def total():
                x = torch.tensor([1.0 + dist.get_rank()], device=distributed.device())
                dist.all_reduce(x)
                return x.item()

            if __name__ == "__main__":
                with distributed.process_group():
                    sys.stdout.write(f"total {total()}\\n")
            """
        )
    )
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2"]
    torchrun += ["--rdzv-backend=c10d", "--rdzv-endpoint=127.0.0.1:0", "--local-addr=127.0.0.1"]
    done = subprocess.run([*torchrun, script], capture_output=True, text=True, timeout=100)
    assert done.stdout.splitlines() == ["total 3.0"] * 2, done.stderr[-2000:]
