"""Declare a prediction that a lesson asks for: a shape, a number or a letter, in one call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lepton_course.authoring.wrong_forms import WrongForm
from lepton_course.exercises.case import Case
from lepton_course.exercises.compare import Comparison, exact
from lepton_course.exercises.model import Exercise, Misconception
from lepton_course.exercises.probes import Value
from lepton_course.exercises.values import Plain

Explained = str | tuple[str, str]
"""The sentence about a wrong prediction, or the sentence and where to read on."""


def prediction(
    name: str,
    title: str,
    value: Plain,
    *,
    read: str = "",
    difficulty: int = 1,
    minutes: int = 2,
    compare: Comparison | None = None,
    wrong: Mapping[Plain, Explained] | Sequence[tuple[Plain, ...]] = (),
    forms: Sequence[WrongForm] = (),
    hints: Sequence[str] = (),
) -> Exercise:
    """Declare a prediction, which earns no points.

    value: the right prediction.
    compare: exact by default.
    wrong: predictions that readers make, each with its sentence; a list of `(value, sentence)`
        where a value cannot be a key.
    forms: wrong forms of the right value, from `wrong_forms`.
    """
    mistakes = [_mistake(*entry) for entry in _entries(wrong)]
    return Exercise(
        name=name,
        title=title,
        points=0,
        difficulty=difficulty,
        minutes=minutes,
        reference=value,
        cases=lambda rng: [Case("your prediction")],
        probe=Value(),
        compare=compare or exact(),
        misconceptions=(*mistakes, *(form.misconception(value) for form in forms)),
        hints=tuple(hints),
        read=read,
    )


def _entries(wrong: Mapping[Plain, Explained] | Sequence[tuple[Plain, ...]]) -> Iterator[tuple]:
    if not isinstance(wrong, Mapping):
        yield from wrong
        return
    for predicted, explained in wrong.items():
        yield (predicted, explained) if isinstance(explained, str) else (predicted, *explained)


def _mistake(predicted: Plain, sentence: str, read: str = "") -> Misconception:
    return Misconception(repr(predicted), predicted, sentence, read)
