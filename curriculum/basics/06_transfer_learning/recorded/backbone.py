"""Pretrain the backbone of this module on the six kinds that the factory has made for years.

    python recorded/backbone.py      # from the module's folder; about three minutes on one core

Six classes of the full Fashion-MNIST, 36000 training photos, laid on the belt anew in every epoch.
The four other classes are never seen. Writes backbone.npz, the weights without pickle, and
backbone.json, which says where they come from, under which licence, and what their hash is.
"""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path

import numpy as np
import torch
from torch import nn

from lepton_course import load_dataset

OLD_KINDS = (1, 2, 3, 6, 7, 9)  # trouser, pullover, dress, shirt, sneaker, ankle boot
MEAN, STD = 0.124, 0.231  # of the pixels of photos on the belt
EPOCHS, BATCH, PEAK_RATE, WEIGHT_DECAY, SEED = 6, 128, 6e-3, 0.05, 0
FOLDER = Path(__file__).parent


def on_the_belt(images, generator):
    """Photos uint8 (N, 28, 28) as the camera sees them, float (N, 1, 28, 28) in 0…1.

    Each garment is a quarter smaller, at any angle, up to two pixels off, in weak or strong light.
    """
    photos = torch.as_tensor(images)[:, None] / 255
    number = len(photos)
    angle = 2 * math.pi * torch.rand(number, generator=generator)
    shift = (torch.rand(number, 2, 1, generator=generator) - 0.5) * 2 / 7
    light = 0.6 + 0.4 * torch.rand(number, 1, 1, 1, generator=generator)
    cos, sin = angle.cos() / 0.75, angle.sin() / 0.75
    turn = torch.stack([cos, -sin, sin, cos], dim=1).reshape(number, 2, 2)
    grid = nn.functional.affine_grid(
        torch.cat([turn, shift], dim=2), photos.shape, align_corners=False
    )
    return light * nn.functional.grid_sample(photos, grid, align_corners=False)


def block(inputs, outputs, stride=1):
    """Convolution, batch normalisation, ReLU: maps (N, inputs, H, W) to (N, outputs, H', W')."""
    convolution = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())


class Sorter(nn.Module):
    """Four blocks and a head: photos (N, 1, 28, 28), normalised, to logits (N, kinds)."""

    def __init__(self, kinds):
        super().__init__()
        self.stem = block(1, 16, stride=2)
        self.block1 = block(16, 32)
        self.block2 = block(32, 64, stride=2)
        self.block3 = block(64, 96)
        self.head = nn.Linear(96, kinds)

    def features(self, x):
        """The mean of each map of the last block, (N, 96)."""
        return self.block3(self.block2(self.block1(self.stem(x)))).mean(dim=(2, 3))

    def forward(self, x):
        return self.head(self.features(x))


def normalised(photos):
    return (photos - MEAN) / STD


def rows_of(split, kinds):
    """Photos of these kinds, and their places among them."""
    chosen = np.flatnonzero(np.isin(split.labels, kinds))
    return torch.tensor(split.images[chosen]), torch.tensor(
        np.searchsorted(kinds, split.labels[chosen])
    )


def pretrain(images, labels):
    """Train a sorter of the old kinds. Returns it in eval mode."""
    torch.manual_seed(SEED)
    generator = torch.Generator().manual_seed(SEED)
    sorter = Sorter(len(OLD_KINDS))
    adamw = torch.optim.AdamW(sorter.parameters(), weight_decay=WEIGHT_DECAY)
    steps = EPOCHS * (len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(adamw, PEAK_RATE, total_steps=steps)
    for _ in range(EPOCHS):
        order = torch.randperm(len(images), generator=generator)
        for chosen in order[: steps // EPOCHS * BATCH].split(BATCH):
            photos = normalised(on_the_belt(images[chosen], generator))
            loss = nn.functional.cross_entropy(sorter(photos), labels[chosen])
            adamw.zero_grad()
            loss.backward()
            adamw.step()
            schedule.step()
    return sorter.eval()


@torch.no_grad()
def accuracy(sorter, images, labels):
    photos = normalised(on_the_belt(images, torch.Generator().manual_seed(1)))
    return (sorter(photos).argmax(dim=1) == labels).float().mean().item()


def main():
    data = load_dataset("fashion_mnist", subset=False)
    if data.is_subset:
        raise SystemExit("the full Fashion-MNIST is needed")
    sorter = pretrain(*rows_of(data.train, OLD_KINDS))
    path = FOLDER / "backbone.npz"
    np.savez_compressed(path, **{name: t.numpy() for name, t in sorter.state_dict().items()})
    card = {
        "made_by": "recorded/backbone.py, seed 0",
        "trained_on": "36000 training photos of Fashion-MNIST, six of its ten classes",
        "classes": [data.classes[kind] for kind in OLD_KINDS],
        "origin": "https://github.com/zalandoresearch/fashion-mnist",
        "licence": "photos: MIT, copyright 2017 Zalando SE; weights: the licence of this course",
        "citation": "H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST, arXiv:1708.07747 (2017)",
        "input": {"shape": [1, 28, 28], "scaled_to": [0, 1], "mean": MEAN, "std": STD},
        "test_accuracy": round(accuracy(sorter, *rows_of(data.test, OLD_KINDS)), 4),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    (FOLDER / "backbone.json").write_text(json.dumps(card, indent=2) + "\n")
    print(path.stat().st_size, "bytes,", card["test_accuracy"])


if __name__ == "__main__":
    main()
