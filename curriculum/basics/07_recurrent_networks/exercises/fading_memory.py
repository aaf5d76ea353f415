"""Exercise `fading_memory` of the lesson: the simplest state, one number."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import as_int, as_list, reversed_order

fading = exercise(
    "fading_memory",
    title="Try it: a fading memory",
    points=0,
    difficulty=1,
    minutes=4,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#A-recurrent-cell-by-hand",
    forms=[
        as_list(
            "Your states are right, in a list: make an array of it at the end, np.array(states)."
        ),
        as_int(
            "Your states are cut to whole numbers: you fill an array of ints; make "
            "it with np.zeros(len(values)), which holds floats."
        ),
        reversed_order(
            "Your states are right, but the newest comes first: append each at the end."
        ),
    ],
)


@fading.reference
def fading_memory(values, keep):
    weights = keep ** np.arange(len(values))
    return (1 - keep) * np.array(
        [weights[: t + 1][::-1] @ values[: t + 1] for t in range(len(values))]
    )


def _rewritten(rule, state=0.0):
    """Walks through the values with another rule: (state, value, keep) -> state."""

    def walk(values, keep):
        found, now = [], state
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
        Case("one value", (rng.normal(size=1), 0.7)),
    ]


@fading.mistake(
    "Each of your states knows its own value only: carry the state on from step to step, as the "
    "old note."
)
def not_carried_on(values, keep):
    return (1 - keep) * values


@fading.mistake(
    "You noted the state before it was rewritten: append it after the value has been read."
)
def state_before(values, keep):
    return np.concatenate([[0.0], fading_memory(values, keep)[:-1]])


@fading.mistake(
    "Your result begins with the state 0 from before the first value: one state for each value is "
    "asked for."
)
def zero_in_front(values, keep):
    return np.concatenate([[0.0], fading_memory(values, keep)])


@fading.mistake(
    "You returned the last state only: return the states after all values, as an array."
)
def last_state_only(values, keep):
    return fading_memory(values, keep)[-1]


@fading.mistake(
    "You began with the first value as the state: here the state is 0 before anything has been "
    "read."
)
def began_with_the_first(values, keep):
    return _rewritten(lambda s, v, k: k * s + (1 - k) * v, state=values[0])(values, keep)


@fading.mistake(
    "You took the mean of all values so far, which forgets nothing and does not use keep: the "
    "share keep of the old state stays at each step."
)
def mean_so_far(values, keep):
    return np.cumsum(values) / np.arange(1, len(values) + 1)


@fading.mistake(
    "You mixed each value with the value before it: mix it with the state before it, in which all "
    "earlier values are left."
)
def value_before(values, keep):
    return keep * np.concatenate([[0.0], values[:-1]]) + (1 - keep) * values


@fading.mistake(
    "Your result is the values themselves: the share keep belongs to the old state, not to the "
    "new value."
)
def value_for_the_state(values, keep):
    return keep * values + (1 - keep) * values


@fading.mistake(
    "There is one state only: your return stands inside the loop, so it ends after the first "
    "value; move it to the left."
)
def returned_in_the_loop(values, keep):
    return fading_memory(values, keep)[:1]


@fading.mistake(
    "You multiplied each value by a power of keep: that fades by its number in the row, and no "
    "old value is left in the later states."
)
def power_for_the_state(values, keep):
    return (1 - keep) * keep ** np.arange(len(values)) * values


@fading.mistake("You left out the first value: the loop goes over all of them, from a state of 0.")
def first_value_left_out(values, keep):
    return fading_memory(values[1:], keep)


@fading.mistake(
    "Your array is empty: np.append gives a new array and leaves the old one as it is; append to "
    "a list, and make an array of it at the end."
)
def nothing_kept(values, keep):
    return np.array([])


fading.mistake(
    "You began with the state 1: nothing has been read yet, so it is 0.", name="began with one"
)(_rewritten(lambda s, v, k: k * s + (1 - k) * v, state=1.0))


@fading.mistake(
    "Your loop begins with the last value: read the values as they come, from the first on."
)
def from_the_last_to_the_first(values, keep):
    return fading_memory(values[::-1], keep)


@fading.mistake(
    "Each of your states knows the values that come after it: walk from the first value to the "
    "last, so that a state knows what was read before."
)
def backwards(values, keep):
    return from_the_last_to_the_first(values, keep)[::-1]


rewritten = fading.group("Rewritten", make=_rewritten)


rewritten.mistake(
    "You kept the share 1 - keep of the old state: it should fade slowly when keep is near 1, so "
    "the old state gets keep and the new value the rest.",
    name="shares swapped",
)(lambda s, v, k: (1 - k) * s + k * v)


rewritten.mistake(
    "You added the whole value: then the state grows beyond the values; give the new value the "
    "share 1 - keep.",
    name="all of the value",
)(lambda s, v, k: k * s + v)


rewritten.mistake(
    "Your old state never fades: multiply it by keep at each step.", name="nothing fades"
)(lambda s, v, k: s + (1 - k) * v)


rewritten.mistake(
    "You multiplied both by keep: the two shares add up to 1, so the value gets 1 - keep.",
    name="keep for both",
)(lambda s, v, k: k * s + k * v)


rewritten.mistake(
    "Without brackets, 1 - keep * value is 1 minus a product: write (1 - keep) * value.",
    name="no brackets",
)(lambda s, v, k: k * s + 1 - k * v)


rewritten.mistake(
    "You squashed the state with tanh: that comes with the recurrent network below, this memory "
    "is only a weighted mean.",
    name="tanh",
)(lambda s, v, k: np.tanh(k * s + (1 - k) * v))


rewritten.mistake(
    "You multiplied the new value by keep, too: it comes in with the share 1 - keep, and fades "
    "from the next step on.",
    name="keep twice",
)(lambda s, v, k: k * (s + (1 - k) * v))


rewritten.mistake(
    "You took the new value off: it is added, with the share 1 - keep.", name="difference"
)(lambda s, v, k: k * s - (1 - k) * v)


rewritten.mistake(
    "You gave both the share 1 - keep: the old state gets keep, so that the two add up to 1.",
    name="new share for both",
)(lambda s, v, k: (1 - k) * (s + v))


fading.hints(
    "What is left of the old state, and what is the share of the new value?",
    "The shares keep and 1 - keep add up to 1: the state is a weighted mean of the past.",
    "def fading_memory(values, keep):\n"
    "    …\n"
    "        state = keep * state + (1 - keep) * value\n"
    "    …",
)
