"""`lepton demo`: every made-up submission gets the result that is expected of it."""

import os
import subprocess
import sys
import time

import pytest
from conftest import CLONE


@pytest.mark.notebook
def test_the_demo_is_as_expected_and_short(tmp_path):
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "lepton_course.cli", "demo", "--dir", str(tmp_path / "class")],
        env={**os.environ, "PYTHONPATH": str(CLONE)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All as expected" in done.stdout
    assert time.monotonic() - started < 120, "the README promises less than two minutes"
    assert list((tmp_path / "class" / "feedback").rglob("*.html"))
