"""pipeline: how long a batch takes in a pipeline of stages, and how much of that is idle."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import (
    as_int,
    complement,
    in_percent,
    only_value,
    rounded,
    tuple_order,
)

pipelining = exercise(
    "pipeline",
    title="The bubble",
    points=2,
    difficulty=3,
    minutes=14,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#A-pipeline-and-its-bubble",
    returns=("seconds", "bubble"),
    forms=[
        complement(
            "The time is right, but you returned the share in which stages work: "
            "the bubble is the rest, 1 minus that.",
            of="bubble",
        ),
        in_percent("Right, but in percent: return a share between 0 and 1.", of="bubble"),
        only_value(0, "The time is right; return the pair (seconds, bubble)."),
        tuple_order((1, 0), "You returned (bubble, seconds): the time comes first."),
        rounded(2, "Right, but rounded: return the share with all its digits."),
        as_int(
            "Right, but you cut the seconds to whole ones: stages take fractions of "
            "a second, so return a float.",
            of="seconds",
        ),
    ],
)


@pipelining.reference
def pipeline(forward, backward, micro_batches):
    stages = range(len(forward))
    free = [0.0 for _ in stages]  # when each stage has done all that it was given so far
    for way, seconds in ((stages, forward), (stages[::-1], backward)):
        for _ in range(micro_batches):
            arrived = 0.0
            for stage in way:
                arrived = free[stage] = max(arrived, free[stage]) + seconds[stage]
    busy = micro_batches * sum([*forward, *backward])
    return free[0], 1 - busy / (len(forward) * free[0])


@pipelining.alternative
def with_tables(forward, backward, micro_batches):
    depth = len(forward)
    ends = np.zeros((2 * depth, micro_batches))  # rows: forwards, then backwards from the last
    took = [*forward, *reversed(backward)]
    for row in range(2 * depth):
        for m in range(micro_batches):
            before = [ends[row - 1, m]] if row else []
            before += [ends[row, m - 1]] if m else []
            if row >= depth:  # a stage's own forwards come first
                before.append(ends[2 * depth - 1 - row, -1])
            ends[row, m] = max(before, default=0) + took[row]
    end = float(ends.max())
    idle = depth * end - micro_batches * sum(took)
    return end, idle / (depth * end)


@pipelining.alternative
def slowest_sets_the_pace(forward, backward, micro_batches):
    fill = sum(forward) + sum(backward)  # the first micro-batch, all the way and back
    seconds = fill + (micro_batches - 1) * (max(forward) + max(backward))
    return seconds, 1 - micro_batches * fill / len(forward) / seconds


@pipelining.cases
def cases(rng):
    def case(part, forward, backward, micro_batches):
        unit = float(rng.choice([0.25, 0.75, 1.25, 1.75]))
        ways = [[unit * seconds for seconds in way] for way in (forward, backward)]
        return Case(part, (*ways, micro_batches))

    equal, several = int(rng.integers(2, 7)), int(rng.integers(4, 8))
    return [
        case("stages of equal time", [equal] * 3, [2 * equal] * 3, 5),
        case("one micro-batch", [4, 2, 7], [5, 9, 3], 1),
        # The slowest stage is another one forwards, backwards and in both together.
        case("stages of different times", [3, 9, 5, 2], [4, 6, 11, 6], several),
        case("stages of different times", [9, 5, 2], [3, 8, 4], several - 1),
        case("one stage", [3], [5], 4),
    ]


@pipelining.mistake(
    "You counted the forward passes only: after the last forward, all backwards follow."
)
def backward_forgotten(forward, backward, micro_batches):
    seconds = sum(forward) + (micro_batches - 1) * max(forward)
    return seconds, 1 - micro_batches * sum(forward) / (len(forward) * seconds)


@pipelining.mistake(
    "The time is right. (S - 1)/(M + S - 1) is the bubble of equal stages: in general compare the "
    "busy time with stages times seconds."
)
def formula_for_equal_stages(forward, backward, micro_batches):
    rest = len(forward) - 1
    seconds, _ = pipeline(forward, backward, micro_batches)
    return seconds, rest / (micro_batches + rest)


@pipelining.mistake(
    "Both formulas, M + S - 1 rounds and (S - 1)/(M + S - 1), are true for equal stages only: "
    "here stages differ, so follow the rules."
)
def formulas_for_equal_stages(forward, backward, micro_batches):
    rounds = micro_batches + len(forward) - 1
    return rounds * (forward[0] + backward[0]), (len(forward) - 1) / rounds


@pipelining.mistake(
    "You used the formulas for equal stages with the slowest stage's times: faster stages do not "
    "wait for a common clock, and the bubble depends on all times."
)
def formulas_with_the_slowest(forward, backward, micro_batches):
    rounds = micro_batches + len(forward) - 1
    return rounds * (max(forward) + max(backward)), (len(forward) - 1) / rounds


@pipelining.mistake("You returned a dict: return the pair (seconds, bubble).")
def as_a_dict(forward, backward, micro_batches):
    seconds, bubble = pipeline(forward, backward, micro_batches)
    return {"seconds": seconds, "bubble": bubble}


def _idle_share(seconds, forward, backward, micro_batches):
    busy = micro_batches * (sum(forward) + sum(backward))
    return 1 - busy / (len(forward) * seconds)


def _with_seconds(measure):
    """The bubble that follows from a wrong time."""

    def wrong(forward, backward, micro_batches):
        seconds = float(measure(forward, backward, micro_batches))
        return seconds, _idle_share(seconds, forward, backward, micro_batches)

    return wrong


def _beginning_at_the_earlier(end):
    def measure(forward, backward, micro_batches):
        free, stages = [0.0] * len(forward), range(len(forward))
        for way, seconds in ((stages, forward), (stages[::-1], backward)):
            for _ in range(micro_batches):
                arrived = 0.0
                for stage in way:
                    arrived = free[stage] = min(arrived, free[stage]) + seconds[stage]
        return end(free)

    return measure


pipelining.mistake(
    "Your stages begin at the earlier of two times, with min: both must have come, the "
    "micro-batch has arrived and the stage is free, so it is the later.",
    name="begins at the earlier",
)(_with_seconds(_beginning_at_the_earlier(max)))


pipelining.mistake(
    "Your stages begin at the earlier of two times, with min: both must have come, the "
    "micro-batch has arrived and the stage is free, so it is the later.",
    name="begins at the earlier, first stage",
)(_with_seconds(_beginning_at_the_earlier(lambda free: free[0])))


with_seconds = pipelining.group("With seconds", make=_with_seconds)


with_seconds.mistake(
    "In your pipeline a micro-batch starts only when the one before has gone all the way: a stage "
    "may begin with the next as soon as it is free.",
    name="one after the other",
)(lambda f, b, m: m * (sum(f) + sum(b)))


with_seconds.mistake(
    "You let all stages wait for the slowest in every step (M + S - 1 steps): a stage starts as "
    "soon as its input is there and it is free.",
    name="in lock-step",
)(lambda f, b, m: (m + len(f) - 1) * (max(f) + max(b)))


with_seconds.mistake(
    "You counted M times the slowest stage, as if no stage waited for its input: the pipeline has "
    "to fill and to empty as well.",
    name="only the slowest",
)(lambda f, b, m: m * max(x + y for x, y in zip(f, b, strict=True)))


with_seconds.mistake(
    "Your stages work on several micro-batches at the same time: a stage does one after the other.",
    name="all at once",
)(lambda f, b, m: sum(f) + sum(b))


def _ends_when_backward_starts_at_the_first(forward, backward, micro_batches):
    """The end when gradients, too, go from the first stage to the last."""
    free = [0.0] * len(forward)
    for took in (forward, backward):
        for _ in range(micro_batches):
            arrived = 0.0
            for stage, seconds in enumerate(took):
                arrived = free[stage] = max(arrived, free[stage]) + seconds
    return free[-1]


with_seconds.mistake(
    "Your backward pass goes from the first stage to the last: gradients go the other way, from "
    "the last stage to the first.",
    name="backward from the first stage",
)(_ends_when_backward_starts_at_the_first)


with_seconds.mistake(
    "You used (M + S - 1) times the mean stage: that is true for equal stages only; with others "
    "the slowest sets the pace.",
    name="mean times",
)(lambda f, b, m: (m + len(f) - 1) * (np.mean(f) + np.mean(b)))


with_seconds.mistake(
    "After the first micro-batch you let the others follow at the pace of the stage that each way "
    "begins with: the slowest stage sets the pace.",
    name="pace of the first stage",
)(lambda f, b, m: sum(f) + sum(b) + (m - 1) * (f[0] + b[-1]))


with_seconds.mistake(
    "After the first micro-batch you let the others follow at the pace of the stage that each way "
    "ends with: the slowest stage sets the pace.",
    name="pace of the last stage",
)(lambda f, b, m: sum(f) + sum(b) + (m - 1) * (f[-1] + b[0]))


with_seconds.mistake(
    "You took the stage that is slowest in forward plus backward: all forwards are done before "
    "backwards begin, so each way has a slowest stage of its own.",
    name="one slowest for both ways",
)(lambda f, b, m: sum(f) + sum(b) + (m - 1) * max(x + y for x, y in zip(f, b, strict=True)))


with_seconds.mistake(
    "You let every step take as long as the slowest stage's forward plus backward: a stage starts "
    "as soon as its input is there and it is free.",
    name="rounds of the slowest",
)(lambda f, b, m: (m + len(f) - 1) * max(x + y for x, y in zip(f, b, strict=True)))


with_seconds.mistake(
    "One micro-batch too many: after the first has gone through, M - 1 are left.",
    name="one round too many",
)(lambda f, b, m: sum(f) + sum(b) + m * (max(f) + max(b)))


with_seconds.mistake(
    "You exchanged the number of stages and the number of micro-batches.",
    name="stages for micro-batches",
)(lambda f, b, m: sum(f) + sum(b) + (len(f) - 1) * (max(f) + max(b)))


def _turned_round(forward, backward, micro_batches):
    """The end when the last stage goes backward right after each forward."""
    free, arrivals = [0.0] * len(forward), []
    for _ in range(micro_batches):
        arrived = 0.0
        for stage, seconds in enumerate(forward):
            last = stage == len(forward) - 1
            arrived = max(arrived, free[stage]) + seconds + (backward[stage] if last else 0)
            free[stage] = arrived
        arrivals.append(arrived)
    for arrived in arrivals:
        for stage in reversed(range(len(forward) - 1)):
            arrived = free[stage] = max(arrived, free[stage]) + backward[stage]
    return free[0]


with_seconds.mistake(
    "Your last stage goes backward with a micro-batch as soon as its forward is done (1F1B "
    "schedules do so): here each stage does all its forwards first.",
    name="the last stage turns round",
)(_turned_round)


with_seconds.mistake(
    "In your time no micro-batch waits for the one before: keep for each stage when it is free, "
    "begin at the later of that and the arrival (max), and write the new end back.",
    name="nothing waits",
)(lambda f, b, m: sum(b))


with_seconds.mistake(
    "Only the backward passes are in your time: the clocks of the stages must not go back to 0 "
    "between forwards and backwards.",
    name="clocks set back",
)(lambda f, b, m: sum(b) + (m - 1) * max(b))


def _end_of_the_last_stage(forward, backward, micro_batches):
    forwards = sum(forward) + (micro_batches - 1) * max(forward)
    return forwards + micro_batches * backward[-1]


with_seconds.mistake(
    "You returned when the last stage is done, but its backwards come first: the first stage ends "
    "last.",
    name="ends with the last stage",
)(_end_of_the_last_stage)


with_seconds.mistake(
    "You took one slowest time for both ways (forward + backward of two lists joins them): each "
    "way has a slowest stage of its own.",
    name="one slowest of all",
)(lambda f, b, m: sum(f) + sum(b) + 2 * (m - 1) * max(f + b))


def _backwards_side_by_side(forward, backward, micro_batches):
    """The same, where the other stages' backwards take none of their time."""
    free, latest = [0.0] * len(forward), 0.0
    for _ in range(micro_batches):
        arrived = 0.0
        for stage, seconds in enumerate(forward):
            arrived = free[stage] = max(arrived, free[stage]) + seconds
        arrived = free[-1] = arrived + backward[-1]
        for stage in reversed(range(len(forward) - 1)):
            arrived = max(arrived, free[stage]) + backward[stage]
        latest = max(latest, arrived)
    return latest


