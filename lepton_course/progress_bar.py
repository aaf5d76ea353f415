"""Show a progress bar that leaves nothing behind in a terminal, in JupyterLab or under papermill.

The bar is tqdm's. In a notebook it is drawn as text in a display that is emptied at the end:
tqdm's own widget would stay in the saved file as a broken "Error displaying widget".
"""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm


class _NotebookLine:
    """A file-like object for tqdm that shows its newest line in one notebook output."""

    def __init__(self) -> None:
        from IPython.display import display

        self.handle = display({"text/plain": ""}, raw=True, display_id=True)

    def write(self, text: str) -> None:
        line = text.strip("\r\n ")
        if line or text.startswith("\r"):
            self.handle.update({"text/plain": line}, raw=True)

    def flush(self) -> None:
        """Do nothing: nothing is buffered, but tqdm calls this after each write."""


def in_notebook() -> bool:
    """Return whether this process is a Jupyter kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and getattr(shell, "kernel", None) is not None


def progress_bar(iterable: Any = None, **options: Any) -> tqdm:
    """Return `tqdm(iterable, **options)`, silent where nobody can watch and erased when done."""
    settings: dict[str, Any] = {"leave": False, "mininterval": 0.2, "dynamic_ncols": False}
    if in_notebook():
        settings |= {"file": _NotebookLine(), "ncols": 90, "ascii": False}
    else:
        settings |= {"disable": not sys.stderr.isatty()}
    return tqdm(iterable, **(settings | options))
