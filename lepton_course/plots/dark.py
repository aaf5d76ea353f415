"""Turn the pixels of a figure that was drawn for a white page into one for a dark page.

Paper, ink and lines change their lightness and keep their hue; pictures (photos, heat maps, colour
bars) stay as they are, because their colours are values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

PAPER = 17 / 255
"""Lightness of JupyterLab's dark page, which white becomes."""

INK = 0.92
"""Lightness that black becomes."""

Box = tuple[int, int, int, int]
"""First and last row, first and last column, the last ones not included."""


def dark_version(pixels: np.ndarray, pictures: Sequence[Box] = ()) -> np.ndarray:
    """Return pixels (H, W, 3), 0 to 1, with light and dark exchanged outside of the pictures.

    >>> dark_version(np.ones((1, 1, 3))).round(2).ravel().tolist()
    [0.07, 0.07, 0.07]
    """
    ends = pixels.max(axis=2, keepdims=True) + pixels.min(axis=2, keepdims=True)
    dark = PAPER + (INK - PAPER) * (pixels + 1 - ends)  # 1 - lightness, with the same hue
    for top, bottom, left, right in pictures:
        dark[top:bottom, left:right] = pixels[top:bottom, left:right]
    return dark


def picture_boxes(figure: Figure, bounds: Bbox) -> list[Box]:
    """Return where a figure's pictures are among its pixels.

    bounds: the part of the figure that is drawn, in inches.
    """
    dpi = figure.dpi
    height = bounds.height * dpi
    found = []
    for axes in figure.axes:
        for box in _pictures_in(axes):
            rows = height - (np.array([box.y1, box.y0]) - bounds.y0 * dpi)
            columns = np.array([box.x0, box.x1]) - bounds.x0 * dpi
            top, bottom = np.maximum(np.round(rows).astype(int), 0)
            left, right = np.maximum(np.round(columns).astype(int), 0)
            found.append((int(top), int(bottom), int(left), int(right)))
    return found


def _pictures_in(axes: Axes) -> Iterator[Bbox]:
    """Yield the boxes of images and coloured meshes that are seen, in the figure's pixels."""
    for image in axes.images:
        seen = Bbox.intersection(image.get_window_extent(), axes.bbox)
        if seen is not None:
            yield seen
    if any(isinstance(mesh, QuadMesh | ContourSet) for mesh in axes.collections):
        yield axes.bbox
