"""The `lepton class` app, and the arguments that its commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from lepton_course.command_group import ErrorsAsMessages

class_app = typer.Typer(
    cls=ErrorsAsMessages,
    help="Create a class, grade its submissions, give feedback, export grades.",
    no_args_is_help=True,
)

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the class.")]
AssignmentName = Annotated[
    str, typer.Argument(metavar="ASSIGNMENT", help="Its name, such as convolutional_networks.")
]
messages = Console(stderr=True, highlight=False, soft_wrap=True)
