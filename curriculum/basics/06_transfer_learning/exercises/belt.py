"""Photos as the camera above the belt sees them, for the exercise `adapt`."""

from __future__ import annotations

import math

import torch
from torch.nn import functional


def reduced(images, factor):
    """Photos uint8 (N, 28, 28) in which the garment is smaller by this factor."""
    photos = torch.tensor(images)[:, None] / 255
    turn = torch.tensor([[factor, 0.0, 0.0], [0.0, factor, 0.0]]).expand(len(photos), 2, 3)
    grid = functional.affine_grid(turn, photos.shape, align_corners=False)
    seen = functional.grid_sample(photos, grid, align_corners=False)
    return (seen[:, 0] * 255).round().byte().numpy()


def on_the_belt(images, rng):
    """Photos uint8 (N, 28, 28) as the belt's camera sees them, each in a pose of its own."""
    photos = torch.tensor(images)[:, None] / 255
    number = len(photos)
    angle = torch.tensor(rng.uniform(0, 2 * math.pi, number)).float()
    shift = torch.tensor(rng.uniform(-1 / 7, 1 / 7, (number, 2, 1))).float()
    light = torch.tensor(rng.uniform(0.6, 1.0, (number, 1, 1, 1))).float()
    cos, sin = angle.cos() / 0.75, angle.sin() / 0.75
    turn = torch.stack([cos, -sin, sin, cos], dim=1).reshape(number, 2, 2)
    grid = functional.affine_grid(torch.cat([turn, shift], 2), photos.shape, align_corners=False)
    seen = light * functional.grid_sample(photos, grid, align_corners=False)
    return (seen[:, 0] * 255).round().byte().numpy()
