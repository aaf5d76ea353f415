"""Execute one notebook with papermill, in a sandboxed kernel.

On a machine with namespaces, the kernel is a warm one in a world of its own: a scratch copy of
the module's folder, no network, nothing else to write to, no process that outlives it. Elsewhere
it is an ordinary kernel over ipc, and `runner.unproven` says what could not be shown.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import papermill
from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_async, run_sync
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError
from papermill.execute import remove_error_markers

import lepton_course
from autograder.curriculum.build import CURRICULUM
from autograder.kernels.client import PromptAsyncClient
from autograder.kernels.manager import WarmKernelManager
from autograder.kernels.owner import PRELOAD, shared
from autograder.proof.notebooks.budgets import CORES, Budget, Meter, NotebookUsage
from autograder.proof.notebooks.tasks import NotebookTask
from autograder.sandbox.resource_usage import descendants
from autograder.sandbox.walls import ResourceLimits, Walls, World, survey

KEPT_OUT = ("__pycache__", ".ipynb_checkpoints", "*.ipynb", "exercises", "*.yml")
HELD_OUT = ("held_out.*", "reference_network.*")

KNOWN_LITTER = (
    *("torch_", "torchelastic_", "torchinductor_", "pymp-", "matplotlib-"),
    *("__autograph_", "__pycache__"),  # TensorFlow's translated functions
)
"""Prefixes of names that frameworks leave in the folder for temporary files."""

INSPECTION = """
def _inspect():
    import json, os, time

    helpers = ("resource_tracker", "multiprocessing.forkserver")  # end with the kernel

    def others():
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/stat") as file:
                    state = file.read().rpartition(")")[2].split()[0]
                with open(f"/proc/{pid}/cmdline") as file:
                    command = file.read().replace(chr(0), " ").strip()
            except OSError:
                continue
            running = int(pid) != os.getpid() and state not in "ZX"
            if running and not any(helper in command for helper in helpers):
                found.append(command)
        return found

    for _ in range(20):
        if others():
            time.sleep(0.1)
    print(json.dumps({"processes": others(), "tmp": os.listdir("/tmp")}))

_inspect()
"""
"""Code run after the last cell, in a sandboxed kernel, to find what the notebook leaves behind."""


@dataclass(frozen=True)
class Executed:
    """The outcome of executing a notebook.

    stopped: why it ended early without an error in a cell, or "". left_processes: command lines of
    processes that still ran after the last cell. left_files: files outside the notebook's folder.
    """

    notebook: NotebookNode
    usage: NotebookUsage
    scratch: str
    stopped: str = ""
    left_processes: tuple[str, ...] = ()
    left_files: tuple[str, ...] = ()


def execute(task: NotebookTask, budget: Budget) -> Executed:
    """Execute a task in a scratch folder, which is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="lepton-", ignore_cleanup_errors=True) as name:
        scratch = Path(name).resolve() / "scratch"
        folder = scratch / "curriculum" / task.folder
        _copy_module(task, folder)
        (scratch / "home").mkdir()
        notebook = task.notebook()
        if task.kind == "student":
            _let_stubs_fail(notebook)
        return _execute(notebook, folder, scratch, budget)


def _execute(notebook: NotebookNode, folder: Path, scratch: Path, budget: Budget) -> Executed:
    walls = survey().walls
    source, target = scratch.parent / "notebook.ipynb", scratch.parent / "executed.ipynb"
    nbformat.write(notebook, source)
    shutil.copyfile(source, target)
    manager, family = _kernel(scratch, budget, walls)
    clients = _clients(manager)
    seen: dict[str, list[str]] = {}
    stopped = ""
    # One thread, because notebooks run in parallel, one per core.
    run_sync(manager.start_kernel)(cwd=str(folder), env=_environment())
    try:
        meter = Meter(family)
        try:
            papermill.execute_notebook(
                str(source),
                str(target),
                kernel_name="python3",
                cwd=str(folder),
                progress_bar=False,
                execution_timeout=_wall_limit(budget),
                km=manager,
            )
        except PapermillExecutionError:
            pass  # the error is in the notebook
        except (DeadKernelError, CellTimeoutError, RuntimeError) as error:
            stopped = manager.provisioner.stop_reason if walls.namespaces else ""
            stopped = stopped or str(error).strip().splitlines()[0]
        finally:
            usage = meter.stop()
        if walls.namespaces and not stopped:
            seen = json.loads(run_sync(_ask)(manager, INSPECTION) or "{}")
    finally:
        for client in clients:
            client.stop_channels()
        run_sync(_shut_down)(manager)
    done = remove_error_markers(nbformat.read(target, as_version=4))
    left = tuple(seen.get("processes", ())) if walls.namespaces else _still_there(family())
    return Executed(
        notebook=done,
        usage=usage,
        scratch=str(scratch),
        stopped=stopped,
        left_processes=left,
        left_files=tuple(_left_files(scratch, seen.get("tmp", []))),
    )


