"""Diagnose which known mistakes an answer's failing cases show, and how surely.

A wrong value that equals the one a known mistake gives is evidence for the mistake: the stronger,
the less likely the value is to arise in another way. Evidence is measured in bits: a float with
many digits counts for much, a count or a letter for little, the kind of an exception for next to
nothing. Only what the mistake changes is counted, and only known data enter: an answer cannot make
its own match look better.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Literal, TypeVar

from lepton_course.exercises.case_differences import (
    VALUES,
    alike,
    as_asked,
    case_differences,
)
from lepton_course.exercises.compare import Accuracy
from lepton_course.exercises.evidence import (
    EVERY_CASE_BITS,
    mistake_with_the_same_errors,
    value_bits,
)
from lepton_course.exercises.model import KnownMistake, Question
from lepton_course.exercises.probes import Observation
from lepton_course.exercises.values import Plain, same

Evidence = Literal["every case", "some cases", "weak"]
"""How surely a mistake is known.

every case: the answer equals the mistake's on every case, by values that tell it apart.
some cases: its values equal the mistake's on `cases`, and the answer has another mistake too.
weak: it equals the mistake's on every case, but only by an exception, a fraction of right labels,
a shape, or a few counts or letters: another mistake may well look the same. Or it predicts labels,
and nearly all of its wrong ones are the mistake's, too."""

MAX_DIAGNOSES = 2
"""Number of mistakes told at once."""

SOME_CASES_BITS = 16.0

LEAST_SHARE = 1 / 3
"""Fraction of the failing cases in which a mistake must show, lest chance make it match."""

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Diagnosis:
    """A known mistake found in an answer.

    cases: indices of the failing cases that show it, out of `failing` failing cases.
    """

    mistake: KnownMistake
    evidence: Evidence
    cases: tuple[int, ...]
    failing: int


@dataclass(frozen=True)
class _Match:
    """Where an answer's wrong values are all that a mistake changes: (case, path) pairs."""

    mistake: KnownMistake
    spots: frozenset[tuple[int, Path]]
    refuted: int

    @property
    def cases(self) -> tuple[int, ...]:
        return tuple(sorted({case for case, _ in self.spots}))

    @property
    def rank(self) -> tuple[int, int]:
        """Rank of the match, higher is better: cases explained minus cases refuted, then places."""
        return len(self.cases) - self.refuted, len(self.spots)

    def is_rival_of(self, other: _Match) -> bool:
        """Return whether the two explain a place, and would be told in different sentences."""
        return bool(self.spots & other.spots) and self.mistake.sentence != other.mistake.sentence


def diagnose(
    question: Question, observations: Sequence[Observation], failing: Sequence[int] | None = None
) -> tuple[Diagnosis, ...]:
    """Return the known mistakes that an answer shows, the surest first; at most `MAX_DIAGNOSES`.

    observations: one per case of the question. Nothing is run. failing: indices of the cases that
    fail, where they are known.
    """
    pairs = list(enumerate(observations))
    if failing is None:
        failing = [i for i, observed in pairs if case_differences(question, i, observed)]
    seen = [as_asked(question, i, observed) for i, observed in pairs]
    if not failing:
        return ()
    number = next(_alike(question, seen), None)
    if number is not None:
        evidence: Evidence = "weak"
        if question.probe.kind == "value" or (
            sum(_case_bits(question, number, i) for i in failing) >= EVERY_CASE_BITS
        ):
            evidence = "every case"
        found = question.mistakes[number]
        return (Diagnosis(found, evidence, tuple(failing), len(failing)),)
    return _partial(question, seen, failing)


def mistakes_alike(
    question: Question, observations: Sequence[Observation]
) -> Iterator[KnownMistake]:
    """Yield the known mistakes that equal an answer on every case."""
    return (question.mistakes[number] for number in _alike(question, observations))


def _alike(question: Question, observations: Sequence[Observation]) -> Iterator[int]:
    """Yield the numbers of the known mistakes that equal an answer on every case."""
    for number, mistake in enumerate(question.mistakes):
        pairs = zip(observations, mistake.observations, strict=True)
        if all(
            alike(
                question.compare,
                as_asked(question, index, observed),
                as_asked(question, index, theirs),
                question.expected[index],
            )
            for index, (observed, theirs) in enumerate(pairs)
        ):
            yield number


def _partial(
    question: Question, seen: Sequence[Observation], failing: Sequence[int]
) -> tuple[Diagnosis, ...]:
    """Return mistakes that explain different places of the failing cases and are not refuted."""
    if isinstance(question.compare, Accuracy):
        number = mistake_with_the_same_errors(question, question.compare, seen)
        found = [] if number is None else [question.mistakes[number]]
        return tuple(Diagnosis(m, "weak", tuple(failing), len(failing)) for m in found)
    if question.probe.kind == "value":
        return ()
    numbers = range(len(question.mistakes))
    matches = [_match(question, number, seen, failing) for number in numbers]
    least = LEAST_SHARE * len(failing)
    left = [match for match in matches if len(match.cases) >= max(least, match.refuted + 1)]
    left.sort(key=lambda match: match.rank, reverse=True)
    found: list[_Match] = []
    while left and len(found) < MAX_DIAGNOSES:
        best, *others = left
        rivals = [m for m in others if m.rank == best.rank and m.is_rival_of(best)]
        if not rivals:  # where mistakes explain a place equally well, tell none
            found.append(best)
        told = best.spots.union(*(rival.spots for rival in rivals))
        left = [match for match in others if not match.spots & told]
    return tuple(Diagnosis(m.mistake, "some cases", m.cases, len(failing)) for m in found)


