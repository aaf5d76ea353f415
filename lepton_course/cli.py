"""Run the `lepton` command.

The learners' commands live here. A clone of the course adds more through the entry-point group
`lepton_course.commands`, so that this package knows nothing of grading.
"""

from __future__ import annotations

import os
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Annotated

import typer

from lepton_course import __version__
from lepton_course.command_group import (
    AUTHORS,
    INSTRUCTORS,
    LEARNERS,
    NamesItself,
    WorkspaceFolder,
    workspace_at,
)
from lepton_course.errors import problem_in_words
from lepton_course.pages.new_versions import compare_command, pairs
from lepton_course.pages.wording import counted
from lepton_course.progress.database import find_workspace
from lepton_course.progress.transfer import SurveyPart, export_progress, import_progress
from lepton_course.workspace.install import (
    FileChange,
    update_workspace,
    write_atomically,
)
from lepton_course.workspace.lab_settings import (
    encryption_options,
    set_environment,
    terminal_options,
)
from lepton_course.workspace.launcher import write_launcher

app = typer.Typer(
    cls=NamesItself,
    help="Lepton Course: deep learning in notebooks that check your answers.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


PANELS = {
    "doctor": LEARNERS,
    "class": INSTRUCTORS,
    "demo": INSTRUCTORS,
    "hub": INSTRUCTORS,
}
"""Where `lepton --help` lists the commands of a clone; the others are for authors."""


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"lepton {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


@app.command(rich_help_panel=LEARNERS)
def learn(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Your folder of notebooks.")],
    browser: Annotated[bool, typer.Option(help="Open a web browser.")] = True,
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="The first port to try; then the next free one.")
    ] = 8888,
    start: Annotated[bool, typer.Option(help="Start JupyterLab.")] = True,
) -> None:
    """Make or update your workspace and open it in JupyterLab."""
    folder = folder.expanduser().resolve()
    changes = update_workspace(folder)
    write_launcher(folder)
    print(f"Workspace {folder}")
    for line in describe(changes):
        print(f"  {line}")
    if start:
        _start_jupyterlab(folder, browser, port)


@app.command(rich_help_panel=LEARNERS)
def progress(
    folder: WorkspaceFolder = None,
    exported: Annotated[
        Path | None, typer.Option("--export", metavar="FILE", help="Keep a copy of your progress.")
    ] = None,
    survey: Annotated[
        SurveyPart,
        typer.Option(help="Your answers to the survey in that copy: all; shared ones; or none."),
    ] = "shared",
    imported: Annotated[
        Path | None, typer.Option("--import", metavar="FILE", help="Add a copy to your progress.")
    ] = None,
) -> None:
    """Show what you have solved, how long it took, and what to repeat."""
    from rich.console import Console

    from lepton_course.pages.progress_notebook import show_tables

    workspace = workspace_at(folder)
    if workspace is None:
        sys.exit(
            f"lepton progress: {folder or Path.cwd()} is not in a workspace. "
            "Give its folder: lepton progress DIR"
        )
    try:
        if imported:
            added = import_progress(workspace, imported.read_bytes())
            print(f"{counted(added, 'record')} added from {imported}.")
        if exported:
            write_atomically(exported, export_progress(workspace, survey))
            print(f"Your progress is in {exported}.")
        if not (imported or exported):
            show_tables(Console(), workspace)
    except OSError as error:
        sys.exit(f"lepton progress: {problem_in_words(error)}.")


@app.command(rich_help_panel=LEARNERS)
def changes(
    notebook: Annotated[
        Path | None, typer.Argument(metavar="[NOTEBOOK]", help="Default: list them all.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--dir", metavar="DIR", help="Default: the workspace you are in.")
    ] = None,
    text: Annotated[bool, typer.Option("--text", help="In the terminal, without browser.")] = False,
) -> None:
    """Show your notebook and the course's new version side by side."""
    workspace = workspace_at(folder or (notebook.parent if notebook else None))
    if workspace is None:
        sys.exit("lepton changes: not in a workspace. Give its folder: lepton changes --dir DIR")
    found = pairs(workspace)
    if notebook is None:
        for pair in found:
            print(f"lepton changes '{workspace / pair.mine}'")
        print("Each command above shows one." if found else "No notebook has a new version.")
        return
    wanted = [p for p in found if notebook.resolve() in ((workspace / p.mine), (workspace / p.new))]
    if not wanted:
        sys.exit(f"lepton changes: {notebook} has no new version beside it.")
    print(f"Left: yours. Right: {wanted[0].new}. Stop with Ctrl+C.", flush=True)
    command = compare_command(workspace, wanted[0], text, colour=sys.stdout.isatty())
    os.execv(sys.executable, [sys.executable, *command])


