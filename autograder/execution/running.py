"""Run a learner's cells in a sandboxed kernel and collect the answers as bytes, undecided.

A `Job` holds everything that the learner's process may see: the notebook, the files beside it and
the inputs of the cases. The resulting `Run` is the learner's word; the judge reads it as untrusted.
"""

from __future__ import annotations

import asyncio
import errno
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import nbformat
from jupyter_core.utils import ensure_async, run_sync
from nbclient.client import NotebookClient
from nbclient.exceptions import CellControlSignal, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbgrader.preprocessors import Execute
from traitlets import Enum

from autograder.execution.connection import TOO_MUCH, kernel_manager
from autograder.execution.job import CannotRun, Job, Run
from autograder.kernels.owner import shared
from autograder.submissions.cell_marks import is_judged, mark_of
from autograder.submissions.untrusted_files import Exchange, copy_files, remove_folder
from autograder.submissions.untrusted_outputs import (
    ACCEPTED_TYPES,
    OUTPUT_TYPES,
    content_bytes,
    continues_stream,
    printable,
    sanitize_cell,
    truncated,
    without_surrogates,
)
from lepton_course.errors import problem_in_words

OUTPUT_BYTES = 2_000
"""What an output counts besides its text: each takes half a millisecond to check."""

OUTPUT_SECONDS = 2
"""Time to wait for the last outputs of a cell that has ended."""

INTERRUPT_SECONDS = 12
"""Time for an interrupted cell to end; other processes may keep the cores busy."""


ALIVE_SECONDS = 0.1
"""Time between two looks at whether the kernel still lives."""

LAST_WORDS_SECONDS = 0.2
"""Time for a reply that a kernel sent before it died to arrive."""


