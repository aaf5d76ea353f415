"""Compile exercises to files in parallel worker processes.

A worker writes a whole file or none. Each worker's numerical libraries use one thread, because the
workers already fill the cores.
"""

from __future__ import annotations

import functools
import inspect
import json
import multiprocessing
import os
import signal
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.curriculum.content_key import exercise_files
from lepton_course.declared_exercises import DECLARATIONS, load_exercises
from lepton_course.exercises.compiled import (
    PUBLIC_SEED,
    compile_exercise,
    load_questions,
    save_questions,
)
from lepton_course.exercises.model import Exercise
from lepton_course.exercises.probes import Value

_LIBRARIES = ("OMP", "OPENBLAS", "MKL")
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in _LIBRARIES} | {
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
}


@dataclass(frozen=True)
class CompileTask:
    """One exercise, and the file to which its questions are compiled."""

    folder: Path
    name: str
    target: Path
    seed: str = PUBLIC_SEED
    rounds: int = 1


class CompilePool:
    """Worker processes that start when first needed and end with the `with` block.

    A worker caches the exercises it has loaded, so a pool serves one state of the files.
    """

    def __init__(self, workers: int | None = None) -> None:
        self._workers = workers or len(os.sched_getaffinity(0))
        self._executor: ProcessPoolExecutor | None = None

    def __enter__(self) -> CompilePool:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self._executor:
            if kind is not None:  # else the pool would wait for running tasks
                _kill(self._executor)
            self._executor.shutdown(cancel_futures=True)

    def run(self, function: Callable[..., str], tasks: Sequence[Any]) -> Iterator[tuple[Any, str]]:
        """Start `function(task)` for all tasks, in order; yield each task with its result.

        Results come as they arrive; meanwhile the caller can do something else. A task whose
        process died comes with a sentence that says so.
        """
        futures = {}
        with suppress(BrokenProcessPool):  # a worker died meanwhile: handled below
            for task in tasks:
                futures[self._submit(function, task)] = task
        return self._results(function, futures, tasks)

    def _results(
        self,
        function: Callable[..., str],
        futures: Mapping[Future[str], Any],
        tasks: Sequence[Any],
    ) -> Iterator[tuple[Any, str]]:
        left = dict.fromkeys(tasks)
        with suppress(BrokenProcessPool):
            for future in as_completed(futures):
                result = future.result()
                del left[futures[future]]
                yield futures[future], result
        for task in left:  # one at a time, to find the task that kills its process
            self._executor = None
            try:
                result = self._submit(function, task).result()
            except BrokenProcessPool:
                result = "the process that worked on it died"
            yield task, result

    def _submit(self, function: Callable[..., str], task: Any) -> Future[str]:
        with _environment(ONE_THREAD):  # inherited by the processes it starts
            if self._executor is None:
                context = multiprocessing.get_context("spawn")
                self._executor = ProcessPoolExecutor(self._workers, context, _prepare_worker)
            return self._executor.submit(function, task)


def compile_to_file(task: CompileTask, exercises: Mapping[str, Exercise] | None = None) -> str:
    """Compile an exercise to its target, readable by its owner only; return the error, or "".

    exercises: the module's exercises, if they are already loaded.
    """

    def compile_() -> None:
        exercise = (exercises or _loaded(task.folder))[task.name]
        _check_files(task, exercise)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # mistakes are meant to do what libraries warn of
            question = compile_exercise(exercise, task.seed, task.rounds)
        with _atomic_target(task.target) as path:
            save_questions(path, [question])

    return _error_of(compile_)


def list_exercises(task: tuple[Path, Path]) -> str:
    """Write the list of a module's exercises, in order; return the error, or "".

    task: the module's folder and the JSON file to write.
    """
    folder, target = task

    def write() -> None:
        listing = [
            {
                "name": exercise.name,
                "title": exercise.title,
                "points": exercise.points,
                "minutes": exercise.minutes,
                "is_prediction": isinstance(exercise.probe, Value),
            }
            for exercise in _loaded(folder).values()
        ]
        with _atomic_target(target) as path:
            path.write_text(json.dumps(listing, indent=1), encoding="utf-8")

    return _error_of(write)


def merge_questions(task: tuple[tuple[Path, ...], Path]) -> str:
    """Merge the questions of several files into one, in order; return the error, or ""."""
    files, target = task

    def write() -> None:
        questions = [question for file in files for question in load_questions(file).values()]
        with _atomic_target(target) as path:
            save_questions(path, questions)

    return _error_of(write)


def longest_first(tasks: Sequence[CompileTask]) -> list[CompileTask]:
    """Sort tasks by expected duration, longest first: those with data, then by size of code."""

    def weight(task: CompileTask) -> tuple[bool, int]:
        files = exercise_files(task.folder, task.name)
        own = [path for path in files if path.is_relative_to(task.folder)]
        has_data = any(path.suffix != ".py" for path in own)
        return has_data, sum(path.stat().st_size for path in own if path.suffix == ".py")

    return sorted(tasks, key=weight, reverse=True)


@functools.cache
def _loaded(folder: Path) -> dict[str, Exercise]:
    return load_exercises(folder)


def _error_of(work: Callable[[], None]) -> str:
    try:
        work()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _check_files(task: CompileTask, exercise: Exercise) -> None:
    """Check that the exercise's code is in files its key covers; otherwise it would become stale.

    Raises ValueError.
    """
    known = {path.resolve() for path in exercise_files(task.folder, task.name)}
    package = (task.folder / DECLARATIONS).parent.resolve()
    right = [exercise.reference, exercise.cases, *exercise.alternatives]
    wrong = [mistake.implementation for mistake in exercise.misconceptions]
    for function in filter(inspect.isfunction, [*right, *wrong]):
        file = Path(function.__code__.co_filename).resolve()
        if file.is_relative_to(package) and file not in known:
            raise ValueError(
                f"{task.name!r} uses {function.__name__} of {file.name}, which the file that "
                "declares it does not import; import it there, by `from .`"
            )


@contextmanager
def _atomic_target(target: Path) -> Iterator[Path]:
    """Yield a path, readable by its owner only, that atomically becomes `target` at the end."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".writing-")  # mode 0600
    os.close(descriptor)
    try:
        yield Path(name)
        os.replace(name, target)
    finally:
        Path(name).unlink(missing_ok=True)


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _prepare_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the owner
    threading.Thread(target=_end_with_owner, daemon=True).start()


def _end_with_owner() -> None:
    """Kill this worker when its owner ends: a killed owner would leave it waiting for ever."""
    owner = multiprocessing.parent_process()
    assert owner is not None
    owner.join()
    os.kill(os.getpid(), signal.SIGKILL)


def _kill(executor: ProcessPoolExecutor) -> None:
    for process in list((executor._processes or {}).values()):
        process.kill()
