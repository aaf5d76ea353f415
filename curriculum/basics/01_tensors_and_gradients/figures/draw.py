"""Draws the SVG figures of this folder: `python draw.py`."""

from pathlib import Path

from matplotlib import pyplot as plt

from lepton_course.plots import OKABE_ITO

BLUE, ORANGE, GREEN, VERMILION = OKABE_ITO[:4]
PALE_BLUE, PALE_ORANGE, PALE_GREEN, PAPER = "#BFE0F2", "#FCE7BF", "#BFE6D9", "#FFFFFF"


def canvas(width, height):
    """An empty picture of width x height squares, row 0 on top."""
    figure, ax = plt.subplots(figsize=(0.5 * width, 0.5 * height))
    figure.subplots_adjust(0, 0, 1, 1)
    ax.set(xlim=(0, width), ylim=(height, 0), aspect="equal")
    ax.set_axis_off()
    return ax


def grid(ax, x, y, rows, fill=PAPER, dashed=()):
    """A table of numbers with its upper left corner at (x, y); rows in `dashed` are not real."""
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            colour = fill(i, j) if callable(fill) else fill
            style = (0, (3, 2)) if i in dashed else "solid"
            grey = "#888888" if i in dashed else "#222222"
            square = plt.Rectangle((x + j, y + i), 1, 1, fc=colour, ec="#888888", ls=style)
            ax.add_patch(square)
            ax.text(x + j + 0.5, y + i + 0.5, value, ha="center", va="center", color=grey)


def label(ax, x, y, words, size=11, **more):
    ax.text(x, y, words, **{"ha": "center", "va": "center", "fontsize": size, **more})


def arrow(ax, start, end, colour="#222222"):
    ax.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 1.8})


def save(ax, name):
    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "lepton"})
    ax.figure.savefig(Path(__file__).parent / name, metadata={"Date": None})
    plt.close(ax.figure)


def broadcasting():
    ax = canvas(14, 6)
    table, mean = [[8, 12], [10, 14], [12, 10]], [10, 12]
    grid(ax, 1, 1.5, table, PALE_ORANGE)
    label(ax, 2, 0.8, "table (3, 2)")
    label(ax, 4.5, 3, "−", 18)
    grid(ax, 6, 1.5, [mean] * 3, lambda i, j: PAPER if i else PALE_BLUE, dashed=(1, 2))
    label(ax, 7, 0.8, "mean (2,)")
    label(ax, 9.5, 3, "=", 18)
    centred = [[value - m for value, m in zip(row, mean, strict=True)] for row in table]
    grid(ax, 11, 1.5, centred, PALE_GREEN)
    label(ax, 12, 0.8, "centred (3, 2)")
    label(ax, 7, 5.1, "dashed: the same two numbers,\nread again for each row", 9)
    save(ax, "broadcasting.svg")


def axes():
    ax = canvas(15, 8)
    grid(ax, 1, 1.8, [[8, 12], [10, 14], [12, 10]], PALE_ORANGE)
    label(ax, 2, 0.5, "loans (3, 2)")
    label(ax, 1.5, 1.35, "amount", 8)
    label(ax, 2.5, 1.35, "price", 8)
    grid(ax, 1, 6, [[10, 12]], PALE_GREEN)
    arrow(ax, (1.5, 5), (1.5, 5.9))
    arrow(ax, (2.5, 5), (2.5, 5.9))
    label(ax, 3.4, 6.5, "mean(dim=0), shape (2,): the rows are gone", 10, ha="left")
    for i, mean in enumerate((10, 12, 11)):
        arrow(ax, (3.1, 2.3 + i), (4.9, 2.3 + i), BLUE)
        grid(ax, 5, 1.8 + i, [[mean]], PALE_BLUE)
    label(ax, 6.6, 3.3, "mean(dim=1), shape (3,):\nthe columns are gone", 10, ha="left")
    save(ax, "axes.svg")


def product():
    ax = canvas(17, 6)
    row = lambda i, j: PALE_ORANGE if i == 2 else PAPER  # noqa: E731
    column = lambda i, j: PALE_BLUE if j == 1 else PAPER  # noqa: E731
    cell = lambda i, j: PALE_GREEN if (i, j) == (2, 1) else PAPER  # noqa: E731
    grid(ax, 1, 1.5, [[1, 2], [3, 0], [2, 1]], row)
    label(ax, 2, 0.8, "x (3, 2)")
    label(ax, 4.5, 3, "@", 16)
    grid(ax, 6, 2, [[1, 4], [2, 5]], column)
    label(ax, 7, 0.8, "W (2, 2)")
    label(ax, 9.5, 3, "=", 18)
    grid(ax, 11, 1.5, [[5, 14], [3, 12], [4, 13]], cell)
    label(ax, 12, 0.8, "x @ W (3, 2)")
    label(ax, 13.3, 4, "2 · 4 + 1 · 5", 10, ha="left")
    label(ax, 4.5, 5.4, "inner sizes: 2 and 2", 9)
    save(ax, "product.svg")


