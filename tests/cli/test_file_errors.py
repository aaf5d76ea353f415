"""Trouble with files is told in sentences that name the file, never as "[Errno 2]"."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from lepton_course.command_group import NamesItself
from lepton_course.errors import problem_in_words
from lepton_course.wording import counted


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOENT, "there is no mine.json"),
        (errno.EACCES, "you may not read or write mine.json"),
        (errno.EISDIR, "mine.json is a folder, not a file"),
        (errno.ENOSPC, "the disk is full, so mine.json could not be written"),
        (errno.EROFS, "mine.json is on a disk that can only be read"),
        (errno.EIO, "mine.json: input/output error"),
    ],
)
def test_a_file_and_what_is_the_matter_with_it(number, said):
    assert problem_in_words(OSError(number, os.strerror(number), "mine.json")) == said


def test_other_problems_keep_their_own_words():
    assert problem_in_words(ValueError("line 3 is empty.")) == "line 3 is empty"
    assert problem_in_words(OSError("the server does not answer")) == "the server does not answer"
    assert problem_in_words(OSError(errno.EPIPE, "Broken pipe")) == "broken pipe"
    assert problem_in_words(RuntimeError()) == "RuntimeError"


def test_what_the_system_really_raises_is_understood(tmp_path):
    for act in (
        lambda: (tmp_path / "none").read_bytes(),
        lambda: tmp_path.read_bytes(),
        lambda: (tmp_path / "none").rename(tmp_path / "other"),
        lambda: os.listdir(tmp_path / "none"),
    ):
        with pytest.raises(OSError) as told:
            act()
        assert "[Errno" not in problem_in_words(told.value)
        assert str(tmp_path) in problem_in_words(told.value)


def test_a_command_tells_it_without_a_traceback(tmp_path):
    app = typer.Typer(cls=NamesItself)

    @app.command()
    def show(path: Path) -> None:
        print(path.read_text())

    @app.command()
    def other() -> None:
        pass

    run = CliRunner().invoke(app, ["show", str(tmp_path / "none.txt")])
    assert run.exit_code == 1
    assert run.output == f"lepton show: there is no {tmp_path}/none.txt.\n"


def test_one_file_is_not_one_files():
    assert [counted(n, "file") for n in (0, 1, 2)] == ["0 files", "1 file", "2 files"]
