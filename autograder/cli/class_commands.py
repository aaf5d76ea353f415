"""The instructor's commands: `lepton class …`, `lepton demo`, `lepton build`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from autograder.cli.app import AssignmentName, Folder, class_app, messages
from autograder.cli.exchange_commands import collect, rehearse, release
from autograder.cli.report_command import report

if TYPE_CHECKING:
    from autograder.sandbox.walls import Walls

NOT_ALL_GRADABLE = 3
"""Exit status of `grade` when some submissions could not be graded."""


@class_app.command()
def create(
    folder: Folder,
    roster: Annotated[
        Path | None,
        typer.Option(help="CSV file with the columns id,first_name,last_name,email,team."),
    ] = None,
    curriculum: Annotated[
        Path | None, typer.Option(help="The modules' folder; default: this clone's curriculum/.")
    ] = None,
    exchange: Annotated[
        Path | None, typer.Option(help="The folder of nbgrader's exchange, for a new class.")
    ] = None,
    gradebook: Annotated[
        str | None,
        typer.Option(metavar="URL", help="A new class's database, as postgresql+psycopg:///NAME"),
    ] = None,
    made_up: Annotated[
        int | None,
        typer.Option(min=1, max=300, help="Use this many made-up people instead of a roster."),
    ] = None,
) -> None:
    """Create a class, or add new students and assignments to one.

    An existing class keeps its grades, its secret seed and its assignments.
    """
    from autograder.classroom.classroom import ClassError, default_curriculum
    from autograder.classroom.roster import write_roster
    from autograder.instructor.class_creation import create_classroom

    with TemporaryDirectory() as scratch:
        if (roster is None) == (made_up is None):
            raise ClassError("Say who is in the class: --roster FILE, or --made-up 30 to practise.")
        if made_up is not None:
            from autograder.simulation.rehearsal import simulated_roster

            roster = Path(scratch, "roster.csv")
            write_roster(roster, simulated_roster(made_up))
        assert roster is not None
        modules = curriculum or default_curriculum()
        done = create_classroom(folder, roster, modules, exchange, gradebook)
    verb = "Created" if done.new else "Updated"
    print(f"{verb} the class in {done.classroom.root}")
    print(f"  new students: {len(done.added_students)}")
    print(f"  new assignments: {', '.join(done.added_assignments) or 'none'}")
    for name in done.changed_assignments:
        print(f"  kept as it is: {name}, although the curriculum has changed it since")
    first = next(iter(done.classroom.manifest().modules))
    print(f"Hand out: {done.classroom.release_notebook(first).parent}")
    print(f"Collect as: {done.classroom.submitted_folder('STUDENT', first)}/assignment.ipynb")
    print(f"Then: lepton class grade {folder} {first}")


@class_app.command()
def grade(
    folder: Folder,
    assignment: AssignmentName,
    student: Annotated[str | None, typer.Option(help="Grade only this student.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Notebooks to run at a time; default: one per core.")
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Grade on the Dask cluster at tcp://HOST:8786."),
    ] = None,
    sandbox: Annotated[
        Literal["auto", "none"],
        typer.Option(help="auto: the strongest walls this machine offers; none: no walls at all."),
    ] = "auto",
    force: Annotated[
        bool, typer.Option("--force", help="Also grade again what has not changed.")
    ] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the results to this file.")
    ] = None,
    count: Annotated[
        Literal["last", "best"] | None,
        typer.Option(help="Which attempt counts for this assignment from now on."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List by name what would change; write no grades.")
    ] = False,
) -> None:
    """Grade all submissions of an assignment that are new or have changed.

    DIR is a class of this course or any nbgrader course.

    Each submission runs in a sandbox: no network, no files but its own. A run that was interrupted
    resumes where it stopped.

    Exit status: 0 if all were graded, 3 if some could not be (they are listed), another if nothing
    was changed.
    """
    started = time.monotonic()
    if scheduler is None:
        from autograder.workers.start_ahead import start_ahead

        start_ahead(folder, assignment)
    from autograder.classroom.classroom import ClassError
    from autograder.grading.attempts import counted_attempt, grade_attempts, set_counted_attempt
    from autograder.grading.batch import Options
    from autograder.grading.dry_run import grade_changes, print_grade_changes
    from autograder.judging.results import to_json
    from autograder.judging.results_table import console, results_table
    from autograder.nbgrader_course.opening import open_course
    from autograder.sandbox.choice import choose_walls

    if scheduler and workers:
        raise ClassError("--workers is for this machine, --scheduler for a cluster: use only one.")
    classroom = open_course(folder)
    if json_file is not None:
        _check_writable(json_file)
    batch = classroom.find_submissions(assignment, [student] if student else [])
    _print_walls(choose_walls(sandbox))
    options = Options(workers, sandbox, force, judge_only=dry_run, scheduler=scheduler)
    if count is not None and not dry_run:
        set_counted_attempt(classroom, assignment, count)
    counted = count or counted_attempt(classroom, assignment)
    with _progress(len(batch.students) + len(batch.strangers)) as report:
        done = grade_attempts(classroom, batch, options, counted, report)
    if dry_run:
        print_grade_changes(grade_changes(classroom, assignment, done.results), len(done.results))
        return
    seconds = time.monotonic() - started
    results = done.results
    console().print(results_table(results, done.shares_process))
    failed = sum(result.status == "not gradable" for result in results)
    print(
        f"{len(results) - failed} graded ({done.unchanged} of them unchanged), "
        f"{failed} not gradable, in {seconds:.1f} s"
    )
    if json_file is not None:
        text = json.dumps(to_json(done, seconds), indent=1, ensure_ascii=False)
        json_file.write_text(text + "\n", encoding="utf-8")
    if failed:
        raise typer.Exit(NOT_ALL_GRADABLE)


@class_app.command()
def feedback(
    folder: Folder,
    assignment: AssignmentName,
    student: Annotated[str | None, typer.Option(help="Only for this student.")] = None,
    release: Annotated[
        bool, typer.Option("--release", help="Also release it through nbgrader's exchange.")
    ] = False,
) -> None:
    """Write a feedback page for each graded submission."""
    from autograder.classroom.classroom import open_classroom
    from autograder.instructor.exchange import release_feedback
    from autograder.instructor.feedback import make_feedback

    classroom = open_classroom(folder)
    pages = make_feedback(classroom, assignment, student or "*")
    print(f"{len(pages)} feedback pages in {classroom.root / 'feedback'}")
    if release:
        release_feedback(classroom, assignment)
        print("Released through the exchange.")


@class_app.command()
def export(
    folder: Folder,
    to: Annotated[
        Path | None, typer.Option(help="The file; default: grades.csv in the class.")
    ] = None,
    assignment: Annotated[list[str] | None, typer.Option(help="Only this assignment.")] = None,
    system: Annotated[
        Literal["canvas", "moodle"] | None,
        typer.Option("--for", help="In this system's import format."),
    ] = None,
) -> None:
    """Write all grades to a CSV file: one line per student and assignment, with teams."""
    from autograder.classroom.classroom import open_classroom
    from autograder.instructor.grade_export import export as write_csv

    classroom = open_classroom(folder)
    file = to or classroom.root / (f"grades-{system}.csv" if system else "grades.csv")
    waiting = write_csv(classroom, file, assignment or [], system)
    print(f"Grades are in {file}")
    if waiting:
        print(f"{waiting} submissions wait for a grade by hand; that part counts 0 so far.")


for command in (release, collect, report, rehearse):
    class_app.command()(command)


def demo(
    folder: Annotated[
        Path | None, typer.Option("--dir", help="Keep the class here; otherwise it is removed.")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Notebooks to run at a time.")] = None,
) -> None:
    """Show the instructor's side: a made-up class is graded, given feedback and exported."""
    from autograder.simulation.demo import run_demo

    as_expected = run_demo(folder, workers, _progress)
    if not as_expected:
        raise typer.Exit(1)


