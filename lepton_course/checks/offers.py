"""Decide what a check offers a learner next: a hint, a comparison, another look, the solution.

An offer is data. Where there are widgets it is a button, elsewhere a line with the code to write.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from lepton_course.exercises.judge import Verdict
from lepton_course.exercises.model import Question
from lepton_course.exercises.probes import Value

Kind = Literal["hint", "compare", "look", "again", "solution"]

STAGES = ("nudge", "method", "answer")
FAILURES_BEFORE_COMPARING = 3
"""After this many consecutive failures a check offers to show the expected result."""


@dataclass(frozen=True)
class Offer:
    """Something that a learner may ask for after a check.

    button: what a button says. label, line: what stands in its place where there are no widgets;
    both empty where running the cell again does the same.
    confirm: what the button says when it was pressed once, where it takes two presses.
    """

    kind: Kind
    button: str
    label: str = ""
    line: str = ""
    confirm: str = ""


def offers(
    question: Question,
    verdict: Verdict,
    *,
    failures: int = 1,
    hints_seen: int = 0,
    compare: bool = False,
    can_compare: bool = False,
    part: str | None = None,
) -> tuple[Offer, ...]:
    """Return what a check offers, in the order in which it is shown.

    failures: consecutive attempts that were not right. hints_seen: number of hints seen so far.
    compare, part: what is shown already. can_compare: there is an expected result to show.
    """
    if verdict.status == "right":
        return tuple(_solution(question))
    found = [*_hint(question, hints_seen)]
    if can_compare and not compare and failures >= FAILURES_BEFORE_COMPARING:
        found.append(
            Offer(
                "compare", "Compare with the expected result", "See how it differs",
                f'check("{question.name}", compare=True) shows it beside the expected result.',
            )
        )  # fmt: skip
    other = next_part(verdict, part)
    if other and verdict.status != "blank":
        found.append(
            Offer(
                "look", "Look at another case", "Another case",
                f'check("{question.name}", part="{other}") shows one of “{other}”.',
            )
        )  # fmt: skip
    found.append(Offer("again", "Check again"))
    found += _give_up(question, hints_seen)
    return tuple(found)


def next_part(verdict: Verdict, shown: str | None) -> str | None:
    """Return the wrong part after the one that is shown; None when there is no other one."""
    wrong = [part.part for part in verdict.parts if not part.passed]
    if len(wrong) < 2:
        return None
    place = wrong.index(shown) if shown in wrong else 0
    return wrong[(place + 1) % len(wrong)]


def stage_name(question: Question, stage: int) -> str:
    """Name a hint. A graded exercise's last one is a plan: the learner still writes the answer."""
    return "plan" if stage >= 2 and question.points else STAGES[min(stage, 2)]


def is_code(text: str) -> bool:
    """Return whether a hint is lines of Python, be it with gaps, rather than a sentence."""
    if "\n" not in text:
        return False
    if text.startswith(("def ", "class ")):
        return True
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def ends_in_solution(question: Question) -> bool:
    """Return whether the last hint is the worked solution, or as much of it as a hint tells."""
    return bool(question.solution and question.hints and is_code(question.hints[-1]))


def solution_title(question: Question) -> str:
    """Name what is shown to one who has solved the exercise, or given it up."""
    return "a worked solution" if question.solution else "the way in words"


def _hint(question: Question, seen: int) -> Iterator[Offer]:
    total = len(question.hints)
    last = total - ends_in_solution(question)  # the solution has a button of its own
    if not total:
        return
    if seen >= total:
        line = f'hint("{question.name}") shows the hints again.'
    else:
        line = f'hint("{question.name}") gives the {stage_name(question, seen)}.'
    if seen < last:
        button = f"{'Next hint' if seen else 'Hint'}: {stage_name(question, seen)}"
    else:
        button = "Show the hints again"
    yield Offer("hint", button, "Stuck", line)


def _solution(question: Question) -> Iterator[Offer]:
    if question.hints and not isinstance(question.probe, Value):
        title = solution_title(question)
        line = f"{_in_code(question)} shows {title}."
        yield Offer("solution", f"Show {title}", "Beside your own", line)


def _give_up(question: Question, hints_seen: int) -> Iterator[Offer]:
    if question.hints:
        title = solution_title(question)
        told = 0 < hints_seen < len(question.hints)  # one line is enough before and after
        line = f"{_in_code(question)} shows {title}." if told else ""
        yield Offer("solution", "Give up", "Given up" if line else "", line, f"Yes, show {title}")


def _in_code(question: Question) -> str:
    return f'hint("{question.name}", "solution")'
