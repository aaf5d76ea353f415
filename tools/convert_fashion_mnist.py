"""Make the course's Fashion-MNIST files from the full data set.

    apt-get download dataset-fashion-mnist && dpkg-deb -x dataset-fashion-mnist_*.deb fm
    python tools/convert_fashion_mnist.py fm/usr/share/datasets/fashion-mnist

Four files, npz without pickle, each with its origin, licence and SHA-256 in a JSON beside it:

- the subset that ships with the course: 10000 training and 2000 test images;
- 2000 further test images for the judge of *Convolutional networks*, 1500 for that of *Training
  well*, and 1400 of five classes for that of *Transfer learning*; only instructors get these files.
  No image is in two files, nor in that of *Distributed training*.

Every split but the last holds each class equally often, in an order in which every ten images show
every class once, so that a slice `[:1000]` is balanced too. The same input always gives the same
arrays; the compressed bytes may differ between versions of zlib.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from data_file import write_data_file

from lepton_course.datasets.catalogue import FASHION_MNIST
from lepton_course.datasets.load import read_full

ROOT = Path(__file__).resolve().parent.parent
CURRICULUM = ROOT / "curriculum"
HELD_OUT = CURRICULUM / "basics" / "05_convolutional_networks" / "held_out.npz"
TRAINING_WELL = CURRICULUM / "basics" / "04_training_well" / "held_out.npz"
TRANSFER = CURRICULUM / "basics" / "06_transfer_learning" / "held_out.npz"
NEW_KINDS = (0, 4, 5, 8)  # T-shirt/top, coat, sandal, bag: the classes its backbone never saw
OLD_KINDS = (9,)  # ankle boot: one that it knows
DISTRIBUTED = CURRICULUM / "advanced" / "02_distributed_training" / "held_out.npz"
SEED = 2017  # the year of the data set
MADE_BY = f"tools/{Path(__file__).name}, seed {SEED}"


def balanced_indices(
    labels: np.ndarray, sizes: list[int], rng: np.random.Generator
) -> list[np.ndarray]:
    """Draw disjoint index sets of the given sizes; every ten indices show each class once."""
    classes = np.unique(labels)
    columns = np.stack(
        [
            rng.permutation(np.flatnonzero(labels == c))[: sum(sizes) // len(classes)]
            for c in classes
        ],
        axis=1,
    )  # (per class, classes)
    rows = rng.permuted(columns, axis=1)  # shuffle the classes within each run of ten
    ends = np.cumsum([size // len(classes) for size in sizes])
    return [part.reshape(-1) for part in np.split(rows, ends[:-1])]


def not_in(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return a mask of the images, uint8 (N, H, W), that are not among the others."""
    known = {image.tobytes() for image in others}
    return np.array([image.tobytes() not in known for image in images])


def main() -> None:
    """Select the subsets and convert them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder with the four IDX files")
    parser.add_argument("--subset", type=Path, default=FASHION_MNIST.subset)
    parser.add_argument("--held-out", type=Path, default=HELD_OUT)
    parser.add_argument("--training-well", type=Path, default=TRAINING_WELL)
    parser.add_argument("--transfer", type=Path, default=TRANSFER)
    arguments = parser.parse_args()

    (train_x, train_y), (test_x, test_y) = read_full(FASHION_MNIST, arguments.folder)
    rng = np.random.default_rng(SEED)
    (train,) = balanced_indices(train_y, [10_000], rng)
    test, held_out = balanced_indices(test_y, [2_000, 2_000], rng)
    subset = {
        "train_images": train_x[train],
        "train_labels": train_y[train],
        "test_images": test_x[test],
        "test_labels": test_y[test],
    }
    write_data_file(
        arguments.subset,
        subset,
        FASHION_MNIST,
        "10000 of the 60000 training images and 2000 of the 10000 test images, balanced",
        MADE_BY,
    )
    write_data_file(
        arguments.held_out,
        {"images": test_x[held_out], "labels": test_y[held_out]},
        FASHION_MNIST,
        "2000 of the 10000 test images, balanced, none of them in the course's subset",
        MADE_BY,
    )
    with np.load(DISTRIBUTED, allow_pickle=False) as file:
        known = np.concatenate([test_x[test], test_x[held_out], file["images"]])
    left = np.flatnonzero(not_in(test_x, known))
    (further,) = balanced_indices(test_y[left], [1_500], rng)
    write_data_file(
        arguments.training_well,
        {"images": test_x[left[further]], "labels": test_y[left[further]]},
        FASHION_MNIST,
        "1500 of the 10000 test images, balanced, none of them in the course's other files",
        MADE_BY,
    )
    left = np.setdiff1d(left, left[further])
    chosen = []
    for kinds, number in ((NEW_KINDS, 1_200), (OLD_KINDS, 200)):
        of_kinds = left[np.isin(test_y[left], kinds)]
        (rows,) = balanced_indices(test_y[of_kinds], [number], rng)
        chosen.append(of_kinds[rows])
    rows = np.concatenate(chosen)
    write_data_file(
        arguments.transfer,
        {"images": test_x[rows], "labels": test_y[rows]},
        FASHION_MNIST,
        "1400 of the 10000 test images, of five classes, none of them in the course's other files",
        MADE_BY,
    )


if __name__ == "__main__":
    main()
