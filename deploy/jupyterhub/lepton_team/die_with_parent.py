"""Run a command that ends with its parent, the hub, however that ends: a new hub starts a new one.

python die_with_parent.py COMMAND [ARGUMENT …]
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Have the kernel end this process with its parent, and become the command."""
    parent = os.getppid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit("The hub has gone.")
    os.execv(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
