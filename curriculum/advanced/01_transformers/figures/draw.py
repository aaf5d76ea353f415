"""Draws the SVG figures of this folder: `python draw.py`."""

from pathlib import Path

from matplotlib import pyplot as plt

PALE_BLUE = "#BFE0F2"
PALE_ORANGE = "#FCE7BF"
PALE_GREEN = "#BFE6D9"
INK = "#222222"
STREAM = "#0072B2"


def box(ax, x, y, words, colour, width=3.6, height=1.0):
    corner = (x - width / 2, y - height / 2)
    ax.add_patch(plt.Rectangle(corner, width, height, fc=colour, ec="#888888"))
    ax.text(x, y, words, ha="center", va="center", fontsize=11)


def arrow(ax, start, end, colour=INK, width=1.6):
    style = {"arrowstyle": "-|>", "color": colour, "lw": width}
    ax.annotate("", end, start, arrowprops=style)


def save(figure, name):
    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "lepton"})
    figure.savefig(Path(__file__).parent / name, metadata={"Date": None})
    plt.close(figure)


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
    save(figure, "block.svg")


def attention_map(ax, x, bottom, looks_at):
    """Draw a causal map: row t is a query, and its darkest cell the key `looks_at[t]`."""
    size = 0.22
    queries = len(looks_at)
    left = x - queries * size / 2
    for query, best in enumerate(looks_at):
        for key in range(queries):
            weight = "#FFFFFF" if key > query else "#D5E5EF"
            colour = STREAM if key == best else weight
            corner = (left + key * size, bottom + (queries - 1 - query) * size)
            ax.add_patch(plt.Rectangle(corner, size, size, fc=colour, ec="#888888", lw=0.5))


def head(ax, x, number, colour, looks_at):
    """Draw one head: three matrices, a map of its own, and its answers."""
    for shift, letter in zip((-0.78, 0, 0.78), "qkv", strict=True):
        arrow(ax, (x + shift, 1), (x + shift, 1.6))
        box(ax, x + shift, 2, f"$W^{letter}_{number}$", colour, width=0.72, height=0.8)
        arrow(ax, (x + shift, 2.4), (x + shift, 3.2))
    box(ax, x, 4.25, "", colour, width=2.28, height=2.1)
    ax.text(x, 4.95, "attention", ha="center", va="center", fontsize=11)
    attention_map(ax, x, 3.4, looks_at)
    arrow(ax, (x, 5.3), (x, 6.1))
    box(ax, x, 6.5, f"$H_{number}$", colour, width=2.5, height=0.8)


def heads():
    figure, ax = plt.subplots(figsize=(4.4, 5.1))
    figure.subplots_adjust(0, 0, 1, 1)
    ax.set(xlim=(0, 8.8), ylim=(-0.1, 10.1), aspect="equal")
    ax.set_axis_off()
    box(ax, 4.4, 0.6, "$X$, shape $(T, C)$", "#EEEEEE", width=8.6, height=0.8)
    head(ax, 1.35, "1", PALE_BLUE, (0, 0, 1, 2, 3))  # the position before
    head(ax, 3.85, "2", PALE_ORANGE, (0, 1, 1, 1, 1))  # one and the same place
    head(ax, 7.45, "h", PALE_GREEN, (0, 1, 2, 3, 4))  # itself
    for y in (2, 4.25):
        ax.text(5.65, y, "…", ha="center", va="center", fontsize=14)
    box(ax, 5.65, 6.5, "…", "#FFFFFF", width=1.1, height=0.8)
    arrow(ax, (4.4, 6.9), (4.4, 7.5))
    box(ax, 4.4, 7.9, "$W^o$", "#EEEEEE", width=2.28, height=0.8)
    arrow(ax, (4.4, 8.3), (4.4, 9))
    ax.text(4.4, 9.4, "output, shape $(T, C)$", ha="center", va="center", fontsize=11)
    ax.text(0.1, 7.3, "each $(T, C/h)$", va="center", fontsize=11)
    ax.text(8.7, 7.3, "together $(T, C)$", ha="right", va="center", fontsize=11)
    save(figure, "heads.svg")


if __name__ == "__main__":
    block()
    heads()
