"""Serve START.ipynb and PROGRESS.ipynb as the learner's progress is when they are read.

`lepton learn` has its Jupyter server read files through `CourseContents`. The files themselves hold
the pages as of the last `lepton learn`, for programs that read them without this server.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager

from lepton_course.errors import CourseError
from lepton_course.pages import progress_notebook, start_notebook
from lepton_course.pages.live import record_stamp
from lepton_course.progress.database import HIDDEN

_PAGES: Mapping[str, Callable[[Path], str]] = {
    start_notebook.NAME: start_notebook.render,
    progress_notebook.NAME: progress_notebook.render,
}


FRESH_SECONDS = 10
"""A page is rendered again after this time, or when progress was recorded."""


class CourseContents(AsyncLargeFileManager):
    """Jupyter's own files, where the two pages of a workspace are always up to date."""

    async def get(self, path: str, *args: Any, **options: Any) -> Any:
        """Return a file's model, as Jupyter's own manager does; a page's with a new output."""
        model = await super().get(path, *args, **options)
        if model["type"] == "notebook" and model["content"]:
            file = Path(self._get_os_path(path))
            try:
                html = await asyncio.to_thread(page_now, file)
            except (CourseError, OSError, ValueError) as error:
                self.log.warning("%s is shown as it was saved: %s", file, error)
            else:
                replace_output(model["content"]["cells"], html)
        return model


def page_now(file: Path) -> str | None:
    """Return the page of a workspace as HTML; None when the file is no page of one."""
    if file.name not in _PAGES or not (file.parent / HIDDEN).is_dir():
        return None
    return _rendered(file, record_stamp(file.parent), int(time.time() // FRESH_SECONDS))


@lru_cache(maxsize=8)
def _rendered(file: Path, stamp: tuple[int, int], moment: int) -> str:
    return _PAGES[file.name](file.parent)


def replace_output(cells: list[dict[str, Any]], html: str | None) -> None:
    """Put the page in place of the first output in HTML; a learner's own cells stay."""
    outputs = (output for cell in cells for output in cell.get("outputs", ()))
    for output in outputs:
        if html is not None and "text/html" in output.get("data", {}):
            output["data"] = {"text/html": html}
            return
