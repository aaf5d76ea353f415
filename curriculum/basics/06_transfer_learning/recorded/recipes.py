"""Which way to fine-tune with twenty labels a kind, and what it does to the old kinds.

    python recorded/recipes.py       # from the module's folder; about three minutes on one core

Five draws, judged on 1200 photos of the new kinds, and on the course's test photos of the old kinds
with the old head put back. Runs that are stopped go on where they were.

- head: a new head on the frozen backbone
- one high rate, one low rate: all layers with 6e-3 or 1e-3
- fast head: 6e-3 for the head, 1e-3 for all blocks
- by depth: 6e-3 for the head, half as much for each block further down
- 500 steps: as by depth, five times as long
- thawed: as by depth, a block joins every 20 steps, from the head downwards
- LoRA: the backbone is frozen, with updates of rank 4 beside the last two convolutions
"""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import torch
from backbone import MEAN, OLD_KINDS, STD, on_the_belt, rows_of
from label_curve import BATCH, FOLDER, NEW_KINDS, STEPS, draw, predicted, pretrained, turned
from torch import nn

from lepton_course import load_dataset

DRAWS, LABELS, RANK = 5, 20, 4
RECIPES = (
    "head", "one high rate", "one low rate", "fast head", "by depth", "500 steps", "thawed", "LoRA"
)  # fmt: skip
BLOCKS = ("stem", "block1", "block2", "block3", "head")


class LoraConvolution(nn.Module):
    """A frozen convolution plus an update of low rank, which is 0 at first."""

    def __init__(self, frozen, rank):
        super().__init__()
        self.frozen = frozen.requires_grad_(False)
        options = {"stride": frozen.stride, "padding": frozen.padding, "bias": False}
        self.down = nn.Conv2d(frozen.in_channels, rank, frozen.kernel_size, **options)
        self.up = nn.Conv2d(rank, frozen.out_channels, 1, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, x):
        return self.frozen(x) + self.up(self.down(x))


def rates_of(recipe):
    """The learning rate of each block, 0 where it is frozen."""
    if recipe in ("head", "LoRA"):
        return [0.0, 0.0, 0.0, 0.0, 6e-3]
    if recipe.startswith("one"):
        return [6e-3 if "high" in recipe else 1e-3] * 5
    if recipe == "fast head":
        return [1e-3, 1e-3, 1e-3, 1e-3, 6e-3]
    return [6e-3 / 2**depth for depth in (4, 3, 2, 1, 0)]


def fit(recipe, photos, labels, seed):
    """A sorter of the new kinds, in eval mode."""
    torch.manual_seed(seed)
    sorter = pretrained()
    sorter.head = nn.Linear(96, 4)
    groups = []
    for name, rate in zip(BLOCKS, rates_of(recipe), strict=True):
        block = getattr(sorter, name).requires_grad_(rate > 0)
        groups += [{"params": list(block.parameters()), "lr": rate}] if rate else []
    if recipe == "LoRA":
        for block in (sorter.block2, sorter.block3):
            block[0] = LoraConvolution(block[0], RANK)
            groups.append({"params": [block[0].down.weight, block[0].up.weight], "lr": 3e-3})
    steps = 500 if recipe == "500 steps" else STEPS
    peaks = [group["lr"] for group in groups]
    adamw = torch.optim.AdamW(groups, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(adamw, peaks, total_steps=steps)
    for step in range(steps):
        sorter.eval()
        for depth, name in enumerate(reversed(BLOCKS)):
            thawed = recipe != "thawed" or depth <= step // 20
            block = getattr(sorter, name)
            if rates_of(recipe)[4 - depth]:
                block.train(thawed).requires_grad_(thawed)
        chosen = torch.randint(len(photos), (BATCH,))
        x = turned(photos[chosen], 2 * math.pi * torch.rand(BATCH))
        loss = nn.functional.cross_entropy(sorter((x - MEAN) / STD), labels[chosen])
        adamw.zero_grad()
        loss.backward()
        adamw.step()
        schedule.step()
    return sorter.eval()


def main():
    data = load_dataset("fashion_mnist")
    chosen = np.flatnonzero(np.isin(data.train.labels, NEW_KINDS))
    images = data.train.images[chosen]
    labels = np.searchsorted(NEW_KINDS, data.train.labels[chosen])
    old_images, old_labels = rows_of(data.test, OLD_KINDS)
    old_photos = on_the_belt(old_images, torch.Generator().manual_seed(2))
    path = FOLDER / "recipes.json"
    before = predicted(pretrained(), old_photos) == old_labels.numpy()
    result = {
        "made_by": "recorded/recipes.py; five draws of twenty labels a kind",
        "old_before": round(float(before.mean()), 4),
        "accuracy": {},
    }
    if path.exists():
        result = json.loads(path.read_text())
    found = result["accuracy"]
    for recipe, seed in itertools.product(RECIPES, range(DRAWS)):
        scores = found.setdefault(recipe, {"new": [], "old": []})
        if len(scores["new"]) == seed:
            (known, y), (new, y_new) = draw(images, labels, LABELS, seed)
            sorter = fit(recipe, known, torch.tensor(y), seed)
            scores["new"].append(round(float((predicted(sorter, new) == y_new).mean()), 4))
            sorter.head = pretrained().head
            kept = predicted(sorter, old_photos) == old_labels.numpy()
            scores["old"].append(round(float(kept.mean()), 4))
            print(seed, recipe, scores["new"][-1], scores["old"][-1], flush=True)
            path.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
