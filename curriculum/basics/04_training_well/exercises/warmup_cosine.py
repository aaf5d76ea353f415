"""A learning rate that rises, then falls along a cosine: the exercise `warmup_cosine`."""

from __future__ import annotations

import math

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise

scheduling = exercise(
    "warmup_cosine",
    title="Warm-up and cosine",
    points=2,
    difficulty=2,
    minutes=8,
    probe=Call(),
    compare=close(rtol=1e-9, atol=1e-12),
    read="lesson.ipynb#Warm-up-and-cosine",
)


@scheduling.reference
def warmup_cosine(step, total_steps, warmup_steps, peak, floor=0.0):
    """Return the learning rate of a step, a float.

    step: counted from 0, perhaps beyond the end. 0 <= warmup_steps <= total_steps. The rate rises
    linearly from peak / warmup_steps to peak, then falls along half a cosine period from peak, at
    step warmup_steps, to floor, at step total_steps, and stays there.
    """
    if step < warmup_steps:
        return peak * (step + 1) / warmup_steps
    if step >= total_steps:
        return floor
    angle = math.pi * (step - warmup_steps) / (total_steps - warmup_steps)
    return floor + (peak - floor) * 0.5 * (1 + math.cos(angle))


@scheduling.alternative
def by_interpolation(step, total_steps, warmup_steps, peak, floor=0.0):
    if step >= total_steps:
        return float(floor)
    if step < warmup_steps:
        return float(np.interp(step + 1, [0, warmup_steps], [0, peak]))
    angle = np.interp(step, [warmup_steps, total_steps], [0, np.pi])
    return float(np.interp(np.cos(angle), [-1, 1], [floor, peak]))


@scheduling.cases
def cases(rng):
    peak, floor = (float(value) for value in rng.uniform([0.5, 0.01], [2.0, 0.2]))
    warm = int(rng.integers(3, 6))
    total = warm + int(rng.integers(7, 12))
    return [
        Case("warm-up", (0, total, warm, peak)),
        Case("warm-up", (warm - 1, total, warm, peak, floor)),
        Case("warm-up", (1, 10, 4, 0.003, floor)),
        Case("warm-up", (0, 1, 1, peak)),
        Case("cosine", (warm, total, warm, peak, floor)),
        Case("cosine", (warm + 2, total, warm, peak)),
        Case("cosine", (total - 1, total, warm, peak, floor)),
        Case("cosine", (7, 21, 4, 3.0, 0.5)),
        Case("cosine", (6, 13, 1, 0.5, floor)),
        Case("cosine", (9, 16, 3, 0.75)),
        Case("no warm-up", (0, 9, 0, peak, floor)),
        Case("no warm-up", (3, 8, 0, 1.5)),
        Case("no warm-up", (4, 11, 0, peak)),
        Case("at the end and beyond", (total, total, warm, peak, floor)),
        Case("at the end and beyond", (total + 5, total, warm, peak, floor)),
        Case("at the end and beyond", (6, 5, 5, peak)),
        Case("at the end and beyond", (0, 0, 0, peak, floor)),
        Case("at the end and beyond", (1, 1, 0, peak, floor)),
    ]


rising = scheduling.group("Warm-up", read="lesson.ipynb#Warm-up-and-cosine")


@rising.mistake(
    "Your first step has the learning rate 0 and changes nothing: step counts from 0, so the rate "
    "is peak * (step + 1) / warmup_steps."
)
def first_step_wasted(right, a):
    if a.step < a.warmup_steps:
        return a.peak * a.step / a.warmup_steps
    return right()


@rising.mistake("There is no warm-up in your schedule: it falls from the first step on.")
def no_warmup(right, a):
    return right(warmup_steps=0)


@rising.mistake("Your warm-up starts at floor: it rises from peak / warmup_steps.")
def warmup_from_the_floor(right, a):
    if a.step < a.warmup_steps:
        return a.floor + (a.peak - a.floor) * (a.step + 1) / a.warmup_steps
    return right()


@rising.mistake(
    "Your warm-up reaches peak one step late: step warmup_steps - 1 has peak already, so divide by "
    "warmup_steps, not by one more."
)
def peak_one_step_late(right, a):
    if a.step < a.warmup_steps:
        return a.peak * (a.step + 1) / (a.warmup_steps + 1)
    return right()


@rising.mistake(
    "Your warm-up takes one step too many and exceeds peak there: step warmup_steps is the first "
    "of the cosine, so ask for step < warmup_steps."
)
def warmup_one_step_too_long(right, a):
    if 0 < a.step == a.warmup_steps < a.total_steps:
        return a.peak * (a.step + 1) / a.warmup_steps
    return right()


@rising.mistake("Your warm-up follows a cosine as well: it rises by the same amount in every step.")
def warmup_along_a_cosine(right, a):
    if a.step < a.warmup_steps:
        return a.peak * (1 - math.cos(math.pi * (a.step + 1) / a.warmup_steps)) / 2
    return right()


@rising.mistake(
    "You keep the warm-up from falling below floor: it starts at peak / warmup_steps, however low "
    "that is."
)
def warmup_cut_off_at_the_floor(right, a):
    return max(right(), a.floor)


falling = scheduling.group("Cosine", read="lesson.ipynb#Warm-up-and-cosine")


