"""Certify the exercises of whole modules, several at a time."""

from __future__ import annotations

import functools
import multiprocessing
import os
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import nbformat

from autograder.curriculum.modules import module_id
from autograder.proof.exercises.certificate import TO_DO, Certificate, certify, seeds_for
from autograder.proof.exercises.certificate_cache import CertificateCache, certificate_key
from autograder.proof.lint.held_out_form import held_out_complaints
from autograder.proof.mutants.equivalent_mutants import (
    EQUIVALENT_MUTANTS,
    read_equivalent_mutants,
)
from lepton_course.declared_exercises import load_exercises
from lepton_course.exercises.compare import Accuracy
from lepton_course.exercises.model import Exercise
from lepton_course.syllabus import PLAN

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
"""Variables that NumPy, torch and TensorFlow read when they are imported."""


def unfinished_pages(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield a module's unfinished notebooks and plan, each with what is still to be written."""
    plan = folder / PLAN
    if plan.is_file():
        lines = enumerate(plan.read_text(encoding="utf-8").splitlines(), start=1)
        numbers = [str(number) for number, line in lines if TO_DO in line]
        if numbers:
            yield plan.name, f"still to be written: lines {', '.join(numbers)}"
    for path in sorted(folder.glob("*.ipynb")):
        cells = enumerate(nbformat.read(path, as_version=4).cells, start=1)
        numbers = [str(number) for number, cell in cells if TO_DO in cell.source]
        if numbers:
            yield path.name, f"still to be written: cells {', '.join(numbers)}"


def certify_exercise(
    folder: Path, name: str, seeds: int, counts_reasons: bool = True
) -> Certificate:
    """Return the certificate of one exercise of the module in `folder`; see `certify`."""
    return certify(
        _exercises(folder)[name],
        seeds_for(seeds),
        module=module_id(folder),
        folder=folder,
        equivalent_mutants=read_equivalent_mutants(folder).get(name, {}),
        counts_reasons=counts_reasons,
    )


def certify_modules(
    folders: Sequence[Path],
    seeds: int,
    jobs: int | None = None,
    names: Sequence[str] = (),
    cache: CertificateCache | None = None,
    counts_reasons: bool = True,
) -> Iterator[Certificate]:
    """Yield the certificates of all exercises of these modules, in the exercises' order.

    jobs: exercises at a time; one per core by default. names: only exercises with these names.
    cache: of certificates, which stand for exercises that have not changed. counts_reasons: see
    `certify`; a cache keeps whole certificates alone.
    """
    if cache and not counts_reasons:
        raise ValueError("a certificate without counts of reasons is not for the cache")
    context = multiprocessing.get_context("spawn")
    workers = jobs or os.cpu_count() or 1
    with (
        _one_thread_each(),
        ProcessPoolExecutor(workers, context, initializer=_prepare_worker) as executor,
    ):
        listed = [(folder, executor.submit(expected_work, folder)) for folder in folders]
        found: list[Certificate] = []
        work: dict[tuple[Path, str], float] = {}
        for folder, pending in listed:
            try:
                exercises = pending.result()
                found += _module_problems(folder, list(exercises), seeds)
            except Exception as error:
                found.append(_failed(folder, "exercises", seeds, error))
                continue
            work |= {(folder, name): cost for name, cost in exercises.items()}
        if names:
            found = [c for c in found if c.name == "exercises"]
            work = {key: cost for key, cost in work.items() if key[1] in names}
        yield from found
        keys = {key: certificate_key(*key, seeds) for key in work} if cache else {}
        cached = {key: cache.find(content) for key, content in keys.items()} if cache else {}
        new = [key for key in work if not cached.get(key)]
        longest_first = sorted(new, key=lambda key: -work[key])
        running = {
            key: executor.submit(certify_exercise, *key, seeds, counts_reasons)
            for key in longest_first
        }
        for key in work:
            try:
                certificate = cached.get(key) or running[key].result()
            except Exception as error:
                certificate = _failed(*key, seeds, error)
            if cache:
                cache.keep(keys[key], certificate)
            yield certificate


def expected_work(folder: Path) -> dict[str, float]:
    """Return the exercises of a module, in order, with an estimate of the work for each."""
    return {name: _guess(exercise) for name, exercise in _exercises(folder).items()}


def _guess(exercise: Exercise) -> float:
    """Estimate an exercise's work from its mistakes; training, judged by accuracy, is slow."""
    return len(exercise.misconceptions) + 1000 * isinstance(exercise.compare, Accuracy)


def _module_problems(folder: Path, names: Sequence[str], seeds: int) -> Iterator[Certificate]:
    """Yield a failed certificate for each problem of a module's files besides its exercises."""
    for name in read_equivalent_mutants(folder):
        if name not in names:
            problem = f"{EQUIVALENT_MUTANTS} speaks of an exercise that is not there"
            yield Certificate(module_id(folder), name, 0, seeds, problems=(problem,))
    for complaint in held_out_complaints(folder):
        yield Certificate(module_id(folder), "exercises", 0, seeds, problems=(str(complaint),))
    for file, problem in unfinished_pages(folder):
        yield Certificate(module_id(folder), file, 0, seeds, problems=(problem,))


def _failed(folder: Path, name: str, seeds: int, error: Exception) -> Certificate:
    problem = f"the certificate stopped with {type(error).__name__}: {error}"
    return Certificate(module_id(folder), name, 0, seeds, problems=(problem,))


@functools.cache
def _exercises(folder: Path) -> dict[str, Exercise]:
    return load_exercises(folder)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Give numerical libraries one thread in processes that start meanwhile.

    Exercises run in parallel, so more threads than cores would only compete. The libraries read
    this when they are imported, which is before a pool's own initialisation.
    """
    before = dict(os.environ)
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    try:
        yield
    finally:
        for name in THREAD_VARIABLES:
            os.environ.pop(name, None)
        os.environ.update({name: before[name] for name in THREAD_VARIABLES if name in before})


def _prepare_worker() -> None:
    warnings.simplefilter("ignore")  # mutants are meant to do what libraries warn of
