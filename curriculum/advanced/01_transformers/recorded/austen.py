"""Makes austen.json and austen_gpt.npz, which the lesson shows.

`python austen.py gpt lstm` trains a Transformer, four minutes on one core, and an LSTM, three, both
on the first four fifths of Pride and Prejudice. Each keeps its bits on the next tenth (validation)
along the way, and on the last tenth (test) once, at the end, by passages of 500 characters. A run
that was stopped goes on where it was (with other draws of dropout).
The Transformer's weights are kept in half precision: the lesson writes with them.

`python austen.py gpt:1 lstm:1 gpt:2 lstm:2` repeats both with other seeds; of those, the bits alone
are kept.
"""

from __future__ import annotations

import itertools
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from models import (
    GPT,
    LN2,
    LSTM,
    bits_of_gpt,
    bits_of_lstm,
    by_passage,
    learning_rate,
    optimizer_of,
    parts,
    update,
    windows,
)
from torch import nn

HERE = Path(__file__).parent
FILE = HERE / "austen.json"
SHAPE = {"width": 128, "layers": 3, "heads": 4, "context": 128}
STEPS = {"gpt": 1400, "lstm": 3200}
PEAK = {"gpt": 3e-3, "lstm": 4e-3}
COOL_FROM = 1000  # the step of the Transformer from which its rate falls to a third
GPT_BATCH = 16
LSTM_BATCH = 32
LSTM_PIECE = 64
LSTM_HIDDEN = 256


def train(kind: str, model: nn.Module, codes: dict, seed: int) -> dict:
    """Train for a fixed number of steps and return what was reached on the way.

    Goes on from a checkpoint where there is one, so that a long run may be done in pieces.
    """
    optimizer = optimizer_of(model)
    batches = BATCHES[kind](codes["train"], seed)
    begun = {"step": 0, "seconds": 0.0, "curve": []}
    checkpoint = Path(tempfile.gettempdir()) / f"austen_{kind}_{seed}.pt"
    state = None
    if checkpoint.exists():
        kept = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(kept["model"])
        optimizer.load_state_dict(kept["optimizer"])
        begun = kept["begun"]
        for _ in range(begun["step"]):
            next(batches)
    step = begun["step"]
    seconds = begun["seconds"]
    steps = STEPS[kind]
    while step < steps:
        started = time.process_time()
        x, y, fresh = next(batches)
        logits, state = model(x, None if fresh else state) if kind == "lstm" else (model(x), None)
        state = None if state is None else tuple(part.detach() for part in state)
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), y.flatten())
        update(model, optimizer, loss, rate_of(kind, step))
        step += 1
        seconds += time.process_time() - started
        if step % 100 == 0 or step == steps:
            bits = BITS[kind](model, codes["validation"][:20_001]).mean().item()
            begun["curve"].append([step * x.numel(), round(seconds, 1), round(bits, 4)])
            print(step, round(loss.item() / LN2, 3), begun["curve"][-1], flush=True)
            begun.update(step=step, seconds=seconds)
            kept = {
                "model": model.state_dict(),
                "optimizer": optimizer.state_dict(),
                "begun": begun,
            }
            torch.save(kept, checkpoint)
    checkpoint.unlink(missing_ok=True)
    return {"curve": begun["curve"], "seconds": round(seconds)}


def rate_of(kind: str, step: int) -> float:
    """Return the learning rate of a step."""
    if kind == "lstm":
        return learning_rate(step, STEPS[kind], PEAK[kind])
    slow = learning_rate(min(step, COOL_FROM), 2200, PEAK[kind])
    return slow * min(1.0, 1 - (step - COOL_FROM) / 600)


def random_windows(codes: torch.Tensor, seed: int):
    """Yield inputs and targets (N, T) from random places."""
    draw = torch.Generator().manual_seed(seed)
    while True:
        piece = windows(codes, SHAPE["context"], GPT_BATCH, draw)
        yield piece[:, :-1], piece[:, 1:], True


def rows_side_by_side(codes: torch.Tensor, _: int):
    """Yield inputs and targets (N, T), each row going on where it was; True at each new start."""
    length = len(codes) // LSTM_BATCH
    rows = codes[: LSTM_BATCH * length].view(LSTM_BATCH, length)
    for epoch in itertools.count():
        offset = 7 * epoch % LSTM_PIECE  # another cut in each pass
        for start in range(offset, length - LSTM_PIECE - 1, LSTM_PIECE):
            piece = rows[:, start : start + LSTM_PIECE + 1]
            yield piece[:, :-1], piece[:, 1:], start == offset


BATCHES = {"gpt": random_windows, "lstm": rows_side_by_side}
BITS = {
    "gpt": lambda model, codes: bits_of_gpt(model, codes, SHAPE["context"]),
    "lstm": bits_of_lstm,
}


def main(kind: str, seed: int = 0) -> None:
    """Train one kind and add it to the file."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    alphabet, codes = parts()
    if kind == "gpt":
        model = GPT(len(alphabet), **SHAPE, positions="rotary", dropout=0.05)
    else:
        model = LSTM(len(alphabet), 64, LSTM_HIDDEN, dropout=0.1)
    found = train(kind, model, codes, seed)
    if kind == "gpt" and seed == 0:
        weights = {name: value.half().numpy() for name, value in model.state_dict().items()}
        np.savez_compressed(HERE / "austen_gpt.npz", **weights)
        rounded = {name: torch.tensor(value).float() for name, value in weights.items()}
        model.load_state_dict(rounded)
        found.update(SHAPE)
    for part in ("validation", "test"):
        bits = BITS[kind](model, codes[part])
        found[part] = round(bits.mean().item(), 4)
        found[f"{part}_passages"] = by_passage(bits)
    found["parameters"] = sum(p.numel() for p in model.parameters())
    known = json.loads(FILE.read_text()) if FILE.exists() else {}
    if seed == 0:
        known[kind] = found | {"other_seeds": known.get(kind, {}).get("other_seeds", {})}
    else:
        reached = {part: found[part] for part in ("validation", "test")}
        known[kind].setdefault("other_seeds", {})[str(seed)] = reached
    FILE.write_text(json.dumps(known) + "\n")
    print(kind, found["validation"], found["test"], found["seconds"], "s")


if __name__ == "__main__":
    for each in sys.argv[1:]:
        kind, _, seed = each.partition(":")
        main(kind, int(seed or 0))
