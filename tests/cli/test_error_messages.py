"""What stops a command is told in a sentence, with exit status 1 and without a traceback."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from autograder.classroom.classroom import ClassError
from autograder.classroom.roster import RosterError
from autograder.curriculum.modules import UnknownModule
from autograder.sandbox.choice import NoWallsError
from autograder.workers.cluster import ClusterError
from lepton_course.command_group import ErrorsAsMessages, NamesItself
from lepton_course.progress.transfer import ProgressFileError
from lepton_course.syllabus import SyllabusError
from lepton_course.workspace.install import WorkspaceError


def app_that_raises(error: Exception, group: type) -> typer.Typer:
    app = typer.Typer(cls=group)

    @app.command()
    def grade() -> None:
        raise error

    @app.command()
    def other() -> None: ...

    return app


@pytest.mark.parametrize(
    "error",
    [
        *(ClassError, UnknownModule, NoWallsError, ClusterError),
        *(ProgressFileError, SyllabusError, WorkspaceError),
        lambda text: RosterError("roster.csv", [text]),
    ],
)
def test_an_error_of_the_course_is_a_message(error):
    done = CliRunner().invoke(app_that_raises(error("[b] is wrong"), ErrorsAsMessages), ["grade"])
    assert done.exit_code == 1
    assert "[b] is wrong\n" in done.stderr
    assert not done.stdout


def test_a_group_may_name_the_command():
    done = CliRunner().invoke(app_that_raises(ClassError("No class."), NamesItself), ["grade"])
    assert done.stderr == "lepton grade: No class.\n"


def test_any_other_error_is_a_fault_of_the_course_and_keeps_its_traceback():
    done = CliRunner().invoke(app_that_raises(KeyError("x"), ErrorsAsMessages), ["grade"])
    assert isinstance(done.exception, KeyError)