def _match(
    question: Question, number: int, seen: Sequence[Observation], failing: Sequence[int]
) -> _Match:
    spots: set[tuple[int, Path]] = set()
    for index in failing:
        spots |= {(index, path) for path in _explained(question, number, index, seen[index])}
    refuted = 0
    if spots:
        passing = set(range(len(seen))) - set(failing)
        refuted = sum(_case_bits(question, number, index) > 0 for index in passing)
    return _Match(question.mistakes[number], frozenset(spots), refuted)


def _explained(
    question: Question, number: int, index: int, observed: Observation
) -> Collection[Path]:
    """Return the places that a mistake changes in a case, if the answer has it in all of them.

    None are returned when one of the wrong values is missing, or when together they do not tell the
    mistake apart.
    """
    if observed.raised or question.mistakes[number].observations[index].raised:
        return ()
    places = _places(question, number, index)
    for path, theirs, expected in places:
        mine = _at(observed, path)
        if mine is _NOTHING or not question.compare.alike(mine, theirs, expected):
            return ()
    if _telling_bits(question, number, index) < SOME_CASES_BITS:
        return ()
    return [path for path, _, _ in places]


T = TypeVar("T")


def _once(find: Callable[[Question, int, int], T]) -> Callable[[Question, int, int], T]:
    """Have something that a question knows of a mistake in a case found once for all answers."""

    @wraps(find)
    def kept(question: Question, number: int, index: int) -> T:
        key = find.__name__, number, index
        if key not in question.kept:
            question.kept[key] = find(question, number, index)
        return question.kept[key]

    return kept


@_once
def _places(question: Question, number: int, index: int) -> list[tuple[Path, Plain, Plain]]:
    """Return the places of a case that a mistake changes, as `_parts` yields them."""
    other, right = question.mistakes[number].observations[index], question.expected[index]
    return [
        (path, theirs, expected)
        for path, theirs, expected in _parts(question, other, right)
        if not question.compare.alike(theirs, expected, expected)
    ]


@_once
def _telling_bits(question: Question, number: int, index: int) -> float:
    """Return the evidence, in bits, of having all wrong values of a mistake in a case."""
    return sum(
        value_bits(theirs, expected, question.compare, counts=False)
        for _, theirs, expected in _places(question, number, index)
        if not _is_input(theirs, question, index)
    )


@_once
def _case_bits(question: Question, number: int, index: int) -> float:
    """Return the evidence, in bits, of equalling a mistake in a case; 0 if the mistake is right."""
    other, right = question.mistakes[number].observations[index], question.expected[index]
    if other.raised:
        return 1.0
    wrong = not alike(question.compare, other, right, right)
    if isinstance(question.compare, Accuracy):
        return 2.0 * wrong
    bits = sum(
        value_bits(theirs, expected, question.compare)
        for _, theirs, expected in _places(question, number, index)
    )
    return max(bits, float(wrong))  # a shape, a changed input or a missing value


_NOTHING = object()


def _parts(
    question: Question, other: Observation, right: Observation
) -> Iterator[tuple[Path, Plain, Plain]]:
    """Yield each place of a case as (path, the mistake's value, the expected value).

    A list, tuple or dict of several values counts as one place for each of them.
    """
    for aspect in VALUES:
        if aspect not in right.seen:
            continue
        theirs, expected = other.seen.get(aspect), right.seen[aspect]
        steps = _steps(expected, question.returns)
        same_form = type(theirs) is type(expected) and _steps(theirs, question.returns) == steps
        if not steps or not same_form:
            yield (aspect,), theirs, expected
            continue
        for step in steps:
            yield (aspect, step), theirs[step], expected[step]


def _steps(value: Plain, names: Sequence[str]) -> list[str] | list[int]:
    """Return the keys or indices of a dict, list or tuple of several values; [] for a vector."""
    if isinstance(value, dict):
        return sorted(value)
    if not isinstance(value, (list, tuple)):
        return []
    is_vector = all(type(item) in (bool, int, float) for item in value) and len(names) != len(value)
    return [] if is_vector else list(range(len(value)))


def _at(observed: Observation, path: Path) -> Plain:
    aspect, *steps = path
    value = observed.seen.get(aspect, _NOTHING)
    for step in steps:
        try:
            value = value[step]
        except (LookupError, TypeError):
            return _NOTHING
    return value


def _is_input(value: Plain, question: Question, index: int) -> bool:
    """Return whether a value is an unchanged argument of the case, which is no work to return."""
    case = question.cases[index]
    return any(same(value, given) for given in (*case.args, *case.kwargs.values(), case.x))
