"""Services in a process of their own: ready, failing with a reason, and never left behind."""

import gc
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from traitlets.config import Config

import lepton_course
from autograder.kernels.manager import WarmKernelManager
from autograder.kernels.owner import shared
from autograder.sandbox.walls import World, survey
from lepton_course.services import ServiceFailed, start_service

pytest.importorskip("uvicorn")

PRELOAD = ()

closed_in = pytest.mark.skipif(
    not survey().walls.namespaces, reason=f"no walls here: {survey().problems}"
)

APP = """
import json, os, subprocess, sys, threading

if os.environ.get("FAILS"):
    raise RuntimeError("no model in version 7")
asked = []
child = subprocess.Popen(["sleep", "600"]) if os.environ.get("STARTS_ANOTHER") else None


async def app(scope, receive, send):
    assert scope["type"] == "http"
    asked.append(scope["path"])
    early = scope["path"] == "/ready" and len(asked) < 3
    said = {"asked": asked, "pid": os.getpid(), "child": child and child.pid}
    said["threads"] = os.environ["OMP_NUM_THREADS"]
    print("asked for", scope["path"])
    await send({"type": "http.response.start", "status": 503 if early else 200})
    await send({"type": "http.response.body", "body": json.dumps(said).encode()})
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "small.py").write_text(APP)
    return tmp_path


def get(service, path):
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    connection.request("GET", path)
    content = json.loads(connection.getresponse().read())
    connection.close()
    return content


def running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def gone(pids, seconds=20.0) -> bool:
    until = time.monotonic() + seconds
    while any(map(running, pids)) and time.monotonic() < until:
        time.sleep(0.05)
    return not any(map(running, pids))


# --- ready ---


def test_it_is_returned_when_it_is_ready_and_answers(folder):
    with start_service("small:app", folder=folder, ready="/ready") as service:
        said = get(service, "/forecast")
        *before, last = said["asked"]  # a slow machine is asked again before it has answered
        assert len(before) >= 3
        assert set(before) == {"/ready"}
        assert last == "/forecast"
        assert said["pid"] != os.getpid()
        assert said["threads"] == "1"
        assert service.url == f"http://127.0.0.1:{service.port}"
        assert service.is_running
        assert service.log().splitlines()[-1] == "asked for /forecast"


def test_a_function_of_a_notebook_takes_its_globals_along():
    cell = {"__name__": "__main__", "greeting": "hello"}
    source = """
def make():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b'"' + greeting.encode() + b'"'})

    return app
