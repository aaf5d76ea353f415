"""Render Markdown, notebooks and differences safely, in bounded time and memory."""

from lepton_hub.rendering.bounded_renderer import BoundedRenderer

__all__ = ["BoundedRenderer"]
