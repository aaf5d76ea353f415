"""Warm kernels for tests: by nbclient, or straight from a zygote, in and out of walls."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.connect import write_connection_file
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from traitlets.config import Config

from autograder.kernels.manager import WarmKernelManager
from autograder.kernels.owner import Zygote, shared
from autograder.sandbox.walls import Walls, World, survey

closed_in = pytest.mark.skipif(
    not survey().walls.namespaces, reason=f"no walls here: {survey().problems}"
)

WALLS = [
    pytest.param(None, id="open"),
    pytest.param(Walls(), marks=closed_in, id="closed in"),
    pytest.param(Walls(namespaces=False), marks=closed_in, id="Landlock alone"),
]


def world_within(walls: Walls | None) -> World | None:
    """Return a world with these walls and a scratch folder of its own."""
    return World(shared.make_folder(), walls=walls) if walls else None


def execute(*sources: str, world: World | None = None, **options: Any) -> list[str]:
    """Execute cells with nbclient; return the text, or the name of the error, of each."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
    folder = world.scratch if world else shared.make_folder()
    client = NotebookClient(
        notebook,
        kernel_manager_class=WarmKernelManager,
        config=Config({"WarmKernelManager": {"world": world}}),
        resources={"metadata": {"path": str(folder)}},
        shutdown_kernel="immediate",
        **{"allow_errors": True, "timeout": 60, **options},
    )
    with contextlib.suppress(DeadKernelError):
        client.execute()
    return [
        "".join(output.get("text") or output.get("ename") or "" for output in cell.outputs)
        for cell in notebook.cells
    ]


def start(
    zygote: Zygote, folder: Path | None = None, cwd: str | None = None, world: World | None = None
) -> Any:
    """Start a kernel whose connection file is `kernel.json` in the folder."""
    folder = folder or zygote.make_folder()
    file, _ = write_connection_file(
        str(folder / "kernel.json"), transport="ipc", ip=str(folder / "k"), key=b"key"
    )
    return zygote.start_kernel(file, str(cwd or folder), dict(os.environ), world)


def eventually(condition: Callable[[], bool], seconds: float = 15.0) -> bool:
    """Return whether the condition holds within so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False
