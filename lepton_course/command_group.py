"""Group commands so that the course's errors appear as messages."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from lepton_course.errors import CourseError


class ErrorsAsMessages(TyperGroup):
    """A group that turns a CourseError of any of its commands into a message and exit status 1."""

    def invoke(self, ctx: typer.Context) -> Any:
        """Run the requested command."""
        try:
            return super().invoke(ctx)
        except CourseError as error:
            typer.secho(f"{self.prefix(ctx)}{error}", fg=typer.colors.RED, err=True)
            raise typer.Exit(1) from error

    def prefix(self, ctx: typer.Context) -> str:
        """Return the text that stands before a message."""
        return ""


class NamesItself(ErrorsAsMessages):
    """A group whose messages also name the command that failed."""

    def prefix(self, ctx: typer.Context) -> str:
        """Return the name of the command that was stopped."""
        return f"lepton {ctx.invoked_subcommand}: "
