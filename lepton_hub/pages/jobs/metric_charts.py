"""Metrics as sparklines, and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, MARGIN = 240.0, 48.0, 3.0
MOST_POINTS = 400
"""The maximum number of points: more would exceed the screen's resolution."""


@dataclass(frozen=True)
class MetricChart:
    """A metric's chart. line: the points of an SVG polyline."""

    name: str
    line: str
    first: float
    last: float
    least: float
    most: float
    steps: int
    last_step: int

    @property
    def in_words(self) -> str:
        """The chart's text alternative."""
        return (
            f"{self.name} over {self.steps} steps: from {self.first:.4g} to {self.last:.4g}, "
            f"between {self.least:.4g} and {self.most:.4g}"
        )


def chart_of(name: str, points: Sequence[tuple[int, float]]) -> MetricChart:
    """Return a chart of steps and values, at least one of them."""
    values = [value for _, value in points]
    least, most = min(values), max(values)
    shown = points[:: -(-len(points) // MOST_POINTS)]
    if shown[-1] != points[-1]:
        shown = [*shown, points[-1]]
    begin = min(step for step, _ in shown)
    width = max(step for step, _ in shown) - begin or 1
    height = most - least or 1.0
    places = (
        (
            MARGIN + (WIDTH - 2 * MARGIN) * (step - begin) / width,
            HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * ((value - least) / height),
        )
        for step, value in shown
    )
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return MetricChart(name, line, values[0], values[-1], least, most, len(points), points[-1][0])
