"""Checks of a module's placement questions: like a quiz's, and not the quiz's own."""

from __future__ import annotations

import pytest

from autograder.proof.lint.quiz_form import placement_complaints
from lepton_course.checks.quiz_questions import QuizQuestion, question_from
from lepton_course.survey.placement import placement_problems

WHY = ["Right. It is what was asked for.", "No. That is something else.", "No. Nor is this it."]


def question(number: int, right: str = "a", texts=("one", "two", "six"), ask="") -> QuizQuestion:
    place = "abc".index(right)
    whys = [*WHY[1 : place + 1], WHY[0], *WHY[place + 1 :]]
    choices = zip(texts, whys, strict=True)
    return question_from(number, ask or f"Question {number}, which?", choices)


GOOD = (question(1, "a"), question(2, "b"), question(3, "c"))


def complaints(*questions: QuizQuestion, quiz=()) -> list[str]:
    return [str(found) for found in placement_complaints(questions, quiz)]


def test_three_good_questions_pass():
    assert complaints(*GOOD) == []


@pytest.mark.parametrize(
    ("questions", "said"),
    [
        ([], "has 0 questions"),
        (GOOD[:1], "has 1 questions"),
        ([question(n, "abcc"[n - 1]) for n in range(1, 5)], "has 4 questions"),
        ([question(1, "a"), question(2, "a")], "has 2 of 2 right answers at a"),
        ([question(1), question(2, "b", ("x", "y" * 40, "z"))], "has choices of 1 to 40"),
        (
            [question(1, "a", ("long", "two", "six")), question(2, "b", ("one", "long", "six"))],
            "right answer as its longest choice in 2 of 2",
        ),
        (
            [
                GOOD[0],
                question_from(2, "Which?", [("a", "No. It is not."), ("b", "Nor this one.")]),
            ],
            "question 2 has 2 explained choices, 0 of them right",
        ),
    ],
)
def test_a_fault_is_complained_of(questions, said):
    assert any(said in complaint for complaint in complaints(*questions))


def test_a_question_of_the_quiz_is_not_asked_before_the_course():
    quiz = [question(4, ask="Question  1: WHICH?")]
    assert any(
        "is a question of the lesson's quiz" in said for said in complaints(*GOOD, quiz=quiz)
    )


def test_a_module_may_postpone_its_questions():
    [complaint] = placement_complaints([], [])
    assert complaint.check == "placement"


@pytest.mark.parametrize(
    "entries",
    [
        "Which?",
        [{"ask": "Which?"}],
        [{"ask": "Which?", "choices": ["a", "b"]}],
        [{"ask": "Which?", "choices": {3: "No. It is odd."}}],  # 3 without quotes is no text
        [{"ask": "Which?", "choices": {"3": "No."}, "answer": "3"}],
    ],
)
def test_another_form_is_refused_with_what_to_write(entries):
    [mend] = placement_problems(entries)
    assert mend.startswith("write a list of `- ask: …` and `choices:`")
