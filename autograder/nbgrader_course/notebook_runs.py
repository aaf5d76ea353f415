"""Run the notebooks of an ordinary nbgrader submission in the sandbox.

Cells run as nbgrader runs them, one notebook after the other, each in a kernel of its own and on
the files that the previous one has left. Test cells go to the kernel's own way of running tests.
Their outcomes are written below them here, after the kernel has gone: an error or a result that the
learner's code has sent meanwhile does not count.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from time import monotonic
from typing import Any

import nbformat
from IPython.core.displayhook import DisplayHook
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output

from autograder.execution.job import Job, Run
from autograder.execution.running import RunAndAsk, scratch_folder
from autograder.kernels.testing_kernel import (
    DISCARD,
    KEEP,
    MARK,
    WITH_VALUE,
    WITHOUT_VALUE,
)
from autograder.submissions.cell_marks import is_judged, mark_of
from autograder.submissions.submission import submitted_notebooks
from autograder.submissions.untrusted_files import copy_files
from autograder.submissions.untrusted_outputs import sanitize_cell, without_surrogates

MAX_VALUE_BYTES = 10_000
NEVER_COUNT = ("error", "execute_result")
"""Outputs of a test cell that nbgrader would take for a score."""

KERNEL_CLASS = "autograder.kernels.testing_kernel.TestingKernel"


@dataclass(frozen=True)
class TestOutcome:
    """The outcome of a test: an output for its cell, or None for a plain pass."""

    output: NotebookNode | None


def run_notebooks(notebooks: Mapping[str, str], job: Job) -> dict[str, Run]:
    """Run notebooks (their JSON, by name) in the order of their names; return the runs by name.

    job: as for one notebook; its notebook is not used. Raises CannotRun.
    """
    runs: dict[str, Run] = {}
    with _chain(job) as next_folder:
        for name, text in sorted(notebooks.items()):
            started = monotonic()
            scratch = next_folder()
            runner = RunTests(replace(job, notebook=text), scratch)
            notebook = nbformat.reads(text, as_version=4)
            resources = {"metadata": {"path": str(scratch / "work")}}
            notebook, _ = runner.preprocess(notebook, resources)
            runner.write_verdicts(notebook)
            runs[name] = Run(
                notebook=without_surrogates(nbformat.writes(notebook)),
                answers={},
                failures={},
                stopped=runner.stopped,
                incidents=tuple(runner.incidents),
                seconds=monotonic() - started,
            )
    return runs


class RunTests(RunAndAsk):
    """A runner whose test cells are decided in the kernel, by their assertions."""

    def __init__(self, job: Job, scratch: Path) -> None:
        super().__init__(job, scratch)
        self.verdicts: dict[int, TestOutcome] = {}
        self.guards: set[str] = set()
        self.reply: Mapping[str, Any] = {}
        # For a cold kernel; a warm one has this class anyway.
        self.extra_arguments = [f"--IPKernelApp.kernel_class={KERNEL_CLASS}"]

    def check_kernel(self, index: int) -> None:
        """Check nothing: the kernel needs no part of this course."""

    def judge(self, cell: NotebookNode, index: int, left: float) -> None:
        """Have the kernel run a test, and keep its outcome."""
        seconds = min(self.job.limits.cell_seconds, left)
        self.limit(seconds)
        self.reply = {}
        request = new_code_cell(self._request(cell))
        try:
            self.execute_cell(request, index, store_history=False)
        finally:
            cell.outputs = request.outputs
            self.nb.cells[index] = cell
            sanitize_cell(cell, self.job.limits.output_bytes)
        self.verdicts[index] = _verdict(self.reply)
        if self.timed_out:
            self.incidents.append(f"{self.describe(cell)} ran longer than {seconds:.0f} s")

    def _run_cell(self, cell: NotebookNode, index: int, seconds: float) -> None:
        """Run a cell; one of the course's own that replaces builtins is run as tests are."""
        if not (mark_of(cell).locked and self._changes_builtins(cell.source)):
            super()._run_cell(cell, index, seconds)
            return
        request = new_code_cell(self._request(cell))
        super()._run_cell(request, index, seconds)
        if self.timed_out:
            told = self.incidents[-1].replace(self.describe(request), self.describe(cell))
            self.incidents[-1] = told
        cell.outputs, cell.execution_count = request.outputs, request.execution_count
        self.nb.cells[index] = cell

    def _request(self, cell: NotebookNode) -> str:
        """Return the request for a test cell: plain Python, transformed outside the kernel."""
        source = cell.source
        try:
            shown = not DisplayHook.semicolon_at_end_of_expression(source)
            plain = TransformerManager().transform_cell(source)
        except Exception:  # not Python: the kernel will report it
            shown, plain = True, source
        keep = KEEP if self._changes_builtins(source) else DISCARD
        return f"{MARK}{WITH_VALUE if shown else WITHOUT_VALUE}{keep}{plain}"

    def _changes_builtins(self, source: str) -> bool:
        """Return whether a cell of the course's own may replace builtins for later tests.

        It names them, or a function of an earlier such cell.
        """
        if "builtins" not in source and not self.guards & set(re.findall(r"\w+", source)):
            return False
        self.guards |= set(re.findall(r"\b(?:def|class)\s+(\w+)", source))
        return True

    def on_cell_executed(self, **kwargs: Any) -> None:
        """Keep the reply, which comes over a channel that outputs do not take."""
        self.reply = kwargs["execute_reply"]["content"]
        super().on_cell_executed(**kwargs)

    def write_verdicts(self, notebook: NotebookNode) -> None:
        """Write the outcomes below the test cells, in place, where nbgrader looks for them."""
        for index, cell in enumerate(notebook.cells):
            if not is_judged(cell):
                continue
            missing = _error("NotTested", self.stopped or "The kernel sent no verdict.", [])
            verdict = self.verdicts.get(index, TestOutcome(missing))
            shown = [o for o in cell.outputs if o.output_type not in NEVER_COUNT]
            cell.outputs = [*shown, *([verdict.output] if verdict.output else [])]

    def describe(self, cell: NotebookNode) -> str:
        """Return a phrase for the cell, to be used in the middle of a sentence."""
        if is_judged(cell):
            return f"the test {mark_of(cell).grade_id}"
        return super().describe(cell)


