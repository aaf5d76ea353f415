"""Makes other_methods.json, which the lesson shows: `python other_methods.py`.

What other methods reach on the lesson's traces: a random forest and a small convolutional network.
Three seeds each, on the validation traces. Takes about two minutes on one core.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from sklearn import __version__ as sklearn_version
from sklearn.ensemble import RandomForestClassifier
from torch import nn

from lepton_course import batches, load_dataset

SEEDS = 3
EPOCHS = 15


def make_convolutional() -> nn.Sequential:
    layers: list[nn.Module] = [nn.Unflatten(1, (1, 40))]
    inputs = 1
    for _ in range(3):
        layers += [nn.Conv1d(inputs, 25, kernel_size=5, stride=2, padding=2), nn.ReLU()]
        inputs = 25
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(25 * 5, 10))


def main() -> None:
    training, validation = load_dataset("mnist1d").train.hold_out(500, seed=0)
    x, y = training.torch("cpu")
    x_val, y_val = validation.torch("cpu")
    forests = []
    convolutions = []
    for seed in range(SEEDS):
        forest = RandomForestClassifier(300, random_state=seed).fit(*training.numpy())
        forests.append(round(float(forest.score(*validation.numpy())), 4))
        torch.manual_seed(seed)
        network = make_convolutional()
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
        with torch.no_grad():
            right = (network(x_val).argmax(dim=1) == y_val).float().mean().item()
        convolutions.append(round(right, 4))
        print(seed, forests[-1], convolutions[-1], flush=True)
    recorded = {
        "made_by": f"other_methods.py: seeds 0 to {SEEDS - 1}, 3500 training traces, scikit-learn "
        f"{sklearn_version}, torch {torch.__version__}",
        "parameters": {"convolutional": sum(p.numel() for p in make_convolutional().parameters())},
        "accuracy": {"random forest": forests, "convolutional": convolutions},
    }
    path = Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(recorded, indent=1) + "\n")


if __name__ == "__main__":
    main()
