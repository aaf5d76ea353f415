"""Make the course's file of Chicago's train passengers from the R package modeldata.

    apt-get download r-cran-modeldata && dpkg-deb -x r-cran-modeldata_*.deb modeldata
    pip install rdata
    python tools/convert_chicago.py modeldata/usr/lib/R/site-library/modeldata

One column of the package's table ships: the people who entered one station each day. The package
gives them in thousands with three decimals; here they are whole numbers. Its other stations are
shifted by 14 days against this one, and its weather was not known on the day before.

A few of the other stations stay with the judge of *Serving and monitoring*, and ship nowhere.
"""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

import numpy as np
from data_file import write_data_file
from lazy_load import read_lazy

from lepton_course.datasets.catalogue import CHICAGO

MADE_BY = f"tools/{Path(__file__).name}"
MODULE = Path(__file__).resolve().parents[1] / "curriculum/advanced/09_serving_and_monitoring"
NAMES = (
    "Austin", "Ashland", "California", "Clinton", "Harlem", "Kedzie", "Montrose", "Oak_Park",
    "Western",
)  # fmt: skip
LAG = 14  # days by which the package shifts these


def parse_days(table) -> dict[str, np.ndarray]:
    """Return the columns `day` and `riders` of the package's data frame, a row for each day.

    Raises ValueError when a day is missing or out of order.
    """
    first = (CHICAGO.first_day - date(1970, 1, 1)).days  # R counts days from 1970 on
    day = table["date"].to_numpy().astype(np.int64) - first
    if not np.array_equal(day, np.arange(len(day))):
        raise ValueError("the table does not have one row for each day")
    riders = np.rint(1000 * table["ridership"].to_numpy()).astype(np.int32)
    return {"day": day.astype(np.int16), "riders": riders}


def parse_stations(table) -> dict[str, np.ndarray]:
    """Return `riders` int32 (9, 5684), the stations `NAMES` day by day, from a Monday on."""
    columns = [table[name].to_numpy()[LAG:] for name in NAMES]
    return {"riders": np.rint(1000 * np.array(columns)).astype(np.int32)}


def main() -> None:
    """Convert the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", type=Path, help="folder of the installed R package modeldata")
    parser.add_argument("--shipped", type=Path, default=CHICAGO.subset)
    parser.add_argument("--stations", type=Path, default=MODULE / "stations.npz")
    arguments = parser.parse_args()
    table = read_lazy(arguments.package, "Chicago")
    write_data_file(
        arguments.stations,
        parse_stations(table),
        CHICAGO,
        f"passengers of {', '.join(NAMES)} by day, from {CHICAGO.first_day} on, not in the course",
        MADE_BY,
    )
    write_data_file(
        arguments.shipped,
        parse_days(table),
        CHICAGO,
        f"5698 days in order: days since {CHICAGO.first_day}, people who entered the station",
        MADE_BY,
    )


if __name__ == "__main__":
    main()
