"""Train the forecaster: the rows of a history, the rule to beat, the network."""

import math
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from ridership.features import features
from ridership.holidays import kind_of

FIRST = 70  # a history's days before it have no ten weeks


class Rows(NamedTuple):
    """Days that can be forecast: dates, features (N, 41), usual counts (N,), riders (N,)."""

    days: list[date]
    x: np.ndarray
    usual: np.ndarray
    y: np.ndarray


def weeks_before(counts: np.ndarray, index: int) -> list[float]:
    """Return the counts 1, 2, … 10 weeks before a day, newest first."""
    return [float(counts[index - 7 * back]) for back in range(1, 11)]


def rows_of(counts: np.ndarray, start: date) -> Rows:
    """Return a row for each day of a history (D,) that has ten weeks before it."""
    days = [start + timedelta(days=i) for i in range(FIRST, len(counts))]
    inputs = [features(day, weeks_before(counts, FIRST + i)) for i, day in enumerate(days)]
    x = np.array([x for x, _ in inputs])
    usual = np.array([usual for _, usual in inputs], dtype=np.float32)
    return Rows(days, x, usual, counts[FIRST:])


def rule(rows: Rows) -> np.ndarray:
    """Return the cheap forecast (N,): the usual count, times what such holidays did before."""
    kinds = np.array([kind_of(day) for day in rows.days])
    weekend = np.array([day.weekday() >= 5 for day in rows.days])
    ratio = rows.y / rows.usual
    factor = np.ones(len(rows.y))
    for i in np.flatnonzero(kinds != "ordinary"):
        known = slice(0, max(i - 6, 0))  # label delay: nothing of the last week
        alike = np.flatnonzero((kinds[known] == kinds[i]) & (weekend[known] == weekend[i]))
        number = 24 if kinds[i] == "between" else 3
        factor[i] = ratio[alike[-number:]].mean() if len(alike) else 0.3  # never seen: a guess
    return rows.usual * factor


class Forecaster(nn.Module):
    """Riders (N,) from features (N, 41) and usual counts (N,)."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(41, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1)
        )

    def forward(self, x: torch.Tensor, usual: torch.Tensor) -> torch.Tensor:
        return usual * torch.exp(self.body(x)[:, 0])


def train(
    rows: Rows,
    chosen: np.ndarray,
    seed: int,
    epochs: int = 25,
    batch_size: int = 128,
    learning_rate: float = 6e-3,
) -> Forecaster:
    """Return a Forecaster trained on the chosen rows, bool (N,)."""
    torch.manual_seed(seed)
    model = Forecaster()
    x = torch.tensor(rows.x[chosen])
    usual = torch.tensor(rows.usual[chosen])
    y = torch.tensor(rows.y[chosen], dtype=torch.float32)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.05)
    steps = epochs * math.ceil(len(x) / batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=steps)
    for _ in range(epochs):
        for batch in torch.randperm(len(x)).split(batch_size):
            expected = torch.log(y[batch] / usual[batch])
            error = (model.body(x[batch])[:, 0] - expected).abs() * usual[batch] / 1e4
            optimizer.zero_grad()
            error.mean().backward()
            optimizer.step()
            schedule.step()
    return model.eval()


@torch.no_grad()
def forecast(model: Forecaster, rows: Rows, chosen: np.ndarray | list[int]) -> np.ndarray:
    """Return riders for the chosen rows."""
    return model(torch.tensor(rows.x[chosen]), torch.tensor(rows.usual[chosen])).numpy()
