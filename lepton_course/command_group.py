"""A group of commands that tells the course's errors as messages."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from lepton_course.errors import CourseError


class ErrorsAsMessages(TyperGroup):
    """Turns a CourseError of any of its commands into a message and exit status 1."""

    def invoke(self, ctx: typer.Context) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except CourseError as error:
            typer.secho(f"{self.prefix(ctx)}{error}", fg=typer.colors.RED, err=True)
            raise typer.Exit(1) from error

    def prefix(self, ctx: typer.Context) -> str:
        """Return what stands before a message."""
        return ""


class NamesItself(ErrorsAsMessages):
    """Also says which command it was."""

    def prefix(self, ctx: typer.Context) -> str:
        """Return the name of the command that was stopped."""
        return f"lepton {ctx.invoked_subcommand}: "
