"""Markdown, notebooks and differences as HTML and text that is safe, in bounded time and memory."""

from lepton_hub.rendering.bounded_renderer import BoundedRenderer

__all__ = ["BoundedRenderer"]
