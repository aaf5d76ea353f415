"""Turn a run into points and a graded notebook; the trusted side.

A verdict depends only on the class's questions and the observed answers. Whatever is not judged
gets no points. The learner is told which property failed and which misconception it suggests,
never a value of the secret cases.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import nbformat
from nbformat import NotebookNode

from autograder.classroom.classroom import NOTEBOOK
from autograder.execution.job import Run, SubmissionLimits
from autograder.judging.results import ExerciseResult, Status
from autograder.submissions.cell_marks import is_judged
from autograder.submissions.submission import VERDICT_KEY
from lepton_course.checks.messages import diagnoses_in_words, differences_in_words
from lepton_course.checks.panel import Line, Panel, place_to_read, read_in_words
from lepton_course.exercises.differences import Aliased, ChangedInput, Stopped
from lepton_course.exercises.judge import PartResult, Verdict, judge
from lepton_course.exercises.model import Question
from lepton_course.exercises.probes import Raised
from lepton_course.exercises.remote import parse_observations

WITHHELD = (
    "(Left out: this cell ran after the first exercise was judged, and secret cases could show.)\n"
)


@dataclass(frozen=True)
class Judged:
    """Graded notebooks (their JSON, by name) and the results written in them."""

    notebooks: Mapping[str, str]
    status: Status
    reason: str
    exercises: tuple[ExerciseResult, ...]
    seconds: float

    @property
    def score(self) -> float:
        """The points earned, rounded to 0.01."""
        return round(sum(exercise.points for exercise in self.exercises), 2)

    @property
    def max_score(self) -> float:
        """The points of all judged exercises."""
        return sum(exercise.max_points for exercise in self.exercises)


def judge_run(run: Run, questions: Mapping[str, Question], repairs: Sequence[str]) -> Judged:
    """Judge a run, and write points and messages where nbgrader reads them."""
    notebook = nbformat.reads(run.notebook, as_version=4)
    own_lines = {
        line.strip() for cell in notebook.cells for line in cell.source.splitlines() if line.strip()
    }
    exercises: list[ExerciseResult] = []
    for cell in notebook.cells:
        if not is_judged(cell):
            if exercises and cell.cell_type == "code":
                withhold_outputs(cell)
            continue
        name = cell.metadata.nbgrader["grade_id"]
        result, panel = _judge_answer(run, questions[name], own_lines)
        write_verdict(cell, result, panel)
        exercises.append(result)
    troubles = [run.stopped] if run.stopped else []
    troubles += [*run.incidents, *repairs]
    return Judged(
        notebooks={NOTEBOOK: nbformat.writes(notebook)},
        status="partly graded" if troubles else "graded",
        reason="; ".join(troubles),
        exercises=tuple(exercises),
        seconds=run.seconds,
    )


def write_verdict(cell: NotebookNode, result: ExerciseResult, panel: Panel) -> None:
    """Write a verdict into a grade cell: people see the panel, nbgrader reads the number."""
    data = {"text/plain": f"{result.points:g}", "text/html": panel._repr_html_()}
    cell.outputs = [nbformat.v4.new_output("execute_result", data)]
    cell.metadata[VERDICT_KEY] = {
        "points": result.points,
        "max_points": result.max_points,
        "diagnosis": result.diagnosis,
        "possible": list(result.possible),
    }


def withhold_outputs(cell: NotebookNode) -> None:
    """Leave out, in place, what a cell showed when the learner's process may have known the cases.

    It could show their inputs, and the graded notebook goes back to the learner.
    """
    cell.execution_count = None
    if cell.outputs:
        cell.outputs = [nbformat.v4.new_output("stream", text=WITHHELD)]


def write_unjudged(cell: NotebookNode) -> None:
    """Mark a grade cell, in place, as worth nothing until a judge has decided on it."""
    message = "Not judged: this class's nbgrader_config.py was not used."
    cell.outputs = [
        nbformat.v4.new_output("error", ename="NotJudged", evalue=message, traceback=[message])
    ]


def _judge_answer(
    run: Run, question: Question, own_lines: set[str]
) -> tuple[ExerciseResult, Panel]:
    name = question.name
    if name not in run.answers:
        return _failed(question, run.failures.get(name) or run.stopped or "it was not reached")
    try:
        seen = parse_observations(run.answers[name], question, SubmissionLimits.answer_bytes)
        verdict = judge(question, seen)
    except Exception:  # the bytes come from the learner's process and may be anything
        return _failed(question, "what came back was not plain data")
    points, most = float(verdict.points), float(question.points)
    result = ExerciseResult(name, points, most, verdict.likely, verdict.possible)
    return result, _verdict_panel(question, verdict, own_lines)


def _failed(question: Question, reason: str) -> tuple[ExerciseResult, Panel]:
    result = ExerciseResult(question.name, 0.0, float(question.points))
    return result, Panel("error", _headline(question, 0.0), (Line("No answer", reason),))


def _verdict_panel(question: Question, verdict: Verdict, own_lines: set[str]) -> Panel:
    headline = _headline(question, verdict.points)
    if verdict.status == "blank":
        return Panel("blank", headline, (Line("", "Not answered."),))
    lines = [_part_line(question, part, own_lines) for part in verdict.parts]
    lines += [Line(*told) for told in diagnoses_in_words(question, verdict.diagnoses, None)]
    read = place_to_read(question, verdict)
    if verdict.status != "right" and read:
        lines.append(Line("Read again", read_in_words(read)))
    return Panel(verdict.status, headline, tuple(lines))


def _headline(question: Question, points: float) -> str:
    return f"{question.title}: {points:g} of {question.points:g} points"


def _part_line(question: Question, part: PartResult, own_lines: set[str]) -> Line:
    """Return a part's line for the learner, free of anything that could reveal a secret case."""
    if part.passed:
        return Line("Right", part.part)
    stops = [d.raised for d in part.differences if isinstance(d, Stopped)]
    side_effects = tuple(d for d in part.differences if isinstance(d, ChangedInput | Aliased))
    told = [_stop_in_words(raised, own_lines) for raised in stops]
    told += [differences_in_words(question, side_effects)] if side_effects else []
    return Line("Wrong", f"{part.part} ({'; '.join(told)})" if told else part.part)


def _stop_in_words(raised: Raised, own_lines: set[str]) -> str:
    """Describe an exception without its message, which is the learner's and could leak an input.

    A forged line or type could leak one too, so only what the learner knows anyway is repeated.
    """
    known = isinstance(getattr(builtins, str(raised.kind), None), type)
    kind = raised.kind if known else "an exception"
    where = f" at the line `{raised.line}`" if raised.line in own_lines else ""
    return f"it stopped with {kind}{where}"
