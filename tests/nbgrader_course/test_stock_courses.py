"""`lepton class grade` on ordinary nbgrader courses, beside stock `nbgrader autograde`.

Each submission is graded by both, in two copies of the course: wherever stock nbgrader gives a
score, the two gradebooks say the same; where it gives none, there is a line with a reason.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from conftest import CLONE
from stock_course import (
    ANSWERS,
    AUTOMATIC,
    filled,
    grade_by_stock,
    hand_in,
    make_course,
    make_example,
    scores,
)
from typer.testing import CliRunner

from autograder.cli.class_commands import class_app
from autograder.submissions.cell_marks import mark_of

pytestmark = pytest.mark.notebook


def without(grade_id):
    return lambda name, cells: [cell for cell in cells if mark_of(cell).grade_id != grade_id]


def copied(grade_id):
    """The cell with this id stands there twice."""

    def change(name, cells):
        found = [cell for cell in cells if mark_of(cell).grade_id == grade_id]
        copies = [nbformat.from_dict(cell) for cell in found]
        for cell in copies:
            cell.update({"id": f"{cell.id[:8]}-copy"} if "id" in cell else {})
        return [*cells, *copies]

    return change


def edited(grade_id, **mark):
    """A test whose text and mark the learner has changed."""

    def change(name, cells):
        for cell in cells:
            if mark_of(cell).grade_id == grade_id:
                cell.source = "True"
                cell.metadata["nbgrader"].update(mark)

    return change


def then(*changes):
    """Several changes, one after the other."""

    def change(name, cells):
        for one in changes:
            cells = one(name, cells) or cells
        return cells

    return change


RIGHT = filled(ANSWERS)
MADE = {
    "right": RIGHT,
    "blank": lambda name, cells: None,
    "wrong": filled({**ANSWERS, "mean": "def mean(values):\n    return 2"}),
    "half": filled({**ANSWERS, "share": "def share(values):\n    return [0.5 for v in values]"}),
    "loops": filled({**ANSWERS, "share": "def share(values):\n    while True: pass"}),
    "edited": then(RIGHT, edited("mean_right", points=9)),
    "deleted": then(RIGHT, without("share_partly")),
    "late": RIGHT,
    "one_missing": RIGHT,
    "own_checks": then(RIGHT, filled({"mean": "def mean(values):\n    return 3"})),
    "crashes": then(RIGHT, filled({"table": "import os\nos._exit(3)"})),
    "duplicated": then(RIGHT, copied("mean_right")),
    "all_missing": RIGHT,
    "broken": RIGHT,
    "remarked": then(RIGHT, edited("counted", solution=True)),
}
SQUARES = """def squares(n):
    if n < 1:
        raise ValueError("too small")
    return [i ** 2 for i in range(1, n + 1)]"""
SUM = "def sum_of_squares(n):\n    return sum(squares(n))"
EXAMPLE = {
    "squares": SQUARES,
    "sum_of_squares": SUM,
    "sum_of_squares_equation": "$\\sum_i i^2$",
    "part-a": "Fibonacci.",
}
EXAMPLES = {
    "right": filled(EXAMPLE),
    "wrong": filled({**EXAMPLE, "squares": "def squares(n):\n    return [1]"}),
    "late": filled(EXAMPLE),
    "all_missing": filled(EXAMPLE),
}
"""What is new in this course. Damaged and missing work is the made course's matter."""


@dataclass(frozen=True)
class Graded:
    """A course, graded here and by stock nbgrader, with the log of what stock could not grade."""

    ours: Path
    stock: Path
    assignment: str
    failed: dict[str, str]
    output: str
    results: dict

    def line(self, student: str) -> dict:
        return next(line for line in self.results["submissions"] if line["student"] == student)


