"""From what a run brought back to points, and to the graded notebook. The trusted side.

A verdict comes from the class's questions and the observed answers alone. Whatever is not judged
gets no points. What the learner is told names the property that failed and the misconception,
and never a value of the secret cases.
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
from autograder.submissions.submission import VERDICT_KEY, is_judged
from lepton_course.checks.panel import Panel, read_in_words
from lepton_course.exercises.judge import PartResult, Question, Verdict, judge
from lepton_course.exercises.probes import Observation
from lepton_course.exercises.remote import parse_observations


@dataclass(frozen=True)
class Judged:
    """Graded notebooks (their JSON, by name) and the results that stand in them."""

    notebooks: Mapping[str, str]
    status: Status
    reason: str
    exercises: tuple[ExerciseResult, ...]
    seconds: float

    @property
    def score(self) -> float:
        return round(sum(exercise.points for exercise in self.exercises), 2)

    @property
    def max_score(self) -> float:
        return sum(exercise.max_points for exercise in self.exercises)


def judge_run(run: Run, questions: Mapping[str, Question], repairs: Sequence[str]) -> Judged:
    """Decides on a run; writes points and messages where nbgrader reads them."""
    notebook = nbformat.reads(run.notebook, as_version=4)
    own_lines = {
        line.strip() for cell in notebook.cells for line in cell.source.splitlines() if line.strip()
    }
    exercises = []
    for cell in notebook.cells:
        if not is_judged(cell):
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
    """Puts a verdict into a grade cell: people see the panel, nbgrader reads the number."""
    data = {"text/plain": f"{result.points:g}", "text/html": panel._repr_html_()}
    cell.outputs = [nbformat.v4.new_output("execute_result", data)]
    cell.metadata[VERDICT_KEY] = {
        "points": result.points,
        "max_points": result.max_points,
        "diagnosis": result.diagnosis,
    }


def write_unjudged(cell: NotebookNode) -> None:
    """Makes a grade cell worth nothing for as long as no judge has decided on it."""
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
    except Exception:  # the bytes come from the learner's process: anything may be in them
        return _failed(question, "what came back was not plain data")
    diagnosis = verdict.diagnosis.name if verdict.diagnosis else None
    result = ExerciseResult(name, float(verdict.points), float(question.points), diagnosis)
    return result, _verdict_panel(question, verdict, seen, own_lines)


def _failed(question: Question, reason: str) -> tuple[ExerciseResult, Panel]:
    result = ExerciseResult(question.name, 0.0, float(question.points))
    return result, Panel("error", _headline(question, 0.0), (("No answer", reason),))


def _verdict_panel(
    question: Question, verdict: Verdict, seen: Sequence[Observation], own_lines: set[str]
) -> Panel:
    headline = _headline(question, verdict.points)
    if verdict.status == "blank":
        return Panel("blank", headline, (("", "Not answered."),))
    lines = [_part_line(part, seen, own_lines) for part in verdict.parts]
    if verdict.diagnosis:
        lines.append(("Likely reason", verdict.diagnosis.sentence))
    read = verdict.diagnosis.read if verdict.diagnosis else ""
    if verdict.status != "right" and (read or question.read):
        lines.append(("Read again", read_in_words(read or question.read)))
    return Panel(verdict.status, headline, tuple(lines))


def _headline(question: Question, points: float) -> str:
    return f"{question.title}: {points:g} of {question.points:g} points"


def _part_line(
    part: PartResult, seen: Sequence[Observation], own_lines: set[str]
) -> tuple[str, str]:
    if part.passed:
        return "Right", part.part
    raised = seen[part.case].raised if part.case is not None else None
    if raised is None:
        return "Wrong", part.part
    # The text of an exception is the learner's own and could carry a secret input; so could a
    # made-up line or type. Only what is known anyway is repeated.
    known = isinstance(getattr(builtins, str(raised.kind), None), type)
    kind = raised.kind if known else "an exception"
    where = f" at the line `{raised.line}`" if raised.line in own_lines else ""
    return "Wrong", f"{part.part} (it stopped with {kind}{where})"
