"""A renderer for many hubs, one after the other: its process starts once."""

from __future__ import annotations

import atexit

from lepton_hub.rendering import BoundedRenderer


class LastingRenderer(BoundedRenderer):
    """Goes on when a hub ends that used it."""

    def close(self) -> None:
        """Leave the process for the next hub."""

    def end(self) -> None:
        """End the process."""
        super().close()


RENDERER = LastingRenderer()
atexit.register(RENDERER.end)
