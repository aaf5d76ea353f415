"""pipeline: how long a batch takes in a pipeline of stages, and how much of that is idle."""

from __future__ import annotations

import numpy as np

from lepton_course.exercises import Call, Case, Exercise, Misconception, close

PIPELINE = "lesson.ipynb#A-pipeline-and-its-bubble"


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


def slowest_sets_the_pace(forward, backward, micro_batches):
    fill = sum(forward) + sum(backward)  # the first micro-batch, all the way and back
    seconds = fill + (micro_batches - 1) * (max(forward) + max(backward))
    return seconds, 1 - micro_batches * fill / len(forward) / seconds


def _ends_when_backward_starts_at_the_first(forward, backward, micro_batches):
    """The end when gradients, too, go from the first stage to the last."""
    free = [0.0] * len(forward)
    for took in (forward, backward):
        for _ in range(micro_batches):
            arrived = 0.0
            for stage, seconds in enumerate(took):
                arrived = free[stage] = max(arrived, free[stage]) + seconds
    return free[-1]


def _idle_share(seconds, forward, backward, micro_batches):
    busy = micro_batches * (sum(forward) + sum(backward))
    return 1 - busy / (len(forward) * seconds)


def _with_seconds(measure):
    """The bubble that follows from a wrong time."""

    def wrong(forward, backward, micro_batches):
        seconds = float(measure(forward, backward, micro_batches))
        return seconds, _idle_share(seconds, forward, backward, micro_batches)

    return wrong


def _with_bubble(change):
    """The right time, and another share of it."""

    def wrong(forward, backward, micro_batches):
        seconds, bubble = pipeline(forward, backward, micro_batches)
        return seconds, float(change(bubble, seconds, forward, backward, micro_batches))

    return wrong


one_after_the_other = _with_seconds(lambda f, b, m: m * (sum(f) + sum(b)))
lock_step = _with_seconds(lambda f, b, m: (m + len(f) - 1) * (max(f) + max(b)))
only_the_slowest = _with_seconds(lambda f, b, m: m * max(x + y for x, y in zip(f, b, strict=True)))
all_at_once = _with_seconds(lambda f, b, m: sum(f) + sum(b))
backward_from_the_first = _with_seconds(_ends_when_backward_starts_at_the_first)
mean_times = _with_seconds(lambda f, b, m: (m + len(f) - 1) * (np.mean(f) + np.mean(b)))
pace_of_the_first_stage = _with_seconds(lambda f, b, m: sum(f) + sum(b) + (m - 1) * (f[0] + b[-1]))
pace_of_the_last_stage = _with_seconds(lambda f, b, m: sum(f) + sum(b) + (m - 1) * (f[-1] + b[0]))
one_slowest_for_both_ways = _with_seconds(
    lambda f, b, m: sum(f) + sum(b) + (m - 1) * max(x + y for x, y in zip(f, b, strict=True))
)
rounds_of_the_slowest = _with_seconds(
    lambda f, b, m: (m + len(f) - 1) * max(x + y for x, y in zip(f, b, strict=True))
)
one_round_too_many = _with_seconds(lambda f, b, m: sum(f) + sum(b) + m * (max(f) + max(b)))
stages_for_micro_batches = _with_seconds(
    lambda f, b, m: sum(f) + sum(b) + (len(f) - 1) * (max(f) + max(b))
)


def backward_forgotten(forward, backward, micro_batches):
    seconds = sum(forward) + (micro_batches - 1) * max(forward)
    return seconds, 1 - micro_batches * sum(forward) / (len(forward) * seconds)


def formula_for_equal_stages(forward, backward, micro_batches):
    rest = len(forward) - 1
    seconds, _ = pipeline(forward, backward, micro_batches)
    return seconds, rest / (micro_batches + rest)


def formulas_for_equal_stages(forward, backward, micro_batches):
    rounds = micro_batches + len(forward) - 1
    return rounds * (forward[0] + backward[0]), (len(forward) - 1) / rounds


