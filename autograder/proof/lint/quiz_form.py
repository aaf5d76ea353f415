"""Checks of a quiz: every choice is explained, and letter or length do not betray the right one."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterator, Sequence

from autograder.proof.lint.notebook_form import Complaint
from lepton_course.checks.quiz_questions import QuizQuestion, parse_quiz

QUESTIONS = range(4, 8)
PLACEMENT_QUESTIONS = range(2, 4)
SLACK = 15
"""Characters by which a choice may be longer than twice the shortest."""


def quiz_complaints(quiz: str) -> Iterator[Complaint]:
    """Yield complaints about the Markdown of a lesson's quiz."""
    questions = parse_quiz(quiz)
    where = "lesson.ipynb, Quiz"
    if len(questions) not in QUESTIONS:
        yield Complaint(where, f"has {len(questions)} questions", "About five: **1. …** **2. …**")
    form = (
        "Give each choice as <details><summary>choice</summary>Right. Why…</details>; "
        "one explanation begins with `Right`."
    )
    yield from _choices(questions, where, form)
    yield from _spread(questions, where)


def placement_complaints(
    questions: Sequence[QuizQuestion], quiz: Sequence[QuizQuestion]
) -> Iterator[Complaint]:
    """Yield complaints about a module's placement questions. quiz: the questions of its lesson."""
    where = "module.yml, placement"
    if len(questions) not in PLACEMENT_QUESTIONS:
        yield Complaint(
            where,
            f"has {len(questions)} questions",
            "Two or three that tell who may skip the module: `- ask: …` and `choices:`.",
            "placement",
        )
    form = 'Write each choice as `"24": Right. Because …`; one explanation begins with `Right`.'
    yield from _choices(questions, where, form)
    yield from _spread(questions, where)
    asked = {_words(question.text) for question in quiz}
    for question in questions:
        if _words(question.text) in asked:
            yield Complaint(
                f"{where}, question {question.number}",
                "is a question of the lesson's quiz",
                "Ask another one: who was told the answer here would know it there.",
            )


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _choices(questions: Sequence[QuizQuestion], where: str, form: str) -> Iterator[Complaint]:
    """Yield complaints about choices that are missing or not explained. form: how to write them."""
    for question in questions:
        choices = question.choices
        right = sum(choice.is_right for choice in choices)
        if len(choices) < 2 or right != 1 or not all(len(c.explanation) > 15 for c in choices):
            yield Complaint(
                f"{where}, question {question.number}",
                f"has {len(choices)} explained choices, {right} of them right",
                form,
            )


def _spread(questions: Sequence[QuizQuestion], where: str) -> Iterator[Complaint]:
    """Yield complaints about right choices that can be guessed by their letter or length."""
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
