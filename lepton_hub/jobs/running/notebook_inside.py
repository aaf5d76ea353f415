"""Execute a job's notebook, as a stand-alone script inside the sandbox.

`python notebook_inside.py NOTEBOOK PARAMETERS TARGET` saves the executed notebook to TARGET after
each cell, so that an interrupted run leaves its results so far, and prints what cells print.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient.client import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode

TAG = "parameters"
INJECTED = "injected-parameters"  # as papermill calls it


class PrintingClient(NotebookClient):
    """Executes a notebook, prints its outputs as they arrive, and keeps the file up to date."""

    target: Path

    def process_message(
        self, msg: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> NotebookNode | None:
        """Print a message's text."""
        content = msg["content"]
        if msg["msg_type"] == "stream":
            print(content["text"], end="", flush=True)
        elif msg["msg_type"] in ("execute_result", "display_data"):
            print(content["data"].get("text/plain", ""), flush=True)
        return super().process_message(msg, cell, cell_index)

    def keep(self, **_: Any) -> None:
        """Save the notebook's current state."""
        part = self.target.with_suffix(".part")
        nbformat.write(self.nb, part)
        os.replace(part, self.target)


def inject(notebook: NotebookNode, parameters: dict[str, Any]) -> None:
    """Insert a cell that sets parameters after the cell tagged `parameters`, or first."""
    if not parameters:
        return
    lines = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
    cell = nbformat.v4.new_code_cell(f"# Parameters\n{lines}", metadata={"tags": [INJECTED]})
    places = [
        place
        for place, one in enumerate(notebook.cells)
        if TAG in one.get("metadata", {}).get("tags", [])
    ]
    notebook.cells.insert(places[0] + 1 if places else 0, cell)


def main(source: str, parameters: str, target: str) -> int:
    """Execute a notebook; return 0, or 1 where a cell fails."""
    notebook = nbformat.read(source, as_version=4)
    inject(notebook, json.loads(Path(parameters).read_text(encoding="utf-8")))
    with tempfile.TemporaryDirectory(dir="/tmp") as sockets:  # a socket's path must be short
        client = PrintingClient(
            notebook,
            km=AsyncKernelManager(kernel_name="python3", transport="ipc", ip=f"{sockets}/k"),
            timeout=None,
            resources={"metadata": {"path": os.getcwd()}},
        )
        client.target = Path(target)
        client.on_cell_executed = client.keep
        return execute(client)


def execute(client: PrintingClient) -> int:
    """Execute a client's notebook; return 0, or 1 where a cell fails."""
    try:
        client.execute()
    except CellExecutionError as error:
        print(error, flush=True)
        return 1
    except DeadKernelError:
        print("The kernel died.", flush=True)
        return 1
    finally:
        client.keep()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
