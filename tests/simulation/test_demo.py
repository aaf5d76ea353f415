"""`lepton demo`: the made-up class comes out as expected, and it is noticed when it does not."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager

import numpy as np
import pytest
from tiny_course import write_curriculum

from autograder.judging.results import ExerciseResult, SubmissionResult
from autograder.simulation.answer_sources import standalone_source
from autograder.simulation.demo import PEOPLE, DemoSubmission, run_demo
from autograder.simulation.simulated_answers import named
from lepton_course.declared_exercises import DECLARATIONS
from lepton_course.survey.asked import FEWEST_PEOPLE


@pytest.fixture(autouse=True)
def course_for_kernels(clone, monkeypatch):
    """Kernels import the course from this clone, installed or not."""
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(clone), os.environ.get("PYTHONPATH", "")])
    )


@contextmanager
def no_progress(total):
    yield lambda result: None


@pytest.mark.notebook
def test_the_demo_of_the_course_is_as_expected_and_short(tmp_path):
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "lepton_course.cli", "demo", "--dir", str(tmp_path / "class")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # Two minutes are promised for a machine to itself (it takes one); here other tests share it.
    assert time.monotonic() - started < 240
    assert "All as expected" in done.stdout
    assert done.stdout.count("one mistake:") == 4
    assert len(list((tmp_path / "class/feedback").glob("*/*/assignment.html"))) == 9
    with (tmp_path / "class/grades.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 10


def test_each_team_is_large_enough_for_a_sum_of_its_answers():
    sizes = Counter(team for *_, team in PEOPLE)
    assert min(sizes.values()) >= FEWEST_PEOPLE


def test_a_demo_of_another_module(tmp_path, capsys):
    curriculum = write_curriculum(tmp_path)
    assert run_demo(None, None, no_progress, curriculum, "small_sums")
    output = capsys.readouterr().out
    assert "double: squared" in output
    assert "the file is not valid JSON" in output
    assert [path.name for path in tmp_path.iterdir()] == ["curriculum"]


def test_a_mistake_that_is_not_recognised_is_noticed(tmp_path, capsys):
    """The cases of `total` are made so poor that the average of one number is its sum."""
    curriculum = write_curriculum(tmp_path)
    exercises = curriculum / "basics/07_small_sums" / DECLARATIONS
    exercises.write_text(exercises.read_text().replace("size=5", "size=1"))
    assert not run_demo(None, None, no_progress, curriculum, "small_sums")
    assert "NOT as expected" in capsys.readouterr().out


def result(status="graded", points=1.0, diagnosis=None):
    exercise = ExerciseResult("double", points, 2.0, diagnosis)
    return SubmissionResult("ada", "small_sums", status, points, 2.0, "", (exercise,), 1.0)


def test_what_agrees_with_an_expectation():
    mistaken = DemoSubmission("wrong", b"", diagnoses={"double": "squared"})
    assert mistaken.agrees(result(diagnosis="squared"))
    assert not mistaken.agrees(result(diagnosis="half"))
    assert not mistaken.agrees(result())
    assert not mistaken.agrees(result(points=2.0, diagnosis="squared"))
    assert not mistaken.agrees(result("partly graded", diagnosis="squared"))
    assert DemoSubmission("right", b"", full_marks=True).agrees(result(points=2.0))
    assert DemoSubmission("blank", b"", no_points=True).agrees(result(points=0.0))


def test_a_standalone_source_brings_what_it_needs(tmp_path):
    file = tmp_path / "answer.py"
    file.write_text(
        "import numpy as np\nimport json\n\nSCALE = 3\n\n\n"
        "def helper(x):\n    return SCALE * np.abs(x)\n\n\n"
        "def unused(x):\n    return x\n\n\n"
        "def answer(x):\n    return helper(x) + 1\n\n\n"
        "def reads(x):\n    return open(__file__)\n\n\n"
        "def maker():\n    return lambda x: x\n\n\n"
        "made = maker()\nEXERCISES = []\n"
    )
    module = {"__file__": str(file)}
    exec(compile(file.read_text(), file, "exec"), module)

    source = standalone_source(module["answer"])
    alone: dict = {}
    exec(source, alone)
    assert alone["answer"](-2) == 7
    assert "unused" not in source
    assert "json" not in source
    for without_source in (module["reads"], module["made"], 3.0, np.sum):
        assert standalone_source(without_source) == ""


def test_a_mistake_relative_to_the_reference_has_a_source_of_its_own(tmp_path):
    file = tmp_path / "power.py"
    file.write_text(
        "from lepton_course.authoring import Call, Case, exact, exercise\n\n"
        'power = exercise("power", title="Power", points=1, difficulty=1, minutes=1,\n'
        "                 probe=Call(), compare=exact())\n\n\n"
        "@power.reference\ndef raised(x, exponent=2):\n    return x**exponent\n\n\n"
        '@power.cases\ndef cases(rng):\n    yield Case("two", (2,))\n\n\n'
        '@power.mistake("You took one power too many.")\n'
        "def one_too_many(right, a):\n    return right(exponent=a.exponent + 1)\n"
    )
    module = {"__file__": str(file), "__name__": "power"}
    exec(compile(file.read_text(), file, "exec"), module)
    [mistake] = module["power"].build().misconceptions

    alone: dict = {}
    exec(named(standalone_source(mistake.implementation), "power"), alone)
    assert alone["power"](3) == 27 and alone["power"](3, exponent=1) == 9
