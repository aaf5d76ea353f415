"""Runs a learner's cells in a kernel and collects answers as bytes. Decides nothing.

A `Job` holds everything that the learner's process may see: the notebook, the files beside it
and the inputs of the cases. What comes back in a `Run` is the learner's word, to be read by the
judge with suspicion. The process runs with the rights of whoever grades; it is not isolated.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import nbformat
from nbclient.client import NotebookClient
from nbclient.exceptions import CellControlSignal, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbgrader.preprocessors import Execute
from traitlets import Enum
from traitlets.config import Config

from autograder.files import copy_files, read_file
from autograder.submission import is_judged


@dataclass(frozen=True)
class Limits:
    """What one submission may use."""

    cell_seconds: int = 120
    answer_seconds: int = 30
    notebook_seconds: int = 600
    output_bytes: int = 2**20
    """Of one cell; what is beyond is dropped."""
    answer_bytes: int = 64 * 2**20


@dataclass(frozen=True)
class Job:
    """One notebook to run.

    notebook: its JSON, restored from the release. cases: for each judged cell, by name, the file
        of inputs that its answer is put to. folders: their files are copied beside the notebook;
        where two have the same, the first counts. threads: for numerical libraries.
    """

    notebook: str
    cases: Mapping[str, bytes]
    folders: tuple[Path, ...] = ()
    limits: Limits = Limits()
    threads: int | None = None


@dataclass(frozen=True)
class Run:
    """What happened.

    notebook: the JSON with the outputs of the learner's cells; judged cells have none.
    answers: the file of observations for each exercise that gave one. failures: why another
        gave none. stopped: why the run ended before the last cell, or "". incidents: what else
        cut the run short, such as a cell that was interrupted.
    """

    notebook: str
    answers: Mapping[str, bytes]
    failures: Mapping[str, str]
    stopped: str
    incidents: tuple[str, ...]
    seconds: float


class CannotRun(Exception):
    """The kernel did not start; no fault of the submission."""


def run(job: Job) -> Run:
    """Runs a job in a scratch folder of its own. Raises CannotRun."""
    started = monotonic()
    with tempfile.TemporaryDirectory(prefix="lepton-", ignore_cleanup_errors=True) as name:
        scratch = Path(name)
        work, exchange = scratch / "work", scratch / "exchange"
        for folder in (work, exchange, scratch / "ipython"):
            folder.mkdir()
        copy_files(job.folders, work)
        notebook = nbformat.reads(job.notebook, as_version=4)
        runner = RunAndAsk(job=job, scratch=scratch, config=_kernel_config(scratch))
        notebook, _ = runner.preprocess(notebook, {"metadata": {"path": str(work)}})
    return Run(
        notebook=nbformat.writes(notebook),
        answers=runner.answers,
        failures=runner.failures,
        stopped=runner.stopped,
        incidents=tuple(runner.incidents),
        seconds=monotonic() - started,
    )


class RunAndAsk(Execute):
    """nbgrader's Execute, except that grade cells are not run: their answers are asked for."""

    shutdown_kernel = Enum(["graceful", "immediate"], default_value="immediate")

    def __init__(self, job: Job, scratch: Path, **options: Any) -> None:
        super().__init__(**options)
        self.job = job
        self.exchange = scratch / "exchange"
        self.environment = _environment(job, scratch)
        self.answers: dict[str, bytes] = {}
        self.failures: dict[str, str] = {}
        self.incidents: list[str] = []
        self.stopped = ""
        self.timed_out = False
        self.cell_bytes = 0
        self.group: int | None = None
        """The kernel's process group."""

    def preprocess(
        self, nb: NotebookNode, resources: Any = None, km: Any = None
    ) -> tuple[NotebookNode, Any]:
        """Runs the notebook in place. Raises CannotRun."""
        NotebookClient.__init__(self, nb, km)
        self.reset_execution_trackers()
        self.resources = resources
        self.store_widget_state = False
        # Answers may print. A spare cell takes that, and is dropped at the end.
        nb.cells.append(nbformat.v4.new_code_cell())
        self.deadline = monotonic() + self.job.limits.notebook_seconds
        try:
            with self._kernel():
                self._check_import(len(nb.cells) - 1)
                self._run_cells(nb)
        finally:
            _running.discard(self.group)
            _kill_group(self.group)
        nb.cells.pop()
        return nb, resources

    def _kernel(self) -> Any:
        self.km = self.create_kernel_manager()
        self.owns_km = True
        try:
            self.start_new_kernel(env=self.environment)
            self.group = self.km.provisioner.pgid
            _running.add(self.group)
            self.start_new_kernel_client()
        except Exception as error:
            if self.km is not None:
                self._cleanup_kernel()
            raise CannotRun(f"the kernel did not start: {error}") from error
        return self.setup_kernel(cleanup_kc=True)

    def _check_import(self, index: int) -> None:
        """Fails early, and not as the learner's fault, where the course cannot be imported."""
        self._limit(self.job.limits.cell_seconds)
        cell = nbformat.v4.new_code_cell("import lepton_course.exercises.remote as _; del _")
        self.execute_cell(cell, index, store_history=False)
        errors = [output for output in cell.outputs if output.output_type == "error"]
        if errors or self.timed_out:
            reason = errors[0].evalue if errors else "it took too long"
            raise CannotRun(f"the kernel cannot import lepton_course: {reason}")

    def _run_cells(self, nb: NotebookNode) -> None:
        for index, cell in enumerate(nb.cells[:-1]):
            left = self.deadline - monotonic()
            if left <= 0:
                limit = self.job.limits.notebook_seconds
                self.stopped = f"the notebook ran longer than {limit} s"
                return
            try:
                if is_judged(cell):
                    self._ask(cell.metadata.nbgrader["grade_id"], len(nb.cells) - 1, left)
                elif cell.cell_type == "code":
                    self._run_cell(cell, index, min(self.job.limits.cell_seconds, left))
            except DeadKernelError:
                self.stopped = f"the kernel died in {_describe(cell)}"
                return
            except CellTimeoutError:
                self.stopped = f"{_describe(cell)} ran too long and could not be interrupted"
                return

    def _run_cell(self, cell: NotebookNode, index: int, seconds: float) -> None:
        self._limit(seconds)
        self.execute_cell(cell, index, store_history=True)
        if self.timed_out:
            self.incidents.append(
                f"{_describe(cell)} ran longer than {seconds:.0f} s and was interrupted"
            )

    def _ask(self, name: str, index: int, left: float) -> None:
        """Has the kernel put the cases to the learner's `name`, and takes the answer."""
        if name not in self.job.cases:
            return
        cases, answers = (self.exchange / secrets.token_hex(16) for _ in range(2))
        cases.write_bytes(self.job.cases[name])
        line = (
            "__import__('lepton_course.exercises.remote', fromlist=['observe_file'])"
            f".observe_file({name!r}, {str(cases)!r}, {str(answers)!r}, globals())"
        )
        seconds = min(self.job.limits.answer_seconds, left)
        self._limit(seconds)
        try:
            self.execute_cell(nbformat.v4.new_code_cell(line), index, store_history=False)
            if self.timed_out:
                self.failures[name] = f"it took longer than {seconds:.0f} s"
            else:
                self.answers[name] = read_file(answers, self.job.limits.answer_bytes)
        except ValueError as error:
            self.failures[name] = str(error)
        finally:
            cases.unlink(missing_ok=True)

    def _limit(self, seconds: float) -> None:
        self.timeout = max(1, round(seconds))
        self.timed_out = False
        self.cell_bytes = 0

    async def _async_handle_timeout(self, timeout: int, cell: NotebookNode | None = None) -> Any:
        self.timed_out = True
        return await super()._async_handle_timeout(timeout, cell)

    def process_message(
        self, msg: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> NotebookNode | None:
        """Takes one message; one that makes no sense is dropped, for the learner can send any."""
        try:
            return super().process_message(msg, cell, cell_index)
        except CellControlSignal:
            raise
        except Exception:
            return None

    def output(
        self, outs: list[NotebookNode], msg: dict[str, Any], display_id: str, cell_index: int
    ) -> NotebookNode | None:
        """Takes one output, unless the cell has used up its bytes."""
        before = self.cell_bytes
        self.cell_bytes += len(json.dumps(msg["content"], default=str))
        if self.cell_bytes <= self.job.limits.output_bytes:
            return super().output(outs, msg, display_id, cell_index)
        if before <= self.job.limits.output_bytes:
            outs.append(nbformat.v4.new_output("stream", text="\n… output truncated …\n"))
        return None


_running: set[int] = set()


def kill_running_kernels() -> None:
    """Ends all runs of this process at once; each reports that its kernel died."""
    for group in list(_running):
        _kill_group(group)


def _kernel_config(scratch: Path) -> Config:
    # Sockets in a folder: over TCP, two kernels that start at once can take the same port.
    return Config({"KernelManager": {"transport": "ipc", "ip": str(scratch / "k")}})


def _environment(job: Job, scratch: Path) -> dict[str, str]:
    environment = {
        **os.environ,
        "NBGRADER_EXECUTION": "autograde",
        "IPYTHONDIR": str(scratch / "ipython"),
    }
    if job.threads:
        environment["OMP_NUM_THREADS"] = str(job.threads)
    return environment


def _kill_group(group: int | None) -> None:
    """Ends what the kernel left running in its process group."""
    if group:
        try:
            os.killpg(group, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return


def _describe(cell: NotebookNode) -> str:
    if is_judged(cell):
        return f"the answer to {cell.metadata.nbgrader['grade_id']}"
    lines = [line.strip() for line in cell.source.splitlines() if line.strip()]
    return f"the cell that starts with `{lines[0][:60]}`" if lines else "an empty cell"
