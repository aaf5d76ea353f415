"""Makes codes.npz, the log that learners train on in the assignment: `python codes.py`.

The generator stands in `exercises/next_code.py`, beside the judge that draws its cases from it, and
not here: learners get this folder, and the grammar of the log is what they are to find.
"""

from __future__ import annotations

import runpy
from pathlib import Path

if __name__ == "__main__":
    judge = Path(__file__).parents[1] / "exercises" / "next_code.py"
    runpy.run_path(str(judge), run_name="__main__")
