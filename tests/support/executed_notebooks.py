"""Execute each notebook of the course once for all tests of a run, whichever process asks first.

The tests of the notebooks' proofs and the browser tests use the same executed notebook.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest
from filelock import FileLock

from autograder.curriculum.build import build
from autograder.proof.notebooks.notebook_results import Cache, Result
from autograder.proof.notebooks.runner import OUT, prove_once
from autograder.proof.notebooks.tasks import NotebookTask


def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all processes of this test run share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "executed"
    folder.mkdir(exist_ok=True)
    return folder


class ExecutedNotebooks:
    """Executes notebooks into `folder` on demand.

    In CI every notebook is executed; elsewhere only those that changed since they last passed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = None if os.environ.get("CI") == "true" else Cache(OUT / "cache")
        with FileLock(folder / "build.lock"):
            build(progress=lambda _: None)  # the learners' checks come from the build

    def result(self, task: NotebookTask) -> Result:
        """Return the result of executing this task; execute it if nobody has yet."""
        stored = self.folder / f"{task.file_name}.json"
        with FileLock(stored.with_suffix(".lock")):
            if not stored.is_file():
                result = prove_once(task, self.folder / task.file_name, self.cache)
                stored.write_bytes(msgspec.json.encode(result))
        return msgspec.json.decode(stored.read_bytes(), type=Result)

    def notebook(self, task: NotebookTask) -> Path:
        """Return the path of this task's executed notebook."""
        self.result(task)
        return self.folder / task.file_name
