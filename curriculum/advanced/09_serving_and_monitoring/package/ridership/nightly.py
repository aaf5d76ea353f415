"""Check a day's log: python -m ridership.nightly LOG"""

import json
import sys
from datetime import date
from pathlib import Path

import numpy as np

from ridership.features import features


def main(path: str) -> int:
    """Print what the log shows, and return the exit status: 0 if all is well."""
    log = Path(path).read_text().splitlines()
    lines = [json.loads(line) for line in log if line.startswith("{")]  # not tracebacks
    if not lines:
        print("no questions: is the service asked, and does it log?")
        return 1
    failed = np.mean([line["status"] != 200 for line in lines])
    skewed = 0
    for line in lines:
        x, _ = features(date.fromisoformat(line["day"]), line["weeks"])
        skewed += np.abs(x - line["x"]).max() > 1e-4
    print(f"{len(lines)} questions, {failed:.1%} failed, {skewed} with other features")
    return int(failed > 0.01 or skewed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
