"""Declare an exercise: its contract first, then its functions, each marked by its role.

    pooling = exercise("max_pool2d", title="Max pooling", points=2, …)

    @pooling.reference
    def max_pool2d(maps, size): ...

    @pooling.mistake("You took the mean of each window: take its maximum.")
    def mean_pooling(maps, size): ...

`exercise` collects; `ExerciseBuilder.build` returns the plain data (`Exercise`) that check cell,
grader, diagnosis and certificate use. Decorators return the function unchanged.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, TypeVar

from lepton_course.authoring.wrong_forms import WrongForm
from lepton_course.exercises.compare import Comparison
from lepton_course.exercises.compiled import argument_names
from lepton_course.exercises.model import Declaration, Exercise, HeldOut, Misconception
from lepton_course.exercises.probes import Probe

T = TypeVar("T")

RELATIVE = ["right", "a"]
"""Parameters that mark a mistake as relative to the reference, not a whole implementation."""

_UNSET = object()


def exercise(
    name: str,
    *,
    title: str,
    points: float,
    difficulty: int,
    minutes: int,
    probe: Probe,
    compare: Comparison,
    read: str = "",
    returns: Sequence[str] = (),
    forms: Sequence[WrongForm] = (),
    held_out: HeldOut | None = None,
) -> ExerciseBuilder:
    """Begin the declaration of an exercise; see `Exercise` for the fields.

    forms: wrong forms of a right result, from `wrong_forms`. held_out: labelled rows that no
    learner gets, from `authoring.held_out`; `cases` then takes the rows it may use, too.
    """
    contract = {
        "name": name,
        "title": title,
        "points": points,
        "difficulty": difficulty,
        "minutes": minutes,
        "probe": probe,
        "compare": compare,
        "read": read,
        "returns": tuple(returns),
        "held_out": held_out,
    }
    return ExerciseBuilder(contract, tuple(forms))


@dataclass
class ExerciseBuilder(Declaration):
    """An exercise while its file is read: the contract, and the functions marked so far."""

    contract: dict[str, Any]
    forms: tuple[WrongForm, ...] = ()
    _reference: Any = _UNSET
    _cases: Callable[..., Any] | None = None
    _alternatives: list[Any] = field(default_factory=list)
    _mistakes: list[_Mistake] = field(default_factory=list)
    _hints: tuple[str, ...] = ()

    def reference(self, answer: T) -> T:
        """Mark the right answer: a function, a class, or a value.

        Raises ValueError when one is marked already.
        """
        if self._reference is not _UNSET:
            raise ValueError(
                f"{self._title}: the reference is marked already; mark another right answer "
                "with `.alternative`"
            )
        self._reference = answer
        return answer

    def alternative(self, answer: T) -> T:
        """Mark another right answer, written differently."""
        self._alternatives.append(answer)
        return answer

    def cases(self, function: T) -> T:
        """Mark the function that returns or yields one round of cases, given a random generator.

        Where the exercise has held-out rows, it gets those that it may use as second argument.
        Raises ValueError when one is marked already.
        """
        if self._cases is not None:
            raise ValueError(
                f"{self._title}: its cases are marked already; draw all of them in one function"
            )
        self._cases = function
        return function

    def hints(self, nudge: str, method: str, answer: str) -> None:
        """Set the three hints, in the order in which a learner opens them."""
        self._hints = (nudge, method, answer)

    def group(
        self, title: str, *, read: str = "", make: Callable[[Any], Any] | None = None
    ) -> MistakeGroup:
        """Begin a group of mistakes that share a place to read on.

        make: turns each marked function into the implementation, where only a part of the answer
        is written ("one step", for which `make` builds the loop).
        """
        return MistakeGroup(self, title, read, make)

    def mistake(
        self,
        sentence: str,
        *,
        name: str = "",
        read: str = "",
        make: Callable[[Any], Any] | None = None,
    ) -> Callable[[T], T]:
        """Mark a wrong implementation, with the sentence that the learner is told.

        name: of the misconception; by default the function's, with spaces (names of arguments and
            of returned values keep their underscores).
        read, make: as for `group`.

        A function of the two parameters `right, a` is relative to the reference:
        `right(**changes)` calls the reference with the case's arguments and these changes, and `a`
        holds the arguments by name. Raises TypeError when the sentence is left out.
        """
        if callable(sentence):
            raise TypeError(
                f"{self._title}: write the sentence about the mistake "
                f'`{sentence.__name__}`: `.mistake("You …")`'
            )

        def mark(function: T) -> T:
            implementation = make(function) if make else function
            self._mistakes.append(_Mistake(function, name, implementation, sentence, read))
            return function

        return mark

    def build(self) -> Exercise:
        """Return the exercise as data.

        Raises ValueError when no function is marked as its reference or as its cases, and when
        two mistakes have the same name.
        """
        if self._reference is _UNSET:
            raise ValueError(f"{self._title}: mark the right answer with `.reference`")
        if self._cases is None:
            raise ValueError(f"{self._title}: mark the function that draws cases with `.cases`")
        returns = self.contract["returns"]
        known = [*argument_names(self._reference), *returns]
        mistakes = [
            Misconception(m.title(known), self._whole(m.implementation), m.sentence, m.read)
            for m in self._mistakes
        ]
        forms = [form.misconception(self._reference, returns) for form in self.forms]
        return Exercise(
            **self.contract,
            reference=self._reference,
            cases=_listed(self._cases),
            misconceptions=(*mistakes, *forms),
            alternatives=tuple(self._alternatives),
            hints=self._hints,
        )

    @property
    def _title(self) -> str:
        return f"exercise {self.contract['name']}"

    def _whole(self, implementation: Any) -> Any:
        if is_relative(implementation):
            return _relative_to(self._reference, implementation)
        return implementation


@dataclass(frozen=True)
class _Mistake:
    function: Any
    name: str
    implementation: Any
    sentence: str
    read: str

    def title(self, known: Sequence[str]) -> str:
        """Return the given name, or the function's with spaces except inside known names."""
        if self.name:
            return self.name
        title = self.function.__name__.strip("_").replace("_", " ")
        for name in known:
            title = re.sub(rf"\b{name.replace('_', ' ')}\b", name, title)
        return title


