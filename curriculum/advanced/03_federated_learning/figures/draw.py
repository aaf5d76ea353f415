"""Draws the SVG figures of this folder: `python draw.py`. Only the standard library is used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

BLUE, ORANGE, INK, PAPER, GREY = "#00609A", "#B34700", "#222222", "#FFFFFF", "#888888"
GREEN, PURPLE = "#00704A", "#7B2D8B"
ROW = 6  # height of a drawn row, with the gap to the next
HOSPITALS = (("hospital 1", 400), ("hospital 2", 150), ("hospital 3", 50))


def text(x, y, words, size=15, color=INK, weight="normal"):
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="middle" font-weight="{weight}" '
        f'fill="{color}">{words}</text>'
    )


def colored(words, color):
    """A piece of a text in its own colour."""
    return f'<tspan fill="{color}" font-weight="bold">{words}</tspan>'


def box(x, y, width, height):
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" fill="{PAPER}" '
        f'stroke="{GREY}" stroke-width="1.5"/>'
    )


def dot(x, y, color, radius=5):
    return f'<circle cx="{x}" cy="{y}" r="{radius}" fill="{color}"/>'


def table(middle, top, rows):
    """One bar for every 50 rows."""
    return [
        f'<rect x="{middle - 30}" y="{top + ROW * number}" width="60" height="{ROW - 2}" '
        f'fill="{GREY}"/>'
        for number in range(rows // 50)
    ]


def arrow(x1, y1, x2, y2, color):
    return (
        f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{color}" stroke-width="2.5" '
        f'marker-end="url(#{"down" if color == BLUE else "up"})"/>'
    )


def dashed(x1, y1, x2, y2, color):
    return (
        f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{color}" stroke-width="1.5" '
        f'stroke-dasharray="5 4"/>'
    )


def marker(name, color):
    return (
        f'<marker id="{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="6" '
        f'markerHeight="6" orient="auto"><path d="M0 0L10 5L0 10z" fill="{color}"/></marker>'
    )


def write(name: str, width: int, height: int, title: str, parts: Sequence[str]) -> None:
    """Write the figure `name`, width and height in pixels, beside this script."""
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'role="img" font-family="sans-serif" fill="{INK}">',
        f"<title>{title}</title>",
        f"<defs>{marker('down', BLUE)}{marker('up', ORANGE)}</defs>",
        f'<rect width="{width}" height="{height}" rx="8" fill="{PAPER}"/>',
        *parts,
        "</svg>",
        "",
    ]
    (Path(__file__).parent / name).write_text("\n".join(lines))


def one_round():
    parts = [
        box(130, 12, 220, 66),
        text(240, 34, "server: no rows", weight="bold"),
        text(240, 53, "4. takes the mean,"),
        text(240, 71, "weighted by rows"),
    ]
    for number, (name, rows) in enumerate(HOSPITALS):
        middle = 82 + number * 158
        parts.append(box(middle - 72, 200, 144, 140))
        parts.append(text(middle, 221, name, weight="bold"))
        parts.append(text(middle, 241, "2. trains on its"))
        parts.append(text(middle, 259, f"{rows} rows"))
        parts += table(middle, 270, rows)
        parts.append(text(middle, 333, "which stay", 14))
        top = 240 + (number - 1) * 62
        parts.append(arrow(top - 14, 80, middle - 16, 196, BLUE))
        parts.append(arrow(middle + 16, 198, top + 14, 82, ORANGE))
    parts += [text(62, 106, "1. weights", color=BLUE), text(62, 124, "go down", color=BLUE)]
    parts += [
        text(412, 106, "3. trained weights", color=ORANGE),
        text(412, 124, "come back", color=ORANGE),
    ]
    title = "One round: weights go down to the hospitals, trained weights come back up"
    write("round.svg", 480, 350, title, parts)


def descent(start, optimum, curvature, steps, rate=0.3):
    """Points (steps + 1) of gradient descent on a bowl with its own curvature along each axis."""
    points = [start]
    for _ in range(steps):
        x, y = points[-1]
        x -= rate * curvature[0] * (x - optimum[0])
        y -= rate * curvature[1] * (y - optimum[1])
        points.append((x, y))
    return points


def path(points, color):
    """A polyline through the points, with a dot at each."""
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return [
        f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="2"/>',
        *(dot(f"{x:.1f}", f"{y:.1f}", color, 3) for x, y in points[1:]),
    ]


def drift():
    start, left, right = (240.0, 50.0), (90.0, 240.0), (400.0, 150.0)
    steep, flat = (0.4, 1.6), (1.2, 0.5)  # how much each hospital minds an error, by axis
    ends = []
    parts = []
    for optimum, curvature, color in ((left, steep, BLUE), (right, flat, ORANGE)):
        points = descent(start, optimum, curvature, 12)
        ends.append(points[-1])
        parts += path(points, color)
    mean = [sum(values) / 2 for values in zip(*ends, strict=True)]
    both = [sum(values) for values in zip(steep, flat, strict=True)]
    best = [(steep[axis] * left[axis] + flat[axis] * right[axis]) / both[axis] for axis in range(2)]
    parts.append(dashed(*(round(value, 1) for end in ends for value in end), GREY))
    parts += [dot(*start, INK, 6), text(240, 36, "the server's weights")]
    parts += [dot(f"{mean[0]:.1f}", f"{mean[1]:.1f}", GREY, 7)]
    parts += [text(f"{mean[0] + 6:.1f}", f"{mean[1] - 22:.1f}", "their mean", color="#555555")]
    cross = f"M{best[0] - 7:.1f} {best[1] - 7:.1f}l14 14m0 -14l-14 14"
    parts.append(f'<path d="{cross}" stroke="{INK}" stroke-width="3"/>')
    parts += [text(f"{best[0] + 14:.1f}", f"{best[1] + 26:.1f}", "optimum of the mean loss")]
    parts += [text(96, 268, "hospital 1: its optimum", color=BLUE)]
    parts += [text(410, 174, "hospital 2: its optimum", color=ORANGE)]
    title = "Client drift: the mean of two hospitals' weights misses the optimum of the mean loss"
    write("drift.svg", 500, 290, title, parts)


def masks():
    updates = (5, 2, 4)
    pairs = {(0, 1): (70, BLUE), (0, 2): (31, GREEN), (1, 2): (58, PURPLE)}
    parts = [box(120, 12, 260, 56)]
    sent = []
    for number, update in enumerate(updates):
        middle = 88 + number * 162
        terms = [str(update)]
        total = update
        for (one, other), (mask, color) in pairs.items():
            if number in (one, other):
                sign = 1 if number == one else -1
                total += sign * mask
                terms.append(colored(f"{'+' if sign > 0 else '−'} {mask}", color))
        sent.append(total)
        shown = str(total).replace("-", "−")
        parts.append(box(middle - 76, 150, 152, 84))
        parts.append(text(middle, 172, f"hospital {number + 1}", weight="bold"))
        parts.append(text(middle, 194, f"its update: {update}"))
        parts.append(text(middle, 218, " ".join(terms)))
        top = 250 + (number - 1) * 80
        parts.append(arrow(middle, 148, top, 72, ORANGE))
        parts.append(text((middle + top) // 2 + 34, 116, shown, 16, ORANGE, "bold"))
    shown = " ".join(f"{'+' if s > 0 else '−'} {abs(s)}" for s in sent)[2:]
    parts.append(text(250, 34, "server", weight="bold"))
    parts.append(text(250, 56, f"{shown} = {sum(sent)} = 5 + 2 + 4"))
    shared = [
        colored(f"{mask} of {one + 1} and {other + 1}", color)
        for (one, other), (mask, color) in pairs.items()
    ]
    parts.append(text(250, 262, "masks that two hospitals share: " + ", ".join(shared), 14))
    title = "Secure aggregation: each mask is added once and subtracted once, so the sum is exact"
    write("masks.svg", 500, 276, title, parts)


if __name__ == "__main__":
    one_round()
    drift()
    masks()
