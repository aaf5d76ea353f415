"""Mutants of an exercise's reference, each of which some case must kill.

A mutant that no case kills is a wrong answer with full marks, unless it makes no difference. Those
are listed with their reason in the module's `mutants.yml` (see `equivalent_mutants`).
"""

from __future__ import annotations

import ast
import inspect
import signal
import sys
import threading
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from autograder.curriculum.source_closure import reachable_names
from autograder.proof.mutants.mutation_operators import (
    Definition,
    Mutation,
    mutations,
    name_of,
    other_values,
)
from lepton_course.authoring.marks import marks_in, unmarked
from lepton_course.declared_exercises import declared_in
from lepton_course.exercises.case_differences import case_differences
from lepton_course.exercises.model import Exercise, Question
from lepton_course.exercises.probes import Observation

TOO_LONG = "it takes too long"
"""Message of the TimeoutError that interrupts a mutant."""


@dataclass(frozen=True)
class Mutant:
    """A changed reference: the change in words, and how to make it."""

    name: str
    make: Callable[[], Any]

    def __str__(self) -> str:
        return self.name


def mutants_of(exercise: Exercise) -> list[Mutant]:
    """Return every mutant of the reference and of the functions of its file that it uses.

    Code that belongs to another exercise stays as it is. A reference that is a value has other
    values as mutants. Empty if there is no source.
    """
    reference = exercise.reference
    if not callable(reference):
        return [Mutant(repr(v), lambda v=v: v) for v in _other_answers(reference)]
    module = inspect.getmodule(reference)
    if module is None:
        return []
    names = {id(value): name for name, value in vars(module).items()}
    name = names.get(id(reference), "")
    others = {names.get(id(e.reference), "") for e in declared_in(module)} - {name}
    definitions = _reachable(module, name, others)
    return [
        Mutant(
            str(mutation),
            lambda mutation=mutation: _build(module, name, definitions, mutation),
        )
        for definition in definitions
        for mutation in mutations(definition)
    ]


@dataclass(frozen=True)
class Trial:
    """The trial of a mutant.

    observations: on the cases of the first question, unless it was interrupted or stopped early.
    """

    survived: bool
    observations: tuple[Observation, ...] | None = None


def try_mutant(
    exercise: Exercise,
    mutant: Mutant,
    questions: Sequence[Question],
    *,
    observe: bool = False,
    seconds: float = 2.0,
) -> Trial:
    """Run a mutant on the questions, until one of them fails to kill it.

    Each question is left at the first case that kills the mutant; the next one starts with that
    case. A mutant that does not terminate counts as killed: it is interrupted.

    observe: run to the end of the first question. seconds: processor time for each question.
    """
    try:
        with _interrupted(seconds):
            answer = mutant.make()
    except BaseException:
        return Trial(False)
    first, observations = 0, None
    for question in questions:
        try:
            with _interrupted(seconds):
                noticed, seen = _run(
                    exercise, answer, question, first, observe and not observations
                )
        except TimeoutError:  # between two cases
            return Trial(False)
        observations = observations or seen
        if noticed is None:
            return Trial(True)
        if noticed == ENDLESS:
            return Trial(False)
        first = noticed
    return Trial(False, observations)


ENDLESS = -1


def _run(
    exercise: Exercise, answer: Any, question: Question, first: int, to_the_end: bool
) -> tuple[int | None, tuple[Observation, ...] | None]:
    """Return the killing case, tried from `first` on, and the observations, if complete."""
    noticed = None
    seen: dict[int, Observation] = {}
    for index in sorted(range(len(question.cases)), key=lambda index: index != first):
        observed = exercise.probe.observe(answer, question.cases[index])
        if observed.raised and observed.raised.message == TOO_LONG:
            return ENDLESS, None
        seen[index] = observed
        if noticed is None and case_differences(question, index, observed):
            noticed = index
        if noticed is not None and not to_the_end:
            return noticed, None
    return noticed, tuple(seen[index] for index in range(len(question.cases)))


def _other_answers(value: Any) -> Iterator[Any]:
    """Yield values like the right one, with one change."""
    if isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            for other in _other_answers(item):
                yield type(value)([*value[:index], other, *value[index + 1 :]])
        if len(value) > 1 and value[0] != value[-1]:
            yield value[::-1]
    elif isinstance(value, str):
        yield value + "?"
    else:
        yield from other_values(value)


def _reachable(module: types.ModuleType, name: str, stop: set[str]) -> list[Definition]:
    """Return a definition of a module and those of the module that it uses, in the file's order.

    stop: names at which to stop.
    """
    try:
        tree = ast.parse(inspect.getsource(module))
    except (OSError, TypeError, SyntaxError):
        return []
    marks = marks_in(vars(module))
    known = {
        name_of(node): unmarked(node, marks)
        for node in tree.body
        if _is_definition(node) and name_of(node) not in marks
    }
    found = reachable_names(known, name, stop)
    return [node for name, node in known.items() if name in found]


def _is_definition(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assign):
        return bool(name_of(node)) and isinstance(node.value, (ast.Call, ast.Lambda))
    return isinstance(node, (ast.FunctionDef, ast.ClassDef))


def _build(
    module: types.ModuleType, name: str, definitions: Sequence[Definition], mutation: Mutation
) -> Any:
    """Return the definition `name` from a copy of its module in which `mutation` was made.

    Everything that the reference uses is defined anew, so that the changed function is called.
    """
    body = [mutation.definition if name_of(d) == mutation.where else d for d in definitions]
    code = compile(ast.Module(body=body, type_ignores=[]), f"<mutant of {name}>", "exec")
    namespace = dict(vars(module))
    exec(code, namespace)
    return namespace[name]


@contextmanager
def _interrupted(first: float, then: float = 0.5) -> Iterator[None]:
    """Raise TimeoutError in the block after `first` seconds of processor time.

    It is raised again after each further `then` seconds, for the code may catch it and go on.
    """
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise TimeoutError(TOO_LONG)

    previous = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, first, then)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)