def _verdict(reply: Mapping[str, Any]) -> TestOutcome:
    """Return the outcome that a reply states; whatever is not clearly a pass is a failure."""
    test = reply.get("test")
    if reply.get("status") != "ok" or not isinstance(test, dict):
        lines = reply.get("traceback")
        shown = [str(line) for line in lines][:100] if isinstance(lines, list) else []
        return TestOutcome(_error(reply.get("ename", "NotTested"), reply.get("evalue", ""), shown))
    value = test.get("value")
    if value is None:
        return TestOutcome(None)
    if not isinstance(value, str):
        return TestOutcome(_error("NotTested", "The test's value came back as no text.", []))
    if len(value) > MAX_VALUE_BYTES:  # no number is so long
        value = f"{value[:MAX_VALUE_BYTES]} …"
    return TestOutcome(new_output("execute_result", {"text/plain": value}))


def _error(name: Any, message: Any, lines: list[str]) -> NotebookNode:
    words = {"ename": str(name)[:200], "evalue": str(message)[:MAX_VALUE_BYTES]}
    text = [line[:MAX_VALUE_BYTES] for line in lines] or [f"{words['ename']}: {words['evalue']}"]
    return new_output("error", **words, traceback=text)


@contextmanager
def _chain(job: Job) -> Iterator[Callable[[], Path]]:
    """Yield a function that makes scratch folders, each with a copy of the previous one's files."""
    resources = job.limits.resources
    with ExitStack() as stack:
        before: list[Path] = []

        def next_folder() -> Path:
            scratch = stack.enter_context(scratch_folder())
            work = scratch / "work"
            work.mkdir()
            if not before:
                copy_files(job.folders, work, job.own_folders)
            elif not before[-1].is_symlink():  # the code that ran there may have replaced it
                most = {"max_bytes": resources.scratch_bytes, "max_files": resources.scratch_files}
                copy_files([before[-1]], work, **most)
            for notebook in chain.from_iterable(map(submitted_notebooks, job.folders)):
                shutil.copyfile(notebook, work / notebook.name)  # as handed in: no hidden tests
            before.append(work)
            return scratch

        yield next_folder
