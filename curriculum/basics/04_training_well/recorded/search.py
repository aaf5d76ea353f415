"""Compare grid, random search and successive halving at an equal budget.

    python recorded/search.py        # from the module's folder; about three minutes on one core

20 repeats. In each, every method may spend as many steps as 27 whole trainings of 125 steps, and
returns the trial with the highest accuracy on 1000 validation photos, which 2000 fresh photos then
judge. Three settings are searched: learning rate and weight decay on a logarithmic scale, dropout.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

from lepton_course import load_dataset

REPEATS, TRIALS, STEPS, RATE = 20, 27, 125, 3
RANGES = {"learning_rate": (-4.0, 0.5), "weight_decay": (-6.0, -1.0), "dropout": (0.0, 0.6)}


def pooled(images):
    """Photos uint8 (N, 28, 28) as float32 (N, 196): means of 2 by 2 pixels, 0 to 1."""
    tiles = images.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)) / 255
    return torch.tensor(tiles.reshape(-1, 196), dtype=torch.float32)


def photos():
    """Return (x, y) of 2000 training, 1000 validation and 2000 fresh photos, no test photos."""
    images, labels = load_dataset("fashion_mnist").train.numpy()
    parts = slice(0, 2000), slice(2000, 3000), slice(3000, 5000)
    return [(pooled(images[part]), torch.tensor(labels[part])) for part in parts]


class Trial:
    """A network in training, which can go on where it stopped."""

    def __init__(self, point, seed):
        rate, decay, dropout = settings(point)
        torch.manual_seed(seed)
        self.generator = torch.Generator().manual_seed(seed)
        self.network = nn.Sequential(
            nn.Linear(196, 64), nn.ReLU(), nn.Dropout(dropout), nn.Linear(64, 10)
        )
        self.sgd = torch.optim.SGD(
            self.network.parameters(), lr=rate, momentum=0.9, weight_decay=decay
        )

    def train(self, x, y, steps):
        self.network.train()
        for _ in range(steps):
            chosen = torch.randint(len(x), (64,), generator=self.generator)
            loss = nn.functional.cross_entropy(self.network(x[chosen]), y[chosen])
            self.sgd.zero_grad()
            loss.backward()
            self.sgd.step()

    @torch.no_grad()
    def accuracy(self, x, y):
        self.network.eval()
        return (self.network(x).argmax(dim=1) == y).float().mean().item()


def settings(point):
    """Turn a point of the unit cube into (learning rate, weight decay, dropout)."""
    low_high = RANGES.values()
    rate, decay, dropout = (
        low + u * (high - low) for u, (low, high) in zip(point, low_high, strict=True)
    )
    return 10**rate, 10**decay, dropout


def grid(rng):
    """27 points: three levels of each setting, a third of its range apart, shifted at random."""
    levels = (np.arange(3)[:, None] + rng.random(3)) / 3  # (level, setting)
    return np.array(list(itertools.product(*levels.T)))


def whole_trainings(points, seeds, train, validation):
    trials = [Trial(point, seed) for point, seed in zip(points, seeds, strict=False)]
    for trial in trials:
        trial.train(*train, STEPS)
    return trials, [trial.accuracy(*validation) for trial in trials]


def halving(points, seeds, train, validation):
    """Rounds that end after 14, 42 and 125 steps; a third of the trials stays after each."""
    alive = [Trial(point, seed) for point, seed in zip(points, seeds, strict=False)]
    done, spent = 0, 0
    for target in (14, 42, 125):
        for trial in alive:
            trial.train(*train, target - done)
        spent += (target - done) * len(alive)
        scores = [trial.accuracy(*validation) for trial in alive]
        order = np.argsort(scores)[::-1][: max(1, len(alive) // RATE)]
        best, alive, done = max(scores), [alive[i] for i in order], target
    return alive[0], best, spent


def main():
    torch.set_num_threads(1)
    train, validation, fresh = photos()
    names = ("grid", "random", "halving")
    result = {name: {"validation": [], "fresh": []} for name in names}
    seen = {"point": [], "validation": [], "fresh": []}  # the trials of all random searches
    grids = {"point": [], "validation": []}
    for repeat in range(REPEATS):
        rng = np.random.default_rng(repeat)
        seeds = rng.integers(2**31, size=99).tolist()
        for name, points in (("grid", grid(rng)), ("random", rng.random((TRIALS, 3)))):
            trials, scores = whole_trainings(points, seeds, train, validation)
            best = trials[int(np.argmax(scores))]
            result[name]["validation"].append(max(scores))
            result[name]["fresh"].append(best.accuracy(*fresh))
            if name == "random":
                seen["point"] += points.round(4).tolist()
                seen["validation"] += scores
                seen["fresh"] += [trial.accuracy(*fresh) for trial in trials]
            elif repeat == 0:
                grids = {"point": points.round(4).tolist(), "validation": scores}
        winner, score, spent = halving(rng.random((99, 3)), seeds, train, validation)
        result["halving"]["validation"].append(score)
        result["halving"]["fresh"].append(winner.accuracy(*fresh))
        print(repeat, {name: result[name]["fresh"][-1] for name in names}, flush=True)
    content = {
        "made_by": "recorded/search.py: 20 repeats, budget of 27 trainings of 125 steps",
        "ranges": RANGES,
        "steps": {"grid": TRIALS * STEPS, "random": TRIALS * STEPS, "halving": spent},
        "found": rounded(result),
        "random_trials": rounded(seen),
        "first_grid": rounded(grids),
    }
    path = Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(content) + "\n")


def rounded(value):
    """Round all numbers of a tree to four decimals."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return round(value, 4)


if __name__ == "__main__":
    main()