def build() -> None:
    """Write the students' curriculum (no solutions) into the package."""
    from autograder.curriculum.build import build as build_curriculum

    try:
        built = build_curriculum(bar=True)
    except ValueError as error:
        messages.print(f"[red]Not built:[/red] {error}")
        raise typer.Exit(1) from error
    parts = f"exercises: {len(built.exercises)}, notebooks: {len(built.notebooks)}"
    print(f"Rebuilt: {parts}" if built.modules else "Everything is up to date.")


def _print_walls(walls: Walls) -> None:
    from autograder.sandbox.walls import survey, walls_in_words

    if not walls:
        messages.print(
            "No walls: submissions run as you and can read and change everything that you can.",
            style="yellow",
        )
        return
    messages.print("Walls around each submission:")
    for words in walls_in_words(walls):
        messages.print(f"  {words}")
    for problem in survey().problems:
        messages.print(f"  missing: {problem} (see `lepton doctor`)", style="yellow")


@contextmanager
def _progress(total: int) -> Iterator[Callable[..., None]]:
    """Show a progress bar that also counts ungradable submissions."""
    columns = (
        TextColumn("Grading"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[failed]} not gradable"),
        TimeRemainingColumn(),
    )
    hidden = not messages.is_terminal
    with Progress(*columns, console=messages, transient=True, disable=hidden) as progress:
        task = progress.add_task("grade", total=total, failed=0)

        def report(result) -> None:
            failed = progress.tasks[0].fields["failed"] + (result.status == "not gradable")
            progress.update(task, advance=1, failed=failed)

        yield report


def _check_writable(file: Path) -> None:
    from autograder.classroom.classroom import ClassError

    if file.is_dir() or not file.parent.is_dir():
        raise ClassError(f"{file} cannot be written: it is a folder, or its folder does not exist.")