def reshape():
    ax = canvas(17, 5.4)
    palette = {0: PALE_ORANGE, 1: PALE_BLUE}
    by_row = lambda i, j: palette[i]  # noqa: E731
    as_read = lambda i, j: palette[(2 * i + j) // 3]  # noqa: E731
    by_column = lambda i, j: palette[j]  # noqa: E731
    label(ax, 2.5, 0.6, "table (2, 3)")
    grid(ax, 1, 1.2, [[0, 1, 2], [3, 4, 5]], by_row)
    label(ax, 8.5, 0.6, "table.reshape(3, 2)")
    grid(ax, 7.5, 1.2, [[0, 1], [2, 3], [4, 5]], as_read)
    label(ax, 14, 0.6, "table.T")
    grid(ax, 13, 1.2, [[0, 3], [1, 4], [2, 5]], by_column)
    label(ax, 8.5, 4.8, "reads on, row by row", 9)
    label(ax, 14, 4.8, "exchanges the axes", 9)
    save(ax, "reshape.svg")


def views():
    ax = canvas(17, 7.4)
    first = lambda i, j: PALE_ORANGE if j == 0 else PAPER  # noqa: E731
    label(ax, 2.5, 0.6, "table (2, 3)")
    grid(ax, 1, 1, [[0, 1, 2], [3, 4, 5]], first)
    label(ax, 8, 0.6, "column = table[:, 0]")
    grid(ax, 7, 1, [[0, 3]], PALE_ORANGE)
    label(ax, 13.5, 0.6, "picked = table[:, [0]]")
    grid(ax, 13, 1, [[0], [3]], PALE_BLUE)
    memory = lambda i, j: PALE_ORANGE if j in (0, 3) else PAPER  # noqa: E731
    label(ax, 4, 6.6, "one piece of memory", 10)
    grid(ax, 1, 5, [[0, 1, 2, 3, 4, 5]], memory)
    label(ax, 13.5, 6.6, "another piece", 10)
    grid(ax, 12.5, 5, [[0, 3]], PALE_BLUE)
    arrow(ax, (2.5, 3.1), (3, 4.9))
    for j, place in enumerate((1.5, 4.5)):
        arrow(ax, (7.5 + j, 2.1), (place, 4.9), VERMILION)
    arrow(ax, (13.5, 3.1), (13.5, 4.9), BLUE)
    save(ax, "views.svg")


def graph():
    ax = canvas(18, 6.6)
    nodes = [
        (1.6, "w", "0.5"),
        (6.4, "prediction", "0.75"),
        (11.2, "error", "−0.45"),
        (16, "loss", "0.2025"),
    ]
    steps = [
        ("times price 1.5", "· 1.5"),
        ("minus amount 1.2", "· 1"),
        ("squared", "· 2 · (−0.45)"),
    ]
    slopes = ["−1.35", "−0.9", "−0.9", "1"]
    for (x, name, value), slope in zip(nodes, slopes, strict=True):
        ax.add_patch(plt.Circle((x, 3), 1.05, fc=PALE_ORANGE, ec="#888888"))
        label(ax, x, 2.72, name)
        label(ax, x, 3.32, value, 10)
        label(ax, x, 5.2, slope, 12, color=VERMILION)
    for (x, *_), (forward, backward) in zip(nodes, steps, strict=False):
        arrow(ax, (x + 1.1, 3), (x + 3.7, 3))
        label(ax, x + 2.4, 1.4, forward, 10)
        arrow(ax, (x + 3.9, 5.2), (x + 0.9, 5.2), VERMILION)
        label(ax, x + 2.4, 4.75, backward, 10, color=VERMILION)
    label(ax, 0.4, 0.6, "forward: values", 10, ha="left")
    label(ax, 0.4, 6.2, "backward: derivatives of the loss", 10, ha="left", color=VERMILION)
    save(ax, "graph.svg")


if __name__ == "__main__":
    axes()
    product()
    reshape()
    broadcasting()
    views()
    graph()
