"""The figures of a report, beside what one computes by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from autograder.report.measures import discrimination, facility, normalised_gain
from autograder.report.progress_files import (
    opening_share,
    pace,
    read_progress,
    ways_to_right,
)
from lepton_course import progress
from lepton_course.progress.schema import Answer, Attempt, ProgressHistory
from lepton_course.progress.transfer import export_progress


def test_facility_is_the_mean_share_of_the_points():
    assert facility([0, 1, 2, 2], 2) == 5 / 8
    assert facility([], 2) is None


# Four learners, three exercises. The rest of the first exercise: 0, 1, 2, 3.
POINTS = np.array([[0, 0, 0], [0, 1, 0], [1, 1, 1], [1, 1, 2]], dtype=float)


def test_discrimination_leaves_the_exercise_out_of_the_total():
    # x = 0 0 1 1, rest = 0 1 2 3: covariance 1/2, deviations 1/2 and sqrt(5)/2.
    assert discrimination(POINTS, 0).value == pytest.approx(2 / np.sqrt(5))
    # x = 0 1 1 1, rest = 0 0 2 3: sum of products 5/4; squares 3/4 and 27/4.
    assert discrimination(POINTS, 1).value == pytest.approx(1.25 / np.sqrt(0.75 * 6.75))


def test_for_right_or_wrong_it_is_the_point_biserial_correlation():
    # (mean of the rest among the right − among the wrong) / deviation × √(share right × wrong)
    rest = POINTS[:, 1:].sum(axis=1)
    right = POINTS[:, 0] == 1
    expected = (rest[right].mean() - rest[~right].mean()) / rest.std() * np.sqrt(0.5 * 0.5)
    assert discrimination(POINTS, 0).value == pytest.approx(expected)


def test_the_interval_of_discrimination_is_fishers():
    # n = 28, r = 0.6: artanh 0.693147 ± 1.959964 / 5 is 0.301154 and 1.085140.
    rng = np.random.default_rng(0)
    x, noise = rng.normal(size=(2, 28))
    x = (x - x.mean()) / x.std()
    noise -= noise.mean() + x * (noise @ x) / 28
    y = 0.6 * x + 0.8 * noise / noise.std()
    found = discrimination(np.column_stack([x, y]), 0)
    assert found.value == pytest.approx(0.6)
    assert (found.low, found.high) == pytest.approx((0.29237, 0.79512), abs=1e-4)


@pytest.mark.parametrize("points", [[[1, 0], [1, 1], [1, 2]], [[0, 1], [1, 1], [1, 1]], [[0, 1]]])
def test_what_does_not_vary_has_no_discrimination(points):
    assert discrimination(np.array(points, dtype=float), 0).value is None


def test_few_learners_have_no_interval():
    found = discrimination(POINTS, 0)
    assert found.n == 4
    assert found.low is None


def test_hakes_gain_is_that_of_the_means():
    # Means 0.3 and 0.65: 0.35 of the 0.7 that could be learnt. The mean of both gains is 0.4375.
    gain = normalised_gain([0.2, 0.4], [0.6, 0.7])
    assert gain.gain.value == pytest.approx(0.5)
    assert (gain.before, gain.after) == pytest.approx((0.3, 0.65))
    assert gain.gain.low is None, "two learners have no interval"


def test_a_gain_may_be_negative_or_undefined():
    assert normalised_gain([0.5], [0.25]).gain.value == -0.5
    assert normalised_gain([1.0, 1.0], [0.5, 1.0]).gain.value is None
    assert normalised_gain([], []) is None


def test_the_interval_of_a_gain_covers_it_and_narrows_with_more_learners():
    before, after = [0.1, 0.2, 0.3, 0.4, 0.5], [0.6, 0.5, 0.9, 0.4, 0.8]
    few = normalised_gain(before, after).gain
    many = normalised_gain(before * 10, after * 10).gain
    assert few.value == pytest.approx(many.value)
    assert few.low < few.value < few.high
    assert many.high - many.low < 0.5 * (few.high - few.low)
    assert normalised_gain(before, after).gain == few, "the same data give the same interval"


def test_without_spread_the_interval_is_a_point():
    found = normalised_gain([0.2] * 6, [0.6] * 6).gain
    assert (found.low, found.high) == pytest.approx((0.5, 0.5))


def attempt(minute: int, exercise: str, right: bool, diagnosis: str | None = None) -> Attempt:
    at = datetime(2026, 3, 2, 18, minute, tzinfo=UTC)
    return Attempt(at, "basics/07_small_sums", exercise, "right" if right else "wrong", diagnosis)


def test_the_way_to_the_first_right_answer():
    tries = [
        attempt(0, "double", False, "squared"),
        attempt(5, "total", False, "average"),
        attempt(7, "double", True),
        attempt(9, "double", False),
    ]
    double, total = ways_to_right(tries, ["double", "total", "untouched"])
    assert (double.tries, double.seconds) == (2, 420)
    assert (total.tries, total.seconds, total.diagnosis) == (1, None, "average")


def test_the_pace_of_a_class_is_that_of_those_who_got_there():
    quick = ways_to_right([attempt(0, "double", True)], ["double"])
    slow = ways_to_right([attempt(0, "double", False), attempt(10, "double", True)], ["double"])
    never = ways_to_right([attempt(0, "double", False)], ["double"])
    found = pace("double", [*quick, *slow, *never])
    assert (found.tried, found.solved) == (3, 2)
    assert (found.median_tries, found.median_seconds) == (1.5, 300)


def answer(minute: int, question: int, right: bool) -> Answer:
    at = datetime(2026, 3, 2, 18, minute, tzinfo=UTC)
    return Answer(at, "basics/07_small_sums", f"quiz {question}", "a", right)


def test_the_opening_quiz_is_what_was_answered_before_the_first_exercise():
    before = [answer(0, 1, False), answer(1, 1, True), answer(2, 2, True), answer(3, 3, False)]
    after = [answer(20, 4, True)]
    tries = (attempt(10, "double", True),)
    assert opening_share(ProgressHistory(tries, answers=(*before, *after))) == pytest.approx(1 / 3)
    assert opening_share(ProgressHistory(tries, answers=tuple(after))) is None
    assert opening_share(ProgressHistory(tries, answers=tuple(before[:3]))) is None, (
        "two questions are too few"
    )
    assert opening_share(ProgressHistory(answers=tuple(before))) == pytest.approx(1 / 3)


ROW = {
    "at": "2026-03-02T18:00:00+00:00", "module": "basics/07_small_sums", "exercise": "double",
    "status": "right", "diagnosis": None, "points": 1, "max_points": 2,
}  # fmt: skip


def progress_file(folder: Path, *rows: object, **changes: object) -> Path:
    path = folder / "progress.json"
    tree = {"format": "lepton-progress", "version": 1, "attempts": list(rows), **changes}
    path.write_text(json.dumps(tree))
    return path


def test_a_progress_file_is_read_in_the_order_of_time(tmp_path):
    earlier = {**ROW, "at": "2026-03-01T18:00:00+00:00", "status": "wrong"}
    first, second = read_progress(progress_file(tmp_path, ROW, earlier)).attempts
    assert (first.right, second.right, second.share) == (False, True, 0.5)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({**ROW, "at": "yesterday"}, "damaged"),
        ({**ROW, "points": float("inf")}, "damaged"),
        ({**ROW, "points": float("nan")}, "damaged"),
        ({**ROW, "exercise": ["double"]}, "damaged"),
        ({**ROW, "diagnosis": {"a": 1}}, "damaged"),
        (["right"], "damaged"),
        ({}, "damaged"),
    ],
)
def test_a_progress_file_that_makes_no_sense_is_refused(tmp_path, row, told):
    with pytest.raises(ValueError, match=told):
        read_progress(progress_file(tmp_path, row))


def test_other_files_are_refused(tmp_path):
    with pytest.raises(ValueError, match="another version"):
        read_progress(progress_file(tmp_path, version=2))
    with pytest.raises(ValueError, match="not a progress file"):
        read_progress(progress_file(tmp_path, format="x"))
    (tmp_path / "progress.json").write_text("[" * 100_000)
    with pytest.raises(ValueError, match="not JSON"):
        read_progress(tmp_path / "progress.json")
    (tmp_path / "link.json").symlink_to("/etc/passwd")
    with pytest.raises(ValueError, match="not an ordinary file"):
        read_progress(tmp_path / "link.json")


def test_what_a_learner_exports_is_read(tmp_path, monkeypatch):
    (tmp_path / ".lepton").mkdir()
    module = "basics/07_small_sums"
    clock = iter(datetime(2026, 3, 2, 18, minute, tzinfo=UTC) for minute in range(60))
    monkeypatch.setattr("lepton_course.progress.database._now", lambda: next(clock))
    for number, right in enumerate((True, False, False), 1):
        progress.record_answer(module, f"quiz {number}", "a", right, tmp_path)
    progress.record_attempt(module, "double", "wrong", "squared", 0, 2, tmp_path)
    progress.record_attempt(module, "double", "right", None, 2, 2, tmp_path)
    path = tmp_path / "progress.json"
    path.write_bytes(export_progress(tmp_path))

    read = read_progress(path).of_module(module)
    assert opening_share(read) == pytest.approx(1 / 3)
    [way] = ways_to_right(read.attempts, ["double"])
    assert (way.tries, way.seconds) == (2, 60)
    assert read_progress(path).of_module("basics/01_other") == ProgressHistory()
