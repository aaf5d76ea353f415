"""`lepton class report`: the page and the tables say what the class did, and run nothing."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from conftest import CLONE
from tiny_course import DOUBLE, TOTAL, answered, hand_in, write_curriculum, write_roster
from typer.testing import CliRunner

from autograder.classroom.classroom import open_classroom
from autograder.classroom.roster import Student
from autograder.cli.class_commands import class_app
from autograder.report import data, survey_sums
from autograder.report.data import AssignmentData, Item, Learner, Mistake
from autograder.report.html_page import to_html, write_report
from autograder.report.summary import summarise
from autograder.report.survey_sums import SurveyedModule

# nbgrader's own use of SQLAlchemy warns when a submission is added.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

HOSTILE = "<script>alert(1)</script>$x$&\"'"
ITEMS = (Item("double", "Twice as much", 2, False), Item("total", "A sum", 3, False))
SQUARED = Mistake("double", "squared", "You squared the numbers.", "lesson.ipynb#Sums")


def learner(number: int, team: str, double: float, total: float, opening: float | None) -> Learner:
    diagnoses = {} if double else {"double": "squared"}
    return Learner(
        Student(f"s{number}", f"First{number}", f"Last{number}", f"s{number}@example.org", team),
        "graded", double + total, 0.0, {"double": double, "total": total}, diagnoses,
        opening=opening,
    )  # fmt: skip


# Team A: 5, 5, 2 of 5 points; team B: 3, 0. Opening quizzes: of team A alone.
CLASS = AssignmentData(
    "small_sums",
    ITEMS,
    (
        learner(1, "A", 2, 3, 0.5),
        learner(2, "A", 2, 3, 0.4),
        learner(3, "A", 2, 0, 0.3),
        learner(4, "B", 0, 3, None),
        learner(5, "B", 0, 0, None),
        Learner(Student("s6", "First6", "Last6", "", "B"), "not handed in"),
    ),
    (SQUARED,),
    (),
)


class Page(HTMLParser):
    """The elements of a page, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)


def page_of(data: AssignmentData, course: str = "Course") -> Page:
    return Page(to_html(course, [summarise(data)], date(2026, 3, 2)))


def test_the_figures_are_those_that_one_computes_by_hand():
    summary = summarise(CLASS)
    double, total = summary.items
    assert (double.facility, total.facility) == (6 / 10, 9 / 15)
    assert (double.full_marks, double.no_points) == (3, 2)
    # x = 2 2 2 0 0 and 3 3 0 3 0: products about the means 0.6; squares 4.8 and 10.8.
    assert double.discrimination.value == pytest.approx(0.6 * 2 / (4.8 * 10.8) ** 0.5)
    a, b = summary.teams
    assert (a.mean, a.median) == (pytest.approx(0.8), 1.0)
    assert (b.members, len(b.shares), b.mean) == (3, 2, pytest.approx(0.3))
    [(whole, gain), (team, _)] = summary.gains
    assert (whole, team) == ("The whole class", "A")
    assert gain.gain.value == pytest.approx((0.8 - 0.4) / 0.6)


def test_the_page_says_who_holds_which_misconception():
    page = page_of(CLASS)
    assert "squared You squared the numbers. Read again: Sums (lesson) 2 (40 %)" in page.text
    assert "First4 Last4, First5 Last5" in page.text
    assert "First6 Last6 (not handed in)" in page.text


def test_who_possibly_holds_a_misconception_is_not_counted():
    fourth = replace(CLASS.learners[3], diagnoses={}, possible={"double": ("squared",)})
    learners = (*CLASS.learners[:3], fourth, *CLASS.learners[4:])
    page = page_of(replace(CLASS, learners=learners))
    assert "Read again: Sums (lesson) 1 (20 %) First5 Last5; possibly First4 Last4" in page.text


def test_what_is_not_known_is_said_and_not_made_up():
    page = page_of(replace(CLASS, learners=CLASS.learners[3:]))
    assert "Not known: nobody has taken an opening quiz" in page.text
    assert "Not known: nobody has handed in a progress file" in page.text
    assert "NaN" not in page.text
    assert "None" not in page.text


def test_few_learners_have_no_interval_on_the_page():
    assert "0.67 (no interval)" in page_of(CLASS).text


