"""Show the result of a check as a panel: HTML for notebooks, the same words as plain text.

The HTML takes text and background colours from the page around it, to suit light and dark themes,
and uses only inline styles, which survive the sanitising of an untrusted notebook.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

from lepton_course.checks.figures import Exhibit, exhibit
from lepton_course.checks.messages import (
    describe,
    diagnosis_in_words,
    differences_in_words,
)
from lepton_course.exercises.case import Case
from lepton_course.exercises.judge import PartResult, Verdict
from lepton_course.exercises.model import Question
from lepton_course.exercises.probes import Observation, Value

_LOOKS = {  # accent colour (Okabe-Ito palette), sign
    "right": ("#009E73", "✓"),
    "wrong": ("#D55E00", "✗"),
    "error": ("#D55E00", "✗"),
    "blank": ("#0072B2", "○"),
    "hint": ("#0072B2", "→"),
}

PANEL_KEY = "lepton_panel"
"""Key of an output's metadata under which the panel's look is stored."""

STAGES = ("nudge", "method", "answer")
FAILURES_BEFORE_COMPARING = 3
"""After this many consecutive failures a check offers to show the expected result."""

# JupyterLab opens a notebook at its top and forgets the heading; asked again, it goes there.
_AGAIN = "event.isTrusted&&document.querySelector('#jp-main-dock-panel')&&" + (
    "setTimeout(()=>this.click(),2000)"
)


class Line(NamedTuple):
    """A line of a panel. label: set apart before the text. link: the address the text links to."""

    label: str
    text: str
    link: str = ""
    is_code: bool = False


@dataclass(frozen=True)
class Panel:
    """A headline, lines of text and, below them, a figure."""

    look: str
    headline: str
    lines: tuple[Line, ...] = ()
    figure: Exhibit | None = None

    def __repr__(self) -> str:
        sign = _LOOKS[self.look][1]
        lines = [f"{line.label}: {line.text}" if line.label else line.text for line in self.lines]
        if self.figure:
            lines += self.figure.text.splitlines()
        return "\n".join([f"{sign} {self.headline}", *(f"  {line}" for line in lines)])

    def _repr_html_(self) -> str:
        colour, sign = _LOOKS[self.look]
        rows = "".join(map(_row, self.lines))
        figure = self.figure.html if self.figure else ""
        return (
            f'<div role="status" style="border:1px solid rgba(128,128,128,.35);'
            f"border-left:5px solid {colour};padding:6px 12px;margin:4px 0;"
            'line-height:1.5;max-width:60em;overflow-wrap:anywhere">'
            f'<div><strong><span style="color:{colour}" aria-hidden="true">{sign}</span> '
            f"{text_to_html(self.headline)}</strong></div>{rows}{figure}</div>"
        )


def _row(line: Line) -> str:
    if line.is_code:
        style = "margin:4px 0;padding:4px 8px;white-space:pre-wrap"
        return f'<pre style="{style}">{escape(line.text)}</pre>'
    body = text_to_html(line.text).replace("\n", "<br>")
    if line.link:
        body = f'<a href="{escape(line.link)}" onclick="{_AGAIN}">{body}</a>'
    head = f"<em>{escape(line.label)}:</em> " if line.label else ""
    return f"<div>{head}{body}</div>"


def verdict_panel(
    question: Question,
    verdict: Verdict,
    observations: Sequence[Observation] = (),
    *,
    failures: int = 1,
    hints_seen: int = 0,
    compare: bool = False,
) -> Panel:
    """Build the panel that a learner sees after a check.

    observations: of the answer on each case; with them, the failing case is drawn.
    failures: consecutive attempts that were not right, this one included.
    hints_seen: number of hints seen so far.
    compare: also show the expected result.
    """
    if verdict.status == "right":
        return Panel("right", f"{_title(question)} right{_points(verdict)}.")
    if verdict.status == "blank":
        start = (
            f"not answered yet. Write `{question.name}` in the cell above, without any `...`, "
            "and run that cell"
        )
        return Panel(
            "blank",
            f"{_title(question)} {start}.",
            (Line("Stuck", f'hint("{question.name}") gives a first nudge.'),),
        )
    failed = next(part for part in verdict.parts if not part.passed)
    observed = observations[failed.case] if observations and failed.case is not None else None
    lines = [Line(*diagnosis_in_words(question, d, failed.case)) for d in verdict.diagnoses]
    lines += _result_lines(question, failed, compare)
    if len(verdict.parts) > 1:
        lines.append(Line("Parts", ", ".join(_part_sign(part) for part in verdict.parts)))
    read = place_to_read(question, verdict)
    if read:
        lines.append(Line("Read again", read_in_words(read), link_target(read)))
    if question.hints:
        lines.append(Line("Stuck", _hint_offer(question, hints_seen)))
    figure = None
    is_value = isinstance(question.probe, Value)
    if observed is not None and not is_value:
        figure = exhibit(question, failed.case or 0, observed, failed.differences, reveal=compare)
    if failures >= FAILURES_BEFORE_COMPARING and not compare and (figure or is_value):
        offer = f'check("{question.name}", compare=True) shows your result beside the expected one.'
        lines.append(Line("See how it differs", offer))
    headline = f"{_title(question)} not yet{_points(verdict)}."
    return Panel(verdict.status, headline, tuple(lines), figure)


def hint_panel(question: Question, stage: int) -> Panel:
    """Build the panel with the hints up to `stage`, counted from 0; the newest comes last."""
    total = len(question.hints)
    names = [_stage_name(question, s) for s in range(total)]
    lines = []
    for number in range(stage + 1):
        text = question.hints[number]
        if stage:
            lines.append(Line("", f"{number + 1}. {names[number].capitalize()}:"))
        lines.append(Line("", text, is_code=_is_code(text)))
    if stage + 1 < total:
        lines.append(Line("Still stuck", f"run this cell again for the {names[stage + 1]}."))
    headline = f"{_title(question)} hint {stage + 1} of {total} ({names[stage]})"
    return Panel("hint", headline, tuple(lines))


def _is_code(text: str) -> bool:
    """Return whether a hint is lines of Python rather than a sentence."""
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return "\n" in text


def place_to_read(question: Question, verdict: Verdict) -> str:
    """Return where to read again, as `lesson.ipynb#Heading`: the surest mistake's place, if any."""
    of_mistakes = [diagnosis.mistake.read for diagnosis in verdict.diagnoses]
    return next(filter(None, of_mistakes), question.read)


