"""Time `lepton build`: from scratch, without a change, and with one changed exercise.

    .venv/bin/python benchmarks/build.py

Works on a copy of the curriculum. Processor time is that of all processes together; on a busy
machine it says more than the wall clock.
"""

from __future__ import annotations

import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from autograder.curriculum.build import Built, build
from autograder.curriculum.modules import CURRICULUM

EXERCISE = Path("basics/05_convolutional_networks/exercises/max_pool2d.py")


def measured(work: Callable[[], Built]) -> tuple[Built, float, float]:
    """Do the work; return its result, the seconds it took, and its processor seconds."""
    started, before = time.monotonic(), processor_seconds()
    built = work()
    return built, time.monotonic() - started, processor_seconds() - before


def processor_seconds() -> float:
    """Return the processor time of this process and of its children that have ended."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(used.ru_utime + used.ru_stime for used in usage)


def busy_cores() -> float:
    """Return the number of cores busy over one second in which nothing is built."""
    before = _busy_ticks()
    time.sleep(1.0)
    return (_busy_ticks() - before) / 100


def _busy_ticks() -> int:
    user, nice, system, *_ = Path("/proc/stat").read_text().split()[1:5]
    return int(user) + int(nice) + int(system)


def main() -> None:
    """Print a row for each kind of build."""
    with tempfile.TemporaryDirectory() as scratch:
        curriculum, out = Path(scratch, "curriculum"), Path(scratch, "out")
        shutil.copytree(CURRICULUM, curriculum)
        print(
            "build                    | exercises | notebooks | seconds | processor | others' cores"
        )
        for title in ("from scratch", "unchanged", "one exercise changed"):
            if title == "one exercise changed":
                path = curriculum / EXERCISE
                path.write_text(path.read_text(encoding="utf-8") + "\n# changed\n")
            others = busy_cores()
            built, seconds, processor = measured(
                lambda: build(curriculum, out, progress=lambda _: None)
            )
            made = f"{len(built.exercises):9} | {len(built.notebooks):9}"
            print(f"{title:24} | {made} | {seconds:7.1f} | {processor:9.1f} | {others:.1f}")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
