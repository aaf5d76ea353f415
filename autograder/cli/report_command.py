"""The command `lepton class report`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from autograder.cli.app import Folder


def report(
    folder: Folder,
    assignment: Annotated[
        str | None, typer.Argument(metavar="[ASSIGNMENT]", help="Only this assignment.")
    ] = None,
    to: Annotated[
        Path | None, typer.Option(help="The report's folder; default: `report` in the class.")
    ] = None,
    opening: Annotated[
        Path | None,
        typer.Option(help="CSV file with id,percent: an opening quiz held elsewhere."),
    ] = None,
    survey: Annotated[bool, typer.Option(help="Include the learners' survey answers.")] = True,
) -> None:
    """Report what the class can do and what it has misunderstood, as a page and as CSV tables."""
    from autograder.classroom.classroom import ClassError, open_classroom
    from autograder.report.data import (
        graded_assignments,
        read_assignment,
        read_opening,
        read_survey,
        surveyed_modules,
    )
    from autograder.report.html_page import write_report
    from autograder.report.summary import needs_of, summarise

    if opening is not None and assignment is None:
        raise ClassError("--opening needs an ASSIGNMENT: an opening quiz belongs to one module.")
    classroom = open_classroom(folder)
    names = [assignment] if assignment else graded_assignments(classroom)
    shares = read_opening(opening) if opening else None
    found = [read_assignment(classroom, name, shares, survey) for name in names]
    needs = None
    if survey:
        graded = graded_assignments(classroom)
        # Every report has the whole class's needs: two reports that differ by a few people would
        # reveal their answers.
        others = [read_survey(classroom, name) for name in graded if name not in names]
        taught = [classroom.manifest().modules[name] for name in graded]
        needs = needs_of([*found, *others], surveyed_modules(classroom), taught)
    summaries = [summarise(data) for data in found]
    try:
        target = to or classroom.root / "report"
        written = write_report(classroom.root.name, summaries, target, date.today(), needs)
    except OSError as error:
        raise ClassError(f"{error.filename} cannot be written: {error.strerror}.") from error
    for path in written:
        print(path)
