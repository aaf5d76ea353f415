"""The survey in the class report: sums by team, of five people or more, and what to teach next."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from autograder.classroom.roster import Student
from autograder.report.data import AssignmentData, Item, Learner
from autograder.report.html_page import to_html, write_report
from autograder.report.summary import needs_of, summarise
from autograder.report.survey_sums import (
    EVERYBODY,
    OTHERS,
    Need,
    SurveyedModule,
    by_group,
    teach_next,
)
from lepton_course.progress.schema import SurveyAnswer
from lepton_course.survey.asked import FEWEST_PEOPLE

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SUMS, NETS, CHAT = (
    SurveyedModule("basics/07_small_sums", "Small sums", 2),
    SurveyedModule("basics/08_nets", "Nets", 2, ("basics/07_small_sums",)),
    SurveyedModule("advanced/01_chat", "Chat", 2, ("basics/08_nets",)),
)


def teams(**sizes: int) -> list[tuple[str, int]]:
    """People of teams of these sizes; each has a number of their own."""
    return [(team, number) for team, size in sizes.items() for number in range(size)]


def shown(**sizes: int) -> dict[str, int]:
    return {group: len(people) for group, people in by_group(teams(**sizes)).items()}


def test_a_team_is_shown_from_five_people_on():
    assert FEWEST_PEOPLE == 5
    assert shown(A=5) == {EVERYBODY: 5, "A": 5}
    assert shown(A=4) == {}


def test_small_teams_are_counted_together():
    assert shown(A=6, B=3, C=2) == {EVERYBODY: 11, "A": 6, OTHERS: 5}
    assert shown(A=4, B=3) == {EVERYBODY: 7}


@pytest.mark.parametrize("small", [1, 2, 3, 4])
def test_no_difference_of_two_sums_is_about_fewer_than_five(small):
    """Whoever is shown nowhere is not in the class's sum either: it less the teams is nobody."""
    assert shown(A=5, B=7, C=small) == {EVERYBODY: 12, "A": 5, "B": 7}


def test_a_team_named_like_a_sum_is_told_apart_from_it():
    assert shown(**{EVERYBODY: 5, OTHERS: 6, "B": 7, "C": 3, "D": 2}) == {
        EVERYBODY: 23, "B": 7, f"{OTHERS} (a team)": 6, f"{EVERYBODY} (a team)": 5, OTHERS: 5,
    }  # fmt: skip


def need(known: float, wanted: float) -> Need:
    return Need(5, known, wanted, (1 - known) * wanted)


def test_teach_next_what_is_missing_and_wanted_most():
    needs = {SUMS.id: need(0.9, 1.0), NETS.id: need(0.6, 0.9), CHAT.id: need(0.5, 0.4)}
    found = teach_next([SUMS, NETS, CHAT], needs)
    assert (found.module, found.instead_of) == (NETS, None)


def test_a_prerequisite_that_a_group_lacks_is_taught_first():
    needs = {SUMS.id: need(0.1, 0.2), NETS.id: need(0.4, 0.1), CHAT.id: need(0.0, 1.0)}
    found = teach_next([SUMS, NETS, CHAT], needs)
    assert (found.module, found.instead_of) == (SUMS, CHAT)


def test_modules_in_a_circle_end():
    one = SurveyedModule("a", "A", 0, ("b",))
    two = SurveyedModule("b", "B", 0, ("a",))
    assert teach_next([one, two], {"a": need(0, 1), "b": need(0, 0.5)}).module == two


def test_nothing_is_taught_that_nobody_wants():
    assert teach_next([SUMS], {SUMS.id: need(0.0, 0.0)}) is None
    assert teach_next([SUMS], {SUMS.id: None}) is None


def says(module: str, share: bool = True, **answers: object) -> tuple[SurveyAnswer, ...]:
    """One learner's answers: known=2, placement_1="right", unclear="the axis", …"""
    return tuple(
        SurveyAnswer(NOW, module, question.replace("_", " "), str(answer), share)
        for question, answer in answers.items()
    )


def learner(number: int, team: str, *answers: SurveyAnswer) -> Learner:
    student = Student(f"s{number}", f"First{number}", f"Last{number}", "", team)
    return Learner(student, "graded", 2.0, 0.0, {"double": 2.0}, survey=answers)


def class_of(*learners: Learner, module: str = SUMS.id) -> AssignmentData:
    return AssignmentData(
        "small_sums", (Item("double", "Twice", 2, False),), learners, (), (), module
    )


AFTER = [(5, "right"), (4, "fast"), (4, "fast"), (3, "right"), (2, "slow")]


def answered(count: int, team: str = "A", first: int = 0, **more: object) -> list[Learner]:
    """So many people of a team, who know nothing of Nets, want it, and say how Sums was."""
    return [
        learner(
            first + n, team,
            *says(NETS.id, known=0, wanted=2),
            *says(SUMS.id, useful=AFTER[n % 5][0], pace=AFTER[n % 5][1], **more),
        )
        for n in range(count)
    ]  # fmt: skip


