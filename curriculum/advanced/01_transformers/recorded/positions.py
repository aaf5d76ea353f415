"""Makes positions.json, which `deeper.ipynb` shows: `python positions.py`,
or for some of the kinds, `python positions.py sinusoidal none`.

Trains the small Transformer of models.py with each kind of positions, three seeds each, four times
as long as the notebook does, and measures it on validation along the way. Takes four minutes on
one core.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from models import GPT, bits_of_gpt, parts, train_gpt

FILE = Path(__file__).with_suffix(".json")
KINDS = ["rotary", "sinusoidal", "learned", "none"]
STEPS = 1000
WATCHED = 250
BATCH = 16
CONTEXT = 64
SEEDS = [0, 1, 2]


def curve_of(kind: str, seed: int, alphabet: str, codes: dict) -> list[float]:
    """Return bits per character on validation after each 250 steps."""
    torch.manual_seed(seed)
    model = GPT(len(alphabet), 64, 2, 4, CONTEXT, positions=kind)
    curve = []

    def watch(step: int, _: float) -> None:
        if step % WATCHED == 0:
            found = bits_of_gpt(model, codes["validation"][:20_001], CONTEXT)
            curve.append(round(found.mean().item(), 4))

    train_gpt(
        model,
        codes["train"],
        context=CONTEXT,
        batch=BATCH,
        steps=STEPS,
        peak=0.006,
        seed=seed,
        watch=watch,
    )
    return curve


def main(kinds: list[str]) -> None:
    """Train some kinds and write their curves."""
    torch.set_num_threads(1)
    alphabet, codes = parts()
    known = json.loads(FILE.read_text()) if FILE.exists() else {"bits": {}}
    known["characters"] = WATCHED * BATCH * CONTEXT
    for kind in kinds:
        known["bits"][kind] = [curve_of(kind, seed, alphabet, codes) for seed in SEEDS]
        print(kind, known["bits"][kind], flush=True)
        FILE.write_text(json.dumps(known) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:] or KINDS)
