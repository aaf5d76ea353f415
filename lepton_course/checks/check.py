"""Check answers and show hints in the learner's notebook, for the module that `begin` opened."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from lepton_course import progress
from lepton_course.checks.exercise_names import exercise_named, nearest
from lepton_course.checks.kernel.attempt import observe_answer
from lepton_course.checks.kernel.kernel_hooks import RUN_SETUP, explain_names, unread_cell, watch
from lepton_course.checks.kernel.time_limit import limit_seconds
from lepton_course.checks.live_panel import CheckedAnswer, CheckView, LivePanel
from lepton_course.checks.panel import Panel, hint_panel, solution_panel, unread_panel
from lepton_course.checks.widgets import Asking, show
from lepton_course.declared_exercises import load_exercises
from lepton_course.errors import CourseError
from lepton_course.exercises.compiled import compile_exercise, load_questions
from lepton_course.exercises.judge import judge
from lepton_course.exercises.model import Exercise, Question
from lepton_course.exercises.probes import Missing, Value
from lepton_course.progress_bar import is_interactive


class CheckFailed(AssertionError):
    """Raised by `check` under nbgrader's own tools, so that a wrong answer fails its cell."""


class NotBegun(CourseError, RuntimeError):
    """The setup cell has not run, so no module is open."""


@dataclass
class Session:
    """A module's exercises: compiled questions, or declarations that are compiled when needed."""

    module: str
    questions: dict[str, Question]
    declared: Mapping[str, Exercise] = field(default_factory=dict)
    source: Path | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all exercises, in order."""
        return tuple(dict.fromkeys((*self.declared, *self.questions)))

    def question(self, given: Any, namespace: Mapping[str, Any]) -> Question:
        """Return the question that is meant by the argument of `check` or `hint`.

        Raises UnknownExercise, suggesting the nearest name, when there is none.
        """
        name = exercise_named(given, self.names, namespace)
        if name not in self.questions:
            self.questions[name] = compile_exercise(self.declared[name])
        return self.questions[name]

    def title(self, name: str) -> str:
        """Return an exercise's title."""
        return self.declared[name].title if name in self.declared else self.questions[name].title

    def __len__(self) -> int:
        return len(self.names)

    def name_problem(self, name: str, line: str) -> str | None:
        """Explain a name that is not defined, where it is an exercise's; None for any other."""
        asked = re.match(r"(\w+)\s*=\s*(\w)$", line.partition("#")[0].strip())
        if asked and asked[1] in self.names and asked[2] == name:
            return f'A letter needs quotes: {asked[1]} = "{name}"'
        if name in self.names:
            return (
                f"`{name}` is an exercise of this notebook that is not answered yet, or whose "
                "cell has not run. Write your answer in its cell, and run that cell first."
            )
        near = nearest(name, self.names) if line.startswith(("check(", "hint(")) else ""
        return f'Did you mean {line.partition("(")[0]}("{near}")?' if near else None


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
    watch()
    explain_names(_current.name_problem)
    return _current


def current_session() -> Session:
    """Return the session that `begin` opened. Raises NotBegun when there is none."""
    if _current is None:
        raise NotBegun(f"No module is open. {RUN_SETUP}")
    return _current


def check(name: Any, compare: bool = False, part: str | None = None) -> None:
    """Check your answer to an exercise, and show whether it is right or what is wrong with it.

        check("convolve2d")

    name: the exercise's name, which is also the name that you define: `check("convolve2d")` looks
        at `convolve2d` in this notebook, be it a function, a class or a value.
    compare: also show the expected result beside yours.
    part: show what went wrong in this part of the exercise, in place of the first.

    Your answer is run on a few cases, for at most 30 seconds (`LEPTON_CHECK_SECONDS` sets another
    limit). The panel shows what came out, the likely reason where the mistake is a known one, and
    where to read again; its buttons give hints, a comparison and a second look. A prediction that
    you have not made yet is asked for instead. Check as often as you like; each attempt is recorded
    as your progress.

    Raises UnknownExercise, with the nearest name, when the module has no such exercise, NotBegun
    before `begin` was called, and Interrupted when you interrupt the kernel.
    """
    namespace = sys._getframe(1).f_globals
    session = current_session()
    question = session.question(name, namespace)
    view = _judged(session, question, namespace, compare, part)
    if is_interactive() and view.main().offers:
        _show_live(session, question, namespace, view)
    else:
        show(view.main())
    is_right = isinstance(view.attempt, CheckedAnswer) and view.attempt.verdict.passed
    if os.environ.get("NBGRADER_EXECUTION") and not is_right:
        raise CheckFailed(repr(view.main()))


