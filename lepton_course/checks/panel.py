"""Show the result of a check as a panel: HTML for notebooks, the same words as plain text.

The HTML takes text and background colours from the page around it, to suit light and dark themes,
and uses only inline styles, which survive the sanitising of an untrusted notebook.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import NamedTuple

from lepton_course.checks.code_marks import mark_code, text_to_html
from lepton_course.checks.figures import Exhibit, exhibit
from lepton_course.checks.kernel.time_limit import NOT_RUN
from lepton_course.checks.messages import (
    describe,
    diagnoses_in_words,
    differences_in_words,
)
from lepton_course.checks.offers import Offer, is_code, offers, stage_name
from lepton_course.exercises.case import Case
from lepton_course.exercises.judge import PartResult, Verdict
from lepton_course.exercises.model import Question
from lepton_course.exercises.probes import ELLIPSIS, MISSING, Observation, Value

_LOOKS = {  # accent colour (Okabe-Ito palette), sign
    "right": ("#009E73", "✓"),
    "wrong": ("#D55E00", "✗"),
    "error": ("#D55E00", "✗"),
    "blank": ("#0072B2", "○"),
    "hint": ("#0072B2", "→"),
}

PANEL_KEY = "lepton_panel"
"""Key of an output's metadata under which the panel's look is stored."""

BUTTONS = "lepton-ask"
FALLBACK = "lepton-fallback"
"""Classes of live buttons, and of what stands in their place where there are none."""

USED = "lepton-used"
STATIC = "lepton-static"
"""Classes of buttons that have been pressed and answer themselves, and of the panel before that."""

_KEPT = "You have solved it before, and your progress keeps that: nothing is lost."

_DEAD = "jupyter-widgets-disconnected"
_NEXT = ".jp-OutputArea-child:has(+ .jp-OutputArea-child"

# Without their kernel, buttons are an error text or a broken link: both are hidden, and the panel
# and the lines that say the same in code are seen.
STYLE = f"""<style>
.jp-OutputArea-output.jupyter-widgets:not(:has(*)),
.{BUTTONS}.{_DEAD} {{ display: none !important; }}
{_NEXT} .{BUTTONS}:not(.{_DEAD})) .{FALLBACK}, {_NEXT} .{USED}:not(.{_DEAD})) .{STATIC},
.{BUTTONS} .{FALLBACK} {{ display: none; }}
</style>"""

# JupyterLab opens a notebook at its top and forgets the heading; asked again, it goes there.
_AGAIN = "event.isTrusted&&document.querySelector('#jp-main-dock-panel')&&" + (
    "setTimeout(()=>this.click(),2000)"
)

_TABLE = "border-collapse:collapse;margin:0;width:auto;font-size:inherit"
_CELL = "border:0;background:none;text-align:left;vertical-align:top;white-space:normal" + (
    ";line-height:1.5"
)


class Line(NamedTuple):
    """A row of a panel. label: stands before the text. link: the address the text links to.

    is_code: all of it is code. has_code: it is prose whose code is to be found and set as code.
    """

    label: str
    text: str
    link: str = ""
    is_code: bool = False
    has_code: bool = False


@dataclass(frozen=True)
class Panel:
    """A headline, rows of text and, below them, a figure; then what the learner may ask for."""

    look: str
    headline: str
    lines: tuple[Line, ...] = ()
    figure: Exhibit | None = None
    offers: tuple[Offer, ...] = ()

    @property
    def offer_lines(self) -> tuple[Line, ...]:
        """What is offered, as lines with the code to write."""
        told = (offer for offer in self.offers if offer.line)
        return tuple(Line(offer.label, offer.line, has_code=True) for offer in told)

    def __repr__(self) -> str:
        sign = _LOOKS[self.look][1]
        text = [*map(_text_row, self.lines)]
        if self.figure:
            text += self.figure.text.splitlines()
        text += map(_text_row, self.offer_lines)
        return "\n".join([f"{sign} {self.headline}", *(f"  {line}" for line in text)])

    def _repr_html_(self) -> str:
        colour, sign = _LOOKS[self.look]
        figure = self.figure.html if self.figure else ""
        fallback = _table(self.offer_lines, FALLBACK)
        return (
            '<div role="status" style="border:1px solid rgba(128,128,128,.35);'
            f"border-left:5px solid {colour};padding:6px 12px;margin:4px 0;"
            'line-height:1.5;max-width:60em;overflow-wrap:anywhere">'
            f'<div><strong><span style="color:{colour}" aria-hidden="true">{sign}</span> '
            f"{text_to_html(self.headline)}</strong></div>"
            f"{_table(self.lines)}{figure}{fallback}</div>"
        )


def _text_row(line: Line) -> str:
    return f"{line.label}: {line.text}" if line.label else line.text


def _table(lines: Sequence[Line], class_: str = "") -> str:
    """Return rows as a table of two columns; "" for none."""
    if not lines:
        return ""
    rows = "".join(map(_row, lines))
    named = f' class="{class_}"' if class_ else ""
    return f'<table{named} style="{_TABLE}"><tbody style="background:none">{rows}</tbody></table>'


def _row(line: Line) -> str:
    if line.is_code:
        style = "margin:4px 0;padding:4px 8px;white-space:pre-wrap"
        body = f'<pre style="{style}">{escape(line.text)}</pre>'
    else:
        text = mark_code(line.text) if line.has_code else line.text
        body = text_to_html(text).replace("\n", "<br>")
        body = re.sub("([✓✗–]) (?=\\w)", r"\1&nbsp;", body)  # a sign stays with its word
    if line.link:
        body = f'<a href="{escape(line.link)}" onclick="{_AGAIN}">{body}</a>'
    if not line.label:
        cells = f'<td colspan="2" style="{_CELL};padding:1px 0">{body}</td>'
    else:
        cells = (
            f'<th scope="row" style="{_CELL};padding:1px 14px 1px 0;font-weight:normal;'
            f'font-style:italic;min-width:7.5em;white-space:nowrap">{text_to_html(line.label)}</th>'
            f'<td style="{_CELL};padding:1px 0;overflow-wrap:anywhere">{body}</td>'
        )
    return f'<tr style="background:none">{cells}</tr>'


def verdict_panel(
    question: Question,
    verdict: Verdict,
    observations: Sequence[Observation] = (),
    *,
    failures: int = 1,
    hints_seen: int = 0,
    compare: bool = False,
    part: str | None = None,
    solved_before: bool = False,
) -> Panel:
    """Build the panel that a learner sees after a check.

    observations: of the answer on each case; with them, the failing case is drawn.
    failures: consecutive attempts that were not right, this one included.
    hints_seen: number of hints seen so far.
    compare: also show the expected result.
    part: show the failing case of this part; by default of the first that failed.
    solved_before: an earlier attempt was right, which is said where there is no answer now.
    """
    if verdict.status in ("right", "blank"):
        is_right = verdict.status == "right"
        said = f"right{_points(verdict)}" if is_right else _start(question, observations)
        lines = (Line("", _KEPT),) if solved_before and not is_right else ()
        panel = Panel(verdict.status, f"{_title(question)} {said}.", lines)
        return replace(panel, offers=offers(question, verdict, hints_seen=hints_seen))
    wrong = [result for result in verdict.parts if not result.passed]
    failed = next((result for result in wrong if result.part == part), wrong[0])
    observed = observations[failed.case] if observations and failed.case is not None else None
    told = diagnoses_in_words(question, verdict.diagnoses, failed.case)
    lines = [Line(label, sentence, has_code=True) for label, sentence in told]
    lines += _result_lines(question, failed, compare)
    if len(verdict.parts) > 1:
        signs = [_part_sign(result, observations) for result in verdict.parts]
        lines.append(Line("Parts", ", ".join(signs)))
    read = place_to_read(question, verdict)
    if read:
        lines.append(Line("Read again", read_in_words(read), link_target(read)))
    figure = None
    is_value = isinstance(question.probe, Value)
    if observed is not None and not is_value:
        figure = exhibit(question, failed.case or 0, observed, failed.differences, reveal=compare)
    offered = offers(
        question,
        verdict,
        failures=failures,
        hints_seen=hints_seen,
        compare=compare,
        can_compare=figure is not None or is_value,
        part=failed.part,
    )
    headline = f"{_title(question)} not yet{_points(verdict)}."
    return Panel(verdict.status, headline, tuple(lines), figure, offered)


def hint_panel(question: Question, stage: int) -> Panel:
    """Build the panel with the hints up to `stage`, counted from 0; the newest comes last."""
    total = len(question.hints)
    names = [stage_name(question, s) for s in range(total)]
    lines = []
    for number in range(stage + 1):
        label = f"{number + 1}. {names[number].capitalize()}" if stage else ""
        lines.append(_hint_line(label, question.hints[number]))
    headline = f"{_title(question)} hint {stage + 1} of {total} ({names[stage]})"
    more = stage + 1 < total
    again = f"run this cell again for the {names[stage + 1]}." if more else ""
    offered = (Offer("hint", "", "Still stuck", again),) if more else ()
    return Panel("hint", headline, tuple(lines), offers=offered)


def solution_panel(question: Question) -> Panel:
    """Build the panel with the worked solution, or with the way in words of a graded exercise."""
    if question.solution:
        headline = f"{_title(question)} a worked solution. Yours may differ and be right."
        return Panel("hint", headline, (Line("", question.solution, is_code=True),))
    headline = f"{_title(question)} the way in words."
    return Panel("hint", headline, (_hint_line("", question.hints[-1]),))


def unread_panel(question: Question, kind: str, message: str, line: int, text: str) -> Panel:
    """Build the panel for an answer whose cell Python could not read."""
    where = f", line {line}: `{text}`" if text else f", line {line}" if line else ""
    return Panel(
        "error",
        f"{_title(question)} not checked. Python could not read the cell of `{question.name}`, so "
        "nothing in it was run.",
        (
            Line(kind, f"{message}{where}"),
            Line("", "Mend that cell, run it, and then check again."),
        ),
        offers=(Offer("again", "Check again"),),
    )


def _hint_line(label: str, text: str) -> Line:
    code = is_code(text)
    return Line(label, text, is_code=code, has_code=not code)


def _start(question: Question, observations: Sequence[Observation]) -> str:
    """Say what is still to be done where nothing is answered."""
    name = question.name
    kinds = [seen.raised.kind if seen.raised else ELLIPSIS for seen in observations] or [MISSING]
    if MISSING in kinds:
        cell = "its cell" if isinstance(question.probe, Value) else "the cell above"
        return f"not answered yet. `{name}` is not defined: run {cell}, with your answer in it"
    if isinstance(question.probe, Value):  # its check may stand in the same cell
        return "not answered yet. Write your answer in place of `...`, and run the cell again"
    if ELLIPSIS in kinds:
        return f"not answered yet. Replace each `...` of `{name}` in the cell above, and run it"
    return (
        f"not answered yet. Write your answer in place of the line `raise NotImplementedError` "
        f"of `{name}`, and run that cell"
    )


def place_to_read(question: Question, verdict: Verdict) -> str:
    """Return where to read again, as `lesson.ipynb#Heading`: the surest mistake's place, if any."""
    of_mistakes = [diagnosis.mistake.read for diagnosis in verdict.diagnoses]
    return next(filter(None, of_mistakes), question.read)


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
        named["requests" if isinstance(case.x, list) else "x"] = case.x
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


def _title(question: Question) -> str:
    has_mark = question.title.endswith("?") or ":" in question.title
    return question.title + (" –" if has_mark else ":")


def _points(verdict: Verdict) -> str:
    if not verdict.max_points:
        return ""
    return f" ({verdict.points:g} of {verdict.max_points:g} points)"


def _part_sign(result: PartResult, observations: Sequence[Observation]) -> str:
    raised = observations[result.case].raised if observations and result.case is not None else None
    if raised and raised.kind == NOT_RUN:
        return f"– {result.part} (not run)"
    return f"{'✓' if result.passed else '✗'} {result.part}"
