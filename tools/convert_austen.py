"""Make the course's file of Pride and Prejudice from the R package janeaustenr.

    apt-get download r-cran-janeaustenr && dpkg-deb -x r-cran-janeaustenr_*.deb janeaustenr
    pip install rdata
    python tools/convert_austen.py janeaustenr/usr/lib/R/site-library/janeaustenr

The novel is kept as it stands in the package, line by line, as UTF-8 in an array of bytes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from data_file import write_data_file
from lazy_load import read_lazy

from lepton_course.datasets.catalogue import AUSTEN

MADE_BY = f"tools/{Path(__file__).name}"


def main() -> None:
    """Convert the novel."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", type=Path, help="folder of the installed R package janeaustenr")
    parser.add_argument("--shipped", type=Path, default=AUSTEN.subset)
    arguments = parser.parse_args()
    text = "\n".join(read_lazy(arguments.package, "prideprejudice")) + "\n"
    write_data_file(
        arguments.shipped,
        {"utf8": np.frombuffer(text.encode(), dtype=np.uint8)},
        AUSTEN,
        f"the whole novel, {len(text)} characters in UTF-8, lines of up to 75 characters",
        MADE_BY,
    )


if __name__ == "__main__":
    main()