def _judged(
    session: Session,
    question: Question,
    namespace: Mapping[str, Any],
    compare: bool = False,
    part: str | None = None,
) -> CheckView:
    """Judge the answer as it is now, record the attempt, and return what is seen of it."""
    name = question.name
    hints_seen = progress.hint_stage(session.module, name)
    solved_before = progress.was_solved(session.module, name)
    unread = unread_cell(name)
    if unread:
        told = unread_panel(question, unread.kind, unread.message, unread.line, unread.text)
        return CheckView(told, question, hints_seen)
    seconds = limit_seconds() if is_interactive() else 0  # a run without a person has its own
    observations = observe_answer(question, namespace.get(name, Missing), seconds)
    verdict = judge(question, observations)
    progress.record_attempt(
        session.module,
        name,
        verdict.status,
        verdict.likely,
        verdict.points,
        verdict.max_points,
    )
    failures = progress.consecutive_failures(session.module, name)
    attempt = CheckedAnswer(question, verdict, observations, failures)
    return CheckView(
        attempt, question, hints_seen, compare=compare, part=part, solved_before=solved_before
    )


def _show_live(
    session: Session, question: Question, namespace: dict[str, Any], view: CheckView
) -> LivePanel:
    """Show what is seen of an attempt, with buttons; a prediction can be made there, too."""

    def again(text: str | None) -> CheckView:
        if text is not None:
            namespace[question.name] = parse_prediction(text, namespace)
        return _judged(session, question, namespace)

    is_blank = isinstance(view.attempt, CheckedAnswer) and view.attempt.verdict.status == "blank"
    asks = is_blank and isinstance(question.probe, Value)
    return LivePanel(
        view,
        again,
        partial(progress.record_hint, session.module, question.name),
        Asking(choice_letters(question)) if asks else None,
    )


def parse_prediction(text: str, namespace: Mapping[str, Any]) -> Any:
    """Return the value of a written prediction: that of the expression, or else the text itself.

    A shape may be written as on paper: `8 x 3` or `8×3`. Evaluating the text is safe: it is the
    learner's own, like a cell of their notebook.
    """
    on_paper = re.fullmatch(r"[(\[]?(\s*\d+\s*(?:[x×]\s*\d+\s*)+)[)\]]?", text)
    if on_paper:
        return tuple(int(size) for size in re.split("[x×]", on_paper[1]))
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


def hint(name: Any, stage: int | str | None = None) -> None:
    """Show the next hint for an exercise: first a nudge, then the method, then the answer in words.

        hint("convolve2d")

    name: the exercise's name, as for `check`.
    stage: 1, 2 or 3 to go straight to that hint. Without it, each call shows one more. "solution"
        gives the exercise up: it shows a worked solution of an ungraded exercise, and the way in
        words of a graded one.

    Hints cost no points. Raises UnknownExercise, with the nearest name, when the module has no such
    exercise, and NotBegun before `begin` was called.
    """
    session = current_session()
    question = session.question(name, sys._getframe(1).f_globals)
    name = question.name
    if not question.hints:
        show(Panel("hint", f"{question.title}: there are no hints for this one."))
        return
    if stage == "solution":
        progress.record_hint(session.module, name, len(question.hints))
        show(solution_panel(question))
        return
    if isinstance(stage, str):
        raise CourseError(f'hint("{name}", {stage!r}): give 1, 2, 3 or "solution".')
    shown = progress.hint_stage(session.module, name)
    index = min(shown if stage is None else max(stage, 1) - 1, len(question.hints) - 1)
    progress.record_hint(session.module, name, max(shown, index + 1))
    show(hint_panel(question, index))
