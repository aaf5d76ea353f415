"""Makes residual_depth.json, which deeper.ipynb shows: `python residual_depth.py`.

Networks of 8 channels with 2, 20 and 40 convolutions and batch normalisation, with a shortcut
around every two of them and without; three seeds, one epoch on the 9000 photos that the lesson
trains on. Takes a few minutes on one core.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor, nn

from lepton_course import batches, load_dataset

DEPTHS = (2, 20, 40)
SEEDS = 3
EPOCHS = 1
LEARNING_RATE = 0.01
CHANNELS = 8


class Block(nn.Module):
    """Two convolutions with batch normalisation; their input is added where `shortcut` is set."""

    def __init__(self, shortcut: bool) -> None:
        super().__init__()
        self.shortcut = shortcut
        layers: list[nn.Module] = []
        for _ in range(2):
            layers.append(nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, bias=False))
            layers.append(nn.BatchNorm2d(CHANNELS))
            layers.append(nn.ReLU())
        self.changes = nn.Sequential(*layers[:-1])

    def forward(self, x: Tensor) -> Tensor:
        changed = self.changes(x)
        return torch.relu(x + changed if self.shortcut else changed)


def make_network(depth: int, shortcut: bool) -> nn.Module:
    """Photos (N, 1, 28, 28) to logits (N, 10), with `depth` convolutions on maps of 14 by 14."""
    blocks = [Block(shortcut) for _ in range(depth // 2)]
    stem = nn.Conv2d(1, CHANNELS, kernel_size=2, stride=2)
    return nn.Sequential(stem, *blocks, nn.Flatten(), nn.Linear(CHANNELS * 14 * 14, 10))


def train(network: nn.Module, x: Tensor, y: Tensor) -> nn.Module:
    loader = batches(x, y, batch_size=64)
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, LEARNING_RATE, total_steps=EPOCHS * len(loader)
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
def loss_of(network: nn.Module, x: Tensor, y: Tensor) -> float:
    return nn.functional.cross_entropy(network(x), y).item()


def main() -> None:
    training, _ = load_dataset("fashion_mnist").train.hold_out(1000, seed=0)
    x, y = training.torch("cpu")
    losses: dict[str, list[list[float]]] = {"plain": [], "residual": []}
    for depth in DEPTHS:
        for name, runs in losses.items():
            runs.append([])
            for seed in range(SEEDS):
                torch.manual_seed(seed)
                network = train(make_network(depth, shortcut=name == "residual"), x, y)
                runs[-1].append(round(loss_of(network, x[:2000], y[:2000]), 4))
            print(depth, name, runs[-1], flush=True)
    recorded = {
        "made_by": f"residual_depth.py: seeds 0 to {SEEDS - 1}, {EPOCHS} epoch on 9000 photos, "
        f"training loss on 2000 of them, torch {torch.__version__}",
        "depths": list(DEPTHS),
        "train_loss": losses,
    }
    path = Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(recorded, indent=1) + "\n")


if __name__ == "__main__":
    main()
