"""Makes reversal.json, which the lesson shows: `python reversal.py`.

An encoder reads digits, a decoder writes them in reverse order: once with nothing but the
encoder's last state, once with attention to all its states. Both are trained on lengths from 2 to
30, three seeds each, and measured on each length. Takes about three minutes on one core.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import torch
from torch import nn

DIGITS, START, UNITS, LONGEST, STEPS, SEEDS = 10, 10, 32, 30, 2500, 3
MEASURED = (2, 5, 10, 15, 20, 25, 30)


class Reverser(nn.Module):
    """Digits (N, T) to logits (N, T, 10) for the digits in reverse order."""

    def __init__(self, attends: bool) -> None:
        super().__init__()
        self.attends = attends
        self.embed = nn.Embedding(DIGITS + 1, 32)
        self.encoder = nn.GRU(32, UNITS, batch_first=True)
        self.decoder = nn.GRU(32, UNITS, batch_first=True)
        self.output = nn.Linear(2 * UNITS, DIGITS)

    def forward(self, digits: torch.Tensor, written: torch.Tensor) -> torch.Tensor:
        """digits (N, T), and what the decoder reads: START, then what it has written (N, T)."""
        memory, last = self.encoder(self.embed(digits))  # (N, T, H), (1, N, H)
        states, _ = self.decoder(self.embed(written), last)  # (N, T, H)
        if self.attends:
            scores = states @ memory.transpose(1, 2) / UNITS**0.5  # (N, T, T)
            found = scores.softmax(dim=2) @ memory
        else:
            found = last[0][:, None].expand_as(states)
        return self.output(torch.cat([states, found], dim=2))


def batch(length: int, count: int = 64) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return digits, what the decoder reads, and what it should write, (count, length) each."""
    digits = torch.randint(DIGITS, (count, length))
    wanted = digits.flip(1)
    begin = torch.full((count, 1), START)
    return digits, torch.cat([begin, wanted[:, :-1]], dim=1), wanted


def train(attends: bool) -> Reverser:
    model = Reverser(attends)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=STEPS)
    for _ in range(STEPS):
        digits, read, wanted = batch(int(torch.randint(2, LONGEST + 1, ())))
        loss = nn.functional.cross_entropy(model(digits, read).flatten(0, 1), wanted.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return model


@torch.no_grad()
def accuracy(model: Reverser, length: int) -> float:
    """Return the fraction of right digits when each is predicted from the right ones before it."""
    digits, read, wanted = batch(length, 500)
    return (model(digits, read).argmax(dim=2) == wanted).float().mean().item()


def main() -> None:
    torch.set_num_threads(1)
    begun = time.process_time()
    found: dict[str, list[list[float]]] = {"last state": [], "attention": []}
    for seed in range(SEEDS):
        for name, runs in found.items():
            torch.manual_seed(seed)
            model = train(attends=name == "attention")
            runs.append([round(accuracy(model, length), 4) for length in MEASURED])
            print(name, runs[-1], flush=True)
    minutes = (time.process_time() - begun) / 60
    about = {
        "made_by": f"reversal.py: {SEEDS} seeds, {minutes:.0f} minutes on one core",
        "lengths": MEASURED,
        "accuracy": found,
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(about) + "\n")


if __name__ == "__main__":
    main()
