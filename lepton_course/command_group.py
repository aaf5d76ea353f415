"""Group commands so that the course's errors appear as messages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from lepton_course.errors import CourseError, problem_in_words

WorkspaceFolder = Annotated[
    Path | None, typer.Argument(metavar="[DIR]", help="Default: the workspace you are in.")
]
"""The argument of commands that look at a learner's workspace."""

LEARNERS = "For learners"
INSTRUCTORS = "For instructors, in a clone of the course"
AUTHORS = "For authors, in a clone of the course"


class ErrorsAsMessages(TyperGroup):
    """A group that tells a CourseError or a file's trouble as a message, with exit status 1."""

    def invoke(self, ctx: typer.Context) -> Any:
        """Run the requested command."""
        try:
            return super().invoke(ctx)
        except CourseError as error:
            said, cause = str(error), error
        except OSError as error:
            if error.filename is None:  # not about a file: a mistake of the course's own
                raise
            said, cause = f"{problem_in_words(error)}.", error
        typer.secho(f"{self.prefix(ctx)}{said}", fg=typer.colors.RED, err=True)
        raise typer.Exit(1) from cause

    def prefix(self, ctx: typer.Context) -> str:
        """Return the text that stands before a message."""
        return ""


class NamesItself(ErrorsAsMessages):
    """A group whose messages also name the command that failed."""

    def prefix(self, ctx: typer.Context) -> str:
        """Return the name of the command that was stopped."""
        return f"lepton {ctx.invoked_subcommand}: "
