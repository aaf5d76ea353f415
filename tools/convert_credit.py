"""Make the course's files of credit applications from the R package modeldata.

    apt-get download r-cran-modeldata && dpkg-deb -x r-cran-modeldata_*.deb modeldata
    pip install rdata
    python tools/convert_credit.py modeldata/usr/lib/R/site-library/modeldata

Three files, all npz without pickle, each with its origin, licence and SHA-256 in a JSON beside it:

- what ships with the course: 2452 training and 1000 test applications;
- 1000 further applications for the judge of the assignments *Tensors and gradients*, *Data
  pipelines* and *Privacy*, the same ones in all three folders; only instructors get them.

Two of the 4454 rows repeat another one to the last digit and are left out, so that no application
is in two files. The rest is divided at random. The same input always gives the same arrays; the
compressed bytes may differ between versions of zlib.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from data_file import write_data_file
from lazy_load import read_lazy

from lepton_course.datasets.catalogue import CREDIT

ROOT = Path(__file__).resolve().parent.parent
CURRICULUM = ROOT / "curriculum"
HELD_OUT = CURRICULUM / "basics" / "01_tensors_and_gradients" / "held_out.npz"
PIPELINES = CURRICULUM / "basics" / "02_data_pipelines" / "held_out.npz"
PRIVACY = CURRICULUM / "advanced" / "08_privacy" / "held_out.npz"
SEED = 2019  # the year in which the package was first published
MADE_BY = f"tools/{Path(__file__).name}, seed {SEED}"
SIZES = {"train": 2452, "test": 1000, "held_out": 1000}


def encode_table(table) -> dict[str, np.ndarray]:
    """Return labels, numbers and codes of a data frame.

    Its columns are named as in the catalogue, but capitalised.
    """
    numbers = [
        table[name.capitalize()].to_numpy(dtype=np.float32, na_value=np.nan)
        for name in CREDIT.numbers
    ]
    codes = [
        table[name.capitalize()].cat.set_categories(values).cat.codes.to_numpy(np.int8)
        for name, values in CREDIT.categories.items()
    ]
    labels = table["Status"].map({name: i for i, name in enumerate(CREDIT.classes)})
    return {
        "labels": labels.to_numpy(np.int64),
        "numbers": np.stack(numbers, axis=1),
        "codes": np.stack(codes, axis=1),
    }


def main() -> None:
    """Convert the applications and divide them at random."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", type=Path, help="folder of the installed R package modeldata")
    parser.add_argument("--shipped", type=Path, default=CREDIT.subset)
    parser.add_argument("--held-out", type=Path, default=HELD_OUT)
    parser.add_argument("--pipelines", type=Path, default=PIPELINES)
    parser.add_argument("--privacy", type=Path, default=PRIVACY)
    arguments = parser.parse_args()

    arrays = encode_table(read_lazy(arguments.package, "credit_data").drop_duplicates())
    order = np.random.default_rng(SEED).permutation(len(arrays["labels"]))
    parts = dict(zip(SIZES, np.split(order, np.cumsum(list(SIZES.values()))[:-1]), strict=True))
    shipped = {
        f"{part}_{name}": array[parts[part]]
        for part in ("train", "test")
        for name, array in arrays.items()
    }
    write_data_file(
        arguments.shipped,
        shipped,
        CREDIT,
        "2452 training and 1000 test applications; labels 0 good, 1 bad; numbers with NaN where "
        "missing; codes of the categories with -1 where missing",
        MADE_BY,
    )
    for path in (arguments.held_out, arguments.pipelines, arguments.privacy):
        write_data_file(
            path,
            {name: array[parts["held_out"]] for name, array in arrays.items()},
            CREDIT,
            "1000 further applications in the same form, none of them in the course's files",
            MADE_BY,
        )


if __name__ == "__main__":
    main()