@dataclass(frozen=True)
class MistakeGroup:
    """Mistakes on one subject: a heading in the file, a place to read on, a way to make them."""

    exercise: ExerciseBuilder
    title: str
    read: str = ""
    make: Callable[[Any], Any] | None = None

    def mistake(self, sentence: str, *, name: str = "", read: str = "") -> Callable[[T], T]:
        """Mark a wrong implementation of this group; see `ExerciseBuilder.mistake`."""
        return self.exercise.mistake(sentence, name=name, read=read or self.read, make=self.make)


def is_relative(implementation: Any) -> bool:
    """Return whether a mistake is relative to the reference: a function of `right, a`."""
    return (
        inspect.isfunction(implementation)
        and list(inspect.signature(implementation).parameters) == RELATIVE
    )


def _relative_to(reference: Callable[..., Any], change: Callable[..., Any]) -> Callable[..., Any]:
    """Return the implementation that a mistake relative to the reference stands for."""
    signature = inspect.signature(reference)

    def mistaken(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()

        def right(**changes: Any) -> Any:
            unknown = changes.keys() - signature.parameters.keys()
            if unknown:
                raise TypeError(f"the reference has no argument {', '.join(sorted(unknown))}")
            changed = inspect.BoundArguments(signature, {**bound.arguments, **changes})
            return reference(*changed.args, **changed.kwargs)

        return change(right, SimpleNamespace(**bound.arguments))

    mistaken.__name__ = change.__name__
    mistaken.__wrapped__ = change
    mistaken.relative_to = reference
    mistaken.__signature__ = signature
    return mistaken


def _listed(cases: Callable[..., Any]) -> Callable[..., list[Any]]:
    """Turn a generator of cases into a function that returns their list."""
    if not inspect.isgeneratorfunction(cases):
        return cases
    return lambda *drawn: list(cases(*drawn))
