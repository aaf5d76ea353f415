"""Draws the SVG figure of this folder: `python draw.py`. Only the standard library is used."""

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
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" role="img" font-family="sans-serif" font-size="18">'
    )
    paper = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>'
    return "\n".join([opening, f"<title>{title}</title>", paper, *parts, "</svg>", ""])


if __name__ == "__main__":
    Path(__file__).with_name("pipeline.svg").write_text(pipeline(), encoding="utf-8")