def test_every_figure_has_words_and_the_page_needs_nothing_else():
    page = page_of(CLASS)
    figures = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert len(figures) == 3
    assert all(len(f["aria-label"]) > 40 and f["role"] == "img" for f in figures)
    assert "Medians: A: 100 %; B: 30 %" in figures[-1]["aria-label"]
    assert {tag for tag, _ in page.tags} & {"script", "link", "iframe", "img"} == set()
    linked = [attributes.get(key, "") for _, attributes in page.tags for key in ("src", "href")]
    assert [link for link in linked if link and not link.startswith("#")] == []


def test_names_from_rosters_and_notebooks_are_shown_and_not_run(tmp_path):
    students = [
        replace(lr, student=replace(lr.student, first_name=HOSTILE, last_name="=1+1", team=HOSTILE))
        for lr in CLASS.learners
    ]
    marked = [replace(lr, diagnoses={"double": HOSTILE}) for lr in students if lr.has_points]
    data = replace(CLASS, learners=tuple(marked), notes=(HOSTILE,))
    page = page_of(data, HOSTILE)
    assert "script" not in {tag for tag, _ in page.tags}
    assert not [key for _, attributes in page.tags for key in attributes if key.startswith("on")]
    assert page.text.count("<script>alert(1)</script>$x$") > 10

    write_report(HOSTILE, [summarise(data)], tmp_path / "report", date(2026, 3, 2))
    with (tmp_path / "report/learners.csv").open(newline="") as file:
        assert {row["last_name"] for row in csv.DictReader(file)} == {"'=1+1"}


@pytest.fixture(scope="module")
def classroom(tmp_path_factory) -> Path:
    """Ada is right, grace squares and has a progress file, linus has not handed in."""
    folder = tmp_path_factory.mktemp("report")
    before = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(CLONE), before])
    classroom = folder / "class"
    report(
        "create", classroom,
        "--roster", write_roster(folder), "--curriculum", write_curriculum(folder),
    )  # fmt: skip
    answers = {"double": DOUBLE, "total": TOTAL, "why": "Because."}
    hand_in(classroom, "ada", answered(classroom, answers))
    answers["double"] = "def double(x):\n    return x**2"
    submitted = hand_in(classroom, "grace", answered(classroom, answers))
    submitted.with_name("progress.json").write_text(json.dumps(progress()))
    report("grade", classroom, "small_sums", "--workers", "1")
    yield classroom
    os.environ["PYTHONPATH"] = before


# Question, right, minute. Of the four before minute 10, two are right at first.
QUIZ = ((1, 1, 0), (2, 0, 1), (2, 1, 2), (3, 1, 3), (4, 0, 4), (5, 1, 50))


def progress() -> dict[str, object]:
    rows = [("double", "wrong", minute) for minute in (10, 12, 14)]
    rows += [("total", "wrong", 20), ("total", "right", 24)]
    attempts = [
        {
            "at": f"2026-03-02T18:{minute:02}:00+00:00", "module": "basics/07_small_sums",
            "exercise": exercise, "status": status,
            "diagnosis": "squared" if exercise == "double" else None,
            "points": float(status == "right"), "max_points": 1,
        }
        for exercise, status, minute in rows
    ]  # fmt: skip
    answers = [
        {
            "at": f"2026-03-02T18:{minute:02}:00+00:00", "module": "basics/07_small_sums",
            "question": f"quiz {question}", "choice": "a", "is_right": right,
        }
        for question, right, minute in QUIZ
    ]  # fmt: skip
    return {"format": "lepton-progress", "version": 1, "attempts": attempts, "answers": answers}


