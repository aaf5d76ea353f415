"""How many labels is pretraining worth? Seven ways to learn four new kinds from few photos.

    python recorded/label_curve.py   # from the module's folder; about five minutes on one core

Five draws each of 5, 20, 50 and 200 labelled photos a kind, from the training photos of the
course's subset; judged on 1200 other training photos. All ways get the same photos, and the same
turned copies of them. Runs that are stopped go on where they were.

- neighbour: the nearest labelled photo or copy, pixel by pixel
- random: a ridge probe on the features of the same network with random weights
- probe: a ridge probe on the pretrained features
- scratch: the whole network trained from random weights
- fine-tuned: the whole network trained from the pretrained weights
- circles: a ridge probe on features made by hand, which hardly change with angle, place and light
- both: a ridge probe on those and on the pretrained features, averaged over the turned copies
"""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import numpy as np
import torch
from backbone import MEAN, STD, Sorter, on_the_belt
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler
from torch import nn

from lepton_course import load_dataset

NEW_KINDS = (0, 4, 5, 8)  # T-shirt/top, coat, sandal, bag
SIZES, DRAWS, COPIES, JUDGED = (5, 20, 50, 200), 5, 8, 300
STEPS, PASSES, BATCH = 100, 6, 32
FOLDER = Path(__file__).parent


def turned(photos, angles):
    """Photos (N, 1, H, W), each turned by its own angle (N,)."""
    cos, sin, zero = angles.cos(), angles.sin(), torch.zeros_like(angles)
    turn = torch.stack([cos, -sin, zero, sin, cos, zero], dim=1).reshape(-1, 2, 3)
    grid = nn.functional.affine_grid(turn, photos.shape, align_corners=False)
    return nn.functional.grid_sample(photos, grid, align_corners=False)


def with_copies(photos):
    """Photos and turned copies, (COPIES * N, 1, H, W), by equal steps through a whole turn."""
    angles = [2 * math.pi * step / COPIES for step in range(COPIES)]
    return torch.cat([turned(photos, torch.full((len(photos),), angle)) for angle in angles])


def pretrained():
    sorter = Sorter(6)
    with np.load(FOLDER / "backbone.npz", allow_pickle=False) as file:
        sorter.load_state_dict({name: torch.tensor(file[name]) for name in file.files})
    return sorter.eval()


def untrained(seed, photos):
    """Random weights; batch normalisation takes its statistics from these photos."""
    torch.manual_seed(seed)
    sorter = Sorter(6).train()
    with torch.no_grad():
        for _ in range(40):
            sorter((photos - MEAN) / STD)
    return sorter.eval()


@torch.no_grad()
def features(sorter, photos):
    return sorter.features((photos - MEAN) / STD).numpy().astype(np.float64)


def probe(known, labels, new, decay=100.0):
    """Labels of a ridge probe on standardised features."""
    scaler = StandardScaler().fit(known)
    ridge = Ridge(alpha=decay).fit(scaler.transform(known), labels[:, None] == np.arange(4))
    return ridge.predict(scaler.transform(new)).argmax(axis=1)


def neighbour(known, labels, new):
    a, b = (part.flatten(1).numpy() for part in (known, new))
    distances = (a**2).sum(axis=1) - 2 * b @ a.T
    return labels[distances.argmin(axis=1)]


