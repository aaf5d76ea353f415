"""Makes held_out.npz and held_out.json, the judge's utterances: `python held_out.py`.

The course ships all recordings, so none can be kept back. The judge's utterances are derived from
the test recordings: each is a tenth to a fifth faster or slower, with a little noise. They are no
new recordings: whoever trains on the test recordings has nearly heard them.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from lepton_course import load_dataset

SEED = 1999
NOISE = 0.2
"""Standard deviation of the noise, as a share of each channel's in training."""
FILE = Path(__file__).with_suffix(".npz")


def at_another_pace(steps: np.ndarray, length: int) -> np.ndarray:
    """Steps (T, C) of an utterance, interpolated to (length, C)."""
    places = np.linspace(0, len(steps) - 1, length)
    return np.array([np.interp(places, np.arange(len(steps)), c) for c in steps.T]).T


def derived() -> dict[str, np.ndarray]:
    """Labels, lengths and steps (sum of lengths, 12), one utterance behind the other."""
    vowels, rng = load_dataset("japanese_vowels"), np.random.default_rng(SEED)
    width = NOISE * np.concatenate(vowels.train.numpy()[0]).std(axis=0)
    utterances = []
    for steps in vowels.test.numpy()[0]:
        change = rng.choice([-1, 1]) * rng.uniform(0.1, 0.2)
        length = int(np.clip(round(len(steps) * (1 + change)), 6, 34))
        paced = at_another_pace(steps, length)
        utterances.append(paced + width * rng.normal(size=paced.shape))
    return {
        "labels": vowels.test.labels,
        "lengths": np.array([len(utterance) for utterance in utterances]),
        "steps": np.concatenate(utterances).astype(np.float32),
    }


def main() -> None:
    info, arrays = load_dataset("japanese_vowels").info, derived()
    np.savez_compressed(FILE, **arrays)
    about = {
        "title": info.title,
        "content": "370 utterances derived from the test utterances: faster or slower, with noise",
        "origin": info.origin,
        "licence": info.licence,
        "citation": info.citation,
        "made_by": f"{Path(__file__).name}, seed {SEED}",
        "sha256": hashlib.sha256(FILE.read_bytes()).hexdigest(),
        "arrays": {
            name: {
                "dtype": str(array.dtype),
                "shape": list(array.shape),
                "sha256": hashlib.sha256(array.tobytes()).hexdigest(),
            }
            for name, array in arrays.items()
        },
    }
    text = json.dumps(about, indent=2, ensure_ascii=False)
    FILE.with_suffix(".json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
