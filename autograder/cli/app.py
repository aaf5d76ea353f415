"""What the instructor's commands share: the app, their arguments, and how errors are told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

class_app = typer.Typer(
    help="Make a class, grade what it hands in, give feedback, export grades.",
    no_args_is_help=True,
)

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the class.")]
AssignmentName = Annotated[
    str, typer.Argument(metavar="ASSIGNMENT", help="Such as convolutional_networks.")
]
messages = Console(stderr=True, highlight=False, soft_wrap=True)


@contextmanager
def told() -> Iterator[None]:
    """Turns what stops a command into a message and exit status 1."""
    from autograder.classroom.classroom import ClassError
    from autograder.classroom.roster import RosterError

    try:
        yield
    except (ClassError, RosterError) as error:
        messages.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
