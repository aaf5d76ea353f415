"""Write entries into one audit log from several processes at once.

`audit_writers.py URL COUNT` forks in a process that has no threads: a process that has some, as
that of the tests, could pass on a lock that nobody lets go of any more.
"""

from __future__ import annotations

import os
import signal
import sys

from audit_logs import open_engine, write_entries

from autograder.sandbox.linux import die_with_parent

WRITERS = 4
LONGEST_SECONDS = 120


def write(url: str, name: str, count: int) -> None:
    """Append entries in somebody's name."""
    engine = open_engine(url)
    write_entries(engine, count, actors=(name,))
    engine.dispose()


def main() -> int:
    """Return how many of the processes failed."""
    url, count = sys.argv[1], int(sys.argv[2])
    signal.alarm(LONGEST_SECONDS)
    open_engine(url).dispose()  # imports the driver
    writers = []
    for number in range(WRITERS):
        writers.append(os.fork())
        if writers[-1] == 0:
            die_with_parent(signal.SIGKILL)
            write(url, f"writer {number}", count)
            os._exit(0)
    return sum(os.waitpid(writer, 0)[1] != 0 for writer in writers)


if __name__ == "__main__":
    sys.exit(main())
