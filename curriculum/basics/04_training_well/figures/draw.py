"""Draws the SVG figures of this folder: `python draw.py`. Only the standard library is used."""

from pathlib import Path

BLUE, ORANGE, INK, GRAY, PAPER = "#0072B2", "#D55E00", "#222222", "#999999", "#FFFFFF"
PALE_BLUE, PALE_ORANGE, PALE_GRAY = "#CCE3F0", "#F7DFCC", "#E6E6E6"
SOFT = "#555555"  # of a second line of text

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


def line(start: Point, end: Point, color: str = GRAY, width: float = 1) -> str:
    return (
        f'<line x1="{start[0]}" y1="{start[1]}" x2="{end[0]}" y2="{end[1]}" '
        f'stroke="{color}" stroke-width="{width}"/>'
    )


def unit(place: Point, fill: str = PAPER, stroke: str = BLUE, radius: float = 14) -> str:
    return (
        f'<circle cx="{place[0]}" cy="{place[1]}" r="{radius}" fill="{fill}" '
        f'stroke="{stroke}" stroke-width="2"/>'
    )


def cross(place: Point) -> list[str]:
    x, y = place
    return [
        line((x - 9, y - 9), (x + 9, y + 9), ORANGE, 3),
        line((x - 9, y + 9), (x + 9, y - 9), ORANGE, 3),
    ]


def column(x: float, count: int, middle: float, step: float) -> list[Point]:
    """Return the centres of `count` units, one above the other."""
    top = middle - step * (count - 1) / 2
    return [(x, round(top + step * i, 1)) for i in range(count)]


def thinned(left: float, dropped: tuple[int, ...]) -> list[str]:
    """Draw a network of four inputs, five hidden units and three outputs; some are dropped."""
    inputs = column(left + 25, 4, 125, 48)
    hidden = column(left + 120, 5, 125, 44)
    outputs = column(left + 215, 3, 125, 56)
    alive = [place for i, place in enumerate(hidden) if i not in dropped]
    gone = [place for i, place in enumerate(hidden) if i in dropped]
    parts = [line(a, b) for a in inputs for b in alive]
    parts += [line(a, b) for a in alive for b in outputs]
    parts += [unit(place) for place in inputs + outputs]
    parts += [unit(place, PALE_BLUE) for place in alive]
    for place in gone:
        parts += [unit(place, PALE_GRAY, GRAY), *cross(place)]
    return parts


def dropout() -> str:
    panels = (
        ("training, one step", "kept values divided by 1 − p", (1, 3)),
        ("training, the next step", "other units are dropped", (0, 2)),
        ("evaluation", "the whole network, as it is", ()),
    )
    parts = []
    for i, (first, second, dropped) in enumerate(panels):
        left = 15 + 285 * i
        parts += thinned(left, dropped)
        parts += [text(left + 120, 262, first), text(left + 120, 282, second, SOFT)]
    return picture(850, 296, "Dropout in two steps of training and in evaluation", parts)


def table(left: float, top: float, framed_column: int | None, framed_row: int | None) -> list[str]:
    """Draw four rows (examples) by five columns (units), with one column or row marked."""
    side = 40
    parts = []
    for row in range(4):
        for column_ in range(5):
            is_marked = column_ == framed_column or row == framed_row
            parts.append(
                f'<rect x="{left + side * column_}" y="{top + side * row}" width="{side}" '
                f'height="{side}" fill="{PALE_ORANGE if is_marked else PAPER}" stroke="{GRAY}"/>'
            )
    x, y, width, height = left, top, 5 * side, 4 * side
    if framed_column is not None:
        x, width = left + side * framed_column, side
    if framed_row is not None:
        y, height = top + side * framed_row, side
    parts.append(
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="none" '
        f'stroke="{ORANGE}" stroke-width="4"/>'
    )
    parts.append(text(left + 100, top - 10, "5 units (axis 1)"))
    parts += [
        text(left - 12, top + 26 + side * row, f"example {row + 1}", INK, "end") for row in range(4)
    ]
    return parts


def norms() -> str:
    parts = table(130, 50, framed_column=1, framed_row=None)
    parts += [
        text(230, 240, "batch normalisation"),
        text(230, 262, "each unit, over the batch: axis 0", ORANGE),
    ]
    parts += table(530, 50, framed_column=None, framed_row=1)
    parts += [
        text(630, 240, "layer normalisation"),
        text(630, 262, "each example, over its units: axis 1", ORANGE),
    ]
    return picture(800, 280, "What batch and layer normalisation average over", parts)


if __name__ == "__main__":
    for draw in (dropout, norms):
        Path(__file__).with_name(f"{draw.__name__}.svg").write_text(draw(), encoding="utf-8")
