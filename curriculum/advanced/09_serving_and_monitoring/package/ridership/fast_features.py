"""Compute the features, a little faster: a colleague's version."""

from datetime import date

import numpy as np

from ridership.holidays import KINDS, kind_of


def features(day: date, weeks: list[float]) -> tuple[np.ndarray, float]:
    """Return a day's features and its usual count, a little faster."""
    counts = np.array(weeks)
    usual = counts[:4].mean()
    x = np.zeros(41, np.float32)
    x[KINDS.index(kind_of(day))] = 1
    x[len(KINDS) + day.weekday()] = 1
    angle = 2 * np.pi * day.timetuple().tm_yday / 365.25 * np.array([1, 1, 2, 2, 3, 3])
    start = len(KINDS) + (7 if day.weekday() >= 5 else 13)
    x[start : start + 6] = np.where(np.arange(6) % 2, np.cos(angle), np.sin(angle))
    x[-6:] = np.log(counts / usual)[:6]
    return x, float(usual)