def grade_by_both(root: Path, assignment: str, submissions: dict) -> Graded:
    """Hands in, and has both grade."""
    for student, change in submissions.items():
        folder = hand_in(root, assignment, student, change)
        notebooks = sorted(folder.glob("*.ipynb"))
        for path in {"one_missing": notebooks[1:], "all_missing": notebooks}.get(student, []):
            path.unlink()
        if student == "late":
            (folder / "timestamp.txt").write_text("2026-03-05 12:00:00 UTC")
            shutil.copy(notebooks[0], folder / "draft.ipynb")
        if student == "own_checks":
            (folder / "checks.py").write_text("def close(a, b):\n    return True\n")
        if student == "broken":
            notebooks[1].write_bytes(notebooks[1].read_bytes()[:500])
    stock = root.with_name(f"{root.name}-stock")
    shutil.copytree(root, stock)
    failed = grade_by_stock(stock, assignment, list(submissions))
    done = lepton_class("grade", root, assignment, "--json", root.parent / "results.json")
    assert done.exit_code == 3, done.output
    results = json.loads((root.parent / "results.json").read_text())
    return Graded(root, stock, assignment, failed, done.output, results)


def lepton_class(*arguments: object):
    return CliRunner().invoke(class_app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module", autouse=True)
def course_for_kernels():
    """Kernels import the course from this clone, installed or not."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(CLONE), before]))
    yield
    os.environ["PYTHONPATH"] = before or ""


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Graded:
    """A made course of two notebooks."""
    root = make_course(tmp_path_factory.mktemp("made") / "course")
    return grade_by_both(root, "sums", MADE)


@pytest.fixture(scope="module")
def example(tmp_path_factory) -> Graded:
    """nbgrader's own example course."""
    root = make_example(tmp_path_factory.mktemp("example") / "course")
    return grade_by_both(root, "ps1", EXAMPLES)


NO_SCORE = {"crashes", "duplicated", "all_missing", "broken", "remarked"}
"""What stock nbgrader fails on; on loops it does, too, when the interrupted kernel is slow."""


@pytest.mark.parametrize("student", MADE)
def test_a_made_course_gets_the_scores_of_stock_nbgrader(made, student):
    compare(made, student)


@pytest.mark.parametrize("student", EXAMPLES)
def test_nbgraders_own_example_gets_the_scores_of_stock_nbgrader(example, student):
    compare(example, student)


def compare(graded: Graded, student: str) -> None:
    if student != "loops":
        assert (student in graded.failed) == (student in NO_SCORE), graded.failed.get(student)
    if student in graded.failed:
        assert graded.line(student)["reason"]
        assert graded.line(student)["status"] != "graded"
    else:
        ours = scores(graded.ours, graded.assignment, student)
        assert ours == scores(graded.stock, graded.assignment, student)
        line = graded.line(student)
        found = {name: points for name, points in ours.items() if "/" in name}
        for exercise in line["exercises"]:
            auto_score, _ = found[exercise["name"]]
            assert exercise["points"] == (auto_score or 0), exercise


def test_points(made):
    points = {line["student"]: line["score"] for line in made.results["submissions"]}
    assert points["right"] == points["late"] == points["edited"] == AUTOMATIC
    assert points["blank"] == 0
    assert 0 < points["half"] < AUTOMATIC
    assert points["duplicated"] == AUTOMATIC
    assert points["own_checks"] < AUTOMATIC, "the course's own files win"
    assert points["crashes"] == 7.5, "points earned before a crash count"
    assert points["broken"] == AUTOMATIC - 3, "the other notebook counts"
    assert scores(made.ours, "sums", "late")["late"] == 2 * 0.5, "for each notebook"


REASONS = {
    "crashes": "a_statistics.ipynb: the kernel died in the cell that starts with `import os`",
    "duplicated": "a copy of the cell mean_right was ignored",
    "all_missing": "there is no a_statistics.ipynb; there is no b_report.ipynb",
    "one_missing": "there is no b_report.ipynb",
    "broken": "b_report.ipynb: the file is not valid JSON",
    "deleted": "the test share_partly was missing",
    "remarked": "b_report.ipynb: nbgrader could not restore it: Inconsistent checksums",
    "loops": "a_statistics.ipynb: the test share_partly ran longer than 4 s",
}


@pytest.mark.parametrize("student", REASONS)
def test_a_reason_is_given(made, student):
    assert REASONS[student] in made.line(student)["reason"]


def test_the_result_says_that_tests_share_the_process(made):
    assert made.results["tests_share_process"] is True
    assert "ran in the same process as what they test" in " ".join(made.output.split())


def test_files_and_feedback_are_where_nbgrader_expects_them(made):
    folder = made.ours / "autograded/right/sums"
    assert {path.name for path in folder.iterdir()} == {
        "a_statistics.ipynb", "b_report.ipynb", "checks.py", "data.csv",
    }  # fmt: skip
    assert (made.ours / ".lepton").stat().st_mode & 0o777 == 0o700


def test_a_second_run_grades_what_has_changed(made):
    again = lepton_class("grade", made.ours, "sums")
    assert "14 graded (14 of them unchanged), 1 not gradable" in again.output
    path = made.ours / "submitted/wrong/sums/a_statistics.ipynb"
    path.write_text(path.read_text().replace("return 2", "return sum(values) / len([*values])"))
    again = lepton_class("grade", made.ours, "sums")
    assert "14 graded (13 of them unchanged), 1 not gradable" in again.output
    assert scores(made.ours, "sums", "wrong")["score"] == AUTOMATIC


ODD_SETTINGS = """
c.CourseDirectory.root = "."
c.CourseDirectory.db_url = "sqlite:///book.sqlite"
c.CourseDirectory.submitted_directory = "came in"
c.CourseDirectory.student_id_exclude = "guest"
c.CourseDirectory.ignore = ["notes.txt"]
c.Autograde.exclude_overwriting = {"sums": ["checks.py"]}
c.OverwriteCells.add_missing_cells = True
c.IgnorePattern.enabled = True
c.IgnorePattern.pattern = "not the mean"
"""
OWN_CHECKS = "def close(a, b):\n    return b == 1.5 or abs(a - b) < 1"
ODD = {
    "right": RIGHT,
    "deleted": then(RIGHT, without("share_partly")),
    "guest": RIGHT,
    "own_checks": then(RIGHT, filled({"mean": "def mean(values):\n    return 2.2"})),
    "peeks": then(RIGHT, filled({"count": "count = lambda path: len(open('notes.txt').read())"})),
}


def test_a_courses_own_settings_are_followed(tmp_path):
    root = make_course(tmp_path / "course", ODD_SETTINGS)
    (root / "source/sums/notes.txt").write_text("4321")
    for student, change in ODD.items():
        folder = hand_in(root, "sums", student, change)
        if student == "own_checks":
            (folder / "checks.py").write_text(OWN_CHECKS)
    (root / "submitted").rename(root / "came in")
    stock = tmp_path / "stock"
    shutil.copytree(root, stock)
    failed = grade_by_stock(stock, "sums", [student for student in ODD if student != "guest"])
    done = lepton_class("grade", root, "sums")
    assert (done.exit_code, failed) == (0, {}), done.output
    for student in ODD:
        assert scores(root, "sums", student) == scores(stock, "sums", student), student
    assert "the test share_partly was missing and was put back" in " ".join(done.output.split())
    assert scores(root, "sums", "guest") is None
    assert scores(root, "sums", "own_checks")["a_statistics/mean_right"] == (2, False)
    assert scores(root, "sums", "own_checks")["a_statistics/no_warnings"] == (1, False)
    assert scores(root, "sums", "deleted")["score"] == AUTOMATIC
    assert scores(root, "sums", "peeks")["score"] == AUTOMATIC - 3


@pytest.mark.parametrize(
    "arguments, reason",
    [
        (["other"], "Nothing to grade"),
        (["sums", "--student", "nobody"], "'nobody' has handed in nothing"),
    ],
)
def test_what_cannot_be_graded_is_told_and_changes_nothing(made, arguments, reason):
    done = lepton_class("grade", made.ours, *arguments)
    assert done.exit_code == 1
    assert reason in " ".join(done.output.split())


def test_a_course_that_has_released_nothing_is_told_what_to_do(tmp_path):
    (tmp_path / "source").mkdir()
    done = lepton_class("grade", tmp_path, "sums")
    assert done.exit_code == 1
    assert "nbgrader generate_assignment" in " ".join(done.output.split())
