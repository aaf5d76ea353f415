"""Memory in large pages holds what it held before, also after a fork."""

import subprocess
import sys

import pytest

PROGRAM = """
import os
from autograder.kernels.large_pages import use_large_pages

kept = [str(number) for number in range(300_000)]
use_large_pages()
assert kept == [str(number) for number in range(300_000)]
child = os.fork()
if child == 0:
    kept[:] = ["changed"] * len(kept)
    os._exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
print(kept[0], kept[-1])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="large pages are asked of Linux")
def test_memory_in_large_pages_is_as_before():
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("0 299999\n", "")
