"""The package that the lesson on serving serves: its calendar, features, batches, nightly check."""

import asyncio
import json
import sys
from datetime import date, timedelta

import numpy as np
import pytest

FOLDER = "curriculum/advanced/09_serving_and_monitoring/package"


@pytest.fixture(autouse=True)
def on_the_path(clone, monkeypatch):
    monkeypatch.syspath_prepend(clone / FOLDER)
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "ridership"]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (date(2014, 5, 26), "memorial"),
        (date(2014, 9, 1), "labor"),
        (date(2014, 11, 27), "thanksgiving"),
        (date(2014, 11, 28), "day after"),
        (date(2015, 7, 3), "observed"),  # the fourth was a Saturday
        (date(2012, 1, 2), "observed"),
        (date(2013, 1, 2), "between"),
        (date(2014, 1, 20), "king"),
        (date(2014, 5, 8), "ordinary"),
    ],
)
def test_the_calendar_knows_a_day(day, kind):
    from ridership.holidays import KINDS, kind_of

    assert kind_of(day) == kind
    assert kind in KINDS


def test_four_ordinary_days_stand_in_any_ten_weeks():
    from ridership.features import features

    weeks = [1000.0 + 10 * back for back in range(10)]
    for number in range(366 * 4):
        x, usual = features(date(2012, 1, 1) + timedelta(days=number), weeks)
        assert x.shape == (41,) and np.isfinite(x).all()
        assert 1000 <= usual <= 1100


def test_the_colleagues_features_differ_after_a_holiday_only():
    from ridership.fast_features import features as fast
    from ridership.features import features

    weeks = [20000.0, 21000.0, 19000.0, 20500.0, 18000.0, 22000.0, 2e4, 2e4, 2e4, 2e4]
    for day, same in ((date(2014, 5, 5), True), (date(2014, 6, 2), False)):
        assert np.allclose(features(day, weeks)[0], fast(day, weeks)[0], atol=1e-6) == same


def test_what_waits_is_answered_by_one_call_and_a_full_queue_refuses():
    from ridership.batches import Batches

    async def ask() -> list[object]:
        batches = Batches(largest=3, capacity=4)
        sizes = []

        def call(x, usual):
            sizes.append(len(x))
            return usual

        asked = [
            asyncio.create_task(batches.answer(np.zeros(2), float(number), seconds=5))
            for number in range(6)
        ]
        await asyncio.sleep(0)  # all are asked before the worker begins
        worker = asyncio.create_task(batches.work(call))
        answers = await asyncio.gather(*asked, return_exceptions=True)
        worker.cancel()
        return [answers, sizes, batches.longest]

    answers, sizes, longest = asyncio.run(ask())
    assert answers[:4] == [0.0, 1.0, 2.0, 3.0]
    assert all(isinstance(answer, asyncio.QueueFull) for answer in answers[4:])
    assert (sizes, longest) == ([3, 1], 4)


def test_an_error_of_the_model_reaches_those_who_asked_and_the_work_goes_on():
    from ridership.batches import Batches

    def fail_once(x, usual):
        if usual[0] == 0:
            raise RuntimeError("no memory")
        return usual

    async def ask() -> list[object]:
        batches = Batches(largest=1, capacity=4)
        worker = asyncio.create_task(batches.work(fail_once))
        asked = [batches.answer(np.zeros(2), float(number), seconds=5) for number in range(2)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        worker.cancel()
        return answers

    first, second = asyncio.run(ask())
    assert isinstance(first, RuntimeError)
    assert second == 1.0


def test_the_nightly_check_tells_skew_by_its_exit_status(tmp_path, capsys):
    from ridership.fast_features import features as fast
    from ridership.features import features
    from ridership.nightly import main

    weeks = [20000.0 + 100 * back for back in range(10)]
    log = tmp_path / "day.log"
    for compute, status in ((features, 0), (fast, 1)):
        x, _ = compute(date(2014, 6, 2), weeks)
        line = {"status": 200, "day": "2014-06-02", "weeks": weeks, "x": x.tolist()}
        log.write_text(f"Traceback of something\n{json.dumps(line)}\n")
        assert main(str(log)) == status
    assert "1 with other features" in capsys.readouterr().out


def test_the_nightly_check_does_not_call_an_empty_log_fine(tmp_path, capsys):
    from ridership.nightly import main

    log = tmp_path / "day.log"
    log.write_text("not ready: no such file\n")
    assert main(str(log)) == 1
    assert "no questions" in capsys.readouterr().out


def test_a_history_gives_a_row_for_each_day_with_ten_weeks_before_it():
    from ridership.training import FIRST, rows_of, weeks_before

    counts = np.arange(1000.0, 1000.0 + 3 * FIRST)
    rows = rows_of(counts, date(2001, 1, 22))
    assert (rows.x.shape, rows.usual.shape, rows.y.shape) == ((140, 41), (140,), (140,))
    assert rows.days[0] == date(2001, 1, 22) + timedelta(days=FIRST)
    assert rows.y[0] == counts[FIRST]
    assert weeks_before(counts, FIRST) == [counts[FIRST - 7 * back] for back in range(1, 11)]


def test_the_rule_knows_nothing_of_the_last_week():
    from ridership.training import Rows, rule

    days = [date(2010, 12, 1) + timedelta(days=n) for n in range(60)]
    y = np.where([day == date(2010, 12, 22) for day in days], 250.0, 1000.0)
    rows = Rows(days, np.zeros((60, 41)), np.full(60, 1000.0), y)
    forecasts = dict(zip(days, rule(rows), strict=True))
    assert forecasts[date(2010, 12, 23)] == 300  # such a day was seen, and is not yet counted
    assert forecasts[date(2010, 12, 29)] == 250
    assert forecasts[date(2010, 12, 9)] == 1000


def test_an_alarm_on_a_days_median_rings_for_a_drop_and_not_for_noise():
    from ridership.drift import alike_days, known_ratios, three_alarms

    draw = np.random.default_rng(0)
    kinds = np.array(["ordinary"] * 200)
    kinds[186] = "labor"
    traffic = 5000 * np.exp(0.1 * draw.normal(size=(200, 24)))
    assert alike_days(kinds, 193, 2) == [179, 172]
    known = known_ratios(traffic, kinds, 60, 200)
    assert 186 not in known
    assert not any(three_alarms(traffic, kinds, known, 190))
    traffic[190:] *= 0.7
    known = known_ratios(traffic, kinds, 60, 200)
    assert three_alarms(traffic, kinds, known, 190)[2]
