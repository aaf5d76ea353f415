"""Small exercises of the lesson. They earn no points."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import as_array, complement, in_percent

parts_of_pages = exercise(
    "allowed_slow",
    title="Try it: how slow may a part be?",
    points=0,
    difficulty=1,
    minutes=4,
    probe=Call(),
    compare=close(rtol=1e-6, atol=1e-12),
    read="lesson.ipynb#What-goes-wrong:-the-mean-is-reported",
    forms=[in_percent(), complement()],
)


@parts_of_pages.reference
def allowed_slow(pages, parts):
    """Return the largest fraction of slow answers, a float, for a fraction of slow pages.

    pages: float from 0 to 1, below 1. parts: int, at least 1, the answers that a page needs.
    """
    return 1 - (1 - pages) ** (1 / parts)


@parts_of_pages.alternative
def by_logarithms(pages, parts):
    return float(-np.expm1(np.log1p(-pages) / parts))


@parts_of_pages.cases
def page_cases(rng):
    return [
        Case("one part", (0.05, 1)),
        Case("several parts", (0.01, 30)),
        Case("several parts", (float(rng.uniform(0.1, 0.5)), 7)),
        Case("several parts", (0.9, 2)),
        Case("no slow page allowed", (0.0, 4)),
    ]


@parts_of_pages.mistake("You computed how many pages are slow: here the pages are given.")
def the_other_way(pages, parts):
    return 1 - (1 - pages) ** parts


@parts_of_pages.mistake("You divided by the number of parts: near, but fast answers multiply.")
def divided(pages, parts):
    return pages / parts


parts_of_pages.hints(
    "A page is fast if all of its parts are fast. What is the probability of that?",
    "(1 - slow) to the power parts is 1 - pages. Solve for slow: take the parts-th root.",
    "def allowed_slow(pages, parts):\n    return 1 - (1 - pages) ** (1 / parts)",
)


seasonal = exercise(
    "seasonal_reference",
    title="Try it: a seasonal reference",
    points=0,
    difficulty=2,
    minutes=6,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#What-goes-wrong:-an-alarm-every-weekend",
    forms=[as_array("Your values are right, but in an array: return a list.")],
)


@seasonal.reference
def seasonal_reference(values, holiday, i, number):
    """Return the newest values of the same weekday before day i, a list of at most number floats.

    values: float array (N,), one a day. holiday: bool array (N,). i: int, from 0 to N - 1.
    """
    alike = [float(values[j]) for j in range(i - 7, -1, -7) if not holiday[j]]
    return alike[:number]


@seasonal.alternative
def by_slices(values, holiday, i, number):
    weekday = np.arange(len(values)) % 7 == i % 7
    before = np.arange(len(values)) < i
    return values[weekday & before & ~holiday][::-1][:number].tolist()


@seasonal.cases
def seasons(rng):
    def case(part, length, i, number, share):
        values = rng.normal(0, 100, length).round(1)
        values[-1] = values[0]
        return Case(part, (values, rng.random(length) < share, i, number))

    return [
        case("ordinary days", 71, 70, 4, 0.0),
        case("ordinary days", 60, 44, 3, 0.0),
        case("holidays among them", 90, 85, 5, 0.4),
        case("holidays among them", 64, 63, 8, 0.5),
        case("few days before", 30, 15, 6, 0.1),
        case("few days before", 9, 6, 2, 0.2),
        case("few days before", 16, 14, 5, 0.0),
        case("ordinary days", 40, 36, 1, 0.0),
        case("few days before", 1, 0, 1, 0.0),
        case("few days before", 20, 1, 1, 0.0),
        case("nothing asked for", 22, 21, 0, 0.0),
    ]


@seasonal.mistake("Your reference has day i itself in it: begin one week before.")
def with_today(values, holiday, i, number):
    return [float(values[j]) for j in range(i, -1, -7) if not holiday[j]][:number]


@seasonal.mistake("You stepped by single days: the same weekday is 7 days back.")
def day_by_day(values, holiday, i, number):
    return [float(values[j]) for j in range(i - 1, -1, -1) if not holiday[j]][:number]


@seasonal.mistake("You kept holidays: they are no days to compare an ordinary one with.")
def holidays_kept(values, holiday, i, number):
    return [float(values[j]) for j in range(i - 7, -1, -7)][:number]


@seasonal.mistake("You took so many weeks and then left holidays out: go on until you have enough.")
def weeks_first(values, holiday, i, number):
    weeks = range(i - 7, -1, -7)[:number]
    return [float(values[j]) for j in weeks if not holiday[j]]


@seasonal.mistake("You put the oldest value first: the newest comes first.")
def oldest_first(right, a):
    return right()[::-1]


seasonal.hints(
    "Where is the first day that may enter the reference?",
    "Start the range at i - 7; take a day only if it is not holiday[j].",
    "def seasonal_reference(values, holiday, i, number):\n"
    "    found = []\n"
    "    for j in range(i - 7, -1, -7):\n"
    "        if len(found) < number and not holiday[j]:\n"
    "            found.append(float(values[j]))\n"
    "    return found",
)


pricing = exercise(
    "cost_per_thousand",
    title="Try it: what does a thousand cost?",
    points=0,
    difficulty=1,
    minutes=4,
    probe=Call(),
    compare=close(rtol=1e-6, atol=1e-12),
    read="lesson.ipynb#Shadow,-canary,-A/B,-rollback",
)


@pricing.reference
def cost_per_thousand(price, rate, busy):
    """Return the dollars, a float, for a thousand answers.

    price: dollars an hour, at least 0. rate: answers a second at most, above 0. busy: fraction of
    that which the machine is asked for, above 0.
    """
    return 1000 * price / (3600 * rate * busy)


@pricing.alternative
def by_the_time_taken(price, rate, busy):
    hours = 1000 / (rate * busy) / 60 / 60
    return hours * price


@pricing.cases
def machines(rng):
    return [
        Case("a machine that is half busy", (0.1, 200.0, 0.5)),
        Case("another one", (2.5, 40.0, 0.2)),
        Case("another one", (float(rng.uniform(0.5, 3.0)), float(rng.uniform(1, 9)), 1.0)),
        Case("another one", (0.0, 0.5, 0.75)),
    ]


@pricing.mistake("You took the machine as always busy: it answers only rate * busy a second.")
def always_busy(right, a):
    return right(busy=1.0)


@pricing.mistake("You multiplied by busy: a machine that idles costs more per answer, not less.")
def busy_on_top(right, a):
    return right(busy=1 / a.busy)


@pricing.mistake("That is the price of one answer: a thousand were asked for.")
def of_one(right, a):
    return right() / 1000


@pricing.mistake("The price is for an hour, the rate for a second: an hour has 3600 seconds.")
def seconds_for_hours(right, a):
    return right() * 3600


pricing.hints(
    "How many answers does the machine give in an hour?",
    "3600 * rate * busy answers for the price of an hour; then 1000 of them.",
    "def cost_per_thousand(price, rate, busy):\n"
    "    answers_per_hour = 3600 * rate * busy\n"
    "    return 1000 * price / answers_per_hour",
)
