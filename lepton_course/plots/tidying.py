"""Mend what is hard to read in a figure: column names, curves on the frame, grids over images."""

from __future__ import annotations

import re

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure

MARGIN = 0.03
"""Fraction of the axis that is added where a curve runs along the frame."""

_COLUMN = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+")


def tidy(figure: Figure) -> None:
    """Label a figure in words, move its frame away from its curves, and free images of the grid."""
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            _label_in_words(axis)
        for text in axes.get_legend().get_texts() if axes.get_legend() else []:
            text.set_text(in_words(text.get_text()))
        _move_frame(axes)
        if axes.images:
            axes.grid(False, which="major")


def in_words(label: str) -> str:
    """Return a column's name as words; any other label as it is.

    >>> in_words("part_time"), in_words("$x_1$")
    ('part time', '$x_1$')
    """
    return label.replace("_", " ") if _COLUMN.fullmatch(label) else label


def _label_in_words(axis: Axis) -> None:
    axis.set_label_text(in_words(axis.get_label_text()))
    places = axis.get_majorticklocs()
    labels = [str(label) for label in axis.get_major_formatter().format_ticks(places)]
    if any(in_words(label) != label for label in labels):
        axis.set_ticks(places, [in_words(label) for label in labels])


def _move_frame(axes: Axes) -> None:
    """Widen the vertical axis where two points or more of a curve lie on its end."""
    low, high = axes.get_ylim()
    if axes.get_yscale() != "linear" or axes.images or not axes.axison:
        return
    room = MARGIN * (high - low)
    curves = [np.asarray(line.get_ydata(), dtype=float) for line in _curves(axes)]
    if any(np.isclose(y, low, atol=abs(room) / 30).sum() > 1 for y in curves):
        low -= room
    if any(np.isclose(y, high, atol=abs(room) / 30).sum() > 1 for y in curves):
        high += room
    axes.set_ylim(low, high)


def _curves(axes: Axes) -> list:
    """Return the lines drawn in the units of both axes, which excludes helper lines."""
    lines = (line for line in axes.lines if line.get_linestyle() not in ("None", "", " "))
    return [line for line in lines if line.get_transform() == axes.transData]
