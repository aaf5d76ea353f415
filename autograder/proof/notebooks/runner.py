"""Execute notebooks in parallel, and cache what passed."""

from __future__ import annotations

import logging
import multiprocessing
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import nbformat

from autograder.curriculum.build import CLONE, build
from autograder.curriculum.module_plan import is_unmet
from autograder.proof.notebooks.budgets import Budget, budget_for
from autograder.proof.notebooks.notebook_key import content_key
from autograder.proof.notebooks.notebook_results import Cache, Result, SlowCell
from autograder.proof.notebooks.tasks import NotebookTask
from autograder.sandbox.walls import survey

OUT = CLONE / ".proof"
"""Folder for reports and cached results; ignored by git."""

SLOWEST = 3
ALT_TEXT_IN = ("lesson", "deeper", "toolbox")
"""Kinds of notebooks whose figures must have an alternative text in the output."""


def unproven() -> list[str]:
    """Return what cannot be proven on this machine; [] if it has all the walls."""
    found = survey()
    if found.walls.namespaces:
        return []
    return [
        "the network, processes and files outside are not closed off: " + "; ".join(found.problems)
    ]


def run_notebooks(
    tasks: Sequence[NotebookTask],
    out: Path,
    *,
    cache: Cache | None = None,
    jobs: int | None = None,
    clone: Path = CLONE,
) -> Iterator[Result]:
    """Execute and prove these tasks; yield results as they arrive.

    Executed notebooks are written to `out`/executed. cache: supplies the results of tasks that
    passed before with the same content. jobs: notebooks at a time; one per core by default. clone:
    the clone whose helpers and locked dependencies the content keys cover.
    """
    executed = out / "executed"
    executed.mkdir(parents=True, exist_ok=True)
    keys = {task: content_key(task, clone) for task in tasks}
    waiting = []
    for task in tasks:
        result = _from_cache(cache, keys[task], executed / task.file_name)
        if result:
            yield result
        else:
            waiting.append(task)
    if not waiting:
        return
    build(progress=lambda _: None)  # learners' checks read the compiled questions
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        min(jobs or os.cpu_count() or 1, len(waiting)),
        context,
        initializer=_prepare_worker,
        initargs=(out / "workers.log",),
    ) as executor:
        pending = {
            executor.submit(prove, task, executed / task.file_name): task for task in waiting
        }
        for done in as_completed(pending):
            task = pending[done]
            try:
                result = done.result()
            except Exception as error:
                problem = f"it could not be executed: {type(error).__name__}: {error}"
                result = _result(task, problems=(problem,))
            else:
                if cache:
                    cache.keep(keys[task], result, executed / task.file_name)
            yield result


def prove_once(task: NotebookTask, target: Path, cache: Cache | None) -> Result:
    """Prove one task in this process, unless it passed before with the same content.

    Writes the executed notebook to `target`.
    """
    key = content_key(task) if cache else ""
    result = _from_cache(cache, key, target)
    if result is None:
        result = prove(task, target)
        if cache:
            cache.keep(key, result, target)
    return result


def _from_cache(cache: Cache | None, key: str, target: Path) -> Result | None:
    """Return the cached result under a key, or None; copy its executed notebook to `target`."""
    found = cache.find(key) if cache else None
    if found is None:
        return None
    shutil.copyfile(found[1], target)
    return found[0]


def prove(task: NotebookTask, target: Path, budget: Budget | None = None) -> Result:
    """Execute one task in this process, write the executed notebook, and return the result."""
    from autograder.proof.notebooks.notebook_problems import (
        alt_problems,
        code_cells,
        failure_text,
        problems_of,
        records,
    )
    from autograder.proof.notebooks.papermill_execution import execute

    budget = budget or budget_for(task.kind)
    original = task.notebook()
    executed = execute(task, budget)
    problems = problems_of(executed, original, task.kind, budget)
    if task.kind in ALT_TEXT_IN and not is_unmet(task.source.parent, "alt-text"):
        problems += alt_problems(executed.notebook)
    nbformat.write(executed.notebook, target)
    cells = [
        SlowCell(number, round(seconds, 2), cell.source.strip().partition("\n")[0][:80])
        for number, cell in code_cells(executed.notebook)
        if (seconds := cell.metadata.get("papermill", {}).get("duration") or 0.0) >= 0.1
    ]
    return _result(
        task,
        seconds=executed.usage.reference_seconds,
        slowness=round(executed.usage.slowness, 3),
        peak_mib=executed.usage.peak_mib,
        problems=tuple(problem.sentence for problem in problems),
        failure=failure_text(task.path, executed.notebook, problems),
        slowest=tuple(sorted(cells, key=lambda cell: -cell.seconds)[:SLOWEST]),
        records=sum(1 for _ in records(executed.notebook)),
    )


def _result(task: NotebookTask, **fields: object) -> Result:
    start = {"seconds": 0.0, "peak_mib": 0, **fields}
    return Result(
        path=task.path, kind=task.kind, module=task.module, file_name=task.file_name, **start
    )


def _prepare_worker(log: Path) -> None:
    """Give the worker one thread: notebooks run in parallel, and more threads would only wait."""
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        os.environ[name] = "1"
    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # its errors are in the result
    with log.open("a") as file:  # what frameworks print when they start
        os.dup2(file.fileno(), 2)
