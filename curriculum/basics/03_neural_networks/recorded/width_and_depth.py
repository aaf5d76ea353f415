"""Makes width_and_depth.json, which the lesson shows: `python width_and_depth.py`.

The lesson's network at about 25 000 parameters with one to eight hidden layers, and with two hidden
layers of growing width; five seeds each. Takes about three minutes on one core.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor, nn

from lepton_course import batches, load_dataset

SEEDS = 5
EPOCHS = 15
PARAMETERS = 25_000
DEPTHS = (1, 2, 3, 4, 6, 8)
WIDTHS = (8, 16, 32, 64, 128, 256)


def make_network(width: int, depth: int) -> nn.Sequential:
    sizes = [40, *[width] * depth]
    layers: list[nn.Module] = []
    for fan_in, fan_out in zip(sizes[:-1], sizes[1:], strict=True):
        linear = nn.Linear(fan_in, fan_out)
        nn.init.kaiming_normal_(linear.weight, nonlinearity="relu")
        nn.init.zeros_(linear.bias)
        layers += [linear, nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(width, 10))


def parameters_of(width: int, depth: int) -> int:
    return sum(p.numel() for p in make_network(width, depth).parameters())


def width_for(depth: int) -> int:
    return min(range(8, 600), key=lambda width: abs(parameters_of(width, depth) - PARAMETERS))


def train(network: nn.Module, x: Tensor, y: Tensor) -> nn.Module:
    loader = batches(x, y, batch_size=64)
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 0.01, total_steps=EPOCHS * len(loader)
    )
    for _ in range(EPOCHS):
        for x_batch, y_batch in loader:
            loss = nn.functional.cross_entropy(network(x_batch), y_batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return network


@torch.no_grad()
def accuracy(network: nn.Module, x: Tensor, y: Tensor) -> float:
    return (network(x).argmax(dim=1) == y).float().mean().item()


def main() -> None:
    training, validation = load_dataset("mnist1d").train.hold_out(500, seed=0)
    x, y = training.torch("cpu")
    x_val, y_val = validation.torch("cpu")
    by_depth = {depth: (width_for(depth), depth) for depth in DEPTHS}
    by_width = {width: (width, 2) for width in WIDTHS}

    def measure(width: int, depth: int, seed: int) -> list[float]:
        torch.manual_seed(seed)
        network = train(make_network(width, depth), x, y)
        reached = [accuracy(network, x, y), accuracy(network, x_val, y_val)]
        print(width, depth, seed, reached, flush=True)
        return [round(value, 4) for value in reached]

    recorded = {
        "made_by": f"width_and_depth.py: seeds 0 to {SEEDS - 1}, {EPOCHS} epochs each on 3500 "
        f"traces, torch {torch.__version__}",
        "columns": ["training accuracy", "validation accuracy"],
    }
    for name, shapes in (("depth", by_depth), ("width", by_width)):
        recorded[name] = {
            str(key): {
                "width": width,
                "parameters": parameters_of(width, depth),
                "accuracy": [measure(width, depth, seed) for seed in range(SEEDS)],
            }
            for key, (width, depth) in shapes.items()
        }
    path = Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(recorded, indent=1) + "\n")


if __name__ == "__main__":
    main()
