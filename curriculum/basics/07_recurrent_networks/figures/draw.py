"""Draws the SVG figures of this folder: `python draw.py`."""

from pathlib import Path

from matplotlib import pyplot as plt

from lepton_course.plots import OKABE_ITO

BLUE, ORANGE, GREEN, VERMILION = OKABE_ITO[:4]
PALE_BLUE, PALE_ORANGE, PALE_GREEN, PAPER = "#BFE0F2", "#FCE7BF", "#BFE6D9", "#FFFFFF"
INK = "#222222"


def canvas(width, height):
    """An empty picture of width x height squares, row 0 on top."""
    figure, ax = plt.subplots(figsize=(0.5 * width, 0.5 * height))
    figure.subplots_adjust(0, 0, 1, 1)
    ax.set(xlim=(0, width), ylim=(height, 0), aspect="equal")
    ax.set_axis_off()
    return ax


def box(ax, x, y, words, colour=PAPER, width=2.2, height=1.2, size=11):
    corner = (x - width / 2, y - height / 2)
    ax.add_patch(plt.Rectangle(corner, width, height, fc=colour, ec="#888888"))
    ax.text(x, y, words, ha="center", va="center", fontsize=size)


def dot(ax, x, y, words, colour=PALE_GREEN, radius=0.5):
    ax.add_patch(plt.Circle((x, y), radius, fc=colour, ec="#888888"))
    ax.text(x, y, words, ha="center", va="center", fontsize=12)


def label(ax, x, y, words, size=11, **more):
    ax.text(x, y, words, **{"ha": "center", "va": "center", "fontsize": size, **more})


def arrow(ax, start, end, colour=INK, style="-"):
    ax.annotate(
        "", end, start, arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 1.8, "ls": style}
    )


def line(ax, *points, colour=INK):
    ax.plot(*zip(*points, strict=True), color=colour, lw=1.8)


def save(ax, name):
    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "lepton"})
    ax.figure.savefig(Path(__file__).parent / name, metadata={"Date": None})
    plt.close(ax.figure)


def unrolled():
    ax = canvas(19, 7.4)
    dot(ax, 1.2, 3, "0", PALE_ORANGE)
    arrow(ax, (1.7, 3), (3.2, 3))
    for i, x in enumerate((4.6, 9.1, 13.6), start=1):
        box(ax, x, 3, "W, U, b\ntanh", PALE_BLUE, width=2.8, height=1.9)
        label(ax, x, 6.5, f"$x_{i}$", 13)
        arrow(ax, (x, 6), (x, 4))
        end = x + 3.1 if i < 3 else x + 2.6
        arrow(ax, (x + 1.4, 3), (end, 3))
        label(ax, x + 2.2, 2.4, f"$h_{i}$", 13)
    dot(ax, 16.8, 3, "L", PALE_ORANGE, radius=0.6)
    arrow(ax, (16.6, 1), (3.4, 1), VERMILION, (0, (4, 3)))
    label(ax, 10, 0.45, "gradient, back through time", 10, color=VERMILION)
    save(ax, "unrolled.svg")


def lstm():
    ax = canvas(19, 9.4)
    line(ax, (1.6, 1.5), (5, 1.5))
    arrow(ax, (6, 1.5), (9, 1.5))
    arrow(ax, (10, 1.5), (17.2, 1.5))
    label(ax, 1, 1.5, "$c_{t-1}$", 13)
    label(ax, 18, 1.5, "$c_t$", 13)
    dot(ax, 5.5, 1.5, "×")
    dot(ax, 9.5, 1.5, "+")
    dot(ax, 9.5, 3.6, "×")
    arrow(ax, (9.5, 3.1), (9.5, 2))
    gates = {5.5: ("f: σ", PALE_BLUE), 8.5: ("i: σ", PALE_BLUE), 10.9: ("g: tanh", PALE_ORANGE)}
    for x, (words, colour) in {**gates, 13.6: ("o: σ", PALE_BLUE)}.items():
        box(ax, x, 5.7, words, colour, width=1.9, height=1)
        arrow(ax, (x, 7.6), (x, 6.2))
    arrow(ax, (5.5, 5.2), (5.5, 2))
    arrow(ax, (8.5, 5.2), (9.2, 4))
    arrow(ax, (10.9, 5.2), (9.85, 4))
    dot(ax, 15.4, 4.2, "×")
    box(ax, 15.4, 2.7, "tanh", PALE_ORANGE, width=1.7, height=0.8, size=10)
    arrow(ax, (15.4, 1.5), (15.4, 2.3))
    arrow(ax, (15.4, 3.1), (15.4, 3.7))
    arrow(ax, (13.9, 5.2), (15, 4.55))
    arrow(ax, (15.9, 4.2), (17.2, 4.2))
    label(ax, 18, 4.2, "$h_t$", 13)
    line(ax, (1.9, 7.6), (13.6, 7.6))
    label(ax, 1, 7.6, "$h_{t-1}$", 13)
    arrow(ax, (3.6, 8.7), (3.6, 7.7))
    label(ax, 3.6, 9.05, "$x_t$", 13)
    label(ax, 8, 0.5, "along this line the gradient meets f, and nothing else", 10, color=VERMILION)
    save(ax, "lstm.svg")


if __name__ == "__main__":
    unrolled()
    lstm()
