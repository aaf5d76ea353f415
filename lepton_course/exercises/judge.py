"""The judge: from observations to a verdict. Pure functions on plain data.

The judge never calls an answer. It gets a `Question`, which holds everything needed to decide,
and one `Observation` per case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lepton_course.exercises.compare import Comparison, describe, exact, kind_name
from lepton_course.exercises.model import Case
from lepton_course.exercises.plain_words import in_plain_words
from lepton_course.exercises.probes import Observation, Probe, same
from lepton_course.exercises.values import Opaque, Plain, plain

CHANGED = "the function changed its own input; work on a copy"

Status = Literal["right", "wrong", "blank", "error"]


@dataclass(frozen=True)
class KnownMistake:
    """A misconception as data: its sentence, and what it answers to each case."""

    name: str
    sentence: str
    read: str
    observations: tuple[Observation, ...]


@dataclass(frozen=True)
class Question:
    """A compiled exercise: cases with expected observations; no code.

    arguments: the names of the answer's positional arguments, for messages.
    """

    name: str
    title: str
    points: float
    difficulty: int
    minutes: int
    hints: tuple[str, ...]
    read: str
    arguments: tuple[str, ...]
    probe: Probe
    compare: Comparison
    cases: tuple[Case, ...]
    expected: tuple[Observation, ...]
    mistakes: tuple[KnownMistake, ...]

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of the exercise in the order of their first cases."""
        return tuple(dict.fromkeys(case.part for case in self.cases))


@dataclass(frozen=True)
class PartResult:
    """Whether a part was earned; if not, the first failing case and what was wrong with it."""

    part: str
    passed: bool
    problem: str = ""
    case: int | None = None


@dataclass(frozen=True)
class Verdict:
    """What the judge decided about one answer."""

    name: str
    status: Status
    points: float
    max_points: float
    parts: tuple[PartResult, ...]
    diagnosis: KnownMistake | None = None

    @property
    def passed(self) -> bool:
        """Whether the answer is right in all parts."""
        return self.status == "right"


def judge(question: Question, observations: Sequence[Observation]) -> Verdict:
    """The verdict on an answer, from one observation per case of the question.

    Missing observations count as failures.
    """
    blank = Observation()
    seen = [*observations, *[blank] * len(question.cases)][: len(question.cases)]
    problems = [
        _problem(question, case, observed, expected)
        for case, observed, expected in zip(question.cases, seen, question.expected, strict=True)
    ]
    parts = tuple(_part_result(question, part, problems) for part in question.parts)
    earned = sum(part.passed for part in parts)
    if all(is_blank(observed) for observed in seen):
        status: Status = "blank"
        parts = tuple(PartResult(part.part, False, part.problem, part.case) for part in parts)
        earned = 0
    elif earned == len(parts):
        status = "right"
    else:
        failing = [o for o, problem in zip(seen, problems, strict=True) if problem]
        status = "error" if all(o.raised for o in failing) else "wrong"
    points = round(question.points * earned / len(parts), 2) if parts else 0.0
    found = None if status in ("right", "blank") else diagnose(question, seen)
    return Verdict(question.name, status, points, question.points, parts, found)


def diagnose(question: Question, observations: Sequence[Observation]) -> KnownMistake | None:
    """The known mistake whose observations are like the answer's on every case."""
    for mistake in question.mistakes:
        if all(
            alike(question.compare, observed, other, expected)
            for observed, other, expected in zip(
                observations, mistake.observations, question.expected, strict=True
            )
        ):
            return mistake
    return None


def difference(compare: Comparison, observed: Observation, expected: Observation) -> str | None:
    """How an observation differs from the expected one, or None when it does not."""
    if observed.raised:
        if expected.raised and observed.raised.kind == expected.raised.kind:
            return None
        return describe_raised(observed)
    if expected.raised:
        return f"expected a {expected.raised.kind}, but nothing was raised"
    for name, right in expected.seen.items():
        if name not in observed.seen:
            return f"the {name} could not be seen"
        if name == "gradients" and observed.seen[name] is None and right is not None:
            return "no gradient flows back: the result was cut off from its inputs"
        if name == "parameters" and isinstance(observed.seen[name], Opaque):
            return f"expected a network, a torch.nn.Module, got {kind_name(observed.seen[name])}"
        problem = compared(name, compare).difference(observed.seen[name], right)
        if problem:
            return _in_words(name, problem)
    return None


