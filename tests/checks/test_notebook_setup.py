"""What a notebook's setup cell, check cells and records do."""

import json
import random
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import declare

from lepton_course import begin, check, hint, record
from lepton_course.checks.check import CheckFailed, open_session
from lepton_course.checks.exercise_names import UnknownExercise
from lepton_course.progress_bar import LoadingLine
from lepton_course.records import Record

EXERCISES = """
from lepton_course.authoring import Call, Case, exact, exercise

doubling = exercise("double", title="Double it", points=2, difficulty=1, minutes=1,
                    probe=Call(), compare=exact(), read="lesson.ipynb#Doubling")

@doubling.reference
def double(x):
    return 2 * x

@doubling.cases
def cases(rng):
    yield Case("a number", args=(3,))

@doubling.mistake("You squared; double it instead.")
def squared(x):
    return x**2

doubling.hints("Twice as much.", "Multiply by two.", "Use *.")

EXERCISES = [doubling]
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    folder = tmp_path / "curriculum" / "basics" / "00_doubling"
    folder.mkdir(parents=True)
    declare(folder, EXERCISES)
    monkeypatch.chdir(folder)
    yield "basics/00_doubling"
    open_session("none", None)


def test_begin_says_in_one_line_what_it_set_up(module, capsys):
    begin(module)
    first = capsys.readouterr().out
    assert first.startswith("basics/00_doubling · seed 0 · device")
    assert first.endswith("1 exercise with checks\n") and first.count("\n") == 1


def test_begin_twice_gives_the_same_random_numbers(module):
    draws = []
    for _ in range(2):
        begin(module, seed=3)
        draws.append((random.random(), np.random.rand()))
    assert draws[0] == draws[1]


def test_the_toolbox_begins_without_exercises(module, capsys):
    begin("toolbox")
    assert capsys.readouterr().out.endswith("0 exercises with checks\n")


def test_an_unknown_module_is_named_with_those_that_exist():
    with pytest.raises(ValueError, match="no module 'basics/99_nothing'"):
        begin("basics/99_nothing")


def test_check_looks_up_the_answer_by_its_name(module, capsys, monkeypatch):
    begin(module)
    monkeypatch.setitem(globals(), "double", lambda x: x**2)
    check("double")
    out = capsys.readouterr().out
    assert "not yet" in out and "You squared; double it instead." in out
    monkeypatch.setitem(globals(), "double", lambda x: x + x)
    check("double")
    assert "✓ Double it: right (2 of 2 points)." in capsys.readouterr().out


def test_a_missing_answer_is_not_an_error(module, capsys):
    begin(module)
    check("double")
    assert "not answered yet" in capsys.readouterr().out


def test_nbgraders_own_tools_fail_closed(module, monkeypatch):
    begin(module)
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    with pytest.raises(CheckFailed, match="not answered yet"):
        check("double")


def test_a_misspelt_exercise_is_answered_with_the_nearest(module):
    begin(module)
    with pytest.raises(UnknownExercise, match="Did you mean 'double'"):
        check("duoble")


def test_hints_go_on_and_stay_at_the_last(module, capsys):
    begin(module)
    for _ in range(4):
        hint("double")
    out = capsys.readouterr().out
    assert [out.count(f"hint {n} of 3") for n in (1, 2, 3)] == [1, 1, 2]
    hint("double", stage=1)
    assert "Twice as much" in capsys.readouterr().out


def test_check_before_begin_says_what_to_do():
    code = "from lepton_course import check; check('double')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "Run the notebook's setup cell first" in done.stderr


@pytest.mark.parametrize(("used", "spared"), [("torch", "tensorflow"), ("tensorflow", "torch")])
def test_begin_does_not_import_the_other_framework(module, used, spared):
    code = (
        f"import sys, {used}\n"
        "from lepton_course import begin\n"
        f"begin({module!r})\n"
        f"print({used!r} in sys.modules, {spared!r} in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "True False"


def test_importing_the_package_imports_nothing_heavy():
    code = (
        "import sys, lepton_course\n"
        "print([m for m in ('torch', 'tensorflow', 'matplotlib', 'IPython') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_course_never_imports_the_autograder_or_nbgrader():
    package = Path(sys.modules["lepton_course"].__file__).parent
    for path in package.rglob("*.py"):
        for line in path.read_text().splitlines():
            words = line.split()
            if words[:1] in (["import"], ["from"]):
                assert words[1].partition(".")[0] not in ("autograder", "nbgrader"), path


def test_record_prints_the_band_and_returns_the_number(capsys):
    assert record("test accuracy", 0.871, at_least=0.85) == 0.871
    assert capsys.readouterr().out == "test accuracy: 0.871 (expected: at least 0.85)\n"
    record("loss", 0.5, near=(0.1, 0.05))
    assert "outside: this run differs" in capsys.readouterr().out


def test_a_record_shows_counts_whole():
    assert str(Record("customers", 23570, 23570, 23570)) == "customers: 23570 (as expected)"
    assert str(Record("bits", 2.71234, 2.7, 2.8)) == "bits: 2.712 (expected: 2.7 to 2.8)"


@pytest.mark.parametrize(
    ("value", "holds"), [(0.5, True), (0.1, False), (0.9, False), (float("nan"), False)]
)
def test_a_record_holds_inside_its_band(value, holds):
    assert Record("r", value, 0.4, 0.6).holds is holds


def test_a_record_needs_one_band():
    with pytest.raises(ValueError, match="give a band"):
        record("loss", 1.0)
    with pytest.raises(ValueError, match="not both"):
        record("loss", 1.0, at_least=0, near=(1, 1))


def test_records_stand_in_an_executed_notebook(tmp_path):
    import nbformat
    from nbclient import NotebookClient

    cell = nbformat.v4.new_code_cell(
        "from lepton_course import record\nrecord('steps', 7, at_most=9);"
    )
    notebook = nbformat.v4.new_notebook(cells=[cell])
    NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}).execute()
    data = notebook.cells[0].outputs[0].data["application/vnd.lepton.record+json"]
    assert json.loads(json.dumps(data)) == {"name": "steps", "value": 7, "low": None, "high": 9}


@pytest.fixture
def seen(monkeypatch) -> list[dict]:
    """What a person at the keyboard is shown besides printed lines."""
    shown: list[dict] = []
    monkeypatch.setattr("lepton_course.notebook_setup.is_interactive", lambda: True)
    monkeypatch.setattr(LoadingLine, "say", lambda self, text: None)
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    return shown


def test_outside_a_workspace_begin_says_how_to_keep_progress(tmp_path, monkeypatch, capsys, seen):
    monkeypatch.chdir(tmp_path)
    begin("toolbox")
    said = capsys.readouterr().out
    assert "progress is not kept" in said
    [command] = re.findall(r"run this in a cell: !(.*)\n", said)
    assert command.endswith(" learn --no-start .")
    (tmp_path / ".lepton").mkdir()
    begin("toolbox")
    assert "not kept" not in capsys.readouterr().out


def test_begin_offers_to_report_a_mistake_at_the_operators_address(module, monkeypatch, seen):
    monkeypatch.setenv("LEPTON_REPORT_URL", "https://a.example/new")
    begin(module)
    [shown] = seen
    assert 'href="https://a.example/new?title=Mistake' in shown["text/html"]
    assert ">Double it</a>" in shown["text/html"]


def test_authors_are_not_told_that_their_clone_is_no_workspace(module, capsys, seen):
    begin(module)
    assert "not kept" not in capsys.readouterr().out
