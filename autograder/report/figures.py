"""The report's figures, as SVG that takes its colours from the page.

Data are drawn in the colours of Okabe and Ito, through CSS variables, and text and axes in the
page's own colour, so one figure serves the light theme, the dark one and paper. Each figure's
message is its alternative text.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Sequence

import matplotlib
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from autograder.report.measures import Gain
from autograder.report.summary import ItemSummary, TeamSummary

# Placeholders to draw with; each is replaced by one of the page's colours.
_INK, _LINE, _BLUE, _ORANGE = "#010203", "#040506", "#0072b2", "#d55e00"
_CSS = {
    _INK: "currentColor",
    _LINE: "var(--line)",
    _BLUE: "var(--blue)",
    _ORANGE: "var(--orange)",
}
_STYLE = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": _INK,
    "axes.edgecolor": _LINE,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "grid.color": _LINE,
    "axes.grid": True,
    "axes.grid.axis": "x",
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "ytick.left": False,
    "text.parse_math": False,  # a team may be called "$x$"
}
_WIDTH = 8.2  # inches; the page scales it
_LONGEST_LABEL = 34


def score_figure(teams: Sequence[TeamSummary]) -> Markup:
    """Return a dot plot of the learners' fractions of the points, by team, with its median."""
    shown = [team for team in teams if team.shares]
    with matplotlib.rc_context(_STYLE):
        figure, ax = _axes(len(shown))
        for row, team in enumerate(shown):
            heights = _spread(team.shares)
            ax.plot(
                [100 * s for s in team.shares], [row + h for h in heights], "o",
                color=_BLUE, ms=6, alpha=0.85, mew=0,
            )  # fmt: skip
            ax.plot([100 * team.median] * 2, [row - 0.36, row + 0.36], color=_ORANGE, lw=2.5)
        _rows(ax, [f"{team.team} ({len(team.shares)})" for team in shown])
        ax.set(xlim=(-2, 102), xlabel="share of the points (%); the line is the team's median")
    medians = "; ".join(f"{team.team}: {100 * team.median:.0f} %" for team in shown)
    return _svg(figure, "scores", f"Each learner's share of the points by team. Medians: {medians}")


def item_figure(items: Sequence[ItemSummary]) -> Markup:
    """Return a bar chart of each exercise's facility, beside its discrimination."""
    shown = [item for item in items if item.facility is not None]
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(_WIDTH, _height(len(shown))), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        for row, found in enumerate(shown):
            left.barh(row, 100 * found.facility, height=0.55, color=_BLUE)
            estimate = found.discrimination
            if estimate.value is not None:
                if estimate.low is not None:
                    right.plot([estimate.low, estimate.high], [row, row], color=_ORANGE, lw=2)
                right.plot([estimate.value], [row], "D", color=_ORANGE, ms=7, mew=0)
        _rows(left, [found.item.title for found in shown])
        left.set(xlim=(0, 102), xlabel="facility: mean share of the points (%)")
        right.set(xlim=(-1.05, 1.05), xlabel="discrimination r, with 95 % interval")
        right.axvline(0, color=_INK, lw=1)
    words = "; ".join(
        f"{found.item.title}: facility {100 * found.facility:.0f} %, discrimination "
        + (
            "undefined"
            if found.discrimination.value is None
            else f"{found.discrimination.value:.2f}"
        )
        for found in shown
    )
    return _svg(figure, "items", f"Facility and discrimination by exercise. {words}")


def gain_figure(gains: Sequence[tuple[str, Gain]]) -> Markup:
    """Return each team's mean fraction before and after, beside its normalised gain."""
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(_WIDTH, _height(len(gains))), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        for row, (_, gain) in enumerate(gains):
            left.plot(
                [100 * gain.before, 100 * gain.after], [row, row], color=_LINE, lw=3, zorder=1
            )
            left.plot([100 * gain.before], [row], "o", color=_ORANGE, mfc="none", ms=8, mew=2)
            left.plot([100 * gain.after], [row], "o", color=_BLUE, ms=8, mew=0)
            estimate = gain.gain
            if estimate.low is not None:
                right.plot([estimate.low, estimate.high], [row, row], color=_BLUE, lw=2)
            if estimate.value is not None:
                right.plot([estimate.value], [row], "D", color=_BLUE, ms=7, mew=0)
        _rows(left, [f"{name} ({gain.gain.n})" for name, gain in gains])
        left.set(xlim=(-2, 102), xlabel="before ○ and after ● (mean share, %)")
        right.set(xlabel="normalised gain, with 95 % interval")
        low, high = right.get_xlim()
        right.set_xlim(min(low, -0.05), max(high, 1.05))
        right.axvline(0, color=_INK, lw=1)
    words = "; ".join(
        f"{name}: {100 * gain.before:.0f} % before, {100 * gain.after:.0f} % after"
        for name, gain in gains
    )
    return _svg(figure, "gains", f"Learning effect by team. {words}")


def _height(rows: int) -> float:
    return 0.9 + 0.42 * max(rows, 1)


def _axes(rows: int) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(_WIDTH, _height(rows)), layout="constrained")
    return figure, figure.subplots()


def _rows(ax: Axes, labels: Sequence[str]) -> None:
    """Label the rows from top to bottom."""
    short = [
        label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}…"
        for label in labels
    ]
    ax.set_yticks(range(len(labels)), short)
    ax.set_ylim(len(labels) - 0.45, -0.55)


def _spread(shares: Sequence[float]) -> list[float]:
    """Return heights that keep dots of (nearly) equal fractions apart: 0, up, down, and so on."""
    heights, seen = [], {}
    for share in shares:
        place = round(share * 40)
        rank = seen.get(place, 0)
        seen[place] = rank + 1
        step = (rank + 1) // 2 * (1 if rank % 2 else -1)
        heights.append(max(-0.34, min(0.34, 0.14 * step)))
    return heights


def _svg(figure: Figure, name: str, words: str) -> Markup:
    file = io.StringIO()
    with warnings.catch_warnings(), matplotlib.rc_context({**_STYLE, "svg.hashsalt": name}):
        warnings.simplefilter("ignore")  # glyphs missing from the font used for measuring
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    text = file.getvalue()
    text = text[text.index("<svg") :]
    for drawn, shown in _CSS.items():
        text = text.replace(drawn, shown)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    label = escape(words)
    return Markup(text.replace("<svg", f'<svg role="img" aria-label="{label}" class="figure"', 1))