def alike(
    compare: Comparison, observed: Observation, other: Observation, expected: Observation
) -> bool:
    """Whether two observations of the same case come from the same answer."""
    if observed.raised or other.raised:
        kinds = [o.raised.kind if o.raised else None for o in (observed, other)]
        return kinds[0] == kinds[1]
    if set(observed.seen) != set(other.seen):
        return False
    return all(
        compared(name, compare).alike(
            observed.seen[name], other.seen[name], expected.seen.get(name)
        )
        for name in other.seen
    )


def is_blank(observed: Observation) -> bool:
    """Whether nothing was answered: no name, NotImplementedError, or an Ellipsis left in."""
    if observed.raised:
        left_in = observed.raised.kind == "TypeError" and "ellipsis" in observed.raised.message
        return left_in or observed.raised.kind in ("NotImplementedError", "Missing")
    values = list(observed.seen.values())
    return any(isinstance(value, Opaque) and value.kind == "ellipsis" for value in values) or (
        not values
    )


def describe_raised(observed: Observation) -> str:
    """An exception in one line, with the learner's line that raised it."""
    raised = observed.raised
    if raised is None:
        return ""
    if raised.kind == "NotImplementedError":
        return "this case is not answered yet (NotImplementedError)"
    message = raised.message.strip().rstrip(".")
    text = f"{raised.kind}: {message}" if message else raised.kind
    place = f", at the line `{raised.line}`" if raised.line else ""
    meaning = in_plain_words(message)
    return f"it stopped with {text}{place}" + (f" ({meaning})" if meaning else "")


def _part_result(question: Question, part: str, problems: Sequence[str | None]) -> PartResult:
    for index, case in enumerate(question.cases):
        if case.part == part and problems[index] is not None:
            return PartResult(part, False, problems[index] or "", index)
    return PartResult(part, True)


def _problem(
    question: Question, case: Case, observed: Observation, expected: Observation
) -> str | None:
    """The difference, and what more can be said of it when the question is known."""
    problem = difference(question.compare, observed, expected)
    if problem is None or observed.raised:
        return problem
    result, right = observed.seen.get("result"), expected.seen.get("result")
    if question.probe.kind == "value":
        return _about_a_prediction(result, right, problem)
    if "result" in observed.seen and result is None and right is not None:
        return f"{problem}: is a `return` missing? (print shows a value, but hands nothing back)"
    if problem == CHANGED:
        names = _changed_arguments(question, case, observed)
        return problem.replace("input", f"input {names}") if names else problem
    return problem


def _about_a_prediction(value: Plain, right: Plain, problem: str) -> str:
    """What is wrong with a predicted value, without giving the right one away."""
    letter = isinstance(right, str) and len(right) == 1
    if letter and not (isinstance(value, str) and len(value) == 1):
        return f'got {describe(value)}; answer with the letter of a choice, in quotes: "a"'
    if letter and value != right and value.lower() == right:
        return f"got {describe(value)}; write the letter small"
    of_another_kind = "expected a" in problem  # "expected a tuple, got a string"
    return problem if of_another_kind else f"{describe(value)} is not it"


def _changed_arguments(question: Question, case: Case, observed: Observation) -> str:
    """The names of the arguments that a call changed, such as "`x`, `h`"."""
    match observed.seen.get("arguments"):
        case [list() as after, dict()]:
            named = zip(question.arguments, after, plain(list(case.args)), strict=False)
        case _:  # whatever else a process that is not trusted may have sent
            return ""
    return ", ".join(f"`{name}`" for name, now, before in named if not same(now, before))


def compared(name: str, compare: Comparison) -> Comparison:
    """How one thing that was seen is compared: results and gradients by the exercise's comparison,
    everything else exactly."""
    return compare if name in ("result", "output", "gradients") else exact()


def _in_words(name: str, problem: str) -> str:
    if name == "arguments":
        return CHANGED
    if name == "parameters":
        return f"the shapes of the network's parameters: {problem}"
    return problem if name in ("result", "output") else f"the {name}: {problem}"