def formulas_with_the_slowest(forward, backward, micro_batches):
    rounds = micro_batches + len(forward) - 1
    return rounds * (max(forward) + max(backward)), (len(forward) - 1) / rounds


ratio_for_equal_stages = _with_bubble(lambda _, s, f, b, m: (len(f) - 1) / m)
forward_work_only = _with_bubble(lambda _, s, f, b, m: 1 - m * sum(f) / len(f) / s)
idle_against_busy = _with_bubble(lambda bubble, *_: bubble / (1 - bubble))
idle_seconds = _with_bubble(lambda bubble, seconds, f, *_: bubble * seconds * len(f))
busy_share = _with_bubble(lambda bubble, *_: 1 - bubble)
in_percent = _with_bubble(lambda bubble, *_: 100 * bubble)
of_the_first_stage = _with_bubble(lambda _, s, f, b, m: 1 - m * (f[0] + b[0]) / s)
of_the_last_stage = _with_bubble(lambda _, s, f, b, m: 1 - m * (f[-1] + b[-1]) / s)
stages_not_counted = _with_bubble(lambda _, s, f, b, m: 1 - m * (sum(f) + sum(b)) / s)
micro_batches_not_counted = _with_bubble(lambda _, s, f, b, m: 1 - (sum(f) + sum(b)) / len(f) / s)


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


def _end_of_the_last_stage(forward, backward, micro_batches):
    forwards = sum(forward) + (micro_batches - 1) * max(forward)
    return forwards + micro_batches * backward[-1]


last_stage_turns_round = _with_seconds(_turned_round)
backwards_side_by_side = _with_seconds(_backwards_side_by_side)
begins_at_the_earlier = _with_seconds(_beginning_at_the_earlier(max))
begins_at_the_earlier_at_the_first = _with_seconds(_beginning_at_the_earlier(lambda free: free[0]))
nothing_waits = _with_seconds(lambda f, b, m: sum(b))
clocks_set_back = _with_seconds(lambda f, b, m: sum(b) + (m - 1) * max(b))
ends_with_the_last_stage = _with_seconds(_end_of_the_last_stage)
one_slowest_of_all = _with_seconds(lambda f, b, m: sum(f) + sum(b) + 2 * (m - 1) * max(f + b))
rounded_share = _with_bubble(lambda bubble, *_: round(bubble, 2))
waiting_at_the_start = _with_bubble(
    lambda _, s, f, b, m: sum(sum(f[:stage]) for stage in range(len(f))) / len(f) / s
)
micro_batches_for_stages = _with_bubble(lambda _, s, f, b, m: 1 - (sum(f) + sum(b)) / s)


def whole_seconds(forward, backward, micro_batches):
    seconds, bubble = pipeline(forward, backward, micro_batches)
    return int(seconds), bubble


def as_dict(forward, backward, micro_batches):
    seconds, bubble = pipeline(forward, backward, micro_batches)
    return {"seconds": seconds, "bubble": bubble}


def seconds_only(forward, backward, micro_batches):
    return pipeline(forward, backward, micro_batches)[0]


def order_exchanged(forward, backward, micro_batches):
    return pipeline(forward, backward, micro_batches)[::-1]


def pipeline_cases(rng):
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


