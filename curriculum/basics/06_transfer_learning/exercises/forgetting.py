"""Measure what a network has forgotten after several tasks: the exercise `forgetting`."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import tuple_order

remembering = exercise(
    "forgetting",
    title="What has been forgotten",
    points=2,
    difficulty=3,
    minutes=10,
    probe=Call(),
    compare=close(rtol=1e-9, atol=1e-12),
    read="lesson.ipynb#Forgetting,-and-rehearsal",
    returns=("average", "forgotten", "backward"),
    forms=[
        tuple_order((0, 2, 1), "You swapped forgotten and backward: forgotten comes second."),
    ],
)


@remembering.reference
def forgetting(accuracies):
    """Return three floats, (average, forgotten, backward), after T tasks in a row.

    accuracies: float (T, T); row i, column j: on task j, after training on task i. Entries above
    the diagonal, of tasks not yet trained, do not count and may be nan.
    average: mean of the last row. forgotten: mean over all tasks but the last of the best score
    from the task's own training up to the last training but one, minus the score at the end.
    backward: mean over the same tasks of the score at the end minus the one just after the task's
    own training. The last two are 0 for a single task.
    Sources: Chaudhry et al. (2018), Lopez-Paz and Ranzato (2017).
    """
    last = accuracies[-1]
    earlier = range(len(accuracies) - 1)
    lost = [np.max(accuracies[task:-1, task]) - last[task] for task in earlier]
    gained = [last[task] - accuracies[task, task] for task in earlier]
    return float(np.mean(last)), _mean(lost), _mean(gained)


def _mean(values):
    return sum(values, 0.0) / max(len(values), 1)


@remembering.alternative
def with_a_mask(accuracies):
    tasks = len(accuracies)
    seen = np.where(np.tri(tasks, dtype=bool), accuracies, -np.inf)
    average = float(seen[-1].mean())
    if tasks == 1:
        return average, 0.0, 0.0
    old = seen[-1, :-1]
    best = seen[:-1, :-1].max(axis=0)
    return average, float((best - old).mean()), float((old - np.diag(seen)[:-1]).mean())


@remembering.cases
def cases(rng):
    def case(part, tasks, filled=np.nan, *, rising=False):
        table = rng.uniform(0.2, 1.0, (tasks, tasks))
        if rising:
            table = np.sort(table, axis=0)
        table[np.triu_indices(tasks, 1)] = filled
        return Case(part, (table,))

    def one_better_one_worse():
        """Task 0 gained at the end, and task 1 lost more than that."""
        table = np.array([[0.5, np.nan, np.nan], [0.6, 0.75, np.nan], [0.85, 0.3, 0.8]])
        return table + rng.uniform(-0.05, 0.05, (3, 3))

    return [
        Case("several tasks", (one_better_one_worse(),)),
        case("several tasks", 4),
        case("several tasks", 3),
        case("several tasks", 5, rising=True),
        case("several tasks", 2),
        case("tasks tested before their training", 3, filled=2.0),
        case("tasks tested before their training", 4, filled=0.0),
        case("a single task", 1),
        Case("negative scores", (np.array([[-0.5, 0.0], [-2.0, -1.0]]),)),
        Case(
            "negative scores", (np.array([[-1.0, 3.0, 3.0], [-0.25, -1.5, 3.0], [-3, -2, -4.0]]),)
        ),
    ]


def _measure(
    accuracies, *, start=lambda j: j, stop=-1, tasks=None, best=np.max, average=None, over=None
):
    """The three numbers, with any of the usual slips."""
    count = len(accuracies)
    old = range(count - 1 if tasks is None else tasks(count))
    lost = [
        best(accuracies[start(j) : (count if stop is None else stop), j]) - accuracies[-1, j]
        if len(accuracies[start(j) : (count if stop is None else stop), j])
        else 0.0
        for j in old
    ]
    gained = [accuracies[-1, j] - accuracies[j, j] for j in old]
    number = max(len(lost) if over is None else over(count), 1)
    mean = float(accuracies[-1].mean() if average is None else average(accuracies))
    return mean, float(sum(lost)) / number, float(sum(gained)) / number


def _slipped(**slip):
    def forgetting(accuracies):
        return _measure(accuracies, **slip)

    return forgetting


slips = remembering.group("The numbers", make=lambda slip: _slipped(**slip()))


@slips.mistake(
    "You took the best score of the whole column: scores from before a task was trained do not "
    "count, so start at the diagonal."
)
def before_training_counted():
    return {"start": lambda j: 0}


@slips.mistake(
    "You left out only what is nan: above the diagonal there may be numbers, and they do not count "
    "either. Start at the diagonal."
)
def only_nan_left_out():
    return {"start": lambda j: 0, "best": np.nanmax}


@slips.mistake("Your average leaves out the last task: it is the mean of the whole last row.")
def average_without_the_last():
    return {"average": lambda table: table[-1, : max(len(table) - 1, 1)].mean()}


@slips.mistake(
    "Your forgotten is never negative: take the best score from before the last training, without "
    "the last row, and do not clip the difference at 0."
)
def last_row_among_the_best():
    return {"stop": None}


@slips.mistake(
    "You compared with the score just after each task's own training: for forgotten, compare with "
    "the best since then."
)
def against_the_diagonal():
    return {"best": lambda values: values[0]}


@slips.mistake(
    "You compared with the score just before the last training: for forgotten, compare with the "
    "best since the task was trained."
)
def against_the_row_before():
    return {"best": lambda values: values[-1]}


@slips.mistake(
    "You divided by the number of all tasks: divide by T - 1, since the last task cannot have been "
    "forgotten yet."
)
def divided_by_all_tasks():
    return {"over": lambda count: count}


@slips.mistake("You averaged the diagonal: average is the mean of the last row.")
def average_of_the_diagonal():
    return {"average": lambda table: np.diag(table).mean()}


@slips.mistake("You averaged all tests made so far: average is the mean of the last row.")
def average_of_all_tests():
    return {"average": lambda table: table[np.tril_indices(len(table))].mean()}


@remembering.mistake("You swapped rows and columns: a row is a training, a column is a task.")
def transposed_table(accuracies):
    table = np.where(np.isnan(accuracies), 0.0, accuracies).T
    return _measure(table)


@remembering.mistake("Your backward has the wrong sign: it is negative where the score fell.")
def backward_has_the_wrong_sign(right, a):
    average, forgotten, backward = right()
    return average, forgotten, -backward


@remembering.mistake("Your forgotten has the wrong sign: it is positive where the score fell.")
def forgotten_has_the_wrong_sign(right, a):
    average, forgotten, backward = right()
    return average, -forgotten, backward


@slips.mistake(
    "You took the best score from after each task's own training: the score just after it counts "
    "among them, so start at the diagonal."
)
def own_training_left_out():
    return {"start": lambda j: j + 1, "stop": None}


@slips.mistake("You added the tasks' differences up: take their mean, over the T - 1 tasks.")
def sums_for_means():
    return {"over": lambda count: 1}


@remembering.mistake(
    "You measured backward from the best score: it compares the end with the score just after the "
    "task's own training."
)
def backward_from_the_best(right, a):
    average, forgotten, _ = right()
    return average, forgotten, -forgotten


@remembering.mistake(
    "You measured backward from the score before the last training: it compares the end with the "
    "score just after the task's own training."
)
def backward_from_the_row_before(right, a):
    average, forgotten, backward = right()
    if len(a.accuracies) == 1:
        return average, forgotten, backward
    return average, forgotten, float(np.mean(a.accuracies[-1, :-1] - a.accuracies[-2, :-1]))


@remembering.mistake(
    "You cut forgotten off at 0: it is negative where tasks improved, as the statement says."
)
def cut_off_at_0(right, a):
    average, forgotten, backward = right()
    return average, max(0.0, forgotten), backward


remembering.hints(
    "Draw the table for three tasks. Which row is the end, and which entries belong to task 0 "
    "after it was trained?",
    "Column j, from row j up to the last row but one, holds the scores on task j since its "
    "training. Their maximum minus the last row's entry is what was forgotten; the last row's "
    "entry minus the diagonal's is backward.",
    "for j in range(T - 1): best = accuracies[j:-1, j].max(); then best - accuracies[-1, j], and "
    "accuracies[-1, j] - accuracies[j, j]. Take the means, or 0.0 for T = 1.",
)
