"""A job's command line, limits and environment."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path

import lepton_course
from lepton_hub.jobs.running.job_folder import JobFolder
from lepton_hub.jobs.running.job_rooms import ProgramTask
from lepton_hub.jobs.running.program_process import ProgramLimits, ProgramOrder

NOTEBOOK_RUNNER = Path(__file__).with_name("notebook_inside.py")
PARAMETERS = "parameters.json"
SPARE_SECONDS = 2
"""Seconds of slack in the processor-time limit: there the kernel kills a process silently, so the
wall-clock limit, which is reported, must come first."""


def program_order(
    folder: JobFolder, task: ProgramTask, size: int, walls: Mapping[str, bool]
) -> ProgramOrder:
    """Return the order to run a job's program in its folder. size: bytes of its files.

    Raises OSError.
    """
    parameters = folder.given / PARAMETERS
    parameters.write_text(json.dumps(task.parameters), encoding="utf-8")
    command = [sys.executable, "-u"]
    if task.path.lower().endswith(".ipynb"):
        target = folder.results / Path(task.path).name
        command += [str(NOTEBOOK_RUNNER), task.path, str(parameters), str(target)]
    else:
        command += [f"./{task.path}" if task.path.startswith("-") else task.path]  # no option
    threads = str(task.processors)
    return ProgramOrder(
        command=command,
        folder=folder.work,
        scratch=folder.scratch,
        readable=[Path(lepton_course.__file__).parent, NOTEBOOK_RUNNER, folder.given],
        environment={
            "LEPTON_JOB_INPUTS": str(folder.given),
            "LEPTON_JOB_RESULTS": str(folder.results),
            "LEPTON_JOB_PARAMETERS": str(parameters),
            "OMP_NUM_THREADS": threads,
            "OPENBLAS_NUM_THREADS": threads,
            "MKL_NUM_THREADS": threads,
            "TF_NUM_INTRAOP_THREADS": threads,
            "TF_NUM_INTEROP_THREADS": "1",
            "TF_CPP_MIN_LOG_LEVEL": "2",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        limits=ProgramLimits(
            cpu_seconds=math.ceil(task.processors * task.seconds) + SPARE_SECONDS,
            wall_seconds=task.seconds,
            memory_bytes=task.memory_bytes,
            file_bytes=task.file_bytes,
            scratch_bytes=task.file_bytes + size,
        ),
        processors=task.processors,
        walls=walls,
    )
