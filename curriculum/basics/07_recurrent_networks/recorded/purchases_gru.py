"""Makes purchases_gru.json, which the lesson shows: `python purchases_gru.py`.

A GRU on whole purchase histories against a logistic regression on recency and frequency, and the
same GRU on shuffled histories, ten seeds each, trained and tested on the lesson's days. Both rank
the same customers, so the differences are paired. Takes a few minutes on one core.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from lepton_course import load_dataset

CUTS, TEST, WINDOW, LONGEST, LETTERS, SEEDS = (182, 273, 364), 455, 91, 20, 1000, 10
LOG = load_dataset("cdnow")
customer, day = LOG.column("customer"), LOG.column("day")
CUSTOMERS = int(customer.max()) + 1


def bought(first: int) -> np.ndarray:
    """Return 1.0 for each customer who buys within the window from day `first` on, else 0.0."""
    answer = np.zeros(CUSTOMERS)
    answer[customer[(day >= first) & (day < first + WINDOW)]] = 1
    return answer


def recency_and_frequency(cut: int) -> np.ndarray:
    """Return the logarithms of recency in days and of the number of purchases, (customers, 2)."""
    known = day < cut
    number = np.bincount(customer[known], minlength=CUSTOMERS)
    last = np.zeros(CUSTOMERS)
    np.maximum.at(last, customer[known], day[known])
    return np.log(np.stack([cut - last, number], axis=1))


def histories(cut: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return padded steps (customers, 20, 4) and lengths (customers,) of what is known on `cut`.

    A step is a purchase: days since the one before, CDs, dollars; the last step is the cut itself.
    """
    padded = np.zeros((CUSTOMERS, LONGEST, 4), np.float32)
    lengths = np.zeros(CUSTOMERS, np.int64)
    ends = np.cumsum(np.bincount(customer, minlength=CUSTOMERS))
    cds, dollars = LOG.column("cds"), LOG.column("dollars")
    for who, end in enumerate(ends):
        rows = np.arange(ends[who - 1] if who else 0, end)
        rows = rows[day[rows] < cut]
        gaps = np.diff(np.append(day[rows], cut), prepend=day[rows[0]])
        steps = np.zeros((len(rows) + 1, 4))
        steps[:, 0] = gaps
        steps[:-1, 1] = cds[rows]
        steps[:-1, 2] = dollars[rows]
        steps[-1, 3] = 1  # the day on which we ask
        steps = np.log1p(steps[-LONGEST:])
        lengths[who] = len(steps)
        padded[who, : len(steps)] = steps
    return torch.tensor(padded), torch.tensor(lengths)


def shuffled(steps: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Return the histories with each customer's purchases in random order; the last step stays."""
    mixed = steps.clone()
    for row, length in zip(mixed, lengths.tolist(), strict=True):
        row[: length - 1] = row[torch.randperm(length - 1)]
    return mixed


class Reader(nn.Module):
    """Histories (N, T, 4) and lengths (N,) to logits (N,)."""

    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(4, 16, batch_first=True)
        self.output = nn.Linear(16, 1)

    def forward(self, x: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        states, _ = self.gru(x[:, : lengths.max()])
        return self.output(states[torch.arange(len(x)), lengths - 1]).squeeze(1)


def logistic_regression(x: torch.Tensor, answers: torch.Tensor) -> nn.Linear:
    """Fit a logistic regression to all rows at once; deterministic."""
    linear = nn.Linear(x.shape[1], 1)
    nn.init.zeros_(linear.weight)
    nn.init.zeros_(linear.bias)
    optimizer = torch.optim.LBFGS(linear.parameters(), max_iter=100)

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        value = nn.functional.binary_cross_entropy_with_logits(linear(x).squeeze(1), answers)
        value.backward()
        return value

    optimizer.step(loss)
    return linear


def train(model: nn.Module, parts: list[torch.Tensor], answers: torch.Tensor) -> None:
    """Train on minibatches of neighbouring rows, three passes in random order."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.005)
    pieces = torch.arange(len(answers)).split(256)
    for _ in range(3):
        for i in torch.randperm(len(pieces)):
            rows = pieces[i]
            logits = model(*[part[rows] for part in parts]).reshape(-1)
            loss = nn.functional.binary_cross_entropy_with_logits(logits, answers[rows])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()


def auc(score: np.ndarray, truth: np.ndarray) -> float:
    """Return the chance that a buyer, drawn at random, has a higher score than a non-buyer."""
    values, place = np.unique(score, return_inverse=True)
    yes, no = np.bincount(place, truth), np.bincount(place, 1 - truth)
    beaten = np.cumsum(no) - no / 2
    return float(yes @ beaten / (yes.sum() * no.sum()))


def best(score: np.ndarray) -> np.ndarray:
    """Return the customers with the highest scores, in ascending order of their numbers."""
    return np.sort(np.argsort(-score, kind="stable")[:LETTERS])


def paired(ours: np.ndarray, theirs: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Return how many buyers more `ours` finds among its best, and the standard error of that.

    Customers whom both choose cancel out, so only those count whom one of the two chooses.
    """
    difference = np.zeros(CUSTOMERS)
    difference[best(ours)] += truth[best(ours)]
    difference[best(theirs)] -= truth[best(theirs)]
    return float(difference.sum()), float(np.sqrt(CUSTOMERS) * difference.std())


@torch.no_grad()
def scores(model: nn.Module, *parts: torch.Tensor) -> np.ndarray:
    return model(*parts).reshape(-1).numpy()


def main() -> None:
    torch.set_num_threads(1)
    begun = time.process_time()
    truth = bought(TEST)
    tables = [recency_and_frequency(cut) for cut in CUTS]
    centre, scale = np.concatenate(tables).mean(axis=0), np.concatenate(tables).std(axis=0)
    x = torch.tensor((np.concatenate(tables) - centre) / scale).float()
    x_test = torch.tensor((recency_and_frequency(TEST) - centre) / scale).float()
    answers = torch.tensor(np.concatenate([bought(cut) for cut in CUTS])).float()
    steps, lengths = (torch.cat(parts) for parts in zip(*map(histories, CUTS), strict=True))
    by_length = lengths.argsort(stable=True)  # batches of equal lengths need no padding
    steps, lengths, in_order = steps[by_length], lengths[by_length], answers[by_length]
    today = histories(TEST)

    baseline = scores(logistic_regression(x, answers), x_test)
    runs: dict[str, list[list[float]]] = {"in order": [], "shuffled": []}
    for seed in range(SEEDS):
        for name, found in runs.items():
            torch.manual_seed(seed)
            change = shuffled if name == "shuffled" else lambda steps, lengths: steps
            model = Reader()
            train(model, [change(steps, lengths), lengths], in_order)
            score = scores(model, change(*today), today[1])
            found.append([auc(score, truth), *paired(score, baseline, truth)])
            print(seed, name, found[-1], flush=True)
    minutes = (time.process_time() - begun) / 60
    about = {
        "made_by": f"purchases_gru.py: {SEEDS} seeds, {minutes:.0f} minutes on one core",
        "regression": {"auc": auc(baseline, truth), "buyers": float(truth[best(baseline)].sum())},
        "columns": ["auc", "more buyers than the regression", "standard error of that"],
        "runs": runs,
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(about) + "\n")


if __name__ == "__main__":
    main()
