"""Make the course's file of Japanese vowels from the Python package aeon.

    pip download --no-deps aeon==1.6.0 && unzip aeon-*.whl
    python tools/convert_japanese_vowels.py aeon/datasets/data/JapaneseVowels

The split into 270 training and 370 test utterances is that of those who recorded them: the test
utterances were spoken on other occasions. The utterances are concatenated in one array of steps;
`lengths` tells where each ends.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from data_file import write_data_file

from lepton_course.datasets.catalogue import JAPANESE_VOWELS

MADE_BY = f"tools/{Path(__file__).name}"


def parse_ts(text: str) -> dict[str, np.ndarray]:
    """Return labels from 0, lengths and steps (sum of lengths, 12) of a file in sktime's ts format.

    After `@data` each line is an utterance: twelve channels and the label, separated by colons; the
    numbers of a channel are separated by commas.
    """
    lines = text[text.index("@data") :].splitlines()[1:]
    utterances, labels = [], []
    for line in lines:
        *channels, label = line.split(":")
        utterances.append(np.array([c.split(",") for c in channels], dtype=np.float32).T)
        labels.append(int(label) - 1)
    return {
        "labels": np.array(labels, dtype=np.int64),
        "lengths": np.array([len(u) for u in utterances], dtype=np.int64),
        "steps": np.concatenate(utterances),
    }


def main() -> None:
    """Convert both splits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder of JapaneseVowels_TRAIN.ts and …_TEST.ts")
    parser.add_argument("--shipped", type=Path, default=JAPANESE_VOWELS.subset)
    arguments = parser.parse_args()
    shipped = {}
    for part in ("train", "test"):
        path = arguments.folder / f"JapaneseVowels_{part.upper()}.ts"
        arrays = parse_ts(path.read_text(encoding="utf-8"))
        shipped |= {f"{part}_{name}": array for name, array in arrays.items()}
    write_data_file(
        arguments.shipped,
        shipped,
        JAPANESE_VOWELS,
        "270 training and 370 test utterances; labels 0 to 8; steps of 12 cepstrum coefficients, "
        "one utterance behind the other; lengths in steps",
        MADE_BY,
    )


if __name__ == "__main__":
    main()