def _clients(manager: AsyncKernelManager) -> list[AsyncKernelClient]:
    """Return a list of all clients that the manager makes from now on.

    papermill leaves its client connected to a kernel that it did not start itself.
    """
    clients: list[AsyncKernelClient] = []
    make = manager.client

    def made(**options: Any) -> AsyncKernelClient:
        clients.append(make(**options))
        return clients[-1]

    manager.client = made
    return clients


async def _ask(manager: AsyncKernelManager, code: str) -> str:
    """Run code in the kernel without a trace in its history; return what it prints."""
    printed: list[str] = []

    def note(message: dict[str, Any]) -> None:
        if message["msg_type"] == "stream":
            printed.append(message["content"]["text"])

    client = manager.client()
    client.start_channels()
    await client.wait_for_ready(timeout=60)
    await client.execute_interactive(
        code, store_history=False, allow_stdin=False, timeout=60, output_hook=note
    )
    return "".join(printed)


def _kernel(scratch: Path, budget: Budget, walls: Walls) -> tuple[AsyncKernelManager, Any]:
    """Return a manager that will start the kernel, and a function that lists its processes."""
    if not walls.namespaces:
        before = descendants(os.getpid())
        manager = AsyncKernelManager(
            kernel_name="python3",
            transport="ipc",
            ip=str(scratch.parent / "k"),
            client_factory=PromptAsyncClient,
        )
        return manager, lambda: descendants(os.getpid()) - before
    limits = ResourceLimits(
        cpu_seconds=int(60 + 4 * CORES * budget.seconds),
        wall_seconds=_wall_limit(budget),
        memory_bytes=(budget.mib + 1024) * 2**20,
        processes=512,  # threads count too, and each worker of a cluster has dozens
    )
    shared.ensure_preloaded(PRELOAD)  # others in this process may have asked for less
    package = Path(lepton_course.__file__).resolve().parent
    return WarmKernelManager(world=World(scratch, (package,), limits, walls)), _closed_in


def _environment() -> dict[str, str]:
    """Return the kernel's environment, with pictures shown as in JupyterLab."""
    kept = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    return {**kept, "OMP_NUM_THREADS": "1"}


def _closed_in() -> set[int]:
    """Return this process's descendants that have a process namespace of their own."""
    ours = os.readlink("/proc/self/ns/pid")
    return {pid for pid in descendants(os.getpid()) if _namespace(pid) not in (ours, None)}


def _namespace(pid: int) -> str | None:
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return None


def _wall_limit(budget: Budget) -> int:
    """Return the seconds after which a notebook is stopped, however busy the machine is."""
    return int(60 + 10 * budget.seconds)


async def _shut_down(manager: AsyncKernelManager) -> None:
    if manager.has_kernel:
        await manager.shutdown_kernel(now=not await manager.is_alive())
    await ensure_async(manager.cleanup_resources())


def _copy_module(task: NotebookTask, folder: Path) -> None:
    """Copy what a learner has beside the notebook, and exercises for another clone's module."""
    module = task.source.parent
    if task.kind == "toolbox":
        folder.mkdir(parents=True)
        return
    own = module.is_relative_to(CURRICULUM)
    ignored = (*KEPT_OUT, *HELD_OUT) if own else ("__pycache__", ".ipynb_checkpoints", "*.ipynb")
    shutil.copytree(module, folder, ignore=shutil.ignore_patterns(*ignored))


def _let_stubs_fail(notebook: NotebookNode) -> None:
    """Tag answer cells so that an error in one does not end the run."""
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution"):
            cell.metadata["tags"] = [*cell.metadata.get("tags", []), "raises-exception"]


def _left_files(scratch: Path, tmp: list[str]) -> list[str]:
    """Return files that a notebook wrote outside its own folder and did not remove."""
    track_and_above = [scratch, scratch / "curriculum", *(scratch / "curriculum").glob("*")]
    found = [
        f"../{path.name}"
        for folder in track_and_above
        if folder.is_dir()
        for path in folder.iterdir()
        if path.is_file() and path.name != "kernel.json"
    ]
    found += [f"~/{path.name}" for path in (scratch / "home").iterdir()]
    paths = [scratch, Path(lepton_course.__file__).resolve(), *map(Path, sys.path)]
    in_tmp = [path for path in paths if path.parts[:2] == ("/", "tmp")]
    mounted = {name for path in in_tmp for name in path.parts[2:3]}
    found += [f"/tmp/{name}" for name in tmp if name not in mounted]
    return sorted(place for place in found if not Path(place).name.startswith((".", *KNOWN_LITTER)))


def _still_there(pids: set[int]) -> tuple[str, ...]:
    """Return command lines of processes that outlive their kernel."""
    lines = []
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
        except OSError:
            continue
        lines += [text] if text else []
    return tuple(lines)