"""
    exec(source, cell)
    with start_service(cell["make"], ready="/") as service:
        assert get(service, "/") == "hello"


def test_two_at_a_time_and_again(folder):
    first = start_service("small:app", folder=folder)
    second = start_service("small:app", folder=folder, environment={"OMP_NUM_THREADS": "2"})
    assert first.port != second.port
    assert get(second, "/")["threads"] == "2"
    for service in (first, second):
        service.stop()
        service.stop()
        assert repr(service) == f"<service at {service.url}, stopped>"
    with start_service("small:app", folder=folder) as third:
        *before, last = get(third, "/")["asked"]
        assert (set(before), last) == ({"/health"}, "/")


# --- failing, with the reason ---


def test_what_fails_at_the_start_says_why(folder):
    with pytest.raises(ServiceFailed) as caught:
        start_service("small:app", folder=folder, environment={"FAILS": "1"})
    message = str(caught.value)
    assert message.startswith("the service ended while it started. The end of its log:\n")
    assert message.endswith("RuntimeError: no model in version 7")


def test_a_module_that_is_not_there(folder):
    with pytest.raises(ServiceFailed, match="No module named 'absent'"):
        start_service("absent:app", folder=folder)
    with pytest.raises(ValueError, match='the target is "module:name", not'):
        start_service("small.py", folder=folder)


def test_what_is_never_ready_is_ended_and_says_its_last_answer():
    def make():
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 503})
            await send({"type": "http.response.body", "body": b""})

        return app

    before = {child.pid for child in psutil.Process().children(recursive=True)}
    with pytest.raises(ServiceFailed, match=r"within 4 s; the last answer: status 503"):
        start_service(make, ready="/ready", timeout=4)
    assert gone({c.pid for c in psutil.Process().children(recursive=True)} - before)


# --- nothing is left behind ---


def processes_of(service) -> list[int]:
    said = get(service, "/")
    return [service._process.pid, *filter(None, (said["pid"], said["child"]))]


def test_stopping_ends_what_the_service_has_started_and_frees_the_port(folder):
    service = start_service("small:app", folder=folder, environment={"STARTS_ANOTHER": "1"})
    pids = processes_of(service)
    assert len(pids) == 3
    service.stop()
    assert gone(pids, seconds=1)
    with socket.socket() as other:
        assert other.connect_ex(("127.0.0.1", service.port)) != 0


def test_a_service_that_nobody_refers_to_is_stopped(folder):
    service = start_service("small:app", folder=folder)
    pids = processes_of(service)
    del service
    gc.collect()
    assert gone(pids)


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux to kill the service")
def test_a_service_whose_guard_is_killed_ends(folder):
    service = start_service("small:app", folder=folder)
    guard, pid = processes_of(service)
    os.kill(guard, signal.SIGKILL)
    assert gone([pid])
    assert not service.is_running


@pytest.mark.parametrize("way", ["killed", "killed, with a copy that lives on", "at its end"])
def test_a_service_ends_with_its_owner(folder, way):
    script = folder / "owner.py"
    script.write_text(
        textwrap.dedent(
            """
            import http.client, os, sys, time
            from lepton_course.services import start_service

            service = start_service("small:app", environment={"STARTS_ANOTHER": "1"})
            connection = http.client.HTTPConnection("127.0.0.1", service.port)
            connection.request("GET", "/")
            if "copy" in sys.argv[1] and os.fork() == 0:
                time.sleep(30)  # holds the same open files
                os._exit(0)
            print(service._process.pid, connection.getresponse().read().decode(), flush=True)
            if "killed" in sys.argv[1]:
                time.sleep(120)
            """
        )
    )
    owner = subprocess.Popen(
        [sys.executable, script, way], cwd=folder, stdout=subprocess.PIPE, text=True
    )
    guard, _, said = owner.stdout.readline().partition(" ")
    pids = [int(guard), json.loads(said)["pid"], json.loads(said)["child"]]
    copies = [c for c in psutil.Process(owner.pid).children() if c.pid not in pids]
    if "killed" in way:
        assert all(map(running, pids))
        owner.kill()
    owner.wait()
    assert gone(pids)
    for copy in copies:
        copy.kill()
    owner.stdout.close()


# --- in notebooks ---


@pytest.fixture(params=[False, pytest.param(True, marks=closed_in)], ids=["open", "closed in"])
def world(request, small_zygote):
    package = Path(lepton_course.__file__).parent
    return World(shared.make_folder(), (package,)) if request.param else None


def execute(world, *cells):
    """Execute cells in a warm kernel; in a world there is no network and no other process."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    folder = Path(world.scratch if world else shared.make_folder())
    (folder / "small.py").write_text(APP)
    client = NotebookClient(
        notebook,
        kernel_manager_class=WarmKernelManager,
        config=Config({"WarmKernelManager": {"world": world}}),
        resources={"metadata": {"path": str(folder)}},
        shutdown_kernel="immediate",
        timeout=90,
    )
    return notebook, client


START = """
import os, urllib.request
from lepton_course.services import start_service
service = start_service("small:app", ready="/ready")
print(urllib.request.urlopen(service.url + "/").status, service._process.pid)
"""


def test_in_a_warm_kernel_twice(world):
    notebook, client = execute(world, START, START, "service.stop()\nprint(service.is_running)")
    client.execute()
    printed = [cell.outputs[0].text.split() for cell in notebook.cells]
    assert [printed[0][0], printed[1][0], printed[2][0]] == ["200", "200", "False"]


def test_a_kernel_that_is_killed_from_outside_leaves_no_process(world):
    before = set(guards())
    notebook, client = execute(world, START)
    client.execute()  # and shuts the kernel down at once, by a signal that nobody can catch
    assert notebook.cells[0].outputs[0].text.startswith("200")
    assert gone(set(guards()) - before)


def test_a_kernel_that_dies_leaves_no_process(small_zygote):
    before = set(guards())
    notebook, client = execute(None, START, "os.kill(os.getpid(), 9)")
    with pytest.raises(DeadKernelError):
        client.execute()
    assert notebook.cells[0].outputs[0].text.startswith("200")
    assert gone(set(guards()) - before)


def guards() -> list[int]:
    """Processes of services on this machine, those of all worlds included."""
    names = ("process_guard.py", "application_server.py")
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if any(word.endswith(names) for word in words):
            found.append(process.pid)
    return found
