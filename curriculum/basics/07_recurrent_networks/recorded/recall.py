"""Makes recall.json, which the lesson shows: `python recall.py`.

An encoder reads pairs of a letter and a digit; a decoder is given the letters in another order and
names the digit of each: once with nothing but the encoder's last state, once with attention to all
its states. Both are trained on 2 to 24 pairs, three seeds each, and measured on each number of
pairs. A control tells what the vector can hold from what training finds: the network without
attention, trained for as many steps on two pairs alone. Takes about two minutes on one core.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import torch
from torch import nn

LETTERS, DIGITS, UNITS, MOST, STEPS, SEEDS = 26, 10, 64, 24, 1500, 3
MEASURED = (2, 4, 8, 12, 16, 20, 24)


class Recaller(nn.Module):
    """Letters and digits read, and letters asked, (N, P) each, to logits of digits (N, P, 10)."""

    def __init__(self, attends: bool) -> None:
        super().__init__()
        self.attends = attends
        self.letter = nn.Embedding(LETTERS, UNITS)
        self.digit = nn.Embedding(DIGITS, UNITS)
        self.encoder = nn.GRU(UNITS, UNITS, batch_first=True)
        self.decoder = nn.GRU(UNITS, UNITS, batch_first=True)
        self.output = nn.Linear(2 * UNITS, DIGITS)

    def forward(self, letters, digits, asked):
        memory, last = self.encoder(self.letter(letters) + self.digit(digits))  # (N, P, H)
        states, _ = self.decoder(self.letter(asked), last)  # (N, P, H)
        if self.attends:
            scores = states @ memory.transpose(1, 2) / UNITS**0.5  # (N, P asked, P read)
            context = scores.softmax(dim=2) @ memory
        else:
            context = last[0][:, None].expand_as(states)
        return self.output(torch.cat([states, context], dim=2))


def batch(pairs: int, count: int = 64) -> tuple[torch.Tensor, ...]:
    """Return letters and digits that are read, letters that are asked, and the right answers."""
    letters = torch.rand(count, LETTERS).argsort(dim=1)[:, :pairs]
    digits = torch.randint(DIGITS, (count, pairs))
    order = torch.rand(count, pairs).argsort(dim=1)
    return letters, digits, letters.gather(1, order), digits.gather(1, order)


def train(attends: bool, most: int = MOST) -> Recaller:
    model = Recaller(attends)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.005)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.005, total_steps=STEPS)
    for _ in range(STEPS):
        letters, digits, asked, answers = batch(int(torch.randint(2, most + 1, ())))
        logits = model(letters, digits, asked)
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), answers.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return model


@torch.no_grad()
def accuracy(model: Recaller, pairs: int) -> float:
    """Return the fraction of right digits."""
    *read, answers = batch(pairs, 500)
    return (model(*read).argmax(dim=2) == answers).float().mean().item()


def main() -> None:
    torch.set_num_threads(1)
    begun = time.process_time()
    found: dict[str, list[list[float]]] = {"last state": [], "attention": []}
    for seed in range(SEEDS):
        for name, runs in found.items():
            torch.manual_seed(seed)
            model = train(attends=name == "attention")
            runs.append([round(accuracy(model, pairs), 4) for pairs in MEASURED])
            print(name, runs[-1], flush=True)
    alone = []
    for seed in range(SEEDS):
        torch.manual_seed(seed)
        alone.append(round(accuracy(train(attends=False, most=2), 2), 4))
    print("last state, two pairs alone", alone)
    minutes = (time.process_time() - begun) / 60
    about = {
        "made_by": f"recall.py: {SEEDS} seeds, {minutes:.0f} minutes on one core",
        "pairs": MEASURED,
        "accuracy": found,
        "last_state_trained_on_two_pairs": alone,
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(about) + "\n")


if __name__ == "__main__":
    main()
