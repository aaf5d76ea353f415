"""Makes austen_gru.json and austen_gru.npz, which the lesson shows: `python austen_gru.py`.

The lesson's character model, twice as wide, trained for 8 epochs on the first nine tenths of Pride
and Prejudice and measured on the last tenth after each. Takes three minutes on one core.
The weights are kept in half precision: the lesson writes with them.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from lepton_course import load_dataset

HIDDEN, STREAMS, STEPS, EPOCHS, LEARNING_RATE = 256, 32, 64, 8, 0.004
HERE = Path(__file__).parent


class Writer(nn.Module):
    """Characters (N, T) and a state to logits (N, T, A) and the next state (1, N, HIDDEN)."""

    def __init__(self, alphabet: int, hidden: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(alphabet, 32)
        self.gru = nn.GRU(32, hidden, batch_first=True)
        self.output = nn.Linear(hidden, alphabet)

    def forward(self, x, state=None):
        outputs, state = self.gru(self.embed(x), state)
        return self.output(outputs), state


def streams(codes: torch.Tensor, count: int) -> torch.Tensor:
    """The text cut into `count` long pieces, (count, length): each row goes on where it was."""
    length = len(codes) // count
    return codes[: count * length].reshape(count, length)


def one_pass(model, rows, optimizer=None) -> float:
    """Bits per character over all rows; with an optimizer, learning on the way."""
    state, total, count = None, 0.0, 0
    for start in range(0, rows.shape[1] - 1, STEPS):
        piece = rows[:, start : start + STEPS + 1]
        logits, state = model(piece[:, :-1], state)
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), piece[:, 1:].flatten())
        if optimizer is not None:
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        state = state.detach()
        number = piece[:, 1:].numel()
        total, count = total + loss.item() * number, count + number
    return total / count / np.log(2)


def main() -> None:
    torch.manual_seed(0)
    text = load_dataset("austen").content
    alphabet = sorted(set(text))
    codes = torch.tensor([alphabet.index(c) for c in text])
    cut = len(codes) * 9 // 10
    train, validation = streams(codes[:cut], STREAMS), streams(codes[cut:], 8)
    model = Writer(len(alphabet), HIDDEN)
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
    curves: dict[str, list[float]] = {"train": [], "validation": []}
    lowest, begun = float("inf"), time.process_time()
    for _ in range(EPOCHS):
        curves["train"].append(round(one_pass(model, train, optimizer), 4))
        with torch.no_grad():
            curves["validation"].append(round(one_pass(model, validation), 4))
        schedule.step()
        print(curves["train"][-1], curves["validation"][-1], flush=True)
        if curves["validation"][-1] < lowest:
            lowest = curves["validation"][-1]
            weights = {k: v.half().numpy() for k, v in model.state_dict().items()}
            np.savez_compressed(HERE / "austen_gru.npz", **weights)
    minutes = (time.process_time() - begun) / 60
    about = {
        "made_by": f"austen_gru.py: {EPOCHS} epochs, {minutes:.0f} minutes on one core",
        "bits_per_character": curves,
        "hidden": HIDDEN,
        "alphabet": "".join(alphabet),
    }
    (HERE / "austen_gru.json").write_text(json.dumps(about, indent=2) + "\n")


if __name__ == "__main__":
    main()
