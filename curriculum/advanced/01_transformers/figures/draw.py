"""Draws the SVG figures of this folder: `python draw.py`."""

import math
from pathlib import Path

from matplotlib import pyplot as plt
from matplotlib.patches import Arc

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
    style = {"arrowstyle": "-|>", "color": colour, "lw": width, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", end, start, arrowprops=style, zorder=0.5)


def save(figure, name):
    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "lepton"})
    figure.savefig(Path(__file__).parent / name, metadata={"Date": None})
    plt.close(figure)


def add(ax, x, y):
    """Draw a plus sign on the stream."""
    ax.add_patch(plt.Circle((x, y), 0.36, fc=PALE_ORANGE, ec="#888888", zorder=3))
    ax.text(x, y, "+", ha="center", va="center", fontsize=13, zorder=4)


def note(ax, x, y, words, **options):
    """Write a shape or a remark."""
    ax.text(x, y, words, va="center", fontsize=10, **options)


def model(ax):
    """Draw the whole GPT, from codes to logits, with the stream as its backbone."""
    box(ax, 2, 0.5, "codes of $T$ tokens", "#FFFFFF", width=4)
    arrow(ax, (2, 1), (2, 1.7))
    box(ax, 2, 2.2, "embedding table", PALE_GREEN)
    note(ax, 4, 2.2, "$V \\times C$")
    arrow(ax, (2, 2.7), (2, 11.1), STREAM, 3)
    note(ax, 2.25, 3.15, "$T \\times C$")
    for y, name in ((4.1, "block 1"), (5.9, "block 2"), (8.4, "block $L$")):
        box(ax, 2, y, name, PALE_BLUE, height=1.1)
    ax.text(2, 7.15, "⋮", ha="center", va="center", fontsize=15, backgroundcolor="white")
    note(ax, 1.7, 9.95, "residual\nstream", ha="right", color=STREAM)
    box(ax, 2, 11.6, "norm", PALE_GREEN)
    arrow(ax, (2, 12.1), (2, 12.6))
    box(ax, 2, 13.2, "the same table,\ntransposed", PALE_GREEN, width=4, height=1.2)
    arrow(ax, (2, 13.8), (2, 14.3))
    box(ax, 2, 14.8, "logits of the next tokens", "#FFFFFF", width=5)
    note(ax, 4.75, 14.8, "$T \\times V$")


def part(ax, bottom, boxes, parameters):
    """Draw one part of a block: off the stream, through boxes, and back by a sum."""
    x = 13.2
    ax.plot([8, x], [bottom, bottom], color=INK, lw=1.6)
    y = bottom
    for words, colour, shape in boxes:
        arrow(ax, (x, y), (x, y + 0.5))
        box(ax, x, y + 0.95, words, colour, width=5.2, height=0.9)
        note(ax, x + 2.8, y + 0.95, shape)
        y += 1.4
    ax.plot([x, x], [y, y + 0.45], color=INK, lw=1.6)
    arrow(ax, (x, y + 0.45), (8.4, y + 0.45))
    add(ax, 8, y + 0.45)
    note(ax, x + 2.8, y + 0.45, parameters, color=STREAM)


def gpt():
    figure, ax = plt.subplots(figsize=(8.4, 6.6))
    figure.subplots_adjust(0, 0, 1, 1)
    ax.set(xlim=(-0.9, 19.3), ylim=(-0.2, 16), aspect="equal")
    ax.set_axis_off()
    model(ax)
    for y, corner in ((8.95, 15.5), (7.85, 0.4)):  # from block L to its close-up
        ax.plot([3.8, 7], [y, corner], ":", color="#888888", lw=1.2)
    ax.add_patch(plt.Rectangle((7, 0.4), 12.2, 15.1, fc="#FAFAFA", ec="#888888", lw=0.8, zorder=0))
    ax.text(13.2, 14.95, "one block", ha="center", va="center", fontsize=12)
    arrow(ax, (8, 0.1), (8, 15.9), STREAM, 3)
    note(ax, 8.3, 0.95, "$T \\times C$")
    attention = (
        ("norm", PALE_GREEN, "$T \\times C$"),
        ("queries, keys, values", PALE_BLUE, "each $h$ times\n$T \\times C/h$"),
        ("causal maps", PALE_BLUE, "$h$ times\n$T \\times T$"),
        ("heads side by side, mixed", PALE_BLUE, "$T \\times C$"),
    )
    part(ax, 1.6, attention, "$4\\,C^2$ parameters")
    feed_forward = (
        ("norm", PALE_GREEN, "$T \\times C$"),
        ("linear, GELU", PALE_BLUE, "$T \\times 4C$"),
        ("linear", PALE_BLUE, "$T \\times C$"),
    )
    part(ax, 9.3, feed_forward, "$8\\,C^2$ parameters")
    note(ax, 13.2, 8.75, "feed-forward network: each position by itself", ha="center")
    note(ax, 13.2, 1.1, "self-attention: look up at other positions", ha="center")
    save(figure, "gpt.svg")


KEYS = {"east": ((4.0, 0.0), 20), "north": ((0.0, 4.0), 5), "west": ((-4.0, 0.0), 12)}
QUERY = (1.0, 0.6)


