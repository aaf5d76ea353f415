"""Draws the SVG figure of this folder: `python draw.py`."""

from pathlib import Path

from matplotlib import pyplot as plt

PALE_BLUE = "#BFE0F2"
PALE_ORANGE = "#FCE7BF"
PALE_GREEN = "#BFE6D9"
INK = "#222222"
STREAM = "#0072B2"


def box(ax, x, y, words, colour):
    ax.add_patch(plt.Rectangle((x - 1.8, y - 0.5), 3.6, 1, fc=colour, ec="#888888"))
    ax.text(x, y, words, ha="center", va="center", fontsize=11)


def arrow(ax, start, end, colour=INK, width=1.6):
    style = {"arrowstyle": "-|>", "color": colour, "lw": width}
    ax.annotate("", end, start, arrowprops=style)


def part(ax, bottom, words, colour):
    """Draw one part of a block: off the stream, through a norm, and back by a sum."""
    ax.plot([1.5, 5], [bottom, bottom], color=INK, lw=1.6)
    arrow(ax, (5, bottom), (5, bottom + 0.75))
    box(ax, 5, bottom + 1.25, "norm", PALE_GREEN)
    arrow(ax, (5, bottom + 1.75), (5, bottom + 2.35))
    box(ax, 5, bottom + 2.85, words, colour)
    ax.plot([5, 5], [bottom + 3.35, bottom + 4.1], color=INK, lw=1.6)
    arrow(ax, (5, bottom + 4.1), (1.95, bottom + 4.1))
    ax.add_patch(plt.Circle((1.5, bottom + 4.1), 0.4, fc=PALE_ORANGE, ec="#888888", zorder=3))
    ax.text(1.5, bottom + 4.1, "+", ha="center", va="center", fontsize=13, zorder=4)


def block():
    figure, ax = plt.subplots(figsize=(4.4, 5.6))
    figure.subplots_adjust(0, 0, 1, 1)
    ax.set(xlim=(-0.6, 7.4), ylim=(-0.6, 10.6), aspect="equal")
    ax.set_axis_off()
    arrow(ax, (1.5, -0.4), (1.5, 10.4), STREAM, 3)
    ax.text(0.75, 5, "residual stream", rotation=90, ha="center", va="center", color=STREAM)
    part(ax, 0.5, "causal\nself-attention", PALE_BLUE)
    part(ax, 5.2, "feed-forward\nnetwork", PALE_BLUE)
    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "lepton"})
    figure.savefig(Path(__file__).parent / "block.svg", metadata={"Date": None})
    plt.close(figure)


if __name__ == "__main__":
    block()
