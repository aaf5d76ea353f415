"""`lepton class grade`: honest, hostile and broken submissions, through the real command."""

from __future__ import annotations

import csv
import html
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from submission_kinds import RIGHT, SUBMISSIONS
from tiny_course import (
    answered,
    cell_of,
    hand_in,
    write_curriculum,
    write_roster,
)
from typer.testing import CliRunner

from autograder.classroom.classroom import Classroom
from autograder.cli.class_commands import class_app
from lepton_course.declared_exercises import DECLARATIONS
from lepton_course.exercises.compiled import load_questions

CLONE = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module", autouse=True)
def course_for_kernels():
    """Kernels import the course from this clone, installed or not."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(CLONE), before]))
    yield
    os.environ["PYTHONPATH"] = before or ""


@pytest.fixture(scope="module")
def graded(tmp_path_factory) -> Path:
    """A class that has graded all of SUBMISSIONS once; a student is named after the case."""
    folder = tmp_path_factory.mktemp("graded")
    classroom = make_class(folder, [*SUBMISSIONS, "missing", "renamed", "linked", "absent"])
    for student, (make, _) in SUBMISSIONS.items():
        hand_in(classroom, student, make(classroom))
    hand_in(classroom, "missing", b"").unlink()
    path = hand_in(classroom, "renamed", answered(classroom, RIGHT))
    path.rename(path.with_name("assignment (1).ipynb"))
    linked = hand_in(classroom, "linked", b"")
    linked.unlink()
    linked.symlink_to(classroom / "source/small_sums/assignment.ipynb")
    hand_in(classroom, "stranger", answered(classroom, RIGHT))
    submitted = {p: p.read_bytes() for p in (classroom / "submitted").rglob("*.ipynb")}

    done = lepton_class("grade", classroom, "small_sums", "--json", folder / "results.json")

    assert done.exit_code == 3, done.output
    assert submitted == {p: p.read_bytes() for p in (classroom / "submitted").rglob("*.ipynb")}
    (folder / "output.txt").write_text(done.output)
    return classroom


@pytest.fixture(scope="module")
def lines(graded) -> dict[str, dict]:
    """The JSON's lines by student."""
    results = json.loads((graded.parent / "results.json").read_text())
    return {line["student"]: line for line in results["submissions"]}


def lepton_class(*arguments: object):
    return CliRunner().invoke(class_app, [str(argument) for argument in arguments])