def text_to_html(text: str) -> str:
    """Convert a text that may hold `code` to HTML."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", escape(text))


def link_target(read: str) -> str:
    """Return the link target for `lesson.ipynb#Heading`.

    In a notebook that is not open yet, JupyterLab finds a heading only by this form.
    """
    return read.replace("#", "#heading=", 1)


def read_in_words(read: str) -> str:
    """Return `lesson.ipynb#Convolution-by-hand` as "Convolution by hand (lesson)"."""
    file, _, anchor = read.partition("#")
    stem = file.removesuffix(".ipynb")
    return f"{anchor.replace('-', ' ')} ({stem})" if anchor else stem


def case_lines(names: tuple[str, ...], case: Case) -> list[Line]:
    """Return a case's inputs, one line each; large arrays by shape."""
    named = dict(zip(names, case.args, strict=False)) | dict(case.kwargs)
    if case.x is not None:
        named["x"] = case.x
    return [Line(name, describe(value, limit=400)) for name, value in named.items()]


def _result_lines(question: Question, failed: PartResult, compare: bool) -> list[Line]:
    lines = [Line("Your result", differences_in_words(question, failed.differences))]
    if failed.case is None:
        return lines
    if isinstance(question.probe, Value):
        # A prediction comes before the answer is seen, so the answer is shown only on demand.
        right = question.expected[failed.case].seen["result"]
        return [*lines, *([Line("Expected", describe(right))] if compare else [])]
    case = question.cases[failed.case]
    return [Line("Case", failed.part), *case_lines(question.arguments, case), *lines]


def _hint_offer(question: Question, seen: int) -> str:
    if seen >= len(question.hints):
        return f'hint("{question.name}") shows the hints again.'
    return f'hint("{question.name}") gives the {_stage_name(question, seen)}.'


def _stage_name(question: Question, stage: int) -> str:
    """Name a hint. A graded exercise's last one is a plan: the learner still writes the answer."""
    return "plan" if stage >= 2 and question.points else STAGES[min(stage, 2)]


def _title(question: Question) -> str:
    return question.title + (" –" if question.title.endswith("?") else ":")


def _points(verdict: Verdict) -> str:
    if not verdict.max_points:
        return ""
    return f" ({verdict.points:g} of {verdict.max_points:g} points)"


def _part_sign(part: PartResult) -> str:
    return f"{'✓' if part.passed else '✗'} {part.part}"
