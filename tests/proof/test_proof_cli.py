"""`lepton run`, `certify`, `check` and `new` as a maintainer types them."""

from __future__ import annotations

import json

import nbformat
import pytest
from conftest import declare
from typer.testing import CliRunner

from autograder.cli.proof_commands import app

BEGIN = 'from lepton_course import begin\nbegin("basics/05_convolutional_networks")'


def lepton(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


@pytest.mark.parametrize("command", ["run", "certify", "check"])
def test_a_module_that_is_not_there_is_said_in_one_sentence(command):
    run = lepton(command, "no_such_module")
    assert run.exit_code == 1
    assert "There is no module 'no_such_module'. The modules: advanced/01_" in run.output


def test_a_module_must_stand_in_the_syllabus():
    run = lepton("new", "module", "basics/99_nothing")
    assert run.exit_code == 1
    assert "'basics/99_nothing' is not in syllabus.yml" in run.output


def test_a_notebook_that_fails_is_shown_and_reported(tmp_path):
    module = tmp_path / "curriculum" / "basics" / "05_convolutional_networks"
    module.mkdir(parents=True)
    declare(module, "EXERCISES = []\n")
    cells = [nbformat.v4.new_code_cell(text) for text in (BEGIN, "print('so far')\n1 / 0")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), module / "lesson.ipynb")
    out = tmp_path / "out"
    run = lepton("run", str(module / "lesson.ipynb"), "--out", str(out), "--no-cache",
                 "--json", str(tmp_path / "run.json"))  # fmt: skip
    assert run.exit_code == 1
    assert "cell 2 (In [2]) failed with ZeroDivisionError: division by zero" in run.output
    assert "so far" in run.output
    assert "0 passed (0 unchanged), 1 failed" in run.output
    assert json.loads((tmp_path / "run.json").read_text())["passed"] is False
    for name in ("index.html", "junit.xml", "results.json"):
        assert (out / name).is_file()
    [executed] = (out / "executed").glob("*.ipynb")
    assert nbformat.read(executed, as_version=4).cells[1].outputs[0].text == "so far\n"
