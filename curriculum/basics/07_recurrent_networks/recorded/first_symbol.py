"""Makes first_symbol.json, which the lesson shows: `python first_symbol.py`.

The lesson's memory task, learned by seven layers that differ only in kind and in the biases that
their gates begin with, ten seeds each. Takes two to three minutes on one core.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

SYMBOLS, LENGTH, UNITS, STEPS, SEEDS = 8, 30, 32, 300, 10
REMEMBER = float(np.log(LENGTH))


def layer(kind: str, gates: dict[int, float]) -> nn.Module:
    """Return a recurrent layer whose bias is set to a value for each given block of gates."""
    made = getattr(nn, kind)(SYMBOLS, UNITS, batch_first=True)
    if gates:
        with torch.no_grad():
            made.bias_hh_l0.zero_()
            for block, value in gates.items():
                made.bias_ih_l0[block * UNITS : (block + 1) * UNITS] = value
    return made


# Blocks of an LSTM: 0 input gate, 1 forget gate. Of a GRU: 1 update gate, which keeps.
LAYERS = {
    "RNN": ("RNN", {}),
    "LSTM, default": ("LSTM", {}),
    "LSTM, forget bias 1": ("LSTM", {1: 1.0}),
    "LSTM, forget bias ln 30": ("LSTM", {1: REMEMBER}),
    "LSTM, forget ln 30, input -ln 30": ("LSTM", {0: -REMEMBER, 1: REMEMBER}),
    "GRU, default": ("GRU", {}),
    "GRU, update bias ln 30": ("GRU", {1: REMEMBER}),
}


def learn_the_first(recurrent: nn.Module) -> list[float]:
    """Return the accuracy on each training batch: name the first of 30 symbols at the end."""
    output = nn.Linear(UNITS, SYMBOLS)
    parameters = [*recurrent.parameters(), *output.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=0.01)
    accuracy = []
    for _ in range(STEPS):
        symbols = torch.randint(SYMBOLS, (64, LENGTH))
        states, _ = recurrent(nn.functional.one_hot(symbols, SYMBOLS).float())
        logits = output(states[:, -1])
        loss = nn.functional.cross_entropy(logits, symbols[:, 0])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        accuracy.append((logits.argmax(dim=1) == symbols[:, 0]).float().mean().item())
    return accuracy


def main() -> None:
    torch.set_num_threads(1)
    begun = time.process_time()
    curves: dict[str, list[list[float]]] = {}
    for name, (kind, gates) in LAYERS.items():
        runs = []
        for seed in range(SEEDS):
            torch.manual_seed(seed)
            accuracy = np.array(learn_the_first(layer(kind, gates)))
            runs.append(accuracy.reshape(-1, 10).mean(axis=1).round(3).tolist())
        curves[name] = runs
        print(name, [run[-1] for run in runs], flush=True)
    minutes = (time.process_time() - begun) / 60
    about = {
        "made_by": f"first_symbol.py: {SEEDS} seeds, {minutes:.0f} minutes on one core",
        "steps_per_point": 10,
        "accuracy": curves,
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(about) + "\n")


if __name__ == "__main__":
    main()
