"""Find the exercise that a learner means, also where its name was not written as a text."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import Any

from lepton_course.errors import CourseError


class UnknownExercise(CourseError, LookupError):
    """The module has no exercise with that name."""


def exercise_named(given: Any, known: Collection[str], namespace: Mapping[str, Any]) -> str:
    """Return the name of the exercise meant by the argument of `check` or `hint`.

        check("convolve2d"), check(convolve2d)

    given: the name, or the answer itself: a function, a class or a value of `namespace`.
    known: the module's exercises.
    Raises UnknownExercise, with the nearest name, when it is none of them.
    """
    if isinstance(given, str):
        name = given.strip().removesuffix("()")
        if name in known:
            return name
        is_prediction = [n for n in known if namespace.get(n) is given]
        if len(is_prediction) == 1:  # check(predicted_drop), where the prediction is a letter
            return is_prediction[0]
        raise UnknownExercise(_no_such(name, known))
    named = [n for n in known if n in namespace and namespace[n] is given]
    if len(named) == 1:
        return named[0]
    own = getattr(given, "__name__", "")
    if own in known:
        return own
    if own and own != "<lambda>":
        raise UnknownExercise(_no_such(own, known))
    raise UnknownExercise(
        f"Say which exercise, by its name in quotes: {_listed(f'check({n!r})' for n in known)}."
    )


def nearest(name: str, known: Collection[str]) -> str:
    """Return the known name that is most like `name`; "" when none is."""
    by_small = {n.lower(): n for n in sorted(known)}
    found = difflib.get_close_matches(name.lower(), by_small, n=1)
    return by_small[found[0]] if found else ""


def _no_such(name: str, known: Collection[str]) -> str:
    near = nearest(name, known)
    hint = f" Did you mean {near!r}?" if near else ""
    return f"There is no exercise named {name!r} here.{hint} The exercises: {_listed(known)}."


def _listed(names: Any) -> str:
    return ", ".join(sorted(names)).replace("'", '"') or "none"
