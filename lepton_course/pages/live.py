"""Keep a page in a notebook up to date with the learner's progress."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from lepton_course.progress.database import DATABASE, HIDDEN

SECONDS = 2.0
"""Interval at which a page looks for new records."""

_following: threading.Event | None = None


def show_live(folder: Path, html: Callable[[], str], text: Callable[[], str]) -> None:
    """Display a page, and replace it whenever progress is recorded in `folder`.

    html, text: render the page, for browsers and for terminals.
    """
    global _following
    from IPython.core.getipython import get_ipython
    from IPython.display import display

    if get_ipython() is None:
        print(text())
        return

    def bundle() -> dict[str, str]:
        return {"text/html": html(), "text/plain": text()}

    if _following:
        _following.set()
    _following = stop = threading.Event()
    handle = display(bundle(), raw=True, display_id=True)
    seen = record_stamp(folder)

    def follow() -> None:
        nonlocal seen
        while not stop.wait(SECONDS):
            if (now := record_stamp(folder)) != seen:
                seen = now
                handle.update(bundle(), raw=True)

    threading.Thread(target=follow, name="lepton-page", daemon=True).start()


def record_stamp(folder: Path) -> tuple[int, int]:
    """Return a value that changes with each record."""
    try:
        state = (folder / HIDDEN / DATABASE).stat()
    except OSError:
        return 0, 0
    return state.st_mtime_ns, state.st_size