def _falling(right, a, progress=None, shape=lambda p: (1 + math.cos(math.pi * p)) / 2):
    """The right schedule, with another progress or shape where the rate falls."""
    if not a.warmup_steps <= a.step < a.total_steps:
        return right()
    after = a.step - a.warmup_steps
    if progress is None:
        progress = after / (a.total_steps - a.warmup_steps)
    return a.floor + (a.peak - a.floor) * shape(progress)


@falling.mistake(
    "You divided by all steps: of the steps after the warm-up there are only "
    "total_steps - warmup_steps, so your rate has not reached floor when the run ends."
)
def divided_by_all_steps(right, a):
    return _falling(right, a, (a.step - a.warmup_steps) / max(a.total_steps, 1))


@falling.mistake(
    "Your cosine is one step ahead: at step warmup_steps the rate is still peak, so the progress "
    "is 0 there."
)
def one_step_ahead(right, a):
    after = a.step + 1 - a.warmup_steps
    return _falling(right, a, after / max(a.total_steps - a.warmup_steps, 1))


@falling.mistake(
    "You used a whole period of the cosine, so the rate falls and rises again: half a period goes "
    "from 0 to pi."
)
def whole_period(right, a):
    return _falling(right, a, shape=lambda p: (1 + math.cos(2 * math.pi * p)) / 2)


@falling.mistake(
    "Your cosine goes from 1 to -1 and is cut off at floor half-way: (1 + cos) / 2 goes from 1 to "
    "0 over the whole fall."
)
def cosine_not_lifted(right, a):
    if not a.warmup_steps <= a.step < a.total_steps:
        return right()
    progress = (a.step - a.warmup_steps) / (a.total_steps - a.warmup_steps)
    return max(a.floor, a.peak * math.cos(math.pi * progress))


@falling.mistake(
    "Where the warm-up takes all steps, your rate stays at peak afterwards: from total_steps on, "
    "it is floor."
)
def stays_at_peak(right, a):
    return a.peak if a.step >= a.total_steps == a.warmup_steps else right()


@falling.mistake(
    "Beyond the end you repeat the rate of the last step, total_steps - 1: from total_steps on, "
    "the rate is floor."
)
def last_rate_kept(right, a):
    return right(step=min(a.step, max(a.total_steps - 1, 0))) if a.total_steps else right()


@falling.mistake("Beyond the end your rate is 0: it stays at floor.")
def zero_at_the_end(right, a):
    return 0.0 if a.step >= a.total_steps else right()


@falling.mistake(
    "Your cosine starts at step 0, so the rate jumps down where the warm-up ends: measure the "
    "progress from warmup_steps on."
)
def cosine_from_step_0(right, a):
    return right() if a.step < a.warmup_steps else right(warmup_steps=0)


@falling.mistake(
    "Beyond total_steps your cosine rises again: the rate stays at floor from there on."
)
def rises_again(right, a):
    if a.step <= a.total_steps or a.warmup_steps == a.total_steps:
        return right()
    angle = math.pi * (a.step - a.warmup_steps) / (a.total_steps - a.warmup_steps)
    return a.floor + (a.peak - a.floor) * (1 + math.cos(angle)) / 2


@falling.mistake("You let the rate fall along a straight line: half a cosine period is asked for.")
def falls_linearly(right, a):
    return _falling(right, a, shape=lambda p: 1 - p)


@falling.mistake(
    "You used a quarter of the cosine's period, cos of 0 to pi / 2: it goes from 0 to pi, and (1 + "
    "cos) / 2 from 1 to 0."
)
def quarter_period(right, a):
    return _falling(right, a, shape=lambda p: math.cos(math.pi / 2 * p))


@falling.mistake(
    "You added floor to a cosine that starts at peak, so the rate begins at peak + floor: the "
    "cosine spans peak - floor."
)
def floor_added(right, a):
    return right() if a.step < a.warmup_steps else right(floor=0.0) + a.floor


@falling.mistake(
    "You let the cosine fall to 0 and cut it off at floor: the cosine itself goes from peak to "
    "floor, so multiply it by peak - floor and add floor."
)
def cut_off_at_the_floor(right, a):
    return right() if a.step < a.warmup_steps else max(right(floor=0.0), a.floor)


@falling.mistake("Your rate falls to 0: it ends at floor.")
def floor_ignored(right, a):
    return right(floor=0.0)


@falling.mistake(
    "Your cosine ends one step early: it reaches floor at step total_steps, not at the last step "
    "before it."
)
def ends_one_step_early(right, a):
    if a.step < a.warmup_steps:
        return right()
    return right(total_steps=max(a.total_steps - 1, a.warmup_steps))


scheduling.hints(
    "There are three stretches: rising, falling, and after the end. Ask which one the step is in.",
    "While falling, measure the progress from the warm-up's end to the run's end: it goes from 0 "
    "to 1, and (1 + cos(pi * progress)) / 2 from 1 to 0. Where could the division fail?",
    "Below warmup_steps: peak * (step + 1) / warmup_steps. From total_steps on: floor. In between: "
    "floor + (peak - floor) * (1 + math.cos(math.pi * progress)) / 2, where progress is the number "
    "of steps since the warm-up over the number of all steps after it.",
)