def report(*arguments: object, code: int = 0) -> str:
    done = CliRunner().invoke(class_app, [str(argument) for argument in arguments])
    assert done.exit_code == code, done.output
    return done.output


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_graded_class_has_its_report(classroom, tmp_path):
    written = report("report", classroom, "small_sums", "--to", tmp_path).split()
    assert [Path(path).name for path in written] == [
        "report.html", "learners.csv", "exercises.csv", "misconceptions.csv", "survey.csv",
    ]  # fmt: skip
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert "2 of 3 have points" in page.text
    assert "2 wait for a grade by hand" in page.text
    assert "You squared the numbers; add them to themselves." in page.text
    assert re.search(r"A sum 1 1 2 4 min", page.text), "tries and time to the first right answer"
    stuck = "Grace Hopper Compilers Twice as much, 3 tries: You squared"
    assert stuck in page.text

    [held] = rows(tmp_path / "misconceptions.csv")
    assert (held["misconception"], held["learners"], held["who"]) == ("squared", "1", "grace")
    found = {row["id"]: row for row in rows(tmp_path / "learners.csv")}
    assert (found["ada"]["team"], found["ada"]["score"]) == ("Engines, Analytical", "5.0")
    assert found["grace"]["opening_quiz_percent"] == "50.0"
    assert (found["linus"]["status"], found["linus"]["score"]) == ("not handed in", "0.0")
    facility = {row["exercise"]: row["facility"] for row in rows(tmp_path / "exercises.csv")}
    assert facility == {"double": "0.5", "total": "1.0", "why": ""}


def test_an_opening_quiz_that_was_held_elsewhere_counts(classroom, tmp_path):
    quiz = tmp_path / "quiz.csv"
    quiz.write_text("id,percent\nada,20\ngrace,40\n")
    report("report", classroom, "small_sums", "--to", tmp_path / "out", "--opening", quiz)
    found = {row["id"]: row for row in rows(tmp_path / "out/learners.csv")}
    assert found["grace"]["opening_quiz_percent"] == "40.0"
    quiz.write_text("id,percent\nada,20\ngrace,140\n")
    told = report("report", classroom, "small_sums", "--opening", quiz, code=1)
    assert "line 3: 140 is not from 0 to 100" in told


def test_without_an_assignment_all_that_are_graded_are_on_the_page(classroom):
    assert str(classroom / "report/report.html") in report("report", classroom)


def test_a_report_can_do_without_the_survey(classroom, tmp_path):
    report("report", classroom, "small_sums", "--to", tmp_path / "with")
    assert "What to teach next" in (tmp_path / "with/report.html").read_text()
    report("report", classroom, "small_sums", "--to", tmp_path / "without", "--no-survey")
    page = (tmp_path / "without/report.html").read_text()
    assert "What to teach next" not in page and "What learners say" not in page


def test_needs_are_of_the_whole_class_in_the_report_of_one_assignment(
    classroom, tmp_path, monkeypatch
):
    """Else the reports of two assignments would differ by what a few people answered."""
    copy = shutil.copytree(classroom, tmp_path / "class")
    manifest = open_classroom(copy).manifest()
    replace(manifest, modules={**manifest.modules, "later": "basics/08_later"}).write(
        open_classroom(copy).manifest_file
    )
    module = SurveyedModule("basics/07_small_sums", "Small sums", 0)
    answers = [
        {"at": "2026-03-02T18:00:00+00:00", "module": module.id, "question": question,
         "answer": "2", "is_shared": 1}
        for question in ("known", "wanted")
    ]  # fmt: skip
    for student, assignment in (("grace", "small_sums"), ("linus", "later")):
        folder = copy / "submitted" / student / assignment
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "progress.json").write_text(json.dumps({**progress(), "survey": answers}))
    monkeypatch.setattr(data, "graded_assignments", lambda _: ["small_sums", "later"])
    monkeypatch.setattr(data, "surveyed_modules", lambda _: (module,))
    monkeypatch.setattr(survey_sums, "FEWEST_PEOPLE", 1)
    report("report", copy, "small_sums", "--to", tmp_path / "out")
    found = {row["team"]: row["people"] for row in rows(tmp_path / "out/survey.csv")}
    assert found == {"The whole class": "2", "Compilers": "1", "no team": "1"}


def test_an_unknown_assignment_is_told(classroom):
    assert "no assignment 'nothing'" in report("report", classroom, "nothing", code=1)


def test_a_damaged_progress_file_is_told(classroom, tmp_path):
    path = classroom / "progress" / "ada.json"
    path.parent.mkdir()
    path.write_text("{}")
    report("report", classroom, "small_sums", "--to", tmp_path)
    assert "The progress file of ada was not read" in (tmp_path / "report.html").read_text()
    path.unlink()
