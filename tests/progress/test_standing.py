"""What recorded progress means: repetition after a day and a week, time spent, where to go on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lepton_course.pages.course_map import HEADINGS, build_map, duration_in_words
from lepton_course.pages.progress_notebook import when
from lepton_course.progress.schema import Answer, Attempt, ProgressHistory, Visit
from lepton_course.progress.standing import attempts_in, due, quiz_scores, standing_in, time_spent
from lepton_course.syllabus import Listed, Module

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def tried(*attempts: tuple[float, str]) -> list[Attempt]:
    """Attempts at one exercise: days after Monday, and status."""
    return [Attempt(MONDAY + day * DAY, "basics/m", "add", status) for day, status in attempts]


@pytest.mark.parametrize(
    ("attempts", "days"),
    [
        ([], None),
        ([(0, "right")], None),  # right at once
        ([(0, "blank"), (0, "right")], None),  # looked at first
        ([(0, "right"), (1, "right")], None),
        ([(0, "wrong")], 1),  # not solved yet
        ([(0, "error"), (0.5, "right")], 1.5),  # a day after it was solved
        ([(0, "wrong"), (0, "right"), (0.5, "right")], 1),  # too early to count
        ([(0, "wrong"), (0, "right"), (2, "right")], 9),  # then after a week
        ([(0, "wrong"), (0, "right"), (2, "right"), (3, "right")], 9),
        ([(0, "wrong"), (0, "right"), (2, "right"), (9, "right")], None),  # learned
        ([(0, "wrong"), (0, "right"), (2, "wrong")], 3),  # missed again: anew
        ([(0, "wrong"), (0, "right"), (2, "wrong"), (2, "right")], 3),
        ([(0, "wrong"), (0, "right"), (2, "right"), (9, "right"), (30, "wrong")], 31),
    ],
)
def test_what_was_missed_comes_back_after_a_day_and_a_week(attempts, days):
    assert due(tried(*attempts)) == (None if days is None else MONDAY + days * DAY)


def test_breaks_do_not_count_as_time_spent():
    minute = timedelta(minutes=1)
    history = ProgressHistory(
        attempts=(
            Attempt(MONDAY + 10 * minute, "basics/m", "add", "wrong"),
            Attempt(MONDAY + 190 * minute, "basics/n", "sub", "right"),
        ),
        visits=(Visit(MONDAY, "basics/m"), Visit(MONDAY + 185 * minute, "basics/n")),
    )
    assert time_spent(history) == {"basics/m": 10 * minute, "basics/n": 5 * minute}


def test_a_quiz_counts_first_answers():
    answers = [
        Answer(MONDAY, "basics/m", "1", "a", False),
        Answer(MONDAY, "basics/m", "1", "b", True),
        Answer(MONDAY, "basics/m", "2", "a", True),
    ]
    assert quiz_scores(answers) == {"basics/m": (1, 2)}


MODULES = [
    Module("basics/01_m", "M", "", (60, 30), ()),
    Module("basics/02_n", "N", "", (40, 20), ()),
    Module("advanced/01_p", "P", "", (40, 20), ()),
]
LISTED = {
    "basics/01_m": [Listed("try_it", "Try", 0, 5), Listed("add", "Add", 2, 10)],
    "basics/02_n": [Listed("sub", "Subtract", 2, 10), Listed("guess", "Guess", 0, 1, True)],
    "advanced/01_p": [],
}


def course(*attempts: tuple[str, str, str], later: timedelta = timedelta()):
    history = ProgressHistory(
        tuple(
            Attempt(MONDAY + i * timedelta(minutes=1), *attempt)
            for i, attempt in enumerate(attempts)
        )
    )
    ready = {"basics/01_m", "basics/02_n"}
    return build_map(MODULES, LISTED, ready, history, MONDAY + later)


def test_a_new_learner_starts_with_the_first_module():
    new = course()
    assert new.next is not None and new.next.module.id == "basics/01_m"
    assert [stop.state for stop in new.stops] == ["open", "open", "planned"]
    assert new.minutes_left == 150


def test_one_goes_on_where_one_was_last():
    both = course(("basics/01_m", "try_it", "right"), ("basics/02_n", "sub", "wrong"))
    assert both.next is not None and both.next.module.id == "basics/02_n"
    assert both.next.last == Listed("sub", "Subtract", 2, 10)


def test_after_the_lesson_comes_the_assignment_and_its_minutes_are_left():
    stop = course(("basics/01_m", "try_it", "right")).next
    assert stop is not None and stop.notebook == "basics/01_m/assignment.ipynb"
    assert stop.minutes_left == 30


def test_run_all_over_untouched_cells_is_no_attempt():
    begun = course(("basics/01_m", "try_it", "wrong"), ("basics/01_m", "add", "blank"))
    [stop] = [stop for stop in begun.stops if stop.module.id == "basics/01_m"]
    assert stop.standing.tries == 1
    assert stop.last is not None and stop.last.name == "try_it"
    untouched = ProgressHistory((Attempt(MONDAY, "basics/01_m", "add", "blank"),))
    assert attempts_in(untouched) == {}


def test_graded_exercises_small_ones_and_the_quiz_are_told_apart():
    answers = (
        Answer(MONDAY, "basics/01_m", "quiz 1", "a", True),
        Answer(MONDAY, "basics/01_m", "quiz 2", "a", False),
        Answer(MONDAY, "basics/01_m", "quiz 2", "b", True),
    )
    history = ProgressHistory((Attempt(MONDAY, "basics/01_m", "try_it", "right"),), answers=answers)
    drawn = build_map(MODULES, LISTED, {"basics/01_m"}, history, MONDAY, {"basics/01_m": 5})
    stop = drawn.stops[0]
    assert stop.counts() == {"graded": (0, 1), "small": (1, 1), "quiz": (1, 5)}
    told = dict(zip(HEADINGS, stop.cells(), strict=True))
    assert told == {
        "Module": "M", "Graded": "0 of 1", "Small": "1 of 1", "Quiz": "1 of 5",
        "Attempts": "1", "Time": "0 min", "Left": "30 min",
    }  # fmt: skip


def test_when_all_is_solved_nothing_comes_next():
    done = course(
        ("basics/01_m", "try_it", "right"),
        ("basics/01_m", "add", "right"),
        ("basics/02_n", "sub", "right"),
        ("basics/02_n", "guess", "right"),
    )
    assert done.next is None and done.minutes_left == 0


def test_due_exercises_are_on_the_map():
    attempts = (
        ("basics/01_m", "add", "wrong"),
        ("basics/01_m", "dropped", "wrong"),
        ("basics/02_n", "guess", "wrong"),  # a prediction is made once
    )
    assert course(*attempts, later=DAY / 2).due == ()
    [found] = course(*attempts, later=2 * DAY).due
    assert (found.exercise.title, found.notebook) == ("Add", "basics/01_m/assignment.ipynb")


def test_a_module_is_done_without_its_optional_exercises():
    module = Module("basics/01_m", "M", "", (60, 30), (), deeper_minutes=20)
    listed = [*LISTED["basics/01_m"], Listed("twin", "The twin", 0, 5, is_optional=True)]
    tries = [("twin", "wrong"), ("try_it", "right"), ("add", "right")]
    history = ProgressHistory(tuple(Attempt(MONDAY, "basics/01_m", *attempt) for attempt in tries))
    drawn = build_map([module], {module.id: listed}, {module.id}, history, MONDAY + 2 * DAY)
    [stop] = drawn.stops
    assert (stop.state, stop.standing.total, stop.minutes_left) == ("done", 2, 0)
    [due] = drawn.due
    assert due.notebook == "basics/01_m/deeper.ipynb"


def test_standing_holds_time_and_quiz():
    history = ProgressHistory(visits=(Visit(MONDAY, "basics/01_m"),))
    state = standing_in(history, {"basics/01_m": ["add"]})["basics/01_m"]
    assert (state.spent, state.quiz, state.complete) == (timedelta(), (0, 0), False)


@pytest.mark.parametrize(
    ("hours", "said"), [(-1, "today"), (1, "tomorrow"), (25, "in 2 days"), (150, "in 7 days")]
)
def test_when_to_repeat_in_words(hours, said):
    assert when(MONDAY + timedelta(hours=hours), MONDAY) == said


def test_times_in_words():
    assert [duration_in_words(n) for n in (0, 59, 60, 61)] == [
        "0 min",
        "59 min",
        "1 h",
        "1 h 1 min",
    ]
    assert duration_in_words(timedelta(seconds=90)) == "2 min"
