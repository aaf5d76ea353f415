"""Makes neighbourhood.json, which the lesson shows: `python neighbourhood.py`.

The lesson's fully connected and convolutional networks, trained as in the lesson, five seeds each.
Takes about a minute on one core.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor, nn

from lepton_course import batches, load_dataset

SEEDS = 5
EPOCHS = 3


def make_dense() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))


def make_convolutional() -> nn.Module:
    layers: list[nn.Module] = []
    for inputs, outputs in ((1, 8), (8, 16)):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(16 * 7 * 7, 10))


def train(network: nn.Module, x: Tensor, y: Tensor, learning_rate: float) -> nn.Module:
    loader = batches(x, y, batch_size=64)
    optimizer = torch.optim.AdamW(network.parameters(), lr=learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, learning_rate, total_steps=EPOCHS * len(loader)
    )
    for _ in range(EPOCHS):
        for x_batch, y_batch in loader:
            loss = nn.functional.cross_entropy(network(x_batch), y_batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return network.eval()


@torch.no_grad()
def accuracy(network: nn.Module, x: Tensor, y: Tensor) -> float:
    return (network(x).argmax(dim=1) == y).float().mean().item()


def main() -> None:
    training, validation = load_dataset("fashion_mnist").train.hold_out(1000, seed=0)
    x, y = training.torch("cpu")
    x_val, y_val = validation.torch("cpu")
    kinds = {"fully connected": (make_dense, 0.003), "convolutional": (make_convolutional, 0.01)}
    reached: dict[str, list[float]] = {name: [] for name in kinds}
    for seed in range(SEEDS):
        for name, (make, learning_rate) in kinds.items():
            torch.manual_seed(seed)
            network = train(make(), x, y, learning_rate)
            reached[name].append(round(accuracy(network, x_val, y_val), 4))
            print(seed, name, reached[name][-1], flush=True)
    recorded = {
        "made_by": f"neighbourhood.py: seeds 0 to {SEEDS - 1}, {EPOCHS} epochs each on 9000 "
        f"photos, torch {torch.__version__}",
        "accuracy": reached,
    }
    path = Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(recorded, indent=1) + "\n")


if __name__ == "__main__":
    main()
