"""Compute what the model is given; used in training and in the service."""

import math
from datetime import date, timedelta

import numpy as np

from ridership.holidays import KINDS, kind_of


def features(day: date, weeks: list[float]) -> tuple[np.ndarray, float]:
    """Return a day's features, float32 (41,), and its usual count.

    weeks: counts 1, 2, … 10 weeks before `day`, newest first; at least 1 each.
    """
    kinds = [kind_of(day - timedelta(weeks=back)) for back in range(1, 11)]
    ordinary = [count for count, kind in zip(weeks, kinds, strict=True) if kind == "ordinary"]
    usual = sum(ordinary[:4]) / 4
    recent = [
        math.log(c / usual) if k == "ordinary" else 0.0 for c, k in zip(weeks, kinds, strict=True)
    ]
    holiday = [kind_of(day) == kind for kind in KINDS]
    weekday = [day.weekday() == number for number in range(7)]
    angle = 2 * math.pi * day.timetuple().tm_yday / 365.25
    waves = [wave(k * angle) for k in (1, 2, 3) for wave in (math.sin, math.cos)]
    weekend = day.weekday() >= 5
    season = [wave * (side == weekend) for side in (True, False) for wave in waves]
    return np.array([*holiday, *weekday, *season, *recent[:6]], dtype=np.float32), usual
