"""Read learners' notebooks in a process of its own, within limits on time and memory."""

from __future__ import annotations

import json
from typing import Any

from autograder.submissions.limited_process import LimitedProcess, RefusedWork, TooMuchWork
from autograder.submissions.notebook_cleaning import UnreadableNotebook, clean_notebook

CPU_SECONDS = 20
_process = LimitedProcess(f"{__name__}:clean_as_json", CPU_SECONDS)


def read_notebook(data: bytes) -> tuple[dict[str, Any], list[str]]:
    """Return what `clean_notebook` returns. Raises UnreadableNotebook."""
    try:
        notebook, notes = json.loads(_process.do(data))
    except RefusedWork as error:
        raise UnreadableNotebook(str(error)) from error
    except TooMuchWork as error:
        raise UnreadableNotebook(
            "the file takes too much time or memory to read: clear its outputs and its metadata"
        ) from error
    return notebook, notes


def clean_as_json(data: bytes) -> bytes:
    """Return what `clean_notebook` returns, as JSON. Raises RefusedWork."""
    try:
        return json.dumps(clean_notebook(data)).encode()
    except UnreadableNotebook as error:
        raise RefusedWork(str(error)) from error
