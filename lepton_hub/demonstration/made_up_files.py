"""Files of the made-up content, computed from a real data set of the course: Chicago's ridership.

The forecast is a linear one by least squares: riders of seven earlier days, in thousands, and a
constant give those of the day. It is fitted on all but the last year, on which it is judged.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from lepton_course.datasets import load_dataset
from lepton_course.datasets.catalogue import CHICAGO

LAGS = (1, 7, 8, 14, 15, 21, 28)
"""Days before the one that is forecast."""
JUDGED = 365
"""Days at the end of the data that the forecast is judged on."""


@dataclass(frozen=True)
class Forecast:
    """A fitted forecast and its errors, in riders, on the last year.

    weights: of the lags, then the constant, in thousands. days: numbers of the judged days, from
    the first. truth, predicted: riders on them. rms, mean: root mean square and mean absolute
    error; by method: "linear", "last week" and "median of four weeks".
    """

    weights: np.ndarray
    days: np.ndarray
    truth: np.ndarray
    predicted: np.ndarray
    rms: dict[str, float]
    mean: dict[str, float]


def fit_forecast() -> Forecast:
    """Fit the forecast."""
    log = load_dataset(CHICAGO)
    riders = np.asarray(log.column("riders"), np.float64)
    longest = max(LAGS)
    lagged = np.stack([riders[longest - lag : len(riders) - lag] for lag in LAGS], axis=1) / 1000
    truth = riders[longest:]
    features = np.c_[lagged, np.ones(len(truth))]
    weights, *_ = np.linalg.lstsq(features[:-JUDGED], truth[:-JUDGED] / 1000, rcond=None)
    last = features[-JUDGED:]
    found = {
        "linear": 1000 * last @ weights,
        "last week": 1000 * last[:, LAGS.index(7)],
        "median of four weeks": 1000
        * np.median(last[:, [LAGS.index(lag) for lag in (7, 14, 21, 28)]], axis=1),
    }
    errors = {name: riders_ - truth[-JUDGED:] for name, riders_ in found.items()}
    return Forecast(
        weights,
        np.asarray(log.column("day"))[-JUDGED:],
        truth[-JUDGED:],
        found["linear"],
        {name: float(np.sqrt(np.mean(error**2))) for name, error in errors.items()},
        {name: float(np.mean(np.abs(error))) for name, error in errors.items()},
    )


def ridership_csv() -> bytes:
    """Return the data set as a table: the date, and riders on it."""
    log = load_dataset(CHICAGO)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["date", "riders"])
    for day, riders in zip(log.column("day"), log.column("riders"), strict=True):
        date = CHICAGO.first_day + timedelta(days=int(day))
        writer.writerow([date.isoformat(), int(riders)])
    return text.getvalue().encode()


def weights_file(forecast: Forecast) -> bytes:
    """Return the forecast's weights as a file of safetensors."""
    from safetensors.numpy import save

    arrays = {
        "lags": np.array(LAGS, np.int64),
        "weight": forecast.weights[:-1].astype(np.float32),
        "bias": forecast.weights[-1:].astype(np.float32),
    }
    return save(arrays)


def forecast_picture(forecast: Forecast) -> bytes:
    """Return a plot of the last eight weeks: riders, and what was forecast."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.4), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    dates = [CHICAGO.first_day + timedelta(days=int(day)) for day in forecast.days[-56:]]
    axes.plot(dates, forecast.truth[-56:] / 1000, label="counted", color="#0072b2")
    predicted = forecast.predicted[-56:] / 1000
    axes.plot(dates, predicted, label="forecast", color="#d55e00", linestyle="--")
    axes.set_ylabel("riders (thousands)")
    axes.set_ylim(0, None)
    axes.tick_params(axis="x", rotation=30)
    axes.legend(loc="lower left", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None})
    return picture.getvalue()


def forecast_notebook() -> bytes:
    """Return the notebook that fits the forecast."""
    fitting = """\
import numpy as np
from lepton_course import load_dataset

riders = load_dataset("hub:engines/ridership@1").table()["riders"].astype(float)
lags = (1, 7, 8, 14, 15, 21, 28)
past = np.stack([riders[28 - lag : len(riders) - lag] for lag in lags], axis=1) / 1000
features = np.c_[past, np.ones(len(past))]
truth = riders[28:] / 1000
weights, *_ = np.linalg.lstsq(features[:-365], truth[:-365], rcond=None)"""
    judging = """\
error = 1000 * (features[-365:] @ weights - truth[-365:])
last_week = 1000 * (past[-365:, 1] - truth[-365:])
for name, one in {"linear": error, "last week": last_week}.items():
    print(name, np.sqrt(np.mean(one**2)).round(), np.abs(one).mean().round())"""
    cells = [
        _cell("markdown", "# Riders of tomorrow\n\nA forecast for one station, by least squares."),
        _cell("code", fitting),
        _cell("markdown", "The last year was not fitted. Same day last week is the rival."),
        _cell("code", judging),
    ]
    document = {
        "cells": [{"id": f"cell-{number}", **cell} for number, cell in enumerate(cells)],
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python",
                                    "name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }  # fmt: skip
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def _cell(kind: str, source: str) -> dict[str, object]:
    lines = source.splitlines(keepends=True)
    more: dict[str, object] = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "metadata": {}, "source": lines, **more}