def page_of(data: AssignmentData) -> str:
    needs = needs_of([data], [SUMS, NETS, CHAT], [SUMS.id])
    html = to_html("Course", [summarise(data)], date(2026, 3, 2), needs)
    return " ".join(html.split())


def test_five_of_a_team_are_summed_up():
    data = class_of(*answered(5))
    summary = summarise(data)
    assert list(summary.receptions) == [EVERYBODY, "A"]
    said = summary.receptions["A"]
    assert (said.people, said.useful, said.slow, said.right, said.fast) == (5, 3.6, 1, 2, 2)
    needs = needs_of([data], [SUMS, NETS, CHAT], [SUMS.id])
    assert needs.needs[NETS.id, "A"] == Need(5, 0.0, 1.0, 1.0)
    assert needs.next["A"].module == NETS
    page = page_of(data)
    assert "<b>Nets</b>" in page
    assert "0 % · 100 % · 5</span>" in page


def test_four_of_a_team_are_shown_nowhere():
    data = class_of(*answered(4, unclear="only I would say this"))
    assert summarise(data).receptions == {}
    page = page_of(data)
    assert "only I would say this" not in page
    assert page.count("Not known: fewer than 5 people of a team") == 2


def test_who_has_said_half_is_not_counted():
    half = learner(9, "A", *says(SUMS.id, useful=5), *says(NETS.id, wanted=2))
    data = class_of(*answered(4), half)
    assert summarise(data).receptions == {}
    assert needs_of([data], [NETS], [SUMS.id]).groups == ()


def test_what_the_class_was_graded_in_is_not_taught_next():
    wanted = [replace(person, survey=(*person.survey, *says(SUMS.id, known=0, wanted=2)))
              for person in answered(5)]  # fmt: skip
    needs = needs_of([class_of(*wanted)], [SUMS, NETS], [SUMS.id])
    assert needs.needs[SUMS.id, "A"].need == 1
    assert needs.next["A"].module == NETS


def test_answers_in_several_files_of_one_person_count_once():
    first, second = class_of(*answered(5)), class_of(*answered(5), module="basics/09_other")
    assert needs_of([first, second], [NETS], [SUMS.id]).needs[NETS.id, "A"].people == 5
    assert needs_of([first, second], [NETS], [SUMS.id]).people == 5


def test_texts_are_shown_without_names_in_alphabetical_order():
    learners = answered(5)
    texts = ["why the mean", "Axes", "", "", ""]
    said = [
        replace(person, survey=(*person.survey, *says(SUMS.id, unclear=text)))
        for person, text in zip(learners, texts, strict=True)
    ]
    mine = says(SUMS.id, share=False, unclear="for me alone")
    said[4] = replace(said[4], survey=(*said[4].survey, *mine))
    page = page_of(class_of(*said))
    assert "<li>Axes</li><li>why the mean</li>" in page
    assert "for me alone" not in page


def test_answers_about_no_module_of_the_course_are_nobodys():
    stranger = learner(9, "A", *says("basics/99_made_up", known=0, wanted=2, useful=5, pace="slow"))
    needs = needs_of([class_of(*answered(5), stranger)], [SUMS, NETS, CHAT], [SUMS.id])
    assert needs.people == 5
    assert needs.needs[NETS.id, "A"].people == 5


def test_the_order_of_texts_tells_nothing_of_the_roster():
    first, second = (
        [replace(person, survey=(*person.survey, *says(SUMS.id, unclear=text)))
         for person, text in zip(answered(5), texts, strict=True)]
        for texts in (["AXES", "axes", "", "", ""], ["axes", "AXES", "", "", ""])
    )  # fmt: skip
    assert summarise(class_of(*first)).unclear == summarise(class_of(*second)).unclear


HOSTILE = "<script>alert(1)</script>\0\u202e" + "=1+1" * 1000


def test_hostile_answers_are_text_or_nothing(tmp_path):
    forged = (
        *says(SUMS.id, useful="99999999", pace=HOSTILE, unclear=HOSTILE),
        *says(HOSTILE, known=3, wanted=2),
        *says(NETS.id, known="-1", wanted="2e9", placement_1="right" * 1000),
    )
    data = class_of(*answered(5, team="=A1"), learner(6, "=A1", *forged))
    summary = summarise(data)
    assert summary.receptions["=A1"].people == 5
    page = page_of(data)
    assert "<script" not in page and "\0" not in page and "\u202e" not in page
    assert len(summary.unclear[0]) <= 500
    write_report(
        "Course", [summary], tmp_path / "out", date(2026, 3, 2), needs_of([data], [NETS], [SUMS.id])
    )
    with (tmp_path / "out/survey.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    assert {row["team"] for row in found} == {EVERYBODY, "'=A1"}
    assert {row["people"] for row in found} == {"5"}
    assert HOSTILE[:20] not in (tmp_path / "out/survey.csv").read_text()
