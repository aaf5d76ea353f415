"""`lepton class release`, `collect` and `rehearse`: the commands for nbgrader's exchange."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autograder.cli.app import AssignmentName, Folder


def release(folder: Folder, assignment: AssignmentName) -> None:
    """Release an assignment through nbgrader's exchange."""
    from autograder.classroom.classroom import open_classroom
    from autograder.instructor import exchange

    classroom = open_classroom(folder)
    exchange.release(classroom, assignment)
    course = classroom.course_id()
    print(f"{assignment} has been released. Learners fetch it with")
    print(f"  nbgrader fetch_assignment --course {course} {assignment}")


def collect(folder: Folder, assignment: AssignmentName) -> None:
    """Collect what learners have handed in through nbgrader's exchange.

    Run it as often as you like.
    """
    from autograder.classroom.classroom import open_classroom
    from autograder.instructor import exchange

    classroom = open_classroom(folder)
    new = exchange.collect(classroom, assignment)
    print(f"{len(new)} new submissions{': ' if new else ''}{', '.join(new)}")


def rehearse(
    folder: Folder,
    assignment: AssignmentName,
    learners: Annotated[
        Path | None,
        typer.Option(help="The folder of the made-up learners' files; default: DIR-learners."),
    ] = None,
) -> None:
    """Have made-up learners hand in an assignment, to rehearse a course evening.

    Everybody on the roster hands in answers with typical mistakes. Not for classes of real people.
    """
    from autograder.classroom.classroom import ClassError, open_classroom
    from autograder.classroom.roster import read_roster
    from autograder.simulation.rehearsal import hand_in_simulated_work

    classroom = open_classroom(folder)
    emails = [student.email for student in read_roster(classroom.roster_file)]
    if not all(email.endswith("@example.org") for email in emails):
        raise ClassError(
            "There are people on the roster who are not made up, and this would hand in work in "
            "their names. `lepton class create NEW --made-up 30` creates a class for practice."
        )
    home = learners or classroom.root.with_name(f"{classroom.root.name}-learners")
    count = hand_in_simulated_work(classroom, assignment, home)
    print(f"{count} made-up learners have handed in {assignment}. Their files: {home}")
