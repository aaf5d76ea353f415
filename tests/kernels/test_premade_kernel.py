"""A kernel that is made before the fork leaves its process as it was, and may fail."""

import os
import subprocess
import sys

PROGRAM = """
import os, sys, tempfile, threading
from pathlib import Path
from autograder.kernels import premade_kernel

def state():
    return os.listdir("/proc/self/fd"), dict(os.environ), list(sys.path), tempfile.tempdir

if {fails}:
    premade_kernel.PremadeKernelApp.begin = lambda self: self.exit(1)
before = state()
premade_kernel.make_premade(Path(sys.argv[1]))
assert state() == before
assert threading.active_count() == 1
print(premade_kernel.PremadeKernelApp.initialized(), premade_kernel.TestingKernel.initialized())
"""


def made(tmp_path, fails):
    command = [sys.executable, "-c", PROGRAM.format(fails=fails), str(tmp_path)]
    quiet = {**os.environ, "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=quiet)
    assert done.stderr == ""
    return done.stdout


def test_it_opens_nothing_starts_nothing_and_changes_no_setting(tmp_path):
    assert made(tmp_path, fails=False) == "True True\n"


def test_without_it_kernels_are_made_as_usual(tmp_path):
    assert made(tmp_path, fails=True) == "False False\n"
