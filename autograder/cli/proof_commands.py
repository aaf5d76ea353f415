"""The maintainer's commands: `lepton run`, `lepton certify`, `lepton check`, `lepton new`."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from lepton_course.command_group import NamesItself
from lepton_course.errors import CourseError

if TYPE_CHECKING:
    from autograder.proof.lint.notebook_form import Complaint
    from autograder.proof.notebooks.notebook_results import Result
    from autograder.proof.notebooks.tasks import NotebookTask

SEEDS = 5
TABLE_WIDTH = 110
"""Width, in characters, of tables that go to a file or a log."""

Jobs = Annotated[
    int | None, typer.Option(min=1, help="How many to run at a time; default: one per core.")
]
JsonFile = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Write the results to this file.")
]
UseCache = Annotated[bool, typer.Option(help="Skip what has already passed with the same content.")]
Seeds = Annotated[int, typer.Option(min=1, help="Sets of cases for each exercise.")]


def run(
    notebooks: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NOTEBOOK]...", help="Notebooks or modules; default: all."),
    ] = None,
    jobs: Jobs = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The folder for the report and executed notebooks."),
    ] = None,
    cache: UseCache = True,
    json_file: JsonFile = None,
) -> None:
    """Execute and prove every lesson and every assignment, both solved and untouched."""
    from autograder.proof.notebooks.tasks import select_tasks

    if not _run(select_tasks(notebooks or []), jobs, out, cache, json_file):
        raise typer.Exit(1)


def certify(
    modules: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODULE]...", help="Such as basics/05_convolutional_networks; default: all."
        ),
    ] = None,
    exercise: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this exercise; may be repeated."),
    ] = None,
    seeds: Seeds = SEEDS,
    jobs: Jobs = None,
    cache: UseCache = True,
    json_file: JsonFile = None,
) -> None:
    """Certify the exercises: right answers pass, wrong ones fail and are diagnosed."""
    from autograder.curriculum.modules import select_modules

    folders = select_modules(modules or [])
    if not _certify(folders, seeds, jobs, cache, json_file, exercise or ()):
        raise typer.Exit(1)


def check(
    module: Annotated[str, typer.Argument(metavar="MODULE", help="A module's id or folder.")],
    seeds: Seeds = SEEDS,
    jobs: Jobs = None,
) -> None:
    """Prove one module: its structure, its exercises, its execution.

    The name `toolbox` proves the toolbox page.
    """
    from autograder.curriculum.modules import select_modules
    from autograder.proof.notebooks.tasks import select_tasks

    if module == "toolbox":
        tasks = select_tasks([module])
        if not (_check_toolbox() and _run(tasks, jobs, None, True, None)):
            raise typer.Exit(1)
        return
    folders = select_modules([module])
    passed = {
        "structure": _check_structure(folders),
        "certificate": _certify(folders, seeds, jobs, True, None),
        "run": _run(select_tasks([str(folders[0])]), jobs, None, True, None),
    }
    for name, good in passed.items():
        print("✓" if good else "✗", name)
    if not all(passed.values()):
        raise typer.Exit(1)


new = typer.Typer(help="Create a module or an exercise.", no_args_is_help=True)


@new.command("module")
def new_module(
    module: Annotated[str, typer.Argument(metavar="MODULE", help="Its id in the syllabus.")],
) -> None:
    """Create a module's folder, with every part still to be written."""
    from autograder.curriculum.modules import CURRICULUM
    from autograder.scaffold.scaffold import scaffold_module

    folder = scaffold_module(module, CURRICULUM)
    print(
        f"Created {folder}, and reduced its syllabus.yml entry to the id: the rest is in its "
        f"module.yml. To list what is still to be written: lepton certify {module}"
    )


@new.command("exercise")
def new_exercise(
    module: Annotated[str, typer.Argument(metavar="MODULE", help="A module's id or folder.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the learner will define.")],
    points: Annotated[float, typer.Option(min=0.5, help="Its points.")] = 2,
) -> None:
    """Add a graded exercise to a module, for you to fill in."""
    from autograder.curriculum.modules import select_modules
    from autograder.scaffold.scaffold import scaffold_exercise

    [folder] = select_modules([module])
    scaffold_exercise(folder, name, points)
    print(
        f"Added exercises/{name}.py, and its cells to assignment.ipynb. "
        f"To list what is still to be written: lepton certify {module} --exercise {name}"
    )


