"""Ask the lesson's quiz in a notebook and record the answers: `quiz`."""

from __future__ import annotations

from lepton_course import progress
from lepton_course.checks.check import current_session
from lepton_course.checks.panel import Line, Panel
from lepton_course.checks.quiz_questions import QuizQuestion, fallback, load_quiz, show_fallback
from lepton_course.checks.widgets import ask_quiz, show
from lepton_course.progress_bar import is_interactive


def quiz(number: int | None = None, choice: str | None = None) -> None:
    """Show the lesson's quiz, or answer one of its questions.

        quiz()
        quiz(2, "b")

    number: the question, from 1.
    choice: the letter of your answer: "a", "b", …

    `quiz()` shows all questions with a button for each choice. `quiz(2, "b")` answers the second
    question with b and explains why that is right or wrong. Answers are recorded as your progress.
    Raises LookupError for a question or a letter that does not exist, and RuntimeError before
    `begin` was called.
    """
    session = current_session()
    questions = load_quiz(session.source)
    if not questions:
        print(f"{session.module} has no quiz.")
    elif number is not None and choice is not None:
        by_number = {question.number: question for question in questions}
        if number not in by_number:
            raise LookupError(f"The quiz has the questions 1 to {len(questions)}, not {number}.")
        show(answer(session.module, by_number[number], choice))
    elif is_interactive():

        def answered(question: QuizQuestion, letter: str) -> Panel:
            return answer(session.module, question, letter)

        ask_quiz(questions, answered, fallback(questions))
    else:
        show_fallback(questions)


def answer(module: str, question: QuizQuestion, letter: str) -> Panel:
    """Record an answer and explain it."""
    chosen = question.choice(letter)
    progress.record_answer(module, f"quiz {question.number}", letter, chosen.is_right)
    word = "right" if chosen.is_right else "not yet"
    return Panel(
        "right" if chosen.is_right else "wrong",
        f"Question {question.number}: {word}.",
        (
            Line("Your answer", chosen.text, has_code=True),
            Line("Because", chosen.explanation, has_code=True),
        ),
    )
