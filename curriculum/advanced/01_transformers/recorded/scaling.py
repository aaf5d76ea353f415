"""Makes scaling.json, which `deeper.ipynb` shows: `python scaling.py`.

Trains the Transformer of models.py in four widths, with two seeds each, on the same number of
characters, and measures it on the validation chapters. Takes a minute and a half on one core.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from models import GPT, bits_of_gpt, parts, train_gpt

WIDTHS = [16, 32, 64, 128]
STEPS = 500
BATCH = 16
CONTEXT = 64
SEEDS = [0, 1]


def main() -> None:
    """Train all sizes and write what they reached."""
    torch.set_num_threads(1)
    alphabet, codes = parts()
    parameters = []
    bits = []
    for width in WIDTHS:
        reached = []
        for seed in SEEDS:
            torch.manual_seed(seed)
            model = GPT(len(alphabet), width, 2, 4, CONTEXT, positions="rotary")
            peak = 0.004 * (64 / width) ** 0.5
            train_gpt(
                model,
                codes["train"],
                context=CONTEXT,
                batch=BATCH,
                steps=STEPS,
                peak=peak,
                seed=seed,
            )
            found = bits_of_gpt(model, codes["validation"][:40_001], CONTEXT)
            reached.append(round(found.mean().item(), 4))
        in_blocks = sum(p.numel() for p in model.blocks.parameters())
        parameters.append(in_blocks)
        bits.append(reached)
        print(width, in_blocks, reached, flush=True)
    known = {
        "parameters": parameters,
        "bits": bits,
        "widths": WIDTHS,
        "characters": STEPS * BATCH * CONTEXT,
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(known, indent=1) + "\n")


if __name__ == "__main__":
    main()
