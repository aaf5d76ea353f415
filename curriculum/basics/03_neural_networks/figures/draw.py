"""Draws the SVG figures of this folder: `python draw.py`. Only the standard library is used."""

from pathlib import Path

BLUE, ORANGE, INK, GRAY, PAPER = "#0072B2", "#D55E00", "#222222", "#999999", "#FFFFFF"
PALE_BLUE, PALE_GRAY = "#CCE3F0", "#E6E6E6"
PALE = ("#CCE3F0", "#FAECCC", "#CCECE3", "#F5E4EE")
"""Pale blue, orange, green and purple: units that have become different."""

# The walk forward and back.
TOP, BOX = 60, (96, 56)  # of the boxes, in pixels
STEP = 176  # from one box to the next
BOXES = ("traces X", "linear 1", "ReLU", "linear 2", "loss")
SHAPES = ("(N, 40)", "(N, H)", "(N, H)", "(N, 10)")
BACK = ("", "∂L/∂Z₁", "∂L/∂A", "∂L/∂Z₂")
DOWN = {1: "∂L/∂W₁, ∂L/∂b₁", 3: "∂L/∂W₂, ∂L/∂b₂"}

Point = tuple[float, float]


def picture(width: int, height: int, title: str, parts: list[str]) -> str:
    """Return an SVG picture on white paper, which dark pages show as a card."""
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" role="img" font-family="sans-serif" font-size="15">'
    )
    paper = f'<rect width="{width}" height="{height}" fill="{PAPER}"/>'
    return "\n".join([opening, f"<title>{title}</title>", paper, *parts, "</svg>", ""])


def text(x: float, y: float, words: str, color: str = INK, anchor: str = "middle") -> str:
    return f'<text x="{x}" y="{y}" fill="{color}" text-anchor="{anchor}">{words}</text>'


def arrow(x: float, y: float, to_x: float, to_y: float, color: str) -> str:
    name = "forward" if color == INK else "back"
    return (
        f'<line x1="{x}" y1="{y}" x2="{to_x}" y2="{to_y}" stroke="{color}" stroke-width="2" '
        f'marker-end="url(#{name})"/>'
    )


def head(name: str, color: str) -> str:
    return (
        f'<marker id="{name}" markerWidth="9" markerHeight="8" refX="8" refY="4" orient="auto">'
        f'<path d="M0,0 L9,4 L0,8 z" fill="{color}"/></marker>'
    )


def line(start: Point, end: Point, color: str = GRAY, width: float = 1, dash: str = "") -> str:
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{start[0]}" y1="{start[1]}" x2="{end[0]}" y2="{end[1]}" '
        f'stroke="{color}" stroke-width="{width}"{dashed}/>'
    )


def unit(place: Point, fill: str = PAPER, stroke: str = BLUE, radius: float = 15) -> str:
    return (
        f'<circle cx="{place[0]}" cy="{place[1]}" r="{radius}" fill="{fill}" '
        f'stroke="{stroke}" stroke-width="2"/>'
    )


def column(x: float, count: int, middle: float, step: float) -> list[Point]:
    """Return the centres of `count` units, one above the other."""
    top = middle - step * (count - 1) / 2
    return [(x, round(top + step * i, 1)) for i in range(count)]


def backward() -> str:
    parts = [f"<defs>{head('forward', INK)}{head('back', ORANGE)}</defs>"]
    width, height = BOX
    for i, words in enumerate(BOXES):
        left = 30 + i * STEP
        parts.append(
            f'<rect x="{left}" y="{TOP}" width="{width}" height="{height}" rx="6" fill="{PAPER}" '
            f'stroke="{BLUE}" stroke-width="2"/>'
        )
        parts.append(text(left + width / 2, TOP + 33, words))
        if i in DOWN:
            middle = left + width / 2
            parts.append(arrow(middle, TOP + height, middle, TOP + height + 60, ORANGE))
            parts.append(text(middle, TOP + height + 82, DOWN[i], ORANGE))
        if i == len(BOXES) - 1:
            continue
        start, end = left + width + 4, left + STEP - 4
        parts.append(arrow(start, TOP + 18, end, TOP + 18, INK))
        parts.append(text((start + end) / 2, TOP - 2, SHAPES[i]))
        if BACK[i]:
            parts.append(arrow(end, TOP + 42, start, TOP + 42, ORANGE))
            parts.append(text((start + end) / 2, TOP + 68, BACK[i], ORANGE))
    title = "The walk forward and back through a network with one hidden layer"
    return picture(860, 230, title, parts)


def network() -> str:
    inputs = column(170, 5, 165, 52)
    hidden = column(390, 4, 165, 60)
    outputs = column(610, 3, 165, 70)
    chosen = hidden[1]
    parts = [line(a, b) for a in inputs for b in hidden if b != chosen]
    parts += [line(a, b) for a in hidden for b in outputs]
    parts += [line(a, chosen, ORANGE, 2.5) for a in inputs]
    parts += [unit(place) for place in inputs + outputs]
    parts += [unit(place, PALE_BLUE, ORANGE if place == chosen else BLUE) for place in hidden]
    for (x, y), words in zip(inputs, ("step 1", "step 2", "step 3", "…", "step 40"), strict=True):
        parts.append(text(x - 26, y + 5, words, anchor="end"))
    for (x, y), words in zip(outputs, ("kind 0", "…", "kind 9"), strict=True):
        parts.append(text(x + 26, y + 5, words, anchor="start"))
    parts += [text(170, 28, "a trace x"), text(610, 28, "logits")]
    parts += [text(390, 28, "hidden layer"), text(390, 312, "ReLU, H units wide")]
    parts += [text(280, 312, "W₁, b₁"), text(500, 312, "W₂, b₂")]
    parts.append(text(390, 342, "orange: the weights of one hidden unit, a column of W₁", ORANGE))
    return picture(780, 360, "A network with one hidden layer, as units and weights", parts)


def small_network(left: float, fills: tuple[str, ...], color: str, dash: str = "") -> list[str]:
    """Draw three inputs, four hidden units in these colours and two outputs."""
    inputs = column(left + 30, 3, 120, 52)
    hidden = column(left + 130, 4, 120, 46)
    outputs = column(left + 230, 2, 120, 70)
    width = 2 if color == BLUE else 1
    parts = [line(a, b, color, width) for a in inputs for b in hidden]
    parts += [line(a, b, color, width, dash) for a in hidden for b in outputs]
    parts += [unit(place) for place in inputs + outputs]
    edge = GRAY if dash else BLUE
    parts += [unit(place, fill, edge) for place, fill in zip(hidden, fills, strict=True)]
    if dash:
        parts += [text(x, y + 5, "0", INK) for x, y in hidden]
    return parts


def units() -> str:
    panels = (
        ("equal weights:", "four copies of one unit", (PALE_BLUE,) * 4, BLUE, ""),
        ("random weights:", "four different units", PALE, GRAY, ""),
        ("dead units:", "0 for every trace", (PALE_GRAY,) * 4, GRAY, "4 4"),
    )
    parts = []
    for i, (first, second, fills, color, dash) in enumerate(panels):
        left = 10 + 280 * i
        parts += small_network(left, fills, color, dash)
        parts += [text(left + 130, 236, first), text(left + 130, 256, second)]
    return picture(850, 270, "Three networks: equal units, different units, dead units", parts)


if __name__ == "__main__":
    for draw in (backward, network, units):
        Path(__file__).with_name(f"{draw.__name__}.svg").write_text(draw(), encoding="utf-8")
