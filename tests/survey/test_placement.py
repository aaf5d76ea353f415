"""What answers to the survey mean: what a learner knows, where to begin, what may be skipped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lepton_course.progress.schema import SurveyAnswer
from lepton_course.survey.asked import MOST_CHARACTERS, shared_text, tidy, valid_answers
from lepton_course.survey.placement import Suggestion, knowledge, load_placement, suggest

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
QUESTIONS = {"basics/01_a": 3, "basics/02_b": 2, "basics/03_c": 0}


def said(*answers: tuple[str, str, str]) -> list[SurveyAnswer]:
    """Answers a minute apart: module, question, answer."""
    return [
        SurveyAnswer(MONDAY + minute * timedelta(minutes=1), *answer, True)
        for minute, answer in enumerate(answers)
    ]


def placed(module: str, *outcomes: str) -> list[tuple[str, str, str]]:
    """A learner who says that they have used a module's subject, and answers its questions."""
    answers = [(module, f"placement {n}", outcome) for n, outcome in enumerate(outcomes, start=1)]
    return [(module, "known", "2"), *answers]


@pytest.mark.parametrize(
    ("answers", "known"),
    [
        ([], None),  # not asked yet
        ([("m", "wanted", "2")], None),
        ([("m", "known", "0")], 0),  # new to them: no questions
        ([("m", "known", "1")], 0),
        ([("m", "known", "3")], None),  # they say that they know it, and have not shown it yet
        (placed("m", "right", "wrong", "unsure"), 1 / 3),
        (placed("m", "right"), 1 / 3),  # what was left out is not known
        (placed("m", "right", "right", "right"), 1),
    ],
)
def test_what_a_learner_knows_of_a_module_of_three_questions(answers, known):
    assert knowledge(valid_answers(said(*answers)), "m", 3) == known


def test_a_module_without_questions_goes_by_the_self_estimate():
    assert knowledge(valid_answers(said(("m", "known", "2"))), "m", 0) == pytest.approx(2 / 3)


def test_the_first_answer_to_a_question_counts_and_the_last_one_to_a_scale():
    answers = valid_answers(
        said(
            ("m", "placement 1", "wrong"), ("m", "placement 1", "right"),
            ("m", "wanted", "0"), ("m", "wanted", "2"),
        )
    )  # fmt: skip
    assert answers == {("m", "placement 1"): "wrong", ("m", "wanted"): "2"}


def test_what_is_on_no_scale_is_no_answer():
    rows = said(("m", "useful", "6"), ("m", "pace", ""), ("m", "other", "1"), ("m", "known", "٣"))
    assert valid_answers(rows) == {}


def test_who_knows_a_module_begins_with_the_next_one():
    first, second = placed("basics/01_a", *["right"] * 3), placed("basics/02_b", "right", "wrong")
    assert suggest(said(*first, *second), QUESTIONS) == Suggestion("basics/02_b", ("basics/01_a",))


def test_without_an_answer_nothing_is_suggested():
    assert suggest([], QUESTIONS) is None
    assert suggest(said(("basics/01_a", "wanted", "2")), QUESTIONS) is None


def test_a_self_estimate_alone_lets_nobody_skip():
    said_so = said(("basics/03_c", "known", "3"), ("basics/01_a", "known", "0"))
    assert suggest(said_so, QUESTIONS) == Suggestion("basics/01_a")


def test_a_text_leaves_only_while_it_is_shared():
    mine = SurveyAnswer(MONDAY, "m", "unclear", "the axis", False)
    shared = SurveyAnswer(MONDAY, "m", "unclear", "the axis", True)
    assert shared_text([mine], "m") == ""
    assert shared_text([mine, shared], "m") == "the axis"
    assert shared_text([shared, mine], "m") == "", "taken back"
    assert shared_text([shared], "another") == ""


def test_a_text_is_one_line_of_printable_characters():
    assert tidy("a\n\n b\t\0c \u202egnp.exe ") == "a b c gnp.exe"
    assert len(tidy("x " * 10**6)) <= MOST_CHARACTERS


def test_marks_do_not_pile_up_over_the_lines_above():
    assert tidy("a" + "\u0301" * 400 + "b") == "a" + "\u0301" * 4 + "b"
    vietnamese = "Vie\u0323\u0302t"
    assert tidy(vietnamese) == vietnamese


def test_questions_are_read_from_a_plan_and_from_a_built_module(tmp_path, built_curriculum):
    (tmp_path / "module.yml").write_text(
        "placement:\n  - ask: Which is even?\n    choices:\n"
        '      "3": No. Half of it is 1.5.\n      "4": Right. Half of it is 2.\n'
    )
    [question] = load_placement(tmp_path)
    assert [(c.text, c.is_right) for c in question.choices] == [("3", False), ("4", True)]
    built = load_placement(built_curriculum / "basics/05_convolutional_networks")
    assert len(built) == 3
    assert load_placement(tmp_path / "nowhere") == ()
