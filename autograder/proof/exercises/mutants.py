"""Mutants of an exercise's reference: does some case notice each small change?

A change that no case notices is a wrong answer with full marks, unless it makes no difference.
Those stand with their reason in the module's `mutants.yml`, beside its package `exercises`.
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
from pathlib import Path
from typing import Any

import yaml

from autograder.proof.exercises.mutations import (
    Definition,
    Mutation,
    mutations,
    name_of,
    other_values,
)
from lepton_course.exercises.case_differences import case_differences
from lepton_course.exercises.model import Exercise, Question

EXCUSES = "mutants.yml"


@dataclass(frozen=True)
class Mutant:
    """A changed reference: what was changed, in words, and how to make it."""

    name: str
    make: Callable[[], Any]

    def __str__(self) -> str:
        return self.name


def mutants_of(exercise: Exercise) -> list[Mutant]:
    """Every mutant of the reference and of the functions of its file that it uses.

    What another exercise asks for is that exercise's matter and stays as it is. A reference that
    is a value has its neighbours as mutants. Empty where there is no source.
    """
    reference = exercise.reference
    if not callable(reference):
        return [Mutant(repr(v), lambda v=v: v) for v in _other_answers(reference)]
    module = inspect.getmodule(reference)
    if module is None:
        return []
    names = {id(value): name for name, value in vars(module).items()}
    name = names.get(id(reference), "")
    others = {names.get(id(e.reference), "") for e in getattr(module, "EXERCISES", [])} - {name}
    definitions = _reachable(module, name, others)
    return [
        Mutant(
            str(mutation),
            lambda mutation=mutation: _build(module, name, definitions, mutation),
        )
        for definition in definitions
        for mutation in mutations(definition)
    ]


def survives(exercise: Exercise, mutant: Mutant, questions: Sequence[Question]) -> bool:
    """Whether a mutant gets full marks on at least one of the questions.

    One that does not come to an end is noticed: it is interrupted, case by case.
    """
    with _interrupted():
        try:
            answer = mutant.make()
        except BaseException:
            return False
        return any(_full_marks(exercise, answer, question) for question in questions)


def read_excuses(folder: Path) -> dict[str, dict[str, str]]:
    """Reasons of a module's `mutants.yml`: exercise -> mutant -> why it makes no difference.

    Raises ValueError, naming the entry, where the file is not of that form.
    """
    path = folder / EXCUSES
    if not path.is_file():
        return {}
    tree = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    for exercise, reasons in tree.items():
        if not isinstance(reasons, dict) or not all(
            isinstance(reason, str) and reason.strip() for reason in reasons.values()
        ):
            raise ValueError(f"{path}: {exercise}: write `mutant: reason`, one for each mutant")
    return tree


def _full_marks(exercise: Exercise, answer: Any, question: Question) -> bool:
    return not any(
        case_differences(question, index, exercise.probe.observe(answer, case))
        for index, case in enumerate(question.cases)
    )


def _other_answers(value: Any) -> Iterator[Any]:
    """Values like the right one, with one change."""
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
    """A definition of a module and those of the same module that it uses, in the file's order.

    stop: names beyond which not to go.
    """
    try:
        tree = ast.parse(inspect.getsource(module))
    except (OSError, TypeError, SyntaxError):
        return []
    known = {name_of(node): node for node in tree.body if _is_definition(node)}
    found: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current in known and current not in found | stop:
            found.add(current)
            nodes = ast.walk(known[current])
            waiting += [node.id for node in nodes if isinstance(node, ast.Name)]
    return [node for name, node in known.items() if name in found]


def _is_definition(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assign):
        return bool(name_of(node)) and isinstance(node.value, (ast.Call, ast.Lambda))
    return isinstance(node, (ast.FunctionDef, ast.ClassDef))


def _build(
    module: types.ModuleType, name: str, definitions: Sequence[Definition], mutation: Mutation
) -> Any:
    """The definition `name` in a copy of its module where `mutation` has been made.

    All that the reference uses is defined anew, so that a changed function is the one called.
    """
    body = [mutation.definition if name_of(d) == mutation.where else d for d in definitions]
    code = compile(ast.Module(body=body, type_ignores=[]), f"<mutant of {name}>", "exec")
    namespace = dict(vars(module))
    exec(code, namespace)
    return namespace[name]


@contextmanager
def _interrupted(first: float = 2.0, then: float = 0.5) -> Iterator[None]:
    """Raises TimeoutError in the code inside after `first` seconds of processor time.

    Again after each further `then` seconds, for what is interrupted may be tried on another case.
    """
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise TimeoutError("it takes too long")

    previous = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, first, then)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)
