"""Certificates of whole modules, several exercises at a time."""

from __future__ import annotations

import functools
import multiprocessing
import os
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
from rich.table import Table

from autograder.curriculum.modules import module_id
from autograder.proof.exercises.certificate import TO_DO, Certificate, certify, seeds_for
from autograder.proof.exercises.mutants import read_excuses
from lepton_course.exercises.declared import load_exercises
from lepton_course.exercises.model import Exercise
from lepton_course.syllabus import PLAN


def exercise_names(folder: Path) -> list[str]:
    """The names of a module's exercises, in their order."""
    return list(_exercises(folder))


def unfinished_pages(folder: Path) -> Iterator[tuple[str, str]]:
    """Notebooks of a module, and its plan, in which something is still to be written, and where."""
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


def certify_exercise(folder: Path, name: str, seeds: int) -> Certificate:
    """The certificate of one exercise of the module in `folder`."""
    return certify(
        _exercises(folder)[name],
        seeds_for(seeds),
        module=module_id(folder),
        folder=folder,
        excuses=read_excuses(folder).get(name, {}),
    )


def certify_modules(
    folders: Sequence[Path], seeds: int, jobs: int | None = None
) -> Iterator[Certificate]:
    """The certificates of all exercises of these modules, in the order of the exercises.

    jobs: exercises at a time; one per core by default.
    """
    context = multiprocessing.get_context("spawn")
    workers = jobs or os.cpu_count() or 1
    with ProcessPoolExecutor(workers, context, initializer=_prepare_worker) as executor:
        pending = {}
        for folder in folders:
            try:
                names = executor.submit(exercise_names, folder).result()
                unknown = [name for name in read_excuses(folder) if name not in names]
            except Exception as error:
                problem = f"{type(error).__name__}: {error}"
                yield Certificate(module_id(folder), "exercises", 0, seeds, problems=(problem,))
                continue
            for name in unknown:
                yield Certificate(
                    module_id(folder), name, 0, seeds,
                    problems=("mutants.yml speaks of an exercise that is not there",),
                )  # fmt: skip
            for file, problem in unfinished_pages(folder):
                yield Certificate(module_id(folder), file, 0, seeds, problems=(problem,))
            for name in names:
                pending[executor.submit(certify_exercise, folder, name, seeds)] = (folder, name)
        for done, (folder, name) in pending.items():
            try:
                yield done.result()
            except Exception as error:
                problem = f"the certificate stopped with {type(error).__name__}: {error}"
                yield Certificate(module_id(folder), name, 0, seeds, problems=(problem,))


def to_json(certificates: Sequence[Certificate]) -> dict[str, Any]:
    """The certificates as a JSON tree; `seconds` is the time of one check."""
    return {
        "exercises": [_entry(certificate) for certificate in certificates],
        "passed": all(certificate.passed for certificate in certificates),
    }


def _entry(c: Certificate) -> dict[str, Any]:
    return {
        "module": c.module,
        "name": c.name,
        "points": c.points,
        "reference": c.reference,
        "blank": c.blank,
        "alternatives": {"total": c.alternatives, "accepted": c.accepted},
        "misconceptions": {
            "total": c.misconceptions,
            "caught": c.caught,
            "diagnosed": c.diagnosed,
        },
        "mutants": {"total": c.mutants, "killed": c.killed, "excused": c.excused},
        "seeds": c.seeds,
        "seconds": c.seconds,
        "passed": c.passed,
        "problems": list(c.problems),
    }


def certificate_tables(certificates: Sequence[Certificate]) -> list[Table]:
    """A table for each module, with one row for each exercise."""
    modules = sorted({certificate.module for certificate in certificates})
    return [_table(module, [c for c in certificates if c.module == module]) for module in modules]


def _table(module: str, certificates: Sequence[Certificate]) -> Table:
    table = Table(title=module, title_justify="left", box=None, padding=(0, 2, 0, 0))
    table.add_column("Exercise", no_wrap=True)
    for heading in ("Points", "Right", "Wrong", "Mutants", "Excused", "Check"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for c in certificates:
        table.add_row(
            c.name,
            f"{c.points:g}",
            f"{c.reference + c.accepted}/{1 + c.alternatives}",
            f"{c.diagnosed}/{c.misconceptions}",
            f"{c.killed}/{c.mutants}",
            str(c.excused or ""),
            f"{c.seconds:.2f} s",
            "[green]passed[/green]" if c.passed else "[red]failed[/red]",
        )
    return table


@functools.cache
def _exercises(folder: Path) -> dict[str, Exercise]:
    return load_exercises(folder)


def _prepare_worker() -> None:
    """Exercises run side by side; more threads than cores would only stand in the way."""
    os.environ["OMP_NUM_THREADS"] = "1"
    warnings.simplefilter("ignore")  # mutants do what libraries warn of
