"""Check answers and show hints in the learner's notebook, for the module that `begin` opened."""

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
from lepton_course.checks.widgets import ask_prediction, is_interactive, show
from lepton_course.exercises.compiled import compile_exercise, load_questions
from lepton_course.exercises.declared import load_exercises
from lepton_course.exercises.judge import Verdict, judge
from lepton_course.exercises.model import Exercise, Question
from lepton_course.exercises.probes import Missing, Value


class CheckFailed(AssertionError):
    """Raised by `check` under nbgrader's own tools, so that a wrong answer fails its cell."""


class UnknownExercise(LookupError):
    """The module has no exercise with that name."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass
class Session:
    """A module's exercises: compiled questions, or declarations that are compiled when needed."""

    module: str
    questions: dict[str, Question]
    declared: Mapping[str, Exercise] = field(default_factory=dict)
    source: Path | None = None

    def question(self, name: str) -> Question:
        """Return the question with that name.

        Raises UnknownExercise, suggesting the nearest name, when there is none.
        """
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
    """Make a module's exercises the current ones.

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
    """Return the session that `begin` opened. Raises RuntimeError when there is none."""
    if _current is None:
        raise RuntimeError(
            "No module is open. Run the notebook's setup cell first: "
            'begin("basics/05_convolutional_networks"), with your module\'s folder.'
        )
    return _current


def check(name: str, compare: bool = False) -> None:
    """Check your answer to an exercise, and show whether it is right or what is wrong with it.

        check("convolve2d")

    name: the exercise's name, which is also the name that you define: `check("convolve2d")` looks
        at `convolve2d` in this notebook, be it a function, a class or a value.
    compare: also show the expected result beside yours.

    Your answer is run on a few cases. The panel shows what came out, the likely reason where the
    mistake is a known one, and where to read again. A prediction that you have not made yet is
    asked for instead. Check as often as you like; each attempt is recorded as your progress.
    Raises UnknownExercise, with the nearest name, when the module has no such exercise, and
    RuntimeError before `begin` was called.
    """
    namespace = sys._getframe(1).f_globals
    session = current_session()
    question = session.question(name)
    verdict, panel = _judge(session, question, namespace.get(name, Missing), compare)
    if verdict.status == "blank" and isinstance(question.probe, Value) and is_interactive():
        _ask(session, question, namespace, panel)
    else:
        show(panel)
    if os.environ.get("NBGRADER_EXECUTION") and not verdict.passed:
        raise CheckFailed(repr(panel))


def _judge(
    session: Session, question: Question, answer: Any, compare: bool
) -> tuple[Verdict, Panel]:
    """Judge one attempt and record it."""
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
        failures=progress.consecutive_failures(session.module, name),
        hints_seen=progress.hint_stage(session.module, name),
        compare=compare,
    )


def _ask(session: Session, question: Question, namespace: dict[str, Any], blank: Panel) -> None:
    """Ask for a prediction, and store the answer under the name that a cell would define."""

    def answered(text: str) -> Panel:
        namespace[question.name] = parse_prediction(text, namespace)
        return _judge(session, question, namespace[question.name], compare=False)[1]

    ask_prediction(question.title, choice_letters(question), answered, blank)


def parse_prediction(text: str, namespace: Mapping[str, Any]) -> Any:
    """Return the value of a written prediction: that of the expression, or else the text itself.

    Evaluating it is safe: the text is the learner's own, like a cell of their notebook.
    """
    try:
        return eval(text, dict(namespace))
    except Exception:
        return text


def choice_letters(question: Question) -> list[str]:
    """Return the choices of a prediction that asks for a single letter; [] for any other."""
    seen = [*question.expected, *(o for m in question.mistakes for o in m.observations)]
    values = {o.seen.get("result") for o in seen if isinstance(o.seen.get("result"), str)}
    is_letter = isinstance(question.expected[0].seen.get("result"), str)
    found = sorted(v for v in values if len(v) == 1 and v.islower())
    return found if is_letter and len(found) > 1 else []


def hint(name: str, stage: int | None = None) -> None:
    """Show the next hint for an exercise: first a nudge, then the method, then the answer in words.

        hint("convolve2d")

    name: the exercise's name, as for `check`.
    stage: 1, 2 or 3 to go straight to that hint. Without it, each call shows one more.

    Hints cost no points. Raises UnknownExercise, with the nearest name, when the module has no such
    exercise, and RuntimeError before `begin` was called.
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
