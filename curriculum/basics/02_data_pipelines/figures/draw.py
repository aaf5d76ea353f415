"""Draws the SVG figures of this folder: `python draw.py`. Only the standard library is used."""

from pathlib import Path

BLUE, ORANGE, INK, GRAY, PAPER = "#0072B2", "#D55E00", "#222222", "#888888", "#FFFFFF"
WIDTH, HEIGHT = 720, 330
HIGH, LOW, MIDDLE = 90, 204, 147  # where the lanes of numbers and of words run, and between them
BOX = 54  # the height of a step

STEPS = {  # name -> (left, width, middle, lines in the box, what fit learns)
    "fill": (136, 156, HIGH, ("fill gaps,", "mark them"), "medians"),
    "scale": (328, 152, HIGH, ("scale",), "means, deviations"),
    "encode": (136, 344, LOW, ("one-hot columns,", "rare and unseen in one"), "common categories"),
    "model": (626, 90, MIDDLE, ("model",), "weights"),
}

CUSTOMERS = "HHAEHGDGCFHAFDCDCCEBAAGEDBBFBFEG"  # who sent each of the 32 rows, by date
RARE = "BF"  # the customers whose rows are of the rare class
SPLITS = {  # name -> the rows of the test set
    "random": (5, 8, 9, 10, 13, 23, 25, 28),
    "stratified": (2, 8, 11, 17, 24, 26, 29, 31),
    "grouped": (8, 9, 12, 14, 16, 17, 27, 29),
    "by time": (24, 25, 26, 27, 28, 29, 30, 31),
}
CELL = 18  # from one row of the strips to the next


def text(x: float, y: float, words: str, color: str = INK, anchor: str = "middle") -> str:
    return f'<text x="{x}" y="{y}" fill="{color}" text-anchor="{anchor}">{words}</text>'


def box(left: float, width: float, middle: float, height: float, stroke: str) -> str:
    return (
        f'<rect x="{left}" y="{middle - height / 2}" width="{width}" height="{height}" rx="6" '
        f'fill="{PAPER}" stroke="{stroke}" stroke-width="2"/>'
    )


def lines(x: float, middle: float, words: tuple[str, ...]) -> list[str]:
    """Set lines of text one below the other, centred at this point."""
    top = middle + 6 - 10.5 * (len(words) - 1)
    return [text(x, top + 21 * i, row) for i, row in enumerate(words)]


def arrow(x: float, y: float, to_x: float, to_y: float) -> str:
    return (
        f'<line x1="{x}" y1="{y}" x2="{to_x}" y2="{to_y}" stroke="{INK}" stroke-width="2" '
        'marker-end="url(#head)"/>'
    )


def bracket(y: float, depth: float, color: str) -> str:
    """Span all steps; with a positive depth, the ends point down."""
    path = f"M136,{y + depth} V{y} H716 V{y + depth}"
    return f'<path d="{path}" fill="none" stroke="{color}" stroke-width="2"/>'


def pipeline() -> str:
    parts = [
        '<defs><marker id="head" markerWidth="9" markerHeight="8" refX="8" refY="4" orient="auto">'
        f'<path d="M0,0 L9,4 L0,8 z" fill="{INK}"/></marker></defs>',
        text(426, 20, "fit: training rows only; each step learns what is written below it", ORANGE),
        bracket(33, 12, ORANGE),
        text(426, 320, "transform, predict: any rows, even a single one; nothing is learned", BLUE),
        bracket(295, -12, BLUE),
        box(4, 88, MIDDLE, 192, GRAY),
        *lines(48, MIDDLE, ("table",)),
        *lines(48, HIGH, ("9", "numbers")),
        *lines(48, LOW, ("4", "words")),
        arrow(94, HIGH, 132, HIGH),
        arrow(94, LOW, 132, LOW),
        arrow(294, HIGH, 324, HIGH),
        arrow(482, HIGH, 512, HIGH),
        arrow(482, LOW, 512, LOW),
        box(516, 66, MIDDLE, 192, GRAY),
        *lines(549, MIDDLE, ("side", "by", "side")),
        arrow(584, MIDDLE, 622, MIDDLE),
    ]
    for left, width, middle, words, learned in STEPS.values():
        centre = left + width / 2
        parts += [box(left, width, middle, BOX, BLUE), *lines(centre, middle, words)]
        parts.append(text(centre, middle + BOX / 2 + 22, learned, ORANGE))
    title = "A pipeline: numbers and words take their own steps, and meet before the model"
    return picture(title, HEIGHT, parts)


def strip(y: float, test: tuple[int, ...]) -> list[str]:
    """Draw a row of squares, orange in the test set; a white dot marks the rare class."""
    parts = []
    for row, customer in enumerate(CUSTOMERS):
        x = 125 + CELL * row
        color = ORANGE if row in test else BLUE
        parts.append(f'<rect x="{x - 7}" y="{y - 7}" width="14" height="14" fill="{color}"/>')
        if customer in RARE:
            parts.append(f'<circle cx="{x}" cy="{y}" r="3" fill="{PAPER}"/>')
    return parts


def splits() -> str:
    parts = [text(105, 30, "customer", anchor="end")]
    parts += [text(125 + CELL * row, 30, name) for row, name in enumerate(CUSTOMERS)]
    for number, (name, test) in enumerate(SPLITS.items()):
        y = 64 + 38 * number
        parts += [text(105, y + 6, name, anchor="end"), *strip(y, test)]
    parts.append(text(125 + CELL * 15.5, 218, "row, by date (orange: test)"))
    return picture("Which rows of a table four splits put into the test set", 230, parts)


def picture(title: str, height: int, parts: list[str]) -> str:
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" role="img" font-family="sans-serif" font-size="18">'
    )
    paper = f'<rect width="{WIDTH}" height="{height}" fill="{PAPER}"/>'
    return "\n".join([opening, f"<title>{title}</title>", paper, *parts, "</svg>", ""])


if __name__ == "__main__":
    for drawing in (pipeline, splits):
        path = Path(__file__).with_name(f"{drawing.__name__}.svg")
        path.write_text(drawing(), encoding="utf-8")
