"""Read and show a lesson's quiz, whose every choice has an explanation.

A quiz is written in the lesson's Markdown, where it can be read without running anything:

    **1. Which of these is even?**

    <details><summary>3</summary>No. Half of it is 1.5.</details>
    <details><summary>4</summary>Right. Half of it is 2.</details>

The explanation of a right choice begins with the word "Right".

In the learner's notebook a cell asks the same questions: with buttons for a person at the keyboard,
as text otherwise. Either way, the answers are recorded as progress.
"""

from __future__ import annotations

import html
import json
import re
import string
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from lepton_course.checks.code_marks import mark_code, text_to_html

FILE = "quiz.json"
"""Name of the compiled quiz, beside a module's compiled checks."""

HEADING = "## Quiz"

_QUESTION = re.compile(r"^\*\*(\d+)\.\s*(.*?)\*\*\s*$", re.MULTILINE | re.DOTALL)
_CHOICE = re.compile(r"<details>\s*<summary>(.*?)</summary>\s*(.*?)</details>", re.DOTALL)
_RIGHT = re.compile(r"\s*Right\b")


@dataclass(frozen=True)
class QuizChoice:
    """One choice, as plain text, with the reason why it is right or wrong."""

    text: str
    explanation: str
    is_right: bool


@dataclass(frozen=True)
class QuizQuestion:
    """A question with its choices, named a, b, c, … in order; `text` may hold `code`."""

    number: int
    text: str
    choices: tuple[QuizChoice, ...]

    def choice(self, letter: str) -> QuizChoice:
        """Return the choice with that letter.

        Raises LookupError, listing the letters that exist, for any other.
        """
        letters = string.ascii_lowercase[: len(self.choices)]
        if len(letter) != 1 or letter not in letters:
            raise LookupError(
                f"Question {self.number} has the choices {', '.join(letters)}, not {letter!r}."
            )
        return self.choices[letters.index(letter)]


def parse_quiz(markdown: str) -> tuple[QuizQuestion, ...]:
    """Return the questions in a Markdown text."""
    found = list(_QUESTION.finditer(markdown))
    ends = [*(match.start() for match in found[1:]), len(markdown)][: len(found)]
    return tuple(
        question_from(
            int(match[1]),
            match[2],
            [
                (_plain(summary), _plain(body))
                for summary, body in _CHOICE.findall(markdown[match.end() : end])
            ],
        )
        for match, end in zip(found, ends, strict=True)
    )


def question_from(number: int, text: str, choices: Iterable[tuple[str, str]]) -> QuizQuestion:
    """Return a question. choices: each choice's text with its explanation, in order."""
    return QuizQuestion(
        number,
        " ".join(text.split()),
        tuple(
            QuizChoice(" ".join(said.split()), " ".join(why.split()), _RIGHT.match(why) is not None)
            for said, why in choices
        ),
    )


def quiz_to_json(questions: Sequence[QuizQuestion]) -> str:
    """Return the questions as JSON."""
    return json.dumps([asdict(question) for question in questions], indent=1, ensure_ascii=False)


def load_quiz(source: Path | None) -> tuple[QuizQuestion, ...]:
    """Load a module's quiz from where its checks are: a `checks.npz`, or its folder in a clone."""
    if source is None:
        return ()
    if source.is_dir():
        cells = json.loads((source / "lesson.ipynb").read_text(encoding="utf-8"))["cells"]
        texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
        return parse_quiz("\n\n".join(text for text in texts if text.startswith(HEADING)))
    path = source.with_name(FILE)
    return questions_from_json(path.read_text(encoding="utf-8")) if path.is_file() else ()


def questions_from_json(text: str) -> tuple[QuizQuestion, ...]:
    """Return the questions that `quiz_to_json` wrote."""
    return tuple(
        QuizQuestion(
            entry["number"],
            entry["text"],
            tuple(QuizChoice(**choice) for choice in entry["choices"]),
        )
        for entry in json.loads(text)
    )


def fallback(questions: Sequence[QuizQuestion]) -> dict[str, str]:
    """Return the quiz for front ends without widgets, as Markdown and as plain text."""
    return {"text/markdown": quiz_markdown(questions), "text/plain": quiz_text(questions)}


def show_fallback(questions: Sequence[QuizQuestion]) -> None:
    """Show the quiz without widgets."""
    from IPython.core.getipython import get_ipython
    from IPython.display import display

    if get_ipython() is None:
        print(quiz_text(questions))
    else:
        display(fallback(questions), raw=True)


def quiz_markdown(questions: Sequence[QuizQuestion]) -> str:
    """Return the questions as Markdown in which each choice opens to its explanation."""
    parts = [_HOW]
    for question in questions:
        parts.append(f"**{question.number}. {question.text}**")
        parts.append(_choices(question))
    return "\n\n".join(parts)


def quiz_html(questions: Sequence[QuizQuestion]) -> str:
    """Return the questions as HTML in which each choice opens to its explanation."""
    parts = [f"<p>{_HOW}</p>"]
    for question in questions:
        parts.append(f"<p><b>{question.number}. {text_to_html(question.text)}</b></p>")
        parts.append(_choices(question))
    return "\n".join(parts)


_HOW = "Choose an answer and open it to see whether it is right, and why."


def _choices(question: QuizQuestion) -> str:
    opened = "\n".join(
        f"<details><summary>{letter}) {text_to_html(mark_code(choice.text))}</summary>"
        f"{text_to_html(mark_code(choice.explanation))}</details>"
        for letter, choice in _lettered(question)
    )
    return f'<div style="margin-bottom: 1.2em">\n{opened}\n</div>'


def quiz_text(questions: Sequence[QuizQuestion]) -> str:
    """Return the questions and choices as plain text, with a line on how to answer."""
    lines = []
    for question in questions:
        lines.append(f"{question.number}. {question.text}")
        lines += [f"   {letter}) {choice.text}" for letter, choice in _lettered(question)]
    lines.append('Answer with a number and a letter: quiz(1, "a")')
    return "\n".join(lines)


def _lettered(question: QuizQuestion) -> list[tuple[str, QuizChoice]]:
    return list(zip(string.ascii_lowercase, question.choices, strict=False))


def _plain(text: str) -> str:
    return html.unescape(" ".join(text.split()))