with_seconds.mistake(
    "Your last stage goes backward with a micro-batch as soon as its forward is done, and in the "
    "other stages a backward keeps nobody waiting: each stage does all its forwards first, then "
    "one backward after the other.",
    name="backwards side by side",
)(_backwards_side_by_side)


def _with_bubble(change):
    """The right time, and another share of it."""

    def wrong(forward, backward, micro_batches):
        seconds, bubble = pipeline(forward, backward, micro_batches)
        return seconds, float(change(bubble, seconds, forward, backward, micro_batches))

    return wrong


with_bubble = pipelining.group("With bubble", make=_with_bubble)


with_bubble.mistake(
    "The time is right. (S - 1)/M is idle over busy time, and of equal stages only: the bubble is "
    "idle time over all time.",
    name="ratio for equal stages",
)(lambda _, s, f, b, m: (len(f) - 1) / m)


with_bubble.mistake(
    "The time is right, but as work you counted forwards only: backwards keep a stage busy, too.",
    name="forward work only",
)(lambda _, s, f, b, m: 1 - m * sum(f) / len(f) / s)


with_bubble.mistake(
    "The time is right. You divided the idle time by the busy time: divide it by all the time, "
    "stages times seconds.",
    name="idle against busy",
)(lambda bubble, *_: bubble / (1 - bubble))