def lookup():
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.1), width_ratios=(1, 1.35))
    figure.subplots_adjust(0, 0, 1, 1, wspace=0)
    left.set(xlim=(-5.6, 5.6), ylim=(-1.6, 5.2), aspect="equal")
    right.set(xlim=(0, 10), ylim=(0, 6))
    heads = ("", "dot product", "÷ √2", "weight", "value")
    columns = (0.1, 3.0, 5.0, 6.9, 8.9)
    for x, words in zip(columns, heads, strict=True):
        right.text(x, 5.2, words, ha="center" if x > 1 else "left", va="center", fontsize=11)
    products = {name: QUERY[0] * k[0] + QUERY[1] * k[1] for name, (k, _) in KEYS.items()}
    total = sum(math.exp(product / math.sqrt(2)) for product in products.values())
    answer = 0.0
    for row, (name, (key, value)) in enumerate(KEYS.items()):
        weight = math.exp(products[name] / math.sqrt(2)) / total
        answer += weight * value
        arrow(left, (0, 0), key)
        end = (key[0], key[1] + 0.4) if key[1] else (0.8 * key[0], -0.75)
        left.text(*end, f"key {name}", ha="center", fontsize=11)
        y = 4 - row
        numbers = (
            name,
            f"{products[name]:.1f}",
            f"{products[name] / math.sqrt(2):.2f}",
            f"{weight:.3f}",
            f"{value}°",
        )
        bar = plt.Rectangle((6.1, y - 0.36), 1.6 * weight, 0.72, fc=PALE_BLUE, ec="none")
        right.add_patch(bar)
        for x, words in zip(columns, numbers, strict=True):
            words = words.replace("-", "−")
            right.text(x, y, words, ha="center" if x > 1 else "left", va="center", fontsize=11)
    arrow(left, (0, 0), QUERY, STREAM, 3)
    left.text(1.2, 0.75, "query", color=STREAM, fontsize=11)
    right.plot([0.1, 9.6], [1.45, 1.45], color="#888888", lw=0.8)
    right.text(0.1, 0.85, "answer: the values, weighted", va="center", fontsize=11)
    right.text(8.9, 0.85, f"{answer:.1f}°", ha="center", va="center", fontsize=11, color=STREAM)
    for ax in (left, right):
        ax.set_axis_off()
    save(figure, "lookup.svg")


def rotary():
    figure, axes = plt.subplots(1, 2, figsize=(8.4, 3.3))
    figure.subplots_adjust(0.01, 0, 0.99, 0.98, wspace=0.02)
    for ax, query, key in zip(axes, (5, 25), (3, 23), strict=True):
        ax.set(xlim=(-1.9, 1.9), ylim=(-1.1, 1.6), aspect="equal")
        ax.set_axis_off()
        ax.add_patch(plt.Circle((0, 0), 1, fc="none", ec="#BBBBBB", lw=0.8))
        ends = []
        for position, start, colour, name in (
            (query, 0.6, STREAM, "query"),
            (key, 0.0, INK, "key"),
        ):
            angle = start + 0.1 * position
            arrow(ax, (0, 0), (math.cos(angle), math.sin(angle)), colour, 2.4)
            place = (1.55 * math.cos(angle), 1.3 * math.sin(angle))
            words = f"{name},\nposition {position}"
            ax.text(*place, words, ha="center", va="center", fontsize=11, color=colour)
            ends.append(math.degrees(angle))
        arc = Arc((0, 0), 1, 1, theta1=ends[1], theta2=ends[0], color="#D55E00", lw=2.4)
        ax.add_patch(arc)
        ax.text(
            0,
            -0.6,
            "same angle",
            ha="center",
            fontsize=11,
            color="#B34E00",
        )
    save(figure, "rotary.svg")


def cache():
    figure, axes = plt.subplots(1, 2, figsize=(8.4, 2.9))
    figure.subplots_adjust(0, 0, 1, 1, wspace=0)
    titles = ("without a cache: 10 positions computed", "with a cache: 4 positions computed")
    for ax, title, kept in zip(axes, titles, (False, True), strict=True):
        ax.set(xlim=(-2.2, 6.4), ylim=(-1.1, 5.1), aspect="equal")
        ax.set_axis_off()
        ax.text(2, 4.7, title, ha="center", va="center", fontsize=11)
        for step in range(4):
            ax.text(-0.3, 3.5 - step, f"step {step + 1}", ha="right", va="center", fontsize=11)
            ax.text(step + 0.5, -0.4, "Mr. "[step].replace(" ", "_"), ha="center", fontsize=11)
            for position in range(step + 1):
                old = kept and position < step
                corner = (position + 0.05, 3.05 - step)
                colour = "#E4E4E4" if old else STREAM
                ax.add_patch(plt.Rectangle(corner, 0.9, 0.9, fc=colour, ec="#888888", lw=0.6))
                if old:
                    middle = (position + 0.5, 3.5 - step)
                    ax.text(*middle, "kept", ha="center", va="center", fontsize=8)
    save(figure, "cache.svg")


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
    lookup()
    heads()
    rotary()
    gpt()
    cache()
