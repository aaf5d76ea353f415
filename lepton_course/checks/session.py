"""Checks in the learner's own notebook: `check` and `hint`, for the module that `begin` chose."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lepton_course import progress
from lepton_course.checks.panel import Panel, hint_panel, verdict_panel
from lepton_course.checks.widgets import ask_prediction, is_somebody_there, show
from lepton_course.exercises.compiled import compile_exercise, load_questions
from lepton_course.exercises.declared import load_exercises
from lepton_course.exercises.judge import Verdict, judge
from lepton_course.exercises.model import Exercise, Question
from lepton_course.exercises.probes import Missing, Value


class CheckFailed(AssertionError):
    """Raised by `check` where nbgrader's own tools run it, so that they fail closed."""


class UnknownExercise(LookupError):
    """The module has no exercise of that name."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass
class Session:
    """A module's exercises: compiled questions, or declarations to be compiled when needed."""

    module: str
    questions: dict[str, Question]
    declared: Mapping[str, Exercise] = field(default_factory=dict)
    source: Path | None = None

    def question(self, name: str) -> Question:
        """The question of that name; raises UnknownExercise with the nearest names."""
        if name not in self.questions and name in self.declared:
            self.questions[name] = compile_exercise(self.declared[name])
        if name not in self.questions:
            known = sorted({*self.questions, *self.declared})
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise UnknownExercise(
                f"{self.module} has no exercise named {name!r}.{hint} "
                f"Its exercises: {', '.join(known) or 'none'}."
            )
        return self.questions[name]

    def __len__(self) -> int:
        return len({*self.questions, *self.declared})


_current: Session | None = None


def open_session(module: str, source: Path | None) -> Session:
    """Makes a module's exercises the current ones.

    source: a compiled `checks.npz`, a module's folder in a clone, or None for a module without any.
    """
    global _current
    if source is None:
        _current = Session(module, {})
    elif source.is_dir():
        _current = Session(module, {}, load_exercises(source), source)
    else:
        _current = Session(module, load_questions(source), source=source)
    return _current


def current_session() -> Session:
    """The session that `begin` opened; raises RuntimeError when it was not called."""
    if _current is None:
        raise RuntimeError(
            "No module is open. Run the notebook's setup cell first: "
            'begin("basics/05_convolutional_networks"), with your module\'s folder.'
        )
    return _current


def check(name: str, compare: bool = False) -> None:
    """Checks your answer to an exercise, and shows whether it is right and, if not, why.

    name: the exercise's name, which is also the name that you define: `check("convolve2d")`
        looks at the function `convolve2d` of this notebook.
    compare: show your result beside the expected one.
    """
    namespace = sys._getframe(1).f_globals
    session = current_session()
    question = session.question(name)
    verdict, panel = _judge(session, question, namespace.get(name, Missing), compare)
    if verdict.status == "blank" and isinstance(question.probe, Value) and is_somebody_there():
        _ask(session, question, namespace, panel)
    else:
        show(panel)
    if os.environ.get("NBGRADER_EXECUTION") and not verdict.passed:
        raise CheckFailed(repr(panel))


def _judge(
    session: Session, question: Question, answer: Any, compare: bool
) -> tuple[Verdict, Panel]:
    """Judges and records one attempt."""
    name = question.name
    observations = [question.probe.observe(answer, case) for case in question.cases]
    verdict = judge(question, observations)
    progress.record_attempt(
        session.module,
        name,
        verdict.status,
        verdict.likely,
        verdict.points,
        verdict.max_points,
    )
    return verdict, verdict_panel(
        question,
        verdict,
        observations,
        failures=progress.failures(session.module, name),
        hints_seen=progress.hint_stage(session.module, name),
        compare=compare,
    )


def _ask(session: Session, question: Question, namespace: dict[str, Any], blank: Panel) -> None:
    """Asks for a prediction; what is answered is given the name that a cell would define."""

    def answered(text: str) -> Panel:
        namespace[question.name] = as_value(text, namespace)
        return _judge(session, question, namespace[question.name], compare=False)[1]

    ask_prediction(question.title, letters(question), answered, blank)


def as_value(text: str, namespace: Mapping[str, Any]) -> Any:
    """What somebody wrote as a prediction: an expression, or else the words themselves.

    It is evaluated like a line of the learner's own notebook, which it is.
    """
    try:
        return eval(text, dict(namespace))
    except Exception:
        return text


def letters(question: Question) -> list[str]:
    """The choices of a prediction that asks for a single letter; [] for any other."""
    seen = [*question.expected, *(o for m in question.mistakes for o in m.observations)]
    values = {o.seen.get("result") for o in seen if isinstance(o.seen.get("result"), str)}
    is_letter = isinstance(question.expected[0].seen.get("result"), str)
    found = sorted(v for v in values if len(v) == 1 and v.islower())
    return found if is_letter and len(found) > 1 else []


def hint(name: str, stage: int | None = None) -> None:
    """Shows the next hint for an exercise: a nudge, then the method, then the answer.

    stage: 1, 2 or 3 to see that hint again.
    """
    session = current_session()
    question = session.question(name)
    if not question.hints:
        show(Panel("hint", f"{question.title}: there are no hints for this one."))
        return
    shown = progress.hint_stage(session.module, name)
    index = min(shown if stage is None else max(stage, 1) - 1, len(question.hints) - 1)
    progress.record_hint(session.module, name, max(shown, index + 1))
    show(hint_panel(question, index))
