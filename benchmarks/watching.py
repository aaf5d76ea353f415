"""Look at something again and again while other work goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LOOK_SECONDS = 1.0


@contextmanager
def looking(look: Callable[[], None]) -> Iterator[None]:
    """Call `look` every `LOOK_SECONDS` in a thread of its own, until the block ends."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(LOOK_SECONDS):
            look()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
