"""Train at many learning rates and effective batches, and record the losses on held-out photos.

`python learning_rates.py` writes learning_rates.json beside itself; on two cores it takes a few
minutes. The lesson's section on the effective batch shows the result.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lepton_course import batches, load_dataset

PHOTOS_EACH = 8  # photos of one worker in a step
WORKERS = [1, 4, 16, 64]
EPOCHS = 5
SEEDS = [0, 1, 2]
METHODS = {
    "sgd": [0.0125 * 2**k for k in range(10)],
    "sgd with warm-up": [0.0125 * 2**k for k in range(10)],
    "adam": [0.000125 * 2**k for k in range(10)],
}


def make_network():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 10))


def warm_up(step, steps):
    """Return the factor of the learning rate: it grows to 1 over the first fifth of all steps."""
    return min(1.0, (step + 1) / (0.2 * steps))


def held_out_loss(x, y, workers, method, rate, seed):
    """Return the loss on the last 2000 photos after EPOCHS epochs over the first 8000."""
    torch.manual_seed(seed)
    model = make_network()
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    if method == "adam":
        optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    size = PHOTOS_EACH * workers
    steps = EPOCHS * -(-8000 // size)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: warm_up(step, steps) if "warm-up" in method else 1.0
    )
    for _ in range(EPOCHS):
        for batch_x, batch_y in batches(x[:8000], y[:8000], batch_size=size):
            optimizer.zero_grad()
            cross_entropy(model(batch_x), batch_y).backward()
            optimizer.step()
            schedule.step()
    with torch.no_grad():
        return cross_entropy(model(x[8000:]), y[8000:]).item()


def main():
    torch.set_num_threads(1)
    x, y = load_dataset("fashion_mnist").train.torch()
    losses = {
        method: [
            [[held_out_loss(x, y, w, method, rate, seed) for seed in SEEDS] for rate in rates]
            for w in WORKERS
        ]
        for method, rates in METHODS.items()
    }
    found = {"workers": WORKERS, "photos_each": PHOTOS_EACH, "rates": METHODS, "losses": losses}
    rounded = json.loads(json.dumps(found), parse_float=lambda digits: round(float(digits), 6))
    Path(__file__).with_suffix(".json").write_text(json.dumps(rounded) + "\n")


if __name__ == "__main__":
    main()
