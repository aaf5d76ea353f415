"""Exercise `fading_memory` of the lesson: the simplest state, one number."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise

fading = exercise(
    "fading_memory",
    title="Try it: a fading memory",
    points=0,
    difficulty=1,
    minutes=4,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#A-recurrent-cell-by-hand",
)


@fading.reference
def fading_memory(values, keep):
    """Return the state after each value, (T,): an exponential moving average that begins at 0.

    values: float (T,); keep: the fraction of the old state that stays, from 0 to 1.
    """
    weights = keep ** np.arange(len(values))
    return (1 - keep) * np.array(
        [weights[: t + 1][::-1] @ values[: t + 1] for t in range(len(values))]
    )


def _rewritten(rule):
    """Walk through the values with another rule: (state, value, keep) -> state."""

    def walk(values, keep):
        found, now = [], 0.0
        for newest in values:
            now = rule(now, newest, keep)
            found.append(now)
        return np.array(found)

    return walk


fading.alternative(_rewritten(lambda s, v, k: s + (1 - k) * (v - s)))


@fading.cases
def cases(rng):
    return [
        Case("keeps much", (rng.normal(size=9), 0.9)),
        Case("keeps little", (rng.normal(size=6), 0.25)),
        Case("one value", (rng.integers(1, 9, size=1) / 2, 0.75)),
    ]


@fading.mistake(
    "Each of your states knows only its own value: carry the state on from step to step, like a "
    "note that you keep."
)
def not_carried_on(values, keep):
    return (1 - keep) * values


@fading.mistake("You stored the state before its update: append it after the value has been read.")
def state_before(right, a):
    return np.concatenate([[0.0], right()[:-1]])


@fading.mistake(
    "Your result starts with the state 0 from before the first value: return one state for each "
    "value."
)
def zero_in_front(right, a):
    return np.concatenate([[0.0], right()])


@fading.mistake("You returned only the last state: return the state after each value, as an array.")
def last_state_only(right, a):
    return right()[-1]


@fading.mistake(
    "You started with the first value as the state: here the state is 0 before anything has been "
    "read."
)
def began_with_the_first(right, a):
    return right() + a.values[0] * a.keep ** np.arange(1, len(a.values) + 1)


@fading.mistake(
    "You took the mean of all values so far, which forgets nothing and does not use keep: the "
    "fraction keep of the old state stays at each step."
)
def mean_so_far(values, keep):
    return np.cumsum(values) / np.arange(1, len(values) + 1)


@fading.mistake(
    "You mixed each value with the value before it: mix it with the state before it, which "
    "carries traces of all earlier values."
)
def value_before(values, keep):
    return keep * np.concatenate([[0.0], values[:-1]]) + (1 - keep) * values


rules = fading.group("The rule of a step", make=_rewritten)


@rules.mistake(
    "You kept a fraction 1 - keep of the old state: it should fade slowly when keep is near 1, so "
    "the old state gets keep and the new value the rest."
)
def shares_swapped(state, value, keep):
    return (1 - keep) * state + keep * value


@rules.mistake(
    "You added the whole value: then the state grows beyond the values; give the new value the "
    "weight 1 - keep."
)
def all_of_the_value(state, value, keep):
    return keep * state + value


@rules.mistake("Your old state never fades: multiply it by keep at each step.")
def nothing_fades(state, value, keep):
    return state + (1 - keep) * value


@rules.mistake(
    "You multiplied both by keep: the two weights add up to 1, so that of the value is 1 - keep."
)
def keep_for_both(state, value, keep):
    return keep * (state + value)


@rules.mistake("Without brackets, 1 - keep * value is 1 minus a product: write (1 - keep) * value.")
def no_brackets(state, value, keep):
    return keep * state + 1 - keep * value


fading.hints(
    "What is left of the old state, and how much comes from the new value?",
    "The weights keep and 1 - keep add up to 1: the state is a weighted mean of the past.",
    "def fading_memory(values, keep):\n"
    "    …\n"
    "        state = keep * state + (1 - keep) * value\n"
    "    …",
)
