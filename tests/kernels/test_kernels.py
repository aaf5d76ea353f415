"""Warm kernels behave as ordinary ones, in and out of a sandbox, and leave nothing behind."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel
from started_kernels import WALLS, closed_in, eventually, execute, start, world_within

from autograder.kernels.owner import FRAMEWORKS, KernelNotStarted, Zygote, shared
from autograder.sandbox.walls import Walls, World

pytestmark = pytest.mark.usefixtures("small_zygote")
PRELOAD = FRAMEWORKS["torch"]


@pytest.fixture(params=WALLS)
def world(request):
    return world_within(request.param)


def test_frameworks_are_there_and_work(world):
    code = (
        "import sys; print('torch' in sys.modules); import torch; print(torch.ones(99, 99).sum())"
    )
    assert execute(code, world=world) == ["True\ntensor(9801.)\n"]


def test_each_kernel_starts_afresh(world):
    code = "import torch; torch.runs = getattr(torch, 'runs', 0) + 1; print(torch.runs)"
    assert [execute(code, world=world) for _ in range(2)] == [["1\n"]] * 2


def test_random_numbers_differ_between_kernels():
    code = "import random, os, numpy; print(random.random(), numpy.random.rand(), os.urandom(4))"
    assert execute(code) != execute(code)


def test_errors_and_display_come_through(world):
    assert execute("1/0", "print('next')", world=world) == ["ZeroDivisionError", "next\n"]


def test_a_cell_that_runs_too_long_is_interrupted(world):
    outputs = execute(
        "import time\nwhile True: time.sleep(0.01)",
        "print('still here')",
        world=world,
        timeout=1,
        interrupt_on_timeout=True,
    )
    assert outputs == ["KeyboardInterrupt", "still here\n"]


ABOUT_ITSELF = """
import os
shell = get_ipython()
kernel = shell.kernel
print(kernel.ident)
print(kernel.session.session)
print(kernel.session.key.decode())
"""
ABOUT_FOLDERS = """
print(shell.profile_dir.location)
print(shell.ipython_dir)
print(shell.home_dir)
print(shell.history_manager.hist_file)
print(shell.starting_dir)
"""
SESSIONS = """
print(shell.displayhook.session is kernel.session is shell.display_pub.session)
print(shell.displayhook.topic == f"kernel.{kernel.ident}.execute_result".encode())
"""


@closed_in
@pytest.mark.parametrize("walls", [Walls(), Walls(namespaces=False)])
def test_kernels_in_walls_share_no_identity_and_no_folder(walls):
    worlds = [World(shared.make_folder(), walls=walls) for _ in range(2)]
    cells = (ABOUT_ITSELF, ABOUT_FOLDERS, SESSIONS)
    (one, folders, sessions), (other, _, _) = [execute(*cells, world=world) for world in worlds]
    assert not {*one.split()} & {*other.split()}
    assert all(folder.startswith(str(worlds[0].scratch)) for folder in folders.split())
    assert sessions == "True\nTrue\n"


@closed_in
def test_a_kernel_without_walls_reads_its_users_configuration(tmp_path, monkeypatch):
    profile = tmp_path / ".ipython" / "profile_default"
    profile.mkdir(parents=True)
    (profile / "ipython_config.py").write_text(
        "get_config().InteractiveShellApp.exec_lines = ['mine = 7']"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    world = World(shared.make_folder())
    assert execute("mine", "print(mine)", world=world) == ["NameError"] * 2
    about_help = "import sys; print('lepton_course.checks.kernel.kernel_hooks' in sys.modules)"
    assert execute(about_help, world=world) == ["False\n"], "it is for learners, not for grading"
    assert execute("print(mine)") == ["7\n"]
    assert execute(ABOUT_ITSELF, ABOUT_FOLDERS)[1].split()[0] == str(profile)


@pytest.mark.parametrize("crash", ["import os; os._exit(3)", "import ctypes; ctypes.string_at(0)"])
def test_a_dead_kernel_is_noticed(world, crash):
    assert execute("print('before')", crash, "print('after')", world=world)[0] == "before\n"
    assert execute("print('before')", crash, "print('after')", world=world)[2] == ""


@pytest.fixture
def warm_kernelspec(tmp_path, monkeypatch):
    spec = Path("autograder/kernels/lepton-warm").resolve()
    kernels = tmp_path / "kernels"
    kernels.mkdir()
    (kernels / "lepton-warm").symlink_to(spec)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    return "lepton-warm"


def test_by_name_restart_interrupt_and_shutdown(warm_kernelspec):
    manager, client = start_new_kernel(kernel_name=warm_kernelspec)
    try:
        client.execute_interactive("x = 1", timeout=30)
        manager.restart_kernel(now=True)
        client.wait_for_ready(timeout=30)
        reply = client.execute_interactive("x", timeout=30, output_hook=lambda message: None)
        assert reply["content"]["ename"] == "NameError"
        request = client.execute("import time; time.sleep(60)")
        time.sleep(0.5)
        manager.interrupt_kernel()
        reply = client.get_shell_msg(timeout=30)
        assert reply["parent_header"]["msg_id"] == request
        assert reply["content"]["ename"] == "KeyboardInterrupt"
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
    assert not manager.is_alive()


def test_papermill_uses_it_by_name(warm_kernelspec, tmp_path):
    import papermill

    cell = nbformat.v4.new_code_cell("import sys; print('torch' in sys.modules)")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "in.ipynb")
    done = papermill.execute_notebook(
        tmp_path / "in.ipynb", None, kernel_name=warm_kernelspec, progress_bar=False
    )
    assert done.cells[0].outputs[0].text == "True\n"


def test_a_dead_zygote_is_replaced():
    zygote = Zygote(())
    start(zygote).close()
    zygote._process.kill()
    zygote._process.wait()
    kernel = start(zygote)
    assert kernel.poll() is None
    kernel.close()
    zygote.stop()


def test_a_zygote_that_lacks_a_module_is_replaced():
    code = "import sys; print('wave' in sys.modules)"
    try:
        shared.ensure_preloaded(("json",))
        first = shared.link()
        assert execute(code) == ["False\n"]
        assert shared.link() is first
        shared.ensure_preloaded(("wave",))
        assert shared.link() is not first
        assert execute(code) == ["True\n"]
    finally:
        shared.stop()
        shared.preload = PRELOAD


def test_the_first_optimizer_and_the_first_exception_import_nothing(world):
    code = "import sys, torch; before = set(sys.modules)"
    optimizer = "torch.optim.SGD([torch.ones(1)]); print(set(sys.modules) - before)"
    exception = "print(set(sys.modules) - before)"
    outputs = execute(code, optimizer, "1/0", exception, world=world)
    assert outputs == ["", "set()\n", "ZeroDivisionError", "set()\n"]


def test_a_kernel_that_cannot_start_says_why():
    zygote = Zygote(())
    with pytest.raises(KernelNotStarted, match="No such file"):
        start(zygote, cwd="/no/such/folder")
    zygote.stop()


def processes_with(text):
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if text in entry.read_bytes().replace(b"\0", b" ").decode(errors="replace"):
                found.append(int(entry.parent.name))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("walls", ["open", pytest.param("closed in", marks=closed_in)])
def test_nothing_is_left_when_the_owner_is_killed(tmp_path, walls):
    script, mark = tmp_path / "owner.py", f"sleep {random.randint(10_000, 99_999)}"
    script.write_text(
        "import os, sys, time\n"
        "from autograder.kernels.owner import Zygote\n"
        "from autograder.sandbox.walls import World\n"
        "from jupyter_client import BlockingKernelClient\n"
        "from jupyter_client.connect import write_connection_file\n"
        "zygote = Zygote(())\n"
        "folder = zygote.make_folder()\n"
        "file, _ = write_connection_file(str(folder / 'kernel.json'), transport='ipc',\n"
        "                                ip=str(folder / 'k'), key=b'key')\n"
        f"world = World(folder) if {walls == 'closed in'} else None\n"
        "kernel = zygote.start_kernel(file, str(folder), dict(os.environ), world)\n"
        "client = BlockingKernelClient(connection_file=file)\n"
        "client.load_connection_file(); client.start_channels(); client.wait_for_ready(30)\n"
        "client.execute_interactive('import subprocess; child = '\n"
        f"    'subprocess.Popen(\"{mark}\".split(), start_new_session=True)', timeout=30)\n"
        "print(folder.parent, flush=True)\n"
        "time.sleep(600)\n"
    )
    owner = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )
    try:
        folder = Path(owner.stdout.readline().strip())
        assert folder.is_dir() and processes_with(mark) and processes_with(str(folder))
    finally:
        owner.send_signal(signal.SIGKILL)
        owner.wait()
        owner.stdout.close()
    assert eventually(lambda: not processes_with(mark))
    assert eventually(lambda: not processes_with(str(folder)))
    assert eventually(lambda: not folder.exists())