EXERCISE = Exercise(
    name="pipeline",
    title="The bubble",
    points=2,
    difficulty=3,
    minutes=14,
    reference=pipeline,
    cases=pipeline_cases,
    probe=Call(),
    compare=close(),
    read=PIPELINE,
    alternatives=[with_tables, slowest_sets_the_pace],
    misconceptions=[
        Misconception(
            "one after the other",
            one_after_the_other,
            "In your pipeline a micro-batch starts only when the one before has gone all the way: "
            "a stage may begin with the next as soon as it is free.",
        ),
        Misconception(
            "in lock-step",
            lock_step,
            "You let all stages wait for the slowest in every step (M + S - 1 steps): a stage "
            "starts as soon as its input is there and it is free.",
        ),
        Misconception(
            "only the slowest",
            only_the_slowest,
            "You counted M times the slowest stage, as if no stage waited for its input: the "
            "pipeline has to fill and to empty as well.",
        ),
        Misconception(
            "all at once",
            all_at_once,
            "Your stages work on several micro-batches at the same time: a stage does one after "
            "the other.",
        ),
        Misconception(
            "backward from the first stage",
            backward_from_the_first,
            "Your backward pass goes from the first stage to the last: gradients go the other way, "
            "from the last stage to the first.",
        ),
        Misconception(
            "mean times",
            mean_times,
            "You used (M + S - 1) times the mean stage: that is true for equal stages only; with "
            "others the slowest sets the pace.",
        ),
        Misconception(
            "pace of the first stage",
            pace_of_the_first_stage,
            "After the first micro-batch you let the others follow at the pace of the stage that "
            "each way begins with: the slowest stage sets the pace.",
        ),
        Misconception(
            "pace of the last stage",
            pace_of_the_last_stage,
            "After the first micro-batch you let the others follow at the pace of the stage that "
            "each way ends with: the slowest stage sets the pace.",
        ),
        Misconception(
            "one slowest for both ways",
            one_slowest_for_both_ways,
            "You took the stage that is slowest in forward plus backward: all forwards are done "
            "before backwards begin, so each way has a slowest stage of its own.",
        ),
        Misconception(
            "rounds of the slowest",
            rounds_of_the_slowest,
            "You let every step take as long as the slowest stage's forward plus backward: a stage "
            "starts as soon as its input is there and it is free.",
        ),
        Misconception(
            "one round too many",
            one_round_too_many,
            "One micro-batch too many: after the first has gone through, M - 1 are left.",
        ),
        Misconception(
            "stages for micro-batches",
            stages_for_micro_batches,
            "You exchanged the number of stages and the number of micro-batches.",
        ),
        Misconception(
            "backward forgotten",
            backward_forgotten,
            "You counted the forward passes only: after the last forward, all backwards follow.",
        ),
        Misconception(
            "formula for equal stages",
            formula_for_equal_stages,
            "The time is right. (S - 1)/(M + S - 1) is the bubble of equal stages: in general "
            "compare the busy time with stages times seconds.",
        ),
        Misconception(
            "formulas for equal stages",
            formulas_for_equal_stages,
            "Both formulas, M + S - 1 rounds and (S - 1)/(M + S - 1), are true for equal stages "
            "only: here stages differ, so follow the rules.",
        ),
        Misconception(
            "formulas with the slowest",
            formulas_with_the_slowest,
            "You used the formulas for equal stages with the slowest stage's times: faster stages "
            "do not wait for a common clock, and the bubble depends on all times.",
        ),
        Misconception(
            "ratio for equal stages",
            ratio_for_equal_stages,
            "The time is right. (S - 1)/M is idle over busy time, and of equal stages only: the "
            "bubble is idle time over all time.",
        ),
        Misconception(
            "forward work only",
            forward_work_only,
            "The time is right, but as work you counted forwards only: backwards keep a stage "
            "busy, too.",
        ),
        Misconception(
            "idle against busy",
            idle_against_busy,
            "The time is right. You divided the idle time by the busy time: divide it by all the "
            "time, stages times seconds.",
        ),
        Misconception(
            "idle seconds",
            idle_seconds,
            "The time is right, but the bubble is in seconds: a share of stages times seconds is "
            "asked for.",
        ),
        Misconception(
            "busy share",
            busy_share,
            "The time is right, but you returned the share in which stages work: the bubble is the "
            "rest, 1 minus that.",
        ),
        Misconception(
            "in percent",
            in_percent,
            "Right, but in percent: return a share between 0 and 1.",
        ),
        Misconception(
            "of the first stage",
            of_the_first_stage,
            "The time is right, but your bubble is that of the first stage alone: average over "
            "all stages.",
        ),
        Misconception(
            "of the last stage",
            of_the_last_stage,
            "The time is right, but your bubble is that of the last stage alone: average over all "
            "stages.",
        ),
        Misconception(
            "stages not counted",
            stages_not_counted,
            "The time is right. You compared the work of all stages with the time of one: there "
            "are S times so many seconds to be had.",
        ),
        Misconception(
            "micro-batches not counted",
            micro_batches_not_counted,
            "The time is right, but as work you counted one micro-batch only: a stage does M.",
        ),
        Misconception(
            "seconds only",
            seconds_only,
            "The time is right; return the pair (seconds, bubble).",
        ),
        Misconception(
            "order exchanged",
            order_exchanged,
            "You returned (bubble, seconds): the time comes first.",
        ),
        Misconception(
            "the last stage turns round",
            last_stage_turns_round,
            "Your last stage goes backward with a micro-batch as soon as its forward is done "
            "(1F1B schedules do so): here each stage does all its forwards first.",
        ),
        Misconception(
            "nothing waits",
            nothing_waits,
            "In your time no micro-batch waits for the one before: keep for each stage when it "
            "is free, begin at the later of that and the arrival (max), and write the new end "
            "back.",
        ),
        Misconception(
            "clocks set back",
            clocks_set_back,
            "Only the backward passes are in your time: the clocks of the stages must not go "
            "back to 0 between forwards and backwards.",
        ),
        Misconception(
            "ends with the last stage",
            ends_with_the_last_stage,
            "You returned when the last stage is done, but its backwards come first: the first "
            "stage ends last.",
        ),
        Misconception(
            "one slowest of all",
            one_slowest_of_all,
            "You took one slowest time for both ways (forward + backward of two lists joins "
            "them): each way has a slowest stage of its own.",
        ),
        Misconception(
            "rounded",
            rounded_share,
            "Right, but rounded: return the share with all its digits.",
        ),
        Misconception(
            "waiting at the start",
            waiting_at_the_start,
            "The time is right, but as idle you counted only the waiting before a stage's first"
            " forward: it waits between forwards and backwards and at the end, too.",
        ),
        Misconception(
            "micro-batches for stages",
            micro_batches_for_stages,
            "The time is right, but as all the time you took micro-batches times seconds: it is "
            "stages times seconds, one worker for each stage.",
        ),
        Misconception(
            "whole seconds",
            whole_seconds,
            "Right, but you cut the seconds to whole ones: stages take fractions of a second, so "
            "return a float.",
        ),
        Misconception(
            "as a dict",
            as_dict,
            "You returned a dict: return the pair (seconds, bubble).",
        ),
        Misconception(
            "backwards side by side",
            backwards_side_by_side,
            "Your last stage goes backward with a micro-batch as soon as its forward is done, and "
            "in the other stages a backward keeps nobody waiting: each stage does all its "
            "forwards first, then one backward after the other.",
        ),
        Misconception(
            "begins at the earlier",
            begins_at_the_earlier,
            "Your stages begin at the earlier of two times, with min: both must have come, the "
            "micro-batch has arrived and the stage is free, so it is the later.",
        ),
        Misconception(
            "begins at the earlier, first stage",
            begins_at_the_earlier_at_the_first,
            "Your stages begin at the earlier of two times, with min: both must have come, the "
            "micro-batch has arrived and the stage is free, so it is the later.",
        ),
    ],
    hints=(
        "When can stage s begin with micro-batch m? What two things must have happened before?",
        "Keep one number for each stage: when it is free. A micro-batch that arrives at time t "
        "begins at the later of both, and arrives at the next stage when it is done.",
        "Loop over micro-batches, and within over stages, forwards; then again, stages reversed, "
        "backwards. The last to be free is stage 0. Busy time: M times the sum of all stage times.",
    ),
)
