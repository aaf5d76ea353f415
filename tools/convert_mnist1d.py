"""Make the course's files of MNIST-1D with the generator of the Python package mnist1d.

    pip install --target generator mnist1d==0.0.2.post1 scipy
    PYTHONPATH=generator python tools/convert_mnist1d.py --held-out-seed SEED

Two files, both npz without pickle, each with its origin, licence and SHA-256 in a JSON beside it:

- what ships with the course: the generator's own 4000 training and 1000 test traces, as its
  authors publish them (seed 42), rounded to float32;
- 2500 others for the assignment's judge, from another seed; only instructors get that file, and
  with it the seed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from data_file import write_data_file

from lepton_course.datasets.catalogue import MNIST1D

ROOT = Path(__file__).resolve().parent.parent
HELD_OUT = ROOT / "curriculum" / "basics" / "03_neural_networks" / "held_out.npz"
MADE_BY = f"tools/{Path(__file__).name}"


def generate(**settings: int) -> dict[str, np.ndarray]:
    """Return the generator's arrays: x, x_test float32 (N, 40), y, y_test int64 (N,)."""
    from mnist1d.data import get_dataset_args, make_dataset

    arguments = get_dataset_args()
    for name, value in settings.items():
        setattr(arguments, name, value)
    made = make_dataset(arguments)
    traces = {name: made[name].astype(np.float32) for name in ("x", "x_test")}
    return traces | {name: made[name].astype(np.int64) for name in ("y", "y_test")}


def main() -> None:
    """Generate both files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--held-out-seed", type=int, required=True, help="any but 42")
    parser.add_argument("--shipped", type=Path, default=MNIST1D.subset)
    parser.add_argument("--held-out", type=Path, default=HELD_OUT)
    arguments = parser.parse_args()
    made = generate()
    write_data_file(
        arguments.shipped,
        {
            "train_traces": made["x"],
            "train_labels": made["y"],
            "test_traces": made["x_test"],
            "test_labels": made["y_test"],
        },
        MNIST1D,
        "4000 training and 1000 test traces of 40 steps, standardised; labels 0 to 9",
        MADE_BY,
    )
    made = generate(seed=arguments.held_out_seed, num_samples=2500)
    write_data_file(
        arguments.held_out,
        {
            "traces": np.concatenate([made["x"], made["x_test"]]),
            "labels": np.concatenate([made["y"], made["y_test"]]),
        },
        MNIST1D,
        "2500 traces of the same generator, 250 of each kind, none of them in the course's file",
        f"{MADE_BY} --held-out-seed {arguments.held_out_seed}",
    )


if __name__ == "__main__":
    main()
