"""Draws the SVG figure of this folder: `python draw.py`. Only the standard library is used."""

from pathlib import Path

BLUE, ORANGE, INK, PAPER = "#0072B2", "#D55E00", "#222222", "#FFFFFF"
WIDTH, HEIGHT = 860, 230
TOP, BOX = 60, (96, 56)  # of the boxes, in pixels
STEP = 176  # from one box to the next
BOXES = ("traces X", "linear 1", "ReLU", "linear 2", "loss")
SHAPES = ("(N, 40)", "(N, H)", "(N, H)", "(N, 10)")
BACK = ("", "∂L/∂Z₁", "∂L/∂A", "∂L/∂Z₂")
DOWN = {1: "∂L/∂W₁, ∂L/∂b₁", 3: "∂L/∂W₂, ∂L/∂b₂"}


def text(x: float, y: float, words: str, color: str = INK) -> str:
    return f'<text x="{x}" y="{y}" fill="{color}" text-anchor="middle">{words}</text>'


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


def backward() -> str:
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" role="img" font-family="sans-serif" font-size="15">',
        "<title>The walk forward and back through a network with one hidden layer</title>",
        f"<defs>{head('forward', INK)}{head('back', ORANGE)}</defs>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>',
    ]
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
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    Path(__file__).with_name("backward.svg").write_text(backward(), encoding="utf-8")
