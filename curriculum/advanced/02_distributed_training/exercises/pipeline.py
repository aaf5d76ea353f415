"""pipeline: how long a batch takes in a pipeline of stages, and how much of that is idle."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import complement, in_percent, tuple_order

pipelining = exercise(
    "pipeline",
    title="The bubble",
    points=2,
    difficulty=3,
    minutes=12,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#A-pipeline-and-its-bubble",
    returns=("seconds", "bubble"),
    forms=[
        complement(
            "The time is right, but you returned the fraction of it in which stages work: the "
            "bubble is the rest, 1 minus that.",
            of="bubble",
        ),
        in_percent("The bubble is right, but in percent: return it from 0 to 1.", of="bubble"),
        tuple_order((1, 0), "You returned (bubble, seconds): the time comes first."),
    ],
)


@pipelining.reference
def pipeline(forward, backward, micro_batches):
    """Return (seconds, bubble): when the last backward is done, and the idle fraction of all time.

    forward, backward: seconds that each of the S stages needs for one micro-batch.
    micro_batches: their number M, at least 1. The bubble is a fraction of S times `seconds`.
    Source: Huang et al. (2019), GPipe; all forwards come before all backwards.
    """
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
        case("stages of different times", [1, 2, 3, 2, 9], [8, 3, 2, 1, 4], several),
        case("one stage", [3], [5], 4),
    ]


def _bubble(seconds, forward, backward, micro_batches):
    busy = micro_batches * (sum(forward) + sum(backward))
    return 1 - busy / (len(forward) * seconds)


def _with_seconds(measure):
    """The bubble that follows from a wrong time."""

    def wrong(forward, backward, micro_batches):
        seconds = float(measure(forward, backward, micro_batches))
        return seconds, _bubble(seconds, forward, backward, micro_batches)

    return wrong


equal_stages = pipelining.group(
    "Formulas for equal stages", read="lesson.ipynb#A-pipeline-and-its-bubble"
)


@equal_stages.mistake(
    "The time is right. (S - 1)/(M + S - 1) is the bubble for equal stages: in general, compare "
    "the busy time with stages times seconds."
)
def formula_for_equal_stages(forward, backward, micro_batches):
    rest = len(forward) - 1
    seconds, _ = pipeline(forward, backward, micro_batches)
    return seconds, rest / (micro_batches + rest)


@equal_stages.mistake(
    "Both formulas, M + S - 1 rounds and (S - 1)/(M + S - 1), hold only for equal stages: here "
    "they differ, so follow the rules."
)
def formulas_for_equal_stages(forward, backward, micro_batches):
    rounds = micro_batches + len(forward) - 1
    return rounds * (forward[0] + backward[0]), (len(forward) - 1) / rounds


@equal_stages.mistake(
    "You used the formulas for equal stages with the slowest stage's times: faster stages do not "
    "wait for a common clock, and the bubble depends on all times."
)
def formulas_with_the_slowest(forward, backward, micro_batches):
    rounds = micro_batches + len(forward) - 1
    return rounds * (max(forward) + max(backward)), (len(forward) - 1) / rounds


time = pipelining.group("The time", make=_with_seconds)

time.mistake(
    "You used (M + S - 1) times the mean stage: that holds only for equal stages; otherwise the "
    "slowest sets the pace.",
    name="mean times",
)(lambda f, b, m: (m + len(f) - 1) * (np.mean(f) + np.mean(b)))

time.mistake(
    "You let all stages wait for the slowest in every step (M + S - 1 steps): a stage starts as "
    "soon as its input is there and it is free.",
    name="in lock-step",
)(lambda f, b, m: (m + len(f) - 1) * (max(f) + max(b)))

time.mistake(
    "In your pipeline, a micro-batch starts only when the previous one has passed through all "
    "stages: a stage can begin the next as soon as it is free.",
    name="one after the other",
)(lambda f, b, m: m * (sum(f) + sum(b)))

time.mistake(
    "You counted M times the slowest stage: the pipeline also has to fill and drain.",
    name="only the slowest",
)(lambda f, b, m: m * max(x + y for x, y in zip(f, b, strict=True)))

time.mistake(
    "You took the stage that is slowest in forward plus backward: the two directions run one "
    "after the other, so each has its own slowest stage.",
    name="one slowest for both ways",
)(lambda f, b, m: sum(f) + sum(b) + (m - 1) * max(x + y for x, y in zip(f, b, strict=True)))

time.mistake(
    "You counted one micro-batch too many: after the first has passed through, M - 1 are left.",
    name="one round too many",
)(lambda f, b, m: sum(f) + sum(b) + m * (max(f) + max(b)))


@time.mistake(
    "Your backward pass goes from the first stage to the last: gradients go the other way, from "
    "the last stage to the first."
)
def backward_from_the_first_stage(forward, backward, micro_batches):
    free = [0.0] * len(forward)
    for took in (forward, backward):
        for _ in range(micro_batches):
            arrived = 0.0
            for stage, seconds in enumerate(took):
                arrived = free[stage] = max(arrived, free[stage]) + seconds
    return free[-1]


@time.mistake(
    "Your last stage begins the backward pass of a micro-batch right after its forward pass, as "
    "1F1B schedules do: here each stage does all its forward passes first."
)
def the_last_stage_turns_round(forward, backward, micro_batches):
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


time.mistake(
    "You returned the time at which the last stage finishes, but backward passes start there: "
    "the first stage finishes last.",
    name="ends with the last stage",
)(lambda f, b, m: sum(f) + (m - 1) * max(f) + m * b[-1])


@pipelining.mistake("You counted only the forward passes: all backward passes follow.")
def backward_forgotten(forward, backward, micro_batches):
    seconds = sum(forward) + (micro_batches - 1) * max(forward)
    return seconds, 1 - micro_batches * sum(forward) / (len(forward) * seconds)


def _with_bubble(change):
    """The right time, and another bubble."""

    def wrong(forward, backward, micro_batches):
        seconds, bubble = pipeline(forward, backward, micro_batches)
        return seconds, float(change(bubble, seconds, forward, backward, micro_batches))

    return wrong


bubble = pipelining.group("The bubble", make=_with_bubble)

bubble.mistake(
    "The time is right. You divided the idle time by the busy time: divide it by the total time, "
    "stages times seconds.",
    name="idle against busy",
)(lambda idle, *_: idle / (1 - idle))

bubble.mistake(
    "The time is right, but you counted only forward passes as busy time: backward passes keep a "
    "stage busy, too.",
    name="forward work only",
)(lambda _, s, f, b, m: 1 - m * sum(f) / len(f) / s)

bubble.mistake(
    "The time is right. You compared the busy time of all S stages with the total time of one: "
    "divide by stages times seconds.",
    name="stages not counted",
)(lambda _, s, f, b, m: 1 - m * (sum(f) + sum(b)) / s)


pipelining.hints(
    "When can stage s begin micro-batch m? Which two things must have happened first?",
    "Keep one number for each stage: the time at which it is free. A micro-batch that arrives at "
    "time t begins at the later of the two, and arrives at the next stage when it is done.",
    "For the forward passes, loop over micro-batches and, inside, over stages. For the backward "
    "passes, do the same with the stages reversed. Stage 0 finishes last. Busy time: M times the "
    "sum of all stage times.",
)
