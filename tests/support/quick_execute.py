"""nbgrader's Execute for tests in which no kernel is needed: it runs the cells in this process."""

from __future__ import annotations

import contextlib
import io
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.preprocessors import Execute


class QuickExecute(Execute):
    """Runs plain Python; the cells are the test's own."""

    def preprocess(self, nb: NotebookNode, resources: Any, km: Any = None) -> tuple:
        names: dict[str, Any] = {}
        for cell in nb.cells:
            if cell.cell_type != "code":
                continue
            cell.outputs = []
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    exec(cell.source, names)
            except Exception as error:
                told = {"ename": type(error).__name__, "evalue": str(error), "traceback": []}
                cell.outputs = [new_output("error", **told)]
        return nb, resources