def make_class(folder: Path, students) -> Path:
    roster = "id,first_name,last_name,email,team\n"
    roster += "".join(f"{s},{s.title()},Example,{s}@example.org,T\n" for s in students)
    done = lepton_class(
        "create", folder / "class",
        "--roster", write_roster(folder, roster), "--curriculum", write_curriculum(folder),
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    return folder / "class"


def auto_scores(classroom: Path, student: str) -> dict[str, float | None]:
    """What the gradebook says of each grade cell."""
    with Gradebook(f"sqlite:///{classroom}/gradebook.db") as gradebook:
        submission = gradebook.find_submission("small_sums", student)
        return {grade.name: grade.auto_score for grade in submission.notebooks[0].grades}


def graded_notebook(classroom: Path, student: str) -> nbformat.NotebookNode:
    path = classroom / "autograded" / student / "small_sums/assignment.ipynb"
    return nbformat.read(path, as_version=4)


@pytest.mark.parametrize("student", SUBMISSIONS)
def test_submission(lines, student):
    expected = SUBMISSIONS[student][1]
    line = lines[student]
    assert line["status"] == expected.status
    assert expected.reason in line["reason"]
    assert bool(expected.reason) == bool(line["reason"])
    assert tuple(e["points"] for e in line["exercises"]) == expected.points
    assert {
        e["name"]: e["diagnosis"] for e in line["exercises"] if e["diagnosis"]
    } == expected.diagnoses


@pytest.mark.parametrize("student", SUBMISSIONS)
def test_the_gradebook_says_the_same(graded, lines, student):
    if lines[student]["status"] == "not gradable":
        with pytest.raises(ValueError, match="No such submission"):
            auto_scores(graded, student)
    else:
        judged = {e["name"]: e["points"] for e in lines[student]["exercises"]}
        scores = auto_scores(graded, student)
        assert {name: scores[name] for name in judged} == judged


def test_every_student_who_submitted_has_a_line(lines):
    assert set(lines) == {*SUBMISSIONS, "missing", "renamed", "linked", "stranger"}


def test_files_that_are_not_there_are_told(lines):
    assert lines["missing"]["reason"] == "there is no assignment.ipynb"
    assert "found assignment (1).ipynb instead" in lines["renamed"]["reason"]
    assert "assignment.ipynb is a link, not an ordinary file" in lines["linked"]["reason"]
    assert "which belongs to the course" in lines["linked"]["reason"]
    assert "not on the roster" in lines["stranger"]["reason"]
    assert {lines[s]["status"] for s in ("missing", "renamed", "linked", "stranger")} == {
        "not gradable"
    }


def test_the_json_has_exactly_the_agreed_form(graded):
    results = json.loads((graded.parent / "results.json").read_text())
    assert list(results) == [
        "submissions", "seconds", "workers", "sandbox", "walls", "tests_share_process",
    ]  # fmt: skip
    assert results["tests_share_process"] is False
    for line in results["submissions"]:
        assert list(line) == [
            "student", "assignment", "status", "score", "max_score", "reason", "exercises",
            "seconds",
        ]  # fmt: skip
        assert line["assignment"] == "small_sums"
        assert line["status"] in ("graded", "partly graded", "not gradable")
        assert [list(e) for e in line["exercises"]] == [
            ["name", "points", "max_points", "diagnosis", "possible"]
        ] * 2
        assert line["score"] == sum(e["points"] for e in line["exercises"])
        assert line["max_score"] == 5
        assert isinstance(line["seconds"], float)
        assert isinstance(line["reason"], str)


def test_the_command_lists_what_failed_and_which_walls_stand(graded):
    output = (graded.parent / "output.txt").read_text()
    assert "Walls around each submission:" in output
    assert "limits on time, memory" in output
    assert "11 not gradable" in output
    assert "cut_off" in output


def test_feedback_names_the_part_and_the_misconception_but_no_secret(graded):
    done = lepton_class("feedback", graded, "small_sums", "--student", "wrong")
    assert done.exit_code == 0, done.output
    page = (graded / "feedback/wrong/small_sums/assignment.html").read_text()
    assert "positive numbers" in page
    assert "You squared the numbers; add them to themselves." in page
    assert "0 of 2 points" in page
    secrets = secret_numbers(graded)
    assert len(secrets) > 20
    notebook = nbformat.writes(graded_notebook(graded, "wrong"))
    assert not [number for number in secrets if number in notebook]


def test_feedback_repeats_no_exception_text(graded):
    cell = cell_of(graded_notebook(graded, "raises"), "total")
    panel = html.unescape(cell.outputs[0].data["text/html"])
    assert "it stopped with IndexError at the line <code>return x['secret', 0]</code>" in panel
    assert "only integers" not in panel


def secret_numbers(classroom: Path) -> list[str]:
    """All numbers of the class's cases, to four digits."""
    files = (classroom / "private/questions/small_sums").glob("*.npz")
    questions = [question for file in files for question in load_questions(file).values()]
    cases = [case for question in questions for case in question.cases]
    return [f"{number:.3f}" for case in cases for number in case.args[0]]


def test_cases_come_from_the_classs_seed_and_are_private(graded):
    (file,) = (graded / "private/questions/small_sums").glob("double-*.npz")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    seed = Classroom(graded).seed()
    assert seed.encode() not in file.read_bytes()
    assert len(load_questions(file)["double"].cases) == 3 * 2


def test_a_submission_is_graded_alone_as_in_the_batch(graded, lines, tmp_path):
    done = lepton_class(
        "grade", graded, "small_sums",
        "--student", "half", "--force", "--json", tmp_path / "one.json",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    (line,) = json.loads((tmp_path / "one.json").read_text())["submissions"]
    assert {**line, "seconds": 0} == {**lines["half"], "seconds": 0}


def test_manual_grades_and_comments_survive_a_regrade(graded):
    with Gradebook(f"sqlite:///{graded}/gradebook.db") as gradebook:
        notebook = gradebook.find_submission("small_sums", "right").notebooks[0]
        why = next(grade for grade in notebook.grades if grade.name == "why")
        why.manual_score = 1.0
        notebook.comments[0].manual_comment = "Well put."
        gradebook.db.commit()

    done = lepton_class("grade", graded, "small_sums", "--student", "right", "--force")
    assert done.exit_code == 0, done.output

    with Gradebook(f"sqlite:///{graded}/gradebook.db") as gradebook:
        submission = gradebook.find_submission("small_sums", "right")
        assert submission.score == 6.0
        assert submission.notebooks[0].comments[0].manual_comment == "Well put."


def test_a_later_broken_file_keeps_the_grade_of_the_earlier_one(graded, tmp_path):
    shutil.copytree(graded.parent, tmp_path, dirs_exist_ok=True)
    classroom = tmp_path / "class"
    hand_in(classroom, "half", b"{")
    done = lepton_class("grade", classroom, "small_sums", "--student", "half")
    assert done.exit_code == 3
    assert auto_scores(classroom, "half")["total"] == 3.0


def test_the_export_has_a_line_for_everyone(graded, lines):
    assert lepton_class("export", graded).exit_code == 0
    with (graded / "grades.csv").open(newline="") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    assert set(rows) == {*lines, "absent"} - {"stranger"}
    assert rows["half"]["raw_score"] == "4.0"
    assert rows["half"]["max_score"] == "6.0"
    assert rows["half"]["team"] == "T"
    assert rows["absent"]["score"] == "0.0"
    assert {"first_name", "last_name", "assignment", "late_submission_penalty"} <= set(rows["half"])


def test_stock_nbgrader_in_the_class_gives_the_same_points(graded, lines, tmp_path):
    students = ["right", "wrong", "half", "deleted_check", "overwrites"]
    classroom = stripped_copy(graded, tmp_path, students)
    nbgrader(classroom, "autograde", "small_sums")
    for student in students:
        points = {e["name"]: e["points"] for e in lines[student]["exercises"]}
        scores = auto_scores(classroom, student)
        assert {name: scores[name] for name in points} == points, student


def test_stock_nbgrader_without_execution_gives_nothing(graded, tmp_path):
    classroom = stripped_copy(graded, tmp_path, ["boasts"])
    with (classroom / "nbgrader_config.py").open("a") as file:
        file.write("\nc.JudgeExercises.enabled = False\n")
    nbgrader(classroom, "autograde", "small_sums", "--no-execute")
    assert auto_scores(classroom, "boasts")["double"] == 0


def test_stock_nbgrader_without_the_classs_configuration_fails_wrong_answers(graded, tmp_path):
    classroom = stripped_copy(graded, tmp_path, ["wrong", "blank"])
    (classroom / "nbgrader_config.py").write_text("c = get_config()")
    nbgrader(classroom, "autograde", "small_sums")
    for student in ("wrong", "blank"):
        assert auto_scores(classroom, student)["double"] == 0


def stripped_copy(classroom: Path, folder: Path, students) -> Path:
    """A copy of a class with some students' submissions, none of them graded."""
    shutil.copytree(classroom.parent / "curriculum", folder / "curriculum")
    copy = folder / "class"
    shutil.copytree(
        classroom, copy, symlinks=True, ignore=shutil.ignore_patterns("autograded", "submitted")
    )
    with Gradebook(f"sqlite:///{copy}/gradebook.db") as gradebook:
        for submission in gradebook.find_assignment("small_sums").submissions:
            gradebook.remove_submission("small_sums", submission.student.id)
    for student in students:
        shutil.copytree(classroom / "submitted" / student, copy / "submitted" / student)
    return copy


def nbgrader(classroom: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "nbgrader", *arguments]
    done = subprocess.run(command, cwd=classroom, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_nothing_to_grade_changes_nothing_and_says_why(tmp_path):
    classroom = make_class(tmp_path, ["ada"])
    done = lepton_class("grade", classroom, "small_sums")
    assert done.exit_code == 1
    assert "submitted/STUDENT/small_sums/assignment.ipynb" in done.output
    done = lepton_class("grade", classroom, "sums_small")
    assert done.exit_code == 1
    done = lepton_class("grade", classroom, "small_sums", "--student", "bob")
    assert done.exit_code == 1
    assert "'bob' is not in" in done.output
    assert not (classroom / "autograded").exists()


def test_an_unknown_assignment_names_the_known_ones(graded):
    shutil.copytree(graded / "submitted/right/small_sums", graded / "submitted/right/other")
    done = lepton_class("grade", graded, "other")
    shutil.rmtree(graded / "submitted/right/other")
    assert done.exit_code == 1
    assert "it has: small_sums" in done.output


def test_points_that_the_curriculum_has_changed_since_are_refused(graded, tmp_path):
    shutil.copytree(graded.parent, tmp_path, symlinks=True, dirs_exist_ok=True)
    exercises = tmp_path / "curriculum/basics/07_small_sums" / DECLARATIONS
    exercises.write_text(exercises.read_text().replace("points=2", "points=20"))
    manifest = tmp_path / "class/private/class.json"
    manifest.write_text(manifest.read_text().replace(str(graded.parent), str(tmp_path)))
    done = lepton_class("grade", tmp_path / "class", "small_sums")
    assert done.exit_code == 1
    assert "double was released with 2 points" in done.output


def test_two_graders_at_once_are_refused(graded):
    from autograder.classroom.classroom import exclusive

    with exclusive(Classroom(graded)):
        done = lepton_class("grade", graded, "small_sums")
    assert done.exit_code == 1
    assert "is at work" in done.output
