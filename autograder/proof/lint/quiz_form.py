"""Checks of a quiz: every choice is explained, and letter or length do not betray the right one."""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Iterator, Sequence

from autograder.proof.lint.notebook_form import Complaint
from lepton_course.checks.quiz_questions import QuizQuestion, parse_quiz

QUESTIONS = range(4, 8)
SLACK = 15
"""Characters by which a choice may be longer than twice the shortest."""


def quiz_complaints(quiz: str) -> Iterator[Complaint]:
    """Yield complaints about the Markdown of a lesson's quiz."""
    questions = parse_quiz(quiz)
    if len(questions) not in QUESTIONS:
        yield Complaint(
            "lesson.ipynb, Quiz", f"has {len(questions)} questions", "About five: **1. …** **2. …**"
        )
    for question in questions:
        choices = question.choices
        right = sum(choice.is_right for choice in choices)
        if len(choices) < 2 or right != 1 or not all(len(c.explanation) > 15 for c in choices):
            yield Complaint(
                f"lesson.ipynb, Quiz, question {question.number}",
                f"has {len(choices)} explained choices, {right} of them right",
                "Give each choice as <details><summary>choice</summary>Right. Why…</details>; "
                "one explanation begins with `Right`.",
            )
    yield from _spread(questions)


def _spread(questions: Sequence[QuizQuestion]) -> Iterator[Complaint]:
    """Yield complaints about right choices that can be guessed by their letter or length."""
    where = "lesson.ipynb, Quiz"
    letters = Counter(
        letter
        for question in questions
        for letter, choice in zip(string.ascii_lowercase, question.choices, strict=False)
        if choice.is_right
    )
    for letter, count in letters.items():
        if 2 * count > len(questions):
            yield Complaint(
                where,
                f"has {count} of {len(questions)} right answers at {letter}",
                "Move choices: no letter holds more than half of the right answers.",
                "quiz-letters",
            )
    longest = sum(_right_is_longest(question) for question in questions)
    if 2 * longest > len(questions):
        yield Complaint(
            where,
            f"has the right answer as its longest choice in {longest} of {len(questions)}",
            "Say wrong choices as fully as right ones, or the right ones shorter.",
            "quiz-lengths",
        )
    for question in questions:
        lengths = [len(choice.text) for choice in question.choices]
        if lengths and max(lengths) > 2 * min(lengths) + SLACK:
            yield Complaint(
                f"{where}, question {question.number}",
                f"has choices of {min(lengths)} to {max(lengths)} characters",
                f"Make them alike: the longest at most twice the shortest and {SLACK}.",
                "quiz-lengths",
            )


def _right_is_longest(question: QuizQuestion) -> bool:
    right = max((len(c.text) for c in question.choices if c.is_right), default=0)
    return right > max((len(c.text) for c in question.choices if not c.is_right), default=0)
