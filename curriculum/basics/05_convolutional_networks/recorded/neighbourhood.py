"""Makes neighbourhood.json, which the lesson shows: `python neighbourhood.py`.

The lesson's fully connected and convolutional networks, trained as in the lesson, and a support
vector machine, in ten-fold cross-validation: each of the 10 000 training photos is judged once, by
models that were trained on the 9000 of the other folds. Takes a few minutes on one core.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from sklearn.svm import SVC
from torch import Tensor, nn

from lepton_course import batches, load_dataset

FOLDS = 10
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


def accuracy_of_svm(x: Tensor, y: Tensor, x_val: Tensor, y_val: Tensor) -> float:
    """With the radial kernel; C = 10 is the usual choice for this data set."""
    model = SVC(C=10).fit(x.flatten(start_dim=1).numpy(), y.numpy())
    return float(model.score(x_val.flatten(start_dim=1).numpy(), y_val.numpy()))


def main() -> None:
    x, y = load_dataset("fashion_mnist").train.torch("cpu")
    folds = np.array_split(np.random.default_rng(0).permutation(len(x)), FOLDS)
    kinds = {"fully connected": (make_dense, 0.003), "convolutional": (make_convolutional, 0.01)}
    reached: dict[str, list[float]] = {name: [] for name in [*kinds, "support vector machine"]}
    for seed, fold in enumerate(folds):
        rest = np.concatenate([other for other in folds if other is not fold])
        for name, (make, learning_rate) in kinds.items():
            torch.manual_seed(seed)
            network = train(make(), x[rest], y[rest], learning_rate)
            reached[name].append(round(accuracy(network, x[fold], y[fold]), 4))
        of_svm = accuracy_of_svm(x[rest], y[rest], x[fold], y[fold])
        reached["support vector machine"].append(round(of_svm, 4))
        print(seed, [values[-1] for values in reached.values()], flush=True)
    recorded = {
        "made_by": f"neighbourhood.py: {FOLDS} folds of 10 000 photos, {EPOCHS} epochs on the "
        f"9000 of the others, torch {torch.__version__}",
        "accuracy": reached,
    }
    path = Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(recorded, indent=1) + "\n")


if __name__ == "__main__":
    main()