@app.command(rich_help_panel=LEARNERS)
def reset(
    notebook: Annotated[Path, typer.Argument(metavar="NOTEBOOK", help="A notebook of the course.")],
    exercise: Annotated[
        str | None, typer.Argument(metavar="[EXERCISE]", help="Only this exercise's cell.")
    ] = None,
) -> None:
    """Put a fresh copy of a notebook or an exercise in place; keep yours."""
    from lepton_course.workspace.reset import reset_exercise, reset_notebook

    workspace = find_workspace(notebook.expanduser().parent)
    if workspace is None:
        sys.exit(f"lepton reset: {notebook} is not in a workspace.")
    if exercise is None:
        made = reset_notebook(workspace, notebook)
    else:
        made = reset_exercise(workspace, notebook, exercise)
    print(f"{exercise or 'The notebook'} is as it was at first, in {made.notebook}.")
    print(f"Yours is kept: {made.kept}")
    print("Is it open in JupyterLab? Then choose File → Reload Notebook from Disk.")


@app.command(rich_help_panel=LEARNERS)
def doctor(folder: WorkspaceFolder = None) -> None:
    """Check what you need, what is missing, and how to get it."""
    from lepton_course.workspace.doctor import examine_for_learning, report

    workspace = workspace_at(folder)
    if not report(examine_for_learning(workspace)):
        raise typer.Exit(1)


@app.command(rich_help_panel=LEARNERS)
def devices() -> None:
    """Show the processors that the course can use."""
    from lepton_course.hardware import device_table

    print(device_table())


@app.command(rich_help_panel=LEARNERS)
def data() -> None:
    """Show the data sets: task, size, licence, origin."""
    from rich.console import Console
    from rich.table import Table

    from lepton_course.datasets import CATALOGUE

    for info in CATALOGUE.values():
        table = Table(title=info.title, show_header=False, title_justify="left")
        for label, value in (
            ("load with", f'load_dataset("{info.name}")'),
            ("task", info.task),
            ("subset", info.subset_size),
            ("full", info.full_size),
            ("licence", info.licence),
            ("origin", info.origin),
            ("SHA-256", info.subset_sha256),
        ):
            table.add_row(label, value)
        Console().print(table)


def describe(changes: list[FileChange]) -> list[str]:
    """Summarise what `lepton learn` did, one line per kind of change."""
    counts = {
        action: sum(change.action == action for change in changes)
        for action in ("added", "updated", "kept")
    }
    said = {
        "added": "{} added",
        "updated": "{} brought up to date",
        "kept": "{} of yours left alone, because you changed it"
        if counts["kept"] == 1
        else "{} of yours left alone, because you changed them",
    }
    lines = [
        said[action].format(counted(count, "file")) for action, count in counts.items() if count
    ]
    for change in changes:
        if change.action == "beside":
            lines.append(
                f"{change.path} is yours and was left alone; "
                f"the course's new version is beside it: {change.beside}"
            )
    if any(line.endswith(".ipynb") for line in lines):
        lines.append("see both side by side: lepton changes")
    return lines or ["everything is up to date"]


def _start_jupyterlab(folder: Path, browser: bool, port: int) -> None:
    """Replace this process by JupyterLab on `folder`; its own message names the free port."""
    set_environment()
    folder = folder.resolve()
    os.chdir(folder)  # where its terminals begin
    arguments = [
        # -P: a file random.py in the current folder is not Python's own module.
        sys.executable, "-P", "-m", "jupyterlab",
        f"--ServerApp.root_dir={folder}",
        "--LabApp.default_url=/lab/tree/START.ipynb",
        f"--ServerApp.port={port}",
        "--log-level=WARN",
        "--LabApp.log_level=WARN",
        *encryption_options(),
        *terminal_options(),
        *([] if browser else ["--no-browser"]),
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
    ]  # fmt: skip
    print("Starting JupyterLab. Stop it with Ctrl+C.", flush=True)
    os.execv(sys.executable, arguments)


def _add_clone_commands() -> None:
    """Add the commands that a clone of the course brings, such as build and class."""
    found = entry_points(group="lepton_course.commands")
    # The panels appear in the order of their first commands.
    for entry in sorted(found, key=lambda e: (PANELS.get(e.name, AUTHORS) == AUTHORS, e.name)):
        panel = PANELS.get(entry.name, AUTHORS)
        try:
            command = entry.load()
        except ModuleNotFoundError as error:
            if entry.name != "doctor":  # a learner has one, too
                _add_missing(entry, error, panel)
            continue
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=entry.name, rich_help_panel=panel)
        else:
            app.command(entry.name, rich_help_panel=panel)(command)


def _add_missing(entry: EntryPoint, error: ModuleNotFoundError, panel: str) -> None:
    missing = error.name or ""
    is_clone_missing = entry.module.partition(".")[0] == missing.partition(".")[0]

    def explain(arguments: Annotated[list[str] | None, typer.Argument()] = None) -> None:
        if is_clone_missing:
            sys.exit(
                f"lepton {entry.name} needs a clone of the course: it is for instructors and "
                "contributors. In the clone, run: make install"
            )
        sys.exit(
            f"lepton {entry.name} needs the Python package {missing!r}. "
            "In the clone of the course, run: make install"
        )

    explain.__doc__ = "(in a clone of the course)"
    app.command(
        entry.name,
        context_settings={"ignore_unknown_options": True},
        rich_help_panel=panel,
    )(explain)


def main() -> None:
    """Run the `lepton` command."""
    _add_clone_commands()
    app(prog_name="lepton")


if __name__ == "__main__":
    main()
