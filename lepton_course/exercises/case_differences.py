"""Compare what an answer gave on one case with what was expected, or with another answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lepton_course.exercises.compare import Comparison, Differences, exact, whole_numbers
from lepton_course.exercises.differences import (
    Aliased,
    ChangedInput,
    NoGradient,
    NotAModel,
    NotSeen,
    Stopped,
    WrongPrediction,
    WrongRandomness,
    kind_of,
)
from lepton_course.exercises.model import Question
from lepton_course.exercises.probes import Observation
from lepton_course.exercises.values import Opaque, Plain, plain, same

VALUES = ("result", "output", "gradients")
"""The aspects that an exercise's own comparison compares. All others are compared exactly."""


def case_differences(question: Question, index: int, observed: Observation) -> Differences:
    """Return all differences between an observation of a case and the expected one.

    An aspect that was not observed counts only when nothing else differs: otherwise it is missing
    because of what differs.
    """
    if observed.raised:
        return (Stopped(observed.raised),)
    observed, found, unseen = as_asked(question, index, observed), [], []
    for aspect, right in question.expected[index].seen.items():
        if aspect not in observed.seen:
            unseen.append(NotSeen(aspect=aspect))
            continue
        found += _aspect_differences(question, index, aspect, observed.seen[aspect], right)
    return tuple(found or unseen[:1])


def as_asked(question: Question, index: int, observed: Observation) -> Observation:
    """Return the observation as the question takes it.

    Where a prediction asks how many, 14.0 is taken as 14.
    """
    if question.probe.kind != "value" or "result" not in observed.seen:
        return observed
    right = question.expected[index].seen.get("result")
    return replace(observed, seen={"result": whole_numbers(observed.seen["result"], right)})


def alike(
    compare: Comparison, observed: Observation, other: Observation, expected: Observation
) -> bool:
    """Return whether two observations of a case could come from the same answer.

    Values are compared by `compare`; exceptions by their kind alone.
    """
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


def compared(aspect: str, compare: Comparison) -> Comparison:
    """Return the comparison for an aspect: the exercise's own for values, exact for the rest."""
    return compare if aspect in VALUES else exact()


def _aspect_differences(
    question: Question, index: int, aspect: str, seen: Plain, right: Plain
) -> Differences:
    if aspect == "gradients" and seen is None and right is not None:
        return (NoGradient(aspect=aspect),)
    if aspect == "parameters" and isinstance(seen, Opaque):
        return (NotAModel(kind_of(seen), aspect=aspect),)
    if aspect == "arguments" and right is None:
        return () if seen is None else (ChangedInput(_changed(question, index, seen)),)
    if aspect == "randomness":
        return () if same(seen, right) else (WrongRandomness(is_random=seen is True),)
    if aspect == "aliased":
        return () if same(seen, right) else (Aliased(_aliased(question, seen)),)
    found = compared(aspect, question.compare).differences(seen, right)
    if found and question.probe.kind == "value":
        letter = isinstance(right, str) and len(right) == 1
        lower = letter and isinstance(seen, str) and seen != right and seen.lower() == right
        return (WrongPrediction(seen, letter, lower, found),)
    return tuple(difference.of(aspect) for difference in found)


def _changed(question: Question, index: int, seen: Plain) -> tuple[str, ...]:
    """Return the names of the arguments that a call changed."""
    case = question.cases[index]
    match seen:
        case [list() as after, dict() as after_by_name]:
            before = plain([list(case.args), dict(case.kwargs)])
        case _:  # anything else that an untrusted process may send
            return ()
    named = zip(question.arguments, after, before[0], strict=False)
    names = [name for name, now, then in named if not same(now, then)]
    by_name = before[1].items()
    names += [name for name, then in by_name if not same(after_by_name.get(name), then)]
    return tuple(names)


def _aliased(question: Question, seen: Plain) -> tuple[str, ...]:
    """Return the names of the arguments that came back, given their positions or names."""
    steps: Sequence[Plain] = seen if isinstance(seen, list) else []
    names = list(question.arguments)
    named = [names[s] if type(s) is int and 0 <= s < len(names) else s for s in steps]
    return tuple(name for name in named if name in names)