def _run(
    tasks: Sequence[NotebookTask],
    jobs: int | None,
    out: Path | None,
    cache: bool,
    json_file: Path | None,
) -> bool:
    from autograder.proof.notebooks.notebook_results import Cache, to_json
    from autograder.proof.notebooks.run_report import JUNIT, write_html, write_junit
    from autograder.proof.notebooks.runner import OUT, run_notebooks, unproven

    console = Console(highlight=False)
    started = time.monotonic()
    out = (out or OUT / "report").resolve()
    for problem in unproven():
        console.print(f"[yellow]Not proven on this machine:[/yellow] {escape(problem)}")
    results: list[Result] = []
    with console.status(f"Running {len(tasks)} notebooks …") as status:
        for result in run_notebooks(
            tasks, out, cache=Cache(OUT / "cache") if cache else None, jobs=jobs
        ):
            results.append(result)
            console.print(_line(result), soft_wrap=True)
            status.update(f"Running notebooks … {len(results)} of {len(tasks)} done")
    seconds = time.monotonic() - started
    order = {(task.path, task.kind): index for index, task in enumerate(tasks)}
    results.sort(key=lambda result: order[result.path, result.kind])
    for result in results:
        if result.failure:
            console.print(f"\n{escape(result.failure)}", soft_wrap=True)
    page = write_html(results, seconds, out)
    write_junit(results, seconds, out / JUNIT)
    tree = to_json(results, seconds)
    _write_json(out / "results.json", tree)
    _write_json(json_file, tree)
    failed = sum(bool(result.problems) for result in results)
    unchanged = sum(result.cached for result in results)
    console.print(
        f"{len(results) - failed} passed ({unchanged} unchanged), {failed} failed, "
        f"in {seconds:.1f} s. Report: {page}",
        soft_wrap=True,
    )
    return not failed


def _line(result: Result) -> str:
    sign = "[red]✗[/red]" if result.problems else "[green]✓[/green]"
    kind = {"student": " (untouched)", "assignment": " (solved)"}.get(result.kind, "")
    used = "unchanged" if result.cached else f"{result.seconds:.1f} s, {result.peak_mib} MiB"
    problems = [f"    {escape(problem)}" for problem in result.problems]
    return "\n".join([f"{sign} {escape(result.path)}{kind}  {used}", *problems])


def _certify(
    folders: Sequence[Path],
    seeds: int,
    jobs: int | None,
    cache: bool,
    json_file: Path | None,
    names: Sequence[str] = (),
) -> bool:
    from autograder.proof.exercises.certificate_cache import CertificateCache
    from autograder.proof.exercises.certificate_tables import (
        certificate_tables,
        reasons_in_words,
        to_json,
    )
    from autograder.proof.exercises.certification import certify_modules
    from autograder.proof.notebooks.runner import OUT

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = TABLE_WIDTH
    certificates = []
    with console.status("Certifying …") as status:
        known = CertificateCache(OUT / "certificates") if cache else None
        for certificate in certify_modules(folders, seeds, jobs, names, known):
            certificates.append(certificate)
            status.update(f"Certifying … {len(certificates)} exercises done")
    missing = set(names) - {certificate.name for certificate in certificates}
    if missing:
        raise CourseError(f"there is no exercise named {', '.join(sorted(missing))}")
    console.print(*certificate_tables(certificates))
    unchanged = sum(certificate.cached for certificate in certificates)
    if unchanged:
        console.print(f"{unchanged} of {len(certificates)} exercises unchanged.")
    if len(folders) > 1:
        console.print("All modules.", reasons_in_words(certificates))
    for certificate in certificates:
        for problem in certificate.problems:
            where = f"{certificate.module}, {certificate.name}"
            console.print(f"[red]✗[/red] {escape(where)}: {escape(problem)}", soft_wrap=True)
    _write_json(json_file, to_json(certificates))
    return all(certificate.passed for certificate in certificates)


def _check_structure(folders: Sequence[Path]) -> bool:
    from autograder.proof.lint.structure import structure_complaints

    return _print_complaints(
        [complaint for folder in folders for complaint in structure_complaints(folder)]
    )


def _check_toolbox() -> bool:
    from autograder.curriculum.build import CURRICULUM
    from autograder.proof.lint.optional_form import toolbox_complaints

    return _print_complaints(toolbox_complaints(CURRICULUM))


def _print_complaints(complaints: Sequence[Complaint]) -> bool:
    console = Console(highlight=False)
    for complaint in complaints:
        console.print(f"[red]✗[/red] {escape(str(complaint))}", soft_wrap=True)
    return not complaints


def _write_json(path: Path | None, tree: dict) -> None:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(tree, indent=1, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")


app = typer.Typer(cls=NamesItself, no_args_is_help=True, pretty_exceptions_enable=False)
for _command in (run, certify, check):
    app.command()(_command)
app.add_typer(new, name="new")

if __name__ == "__main__":
    app()