def run(job: Job) -> Run:
    """Run a job in a scratch folder of its own. Raises CannotRun."""
    started = monotonic()
    with scratch_folder() as scratch:
        work = scratch / "work"
        work.mkdir()
        copy_files(job.folders, work, job.own_folders)
        notebook = nbformat.reads(job.notebook, as_version=4)
        runner = RunAndAsk(job, scratch)
        notebook, _ = runner.preprocess(notebook, {"metadata": {"path": str(work)}})
    return Run(
        notebook=without_surrogates(nbformat.writes(notebook)),
        answers=runner.answers,
        failures=runner.failures,
        stopped=runner.stopped,
        incidents=tuple(runner.incidents),
        seconds=monotonic() - started,
    )


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield a folder that is removed with the zygote, and so even when this process is killed."""
    folder = shared.make_folder() if _WARM else Path(tempfile.mkdtemp(prefix="lepton-"))
    try:
        yield folder
    finally:
        remove_folder(folder)


_WARM = sys.platform == "linux"
"""Kernels are forked warm on Linux; elsewhere they start cold, and only without walls."""


class RunAndAsk(Execute):
    """nbgrader's Execute, which instead of running a grade cell asks the kernel for its answer."""

    shutdown_kernel = Enum(["graceful", "immediate"], default_value="immediate")

    def __init__(self, job: Job, scratch: Path) -> None:
        super().__init__()
        self.job = job
        self.scratch = scratch
        self.answers: dict[str, bytes] = {}
        self.failures: dict[str, str] = {}
        self.incidents: list[str] = []
        self.stopped = ""
        self.timed_out = False
        self.cell_bytes = self.notebook_bytes = 0

    def preprocess(
        self, nb: NotebookNode, resources: Any = None, km: Any = None
    ) -> tuple[NotebookNode, Any]:
        """Run the notebook in place. Raises CannotRun."""
        NotebookClient.__init__(self, nb, km)
        self.reset_execution_trackers()
        self.resources = resources
        self.store_widget_state = False
        # Times are the kernel's word, and would stand in the metadata of later cells.
        self.record_timing = False
        # Answers may print. An extra cell collects that output, and is dropped at the end.
        nb.cells.append(nbformat.v4.new_code_cell())
        self.exchange = Exchange(self.scratch / "exchange")
        self.deadline = monotonic() + self.job.limits.notebook_seconds
        try:
            with self._kernel():
                self.check_kernel(len(nb.cells) - 1)
                self._run_cells(nb)
        finally:
            self.exchange.close()
        nb.cells.pop()
        return nb, resources

    def _kernel(self) -> Any:
        self.km = kernel_manager(self.job, self.scratch, _WARM)
        self.owns_km = True
        try:
            self.start_new_kernel(env=_environment(self.job))
            self.start_new_kernel_client()
        except Exception as error:
            if self.km is not None:
                self._cleanup_kernel()
            raise CannotRun(f"the kernel did not start: {error}") from error
        return self.setup_kernel(cleanup_kc=True)

    async def _async_cleanup_kernel(self) -> None:
        # Before the kernel ends; all outputs have arrived. ZeroMQ may take a second to close a
        # context whose peer has gone first.
        try:
            if getattr(self, "kc", None) is not None:
                self.kc.stop_channels()
        finally:
            await super()._async_cleanup_kernel()

    _cleanup_kernel = run_sync(_async_cleanup_kernel)

    def check_kernel(self, index: int) -> None:
        """Raise CannotRun where the course cannot be imported, which is not the learner's fault."""
        self.limit(self.job.limits.cell_seconds)
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
                    self.judge(cell, index, left)
                elif cell.cell_type == "code":
                    self._run_cell(cell, index, min(self.job.limits.cell_seconds, left))
            except DeadKernelError:
                why = getattr(self.km.provisioner, "stop_reason", None)
                self.stopped = (
                    f"the kernel was stopped in {self.describe(cell)}: {why}"
                    if why
                    else f"the kernel died in {self.describe(cell)}"
                )
                return
            except CellTimeoutError:
                self.stopped = f"{self.describe(cell)} ran too long and could not be interrupted"
                return
            except (CannotRun, MemoryError):
                raise
            except Exception:  # the learner's process can send anything, even as a reply
                self.stopped = f"what the kernel sent made no sense in {self.describe(cell)}"
                return

    def _run_cell(self, cell: NotebookNode, index: int, seconds: float) -> None:
        self.limit(seconds)
        try:
            self.execute_cell(cell, index, store_history=True)
        finally:
            sanitize_cell(cell, self.job.limits.output_bytes)
        if self.timed_out:
            self.incidents.append(
                f"{self.describe(cell)} ran longer than {seconds:.0f} s and was interrupted"
            )

    def judge(self, cell: NotebookNode, index: int, left: float) -> None:
        """Have the kernel apply the learner's definition to the cases, and collect the answer."""
        name = mark_of(cell).grade_id
        if name not in self.job.cases:
            return
        # From here on the learner's process may know the cases: what it has shown stays as it is.
        self._display_id_map = {}
        cases, answers = self.exchange.new_name(), self.exchange.new_name()
        try:
            self.exchange.put(cases, self.job.cases[name])
        except OSError as error:
            if error.errno in _NOT_THE_LEARNERS:
                raise CannotRun(
                    f"its scratch folder cannot be written: {problem_in_words(error)}"
                ) from error
            self.failures[name] = "the folder for its inputs was taken away"
            return
        paths = [str(self.exchange.folder / file) for file in (cases, answers)]
        line = (
            "__import__('lepton_course.exercises.remote', fromlist=['observe_file'])"
            f".observe_file({name!r}, {paths[0]!r}, {paths[1]!r}, globals())"
        )
        seconds = min(self.job.limits.answer_seconds, left)
        self.limit(seconds)
        try:
            spare = len(self.nb.cells) - 1
            self.execute_cell(nbformat.v4.new_code_cell(line), spare, store_history=False)
            if self.timed_out:
                self.failures[name] = f"it took longer than {seconds:.0f} s"
            else:
                self.answers[name] = self.exchange.take(answers, self.job.limits.answer_bytes)
        except ValueError as error:
            self.failures[name] = str(error)
        finally:
            self.exchange.remove(cases)

    def limit(self, seconds: float) -> None:
        """Set the time limit of the next cell, in seconds, and reset its output count."""
        self.timeout = max(1, round(seconds))
        self.timed_out = False
        self.notebook_bytes += min(self.cell_bytes, self.job.limits.output_bytes)
        self.cell_bytes = 0
        # Lost outputs alone do not stop a run; a cell that ignores its interrupt does.
        self.raise_on_iopub_timeout = False
        self.iopub_timeout = OUTPUT_SECONDS

    def describe(self, cell: NotebookNode) -> str:
        """Return a phrase for the cell, to be used in the middle of a sentence."""
        if is_judged(cell):
            return f"the answer to {mark_of(cell).grade_id}"
        lines = [line.strip() for line in cell.source.splitlines() if line.strip()]
        if not lines:
            return "an empty cell"
        return f"the cell that starts with `{printable(lines[0][:60])}`"

    async def _async_poll_kernel_alive(self) -> None:
        """End the wait for a reply when the kernel has died; nbclient looks once a second."""
        kernel = self.km
        waiting = self.task_poll_for_reply
        while await ensure_async(kernel.is_alive()):
            await asyncio.sleep(ALIVE_SECONDS)
        await asyncio.sleep(LAST_WORDS_SECONDS)
        waiting.cancel()

    async def _async_handle_timeout(self, timeout: int, cell: NotebookNode | None = None) -> Any:
        self.timed_out = True
        self.raise_on_iopub_timeout = True
        self.iopub_timeout = INTERRUPT_SECONDS
        return await super()._async_handle_timeout(timeout, cell)

    def process_message(
        self, msg: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> NotebookNode | None:
        """Process one message, dropping it if it is malformed or over the limit."""
        try:
            kind = msg["msg_type"]
            if TOO_MUCH in msg["content"]:
                return self._cut(cell, 2 * self.job.limits.output_bytes)
            if kind in OUTPUT_TYPES and not self._within_limit(msg, cell):
                return None
            return (
                super().process_message(msg, cell, cell_index) if kind in ACCEPTED_TYPES else None
            )
        except CellControlSignal:
            raise
        except Exception:  # the learner's process can send anything
            return None

    def _within_limit(self, msg: dict[str, Any], cell: NotebookNode) -> bool:
        self._cut(cell, content_bytes(msg) + (0 if continues_stream(msg, cell) else OUTPUT_BYTES))
        return self.cell_bytes <= self._most_bytes(cell)

    def _cut(self, cell: NotebookNode, size: int) -> None:
        """Count a cell's output, and mark in the cell where it becomes too much."""
        before, limit = self.cell_bytes, self._most_bytes(cell)
        self.cell_bytes += size
        if before <= limit < self.cell_bytes:
            cell.outputs.append(truncated())

    def _most_bytes(self, cell: NotebookNode) -> int:
        """Return how much a cell may put out; tests are not bound by what other cells did."""
        limits = self.job.limits
        if is_judged(cell):
            return limits.output_bytes
        left = limits.notebook_output_bytes - self.notebook_bytes
        return min(limits.output_bytes, max(0, left))


_NOT_THE_LEARNERS = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE)
"""Errors in writing a file that are not the submission's fault."""


def _environment(job: Job) -> dict[str, str]:
    environment = {**os.environ, "NBGRADER_EXECUTION": "autograde"}
    if job.threads:
        environment["OMP_NUM_THREADS"] = str(job.threads)
        environment["TF_NUM_INTRAOP_THREADS"] = str(job.threads)
    return environment
