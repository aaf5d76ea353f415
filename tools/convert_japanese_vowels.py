"""Make the course's files of Japanese vowels from the Python package aeon.

    pip download --no-deps aeon==1.6.0 && unzip aeon-*.whl
    python tools/convert_japanese_vowels.py aeon/datasets/data/JapaneseVowels

Files, all npz without pickle, each with its origin, licence and SHA-256 in a JSON beside it:

- what ships with the course: the 270 training utterances, and of each speaker the first half of
  the test utterances, 187 in all;
- the other half, 183 test utterances, for the judges of two assignments (one file for each); only
  instructors get these.

The split into 270 training and 370 test utterances is that of those who recorded them: the test
utterances were spoken on other occasions. Utterances of one speaker that follow each other
resemble each other more than others do, so the halves are divided by order and not at random. The
utterances are concatenated in one array of steps; `lengths` tells where each ends.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from data_file import write_data_file

from lepton_course.datasets.catalogue import JAPANESE_VOWELS

ROOT = Path(__file__).resolve().parent.parent
CURRICULUM = ROOT / "curriculum"
HELD_OUT = CURRICULUM / "basics" / "07_recurrent_networks" / "held_out.npz"
FEDERATED = CURRICULUM / "advanced" / "03_federated_learning" / "held_out.npz"
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


def select(arrays: dict[str, np.ndarray], chosen: np.ndarray) -> dict[str, np.ndarray]:
    """Return the utterances of a mask (N,), in the same form."""
    of_steps = np.repeat(chosen, arrays["lengths"])
    return {
        "labels": arrays["labels"][chosen],
        "lengths": arrays["lengths"][chosen],
        "steps": arrays["steps"][of_steps],
    }


def first_halves(labels: np.ndarray) -> np.ndarray:
    """Return a mask (N,) of the first half of each label's rows, the larger half of an odd number.

    labels: (N,), in the order of recording.
    """
    mask = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)
        mask[places[: (len(places) + 1) // 2]] = True
    return mask


def main() -> None:
    """Convert both splits, and divide the test utterances."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder of JapaneseVowels_TRAIN.ts and …_TEST.ts")
    parser.add_argument("--shipped", type=Path, default=JAPANESE_VOWELS.subset)
    parser.add_argument("--held-out", type=Path, default=HELD_OUT)
    parser.add_argument("--federated", type=Path, default=FEDERATED)
    arguments = parser.parse_args()
    train, test = (
        parse_ts((arguments.folder / f"JapaneseVowels_{part}.ts").read_text(encoding="utf-8"))
        for part in ("TRAIN", "TEST")
    )
    ships = first_halves(test["labels"])
    shipped = {f"train_{name}": array for name, array in train.items()}
    shipped |= {f"test_{name}": array for name, array in select(test, ships).items()}
    write_data_file(
        arguments.shipped,
        shipped,
        JAPANESE_VOWELS,
        "270 training utterances and 187 of the 370 test utterances, the first half of each "
        "speaker's; labels 0 to 8; steps of 12 cepstrum coefficients, one utterance behind the "
        "other; lengths in steps",
        MADE_BY,
    )
    for path in (arguments.held_out, arguments.federated):
        write_data_file(
            path,
            select(test, ~ships),
            JAPANESE_VOWELS,
            "183 of the 370 test utterances, the second half of each speaker's, none of them in "
            "the course's file",
            MADE_BY,
        )


if __name__ == "__main__":
    main()
