"""The panel that a check shows: HTML for notebooks, and the same words as plain text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape

from lepton_course.exercises.compare import describe
from lepton_course.exercises.judge import PartResult, Question, Verdict
from lepton_course.exercises.model import Case

_LOOKS = {  # accent colour (Okabe-Ito palette), sign
    "right": ("#009E73", "✓"),
    "wrong": ("#D55E00", "✗"),
    "error": ("#D55E00", "✗"),
    "blank": ("#0072B2", "○"),
    "hint": ("#0072B2", "→"),
}


@dataclass(frozen=True)
class Panel:
    """A headline and lines of text; a line is a label and its content."""

    look: str
    headline: str
    lines: tuple[tuple[str, str], ...] = ()
    links: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        sign = _LOOKS[self.look][1]
        lines = [f"{label}: {text}" if label else text for label, text in self.lines]
        return "\n".join([f"{sign} {self.headline}", *(f"  {line}" for line in lines)])

    def _repr_html_(self) -> str:
        colour, sign = _LOOKS[self.look]
        rows = "".join(self._row(label, text) for label, text in self.lines)
        return (
            f'<div role="status" style="border-left:5px solid {colour};padding:6px 12px;'
            "margin:4px 0;background-color:var(--jp-layout-color2,#f5f5f5);"
            'color:var(--jp-ui-font-color1,#222);line-height:1.5">'
            f'<div><strong><span style="color:{colour}" aria-hidden="true">{sign}</span> '
            f"{_html(self.headline)}</strong></div>{rows}</div>"
        )

    def _row(self, label: str, text: str) -> str:
        if label == "Code":
            return f'<pre style="margin:4px 0;padding:4px 8px">{escape(text)}</pre>'
        body = _html(text).replace("\n", "<br>")
        if text in self.links:
            body = f'<a href="{escape(self.links[text])}">{body}</a>'
        head = f"<em>{escape(label)}:</em> " if label else ""
        return f"<div>{head}{body}</div>"


def _html(text: str) -> str:
    """The text with what stands between backticks set as code."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", escape(text))


def verdict_panel(question: Question, verdict: Verdict) -> Panel:
    """What a learner sees after a check."""
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
            (("Stuck", f'hint("{question.name}") gives a first nudge.'),),
        )
    lines = []
    failed = next(part for part in verdict.parts if not part.passed)
    if failed.case is not None and question.probe.kind != "value":
        lines.append(("Case", failed.part))
        lines += case_lines(question.arguments, question.cases[failed.case])
    lines.append(("What came", failed.problem))
    if len(verdict.parts) > 1:
        lines.append(("Parts", ", ".join(_part_sign(part) for part in verdict.parts)))
    links = {}
    read = question.read
    if verdict.diagnosis:
        lines.append(("Likely reason", verdict.diagnosis.sentence))
        read = verdict.diagnosis.read or read
    if read:
        place = read_in_words(read)
        lines.append(("Read again", place))
        links[place] = read
    if question.hints:
        lines.append(("Stuck", f'hint("{question.name}")'))
    headline = f"{_title(question)} not yet{_points(verdict)}."
    return Panel(verdict.status, headline, tuple(lines), links)


def hint_panel(question: Question, stage: int) -> Panel:
    """One of the staged hints; `stage` counts from 0."""
    names = ("nudge", "method", "answer" if not question.points else "plan")
    text = question.hints[stage]
    is_code = "\n" in text and ("return " in text or "=" in text or "def " in text)
    name = names[min(stage, 2)]
    headline = f"{_title(question)} hint {stage + 1} of {len(question.hints)} ({name})"
    return Panel("hint", headline, (("Code" if is_code else "", text),))


def read_in_words(read: str) -> str:
    """`lesson.ipynb#Convolution-by-hand` as "Convolution by hand (lesson)"."""
    file, _, anchor = read.partition("#")
    stem = file.removesuffix(".ipynb")
    return f"{anchor.replace('-', ' ')} ({stem})" if anchor else stem


def case_lines(names: tuple[str, ...], case: Case) -> list[tuple[str, str]]:
    """A case's inputs, one line each; large arrays by shape."""
    named = dict(zip(names, case.args, strict=False)) | dict(case.kwargs)
    if case.x is not None:
        named["x"] = case.x
    return [(name, describe(value, limit=400)) for name, value in named.items()]


def _title(question: Question) -> str:
    return question.title + (" –" if question.title.endswith("?") else ":")


def _points(verdict: Verdict) -> str:
    if not verdict.max_points:
        return ""
    return f" ({verdict.points:g} of {verdict.max_points:g} points)"


def _part_sign(part: PartResult) -> str:
    return f"{'✓' if part.passed else '✗'} {part.part}"
