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


def is_interactive() -> bool:
    """Return whether a front end with a person in front of it sent the running cell.

    Such a front end lets a cell ask for input; papermill, nbclient and graders do not.
    """
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return bool(getattr(getattr(shell, "kernel", None), "_allow_stdin", False))


def in_notebook() -> bool:
    """Return whether this process is a Jupyter kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and getattr(shell, "kernel", None) is not None


class LoadingLine:
    """A line that says what is being loaded, until it is replaced by what there is.

    Nothing of the former is left in the notebook. Where nobody watches, only the last line appears.
    """

    _begun: Any = None
    """The display of a line that was begun before the cell ran."""

    def __init__(self, watched: bool) -> None:
        self.handle, LoadingLine._begun = LoadingLine._begun, None
        self.watched = watched

    def say(self, text: str) -> None:
        """Show what is being done now."""
        from IPython.display import display

        if not self.watched:
            return
        data = {"text/plain": f"{text} …"}
        if self.handle is None:
            self.handle = display(data, raw=True, display_id=True)
        else:
            self.handle.update(data, raw=True)

    def finish(self, text: str) -> None:
        """Replace the line by `text`, which stays."""
        if self.handle is None:
            print(text)
        else:
            self.handle.update({"text/plain": text}, raw=True)

    @classmethod
    def drop(cls) -> None:
        """Empty a line that was kept and that nothing has taken up."""
        if cls._begun is not None:
            cls._begun.update({"text/plain": ""}, raw=True)
            cls._begun = None

    def keep(self) -> None:
        """Leave the line to the next LoadingLine."""
        LoadingLine._begun = self.handle


def progress_bar(iterable: Any = None, **options: Any) -> tqdm:
    """Return `tqdm(iterable, **options)`, silent where nobody can watch and erased when done."""
    settings: dict[str, Any] = {"leave": False, "mininterval": 0.2, "dynamic_ncols": False}
    if in_notebook():
        settings |= {"file": _NotebookLine(), "ncols": 90, "ascii": False}
    else:
        settings |= {"disable": not sys.stderr.isatty()}
    return tqdm(iterable, **(settings | options))