with_bubble.mistake(
    "The time is right, but the bubble is in seconds: a share of stages times seconds is asked "
    "for.",
    name="idle seconds",
)(lambda bubble, seconds, f, *_: bubble * seconds * len(f))


with_bubble.mistake(
    "The time is right, but your bubble is that of the first stage alone: average over all stages.",
    name="of the first stage",
)(lambda _, s, f, b, m: 1 - m * (f[0] + b[0]) / s)


with_bubble.mistake(
    "The time is right, but your bubble is that of the last stage alone: average over all stages.",
    name="of the last stage",
)(lambda _, s, f, b, m: 1 - m * (f[-1] + b[-1]) / s)


with_bubble.mistake(
    "The time is right. You compared the work of all stages with the time of one: there are S "
    "times so many seconds to be had.",
    name="stages not counted",
)(lambda _, s, f, b, m: 1 - m * (sum(f) + sum(b)) / s)


with_bubble.mistake(
    "The time is right, but as work you counted one micro-batch only: a stage does M.",
    name="micro-batches not counted",
)(lambda _, s, f, b, m: 1 - (sum(f) + sum(b)) / len(f) / s)


with_bubble.mistake(
    "The time is right, but as idle you counted only the waiting before a stage's first forward: "
    "it waits between forwards and backwards and at the end, too.",
    name="waiting at the start",
)(lambda _, s, f, b, m: sum(sum(f[:stage]) for stage in range(len(f))) / len(f) / s)


with_bubble.mistake(
    "The time is right, but as all the time you took micro-batches times seconds: it is stages "
    "times seconds, one worker for each stage.",
    name="micro-batches for stages",
)(lambda _, s, f, b, m: 1 - (sum(f) + sum(b)) / s)


pipelining.hints(
    "When can stage s begin with micro-batch m? What two things must have happened before?",
    "Keep one number for each stage: when it is free. A micro-batch that arrives at time t begins "
    "at the later of both, and arrives at the next stage when it is done.",
    "Loop over micro-batches, and within over stages, forwards; then again, stages reversed, "
    "backwards. The last to be free is stage 0. Busy time: M times the sum of all stage times.",
)