def train(sorter, photos, labels, rates, seed):
    """Train all layers of `sorter` with a new head, on turned photos. rates: blocks, head."""
    torch.manual_seed(seed)
    sorter.head = nn.Linear(96, 4)
    blocks = [p for name, p in sorter.named_parameters() if not name.startswith("head")]
    groups = [{"params": blocks, "lr": rates[0]}, {"params": sorter.head.parameters()}]
    adamw = torch.optim.AdamW(groups, lr=rates[1], weight_decay=0.05)
    steps = max(STEPS, PASSES * len(photos) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(adamw, rates, total_steps=steps)
    sorter.train()
    for _ in range(steps):
        chosen = torch.randint(len(photos), (BATCH,))
        x = turned(photos[chosen], 2 * math.pi * torch.rand(len(chosen)))
        loss = nn.functional.cross_entropy(sorter((x - MEAN) / STD), labels[chosen])
        adamw.zero_grad()
        loss.backward()
        adamw.step()
        schedule.step()
    return sorter.eval()


@torch.no_grad()
def predicted(sorter, photos):
    return sorter((photos - MEAN) / STD).argmax(dim=1).numpy()


def circles(photos):
    """Features (N, 126) made by hand: of 14 circles about the garment's centre, 9 frequencies each.

    Centring takes out the place, the brightest pixel the light. Turning the garment shifts the
    values along each circle, and a shift leaves the magnitudes of Fourier coefficients as they are.
    """
    photos = photos / photos.amax(dim=(2, 3), keepdim=True).clamp(min=1e-6)
    axis = torch.linspace(-1, 1, photos.shape[-1])
    mass = photos.sum(dim=(1, 2, 3))
    centre = [(photos.sum(dim=(1, along)) * axis).sum(dim=1) / mass for along in (2, 3)]
    angle = torch.arange(32) * 2 * math.pi / 32
    radius = torch.arange(1, 15) / 14
    grid = torch.stack([torch.outer(radius, angle.cos()), torch.outer(radius, angle.sin())], dim=-1)
    grid = grid + torch.stack(centre, dim=1)[:, None, None]
    values = nn.functional.grid_sample(photos, grid, align_corners=False)[:, 0]
    return torch.fft.rfft(values, dim=2).abs()[:, :, :9].log1p().flatten(1).numpy()


def by_hand(known, y, new, seed):
    """Labels of the new photos from features made by hand, alone and beside the pretrained ones."""
    hand = circles(known), circles(new)
    sorter = pretrained()
    deep = [features(sorter, with_copies(x)).reshape(COPIES, len(x), -1) for x in (known, new)]
    pairs = [np.hstack([a, b.mean(axis=0)]) for a, b in zip(hand, deep, strict=True)]
    return {
        "circles": probe(hand[0], y, hand[1], decay=30.0),
        "both": probe(pairs[0], y, pairs[1], decay=30.0),
    }


def draw(images, labels, size, seed):
    """Labelled photos on the belt, `size` a kind, and the photos that judge."""
    rng = np.random.default_rng(seed)
    order = [rng.permutation(np.flatnonzero(labels == kind)) for kind in range(4)]
    known = np.concatenate([places[JUDGED : JUDGED + size] for places in order])
    new = np.concatenate([places[:JUDGED] for places in order])
    generator = torch.Generator().manual_seed(seed)
    return [(on_the_belt(images[rows], generator), labels[rows]) for rows in (known, new)]


def ways(known, y, new, seed):
    """Labels of the new photos by the ways that need a network or compare pixels."""
    copies, y_copies, targets = with_copies(known), np.tile(y, COPIES), torch.tensor(y)
    backbones = {"random": untrained(seed, copies[:1000]), "probe": pretrained()}
    answers = {"neighbour": neighbour(copies, y_copies, new)}
    for way, backbone in backbones.items():
        answers[way] = probe(features(backbone, copies), y_copies, features(backbone, new))
    scratch = train(backbones["random"], known, targets, [6e-3, 6e-3], seed)
    answers["scratch"] = predicted(scratch, new)
    tuned = train(backbones["probe"], known, targets, [1e-3, 6e-3], seed)
    answers["fine-tuned"] = predicted(tuned, new)
    return answers


GROUPS = {"neighbour": ways, "circles": by_hand}
"""Functions that answer, by the first of the ways that they try."""


def main():
    split = load_dataset("fashion_mnist").train
    chosen = np.flatnonzero(np.isin(split.labels, NEW_KINDS))
    images, labels = split.images[chosen], np.searchsorted(NEW_KINDS, split.labels[chosen])
    path = FOLDER / "label_curve.json"
    result = {
        "made_by": "recorded/label_curve.py; five draws, judged on 1200 photos",
        "labels_a_kind": list(SIZES),
        "accuracy": {},
    }
    if path.exists():
        result = json.loads(path.read_text())
    found = result["accuracy"]
    for row, size in enumerate(SIZES):
        for seed, (way, answers) in itertools.product(range(DRAWS), GROUPS.items()):
            if way in found and len(found[way][row]) > seed:
                continue
            (known, y), (new, y_new) = draw(images, labels, size, seed)
            for way, answer in answers(known, y, new, seed).items():
                rows = found.setdefault(way, [[] for _ in SIZES])
                rows[row].append(round(float((answer == y_new).mean()), 4))
                print(size, seed, way, rows[row][-1], flush=True)
            path.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
