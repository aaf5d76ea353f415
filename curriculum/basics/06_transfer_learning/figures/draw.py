"""Draws the SVG figure of this folder: `python draw.py`. Only the standard library is used."""

from pathlib import Path

BLUE, ORANGE, INK, GRAY, PAPER = "#0072B2", "#B34E00", "#222222", "#767676", "#FFFFFF"
PALE_BLUE, PALE_ORANGE, PALE_GRAY = "#CCE3F0", "#F9DFC8", "#EAEAEA"

FROZEN, TRAINED, NEW = (PALE_GRAY, GRAY), (PALE_BLUE, BLUE), (PALE_ORANGE, ORANGE)
"""Fill and outline of a part, by what training does to it."""
WITHIN = (PAPER, GRAY)  # a layer drawn inside a frozen block

PARTS = ("head", "block3", "block2", "block1", "stem")  # from the top; a photo enters at the bottom
HEIGHTS = {"head": 34, "block3": 104, "block2": 104, "block1": 34, "stem": 34}
COLUMN, LEFT, WIDTH, GAP, TOP = 176, 30, 98, 22, 66
BOTTOM = TOP + sum(HEIGHTS.values()) + GAP * len(PARTS)
RATES = ("rate 1", "1/2", "1/4", "1/8", "1/16")


def picture(width: int, height: int, title: str, parts: list[str]) -> str:
    """Return an SVG picture on white paper, which dark pages show as a card."""
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" role="img" font-family="sans-serif" font-size="17">'
    )
    paper = f'<rect width="{width}" height="{height}" fill="{PAPER}"/>'
    return "\n".join([opening, f"<title>{title}</title>", paper, *parts, "</svg>", ""])


def text(x: float, y: float, words: str, color: str = INK, anchor: str = "middle", more="") -> str:
    return f'<text x="{x}" y="{y}" fill="{color}" text-anchor="{anchor}"{more}>{words}</text>'


def box(x: float, y: float, width: float, height: float, kind: tuple[str, str]) -> str:
    fill, outline = kind
    dashed = ' stroke-dasharray="5 4"' if kind in (FROZEN, WITHIN) else ""
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="5" fill="{fill}" '
        f'stroke="{outline}" stroke-width="2"{dashed}/>'
    )


def line(x: float, y: float, to_x: float, to_y: float, color: str = INK, width: float = 2) -> str:
    return (
        f'<line x1="{x}" y1="{y}" x2="{to_x}" y2="{to_y}" stroke="{color}" stroke-width="{width}"/>'
    )


def arrow(x: float, y: float, to_y: float) -> str:
    """Draw an arrow upwards."""
    tip = f'<path d="M{x - 4},{to_y + 7} L{x + 4},{to_y + 7} L{x},{to_y} z" fill="{INK}"/>'
    return line(x, y, x, to_y + 6) + tip


def top_of(part: str) -> float:
    """Return the y of the upper edge of this part's box."""
    above = PARTS[: PARTS.index(part)]
    return TOP + sum(HEIGHTS[other] + GAP for other in above)


def stack(left: float, title: str, trained: str, kinds: dict[str, tuple[str, str]]) -> list[str]:
    """Draw a network, `title` above it, and below it how many parameters are trained.

    kinds: fill and outline of each part; a part that is missing here leaves its place free.
    """
    middle = left + WIDTH / 2
    drawn = [text(middle, 30, title, more=' font-weight="bold"')]
    drawn.append(arrow(middle, TOP, TOP - 22))
    for part in PARTS:
        y, height = top_of(part), HEIGHTS[part]
        if part in kinds:
            drawn.append(box(left, y, WIDTH, height, kinds[part]))
            drawn.append(text(middle, y + height / 2 + 6, part))
        drawn.append(arrow(middle, y + height + GAP, y + height))
    drawn.append(text(middle, BOTTOM + 16, "photo"))
    drawn.append(text(middle, BOTTOM + 46, f"{trained} trained", more=' font-weight="bold"'))
    fate = "kept" if kinds["stem"] == FROZEN else "changed"
    drawn.append(text(middle, BOTTOM + 69, f"old network {fate}", more=' font-size="15"'))
    return drawn


def learning_rates(left: float) -> list[str]:
    """Draw a bar beside each part, as long as its learning rate, and the rate."""
    drawn = []
    x = left + WIDTH + 8
    for place, (part, rate) in enumerate(zip(PARTS, RATES, strict=True)):
        y = top_of(part) + HEIGHTS[part] / 2
        color = ORANGE if part == "head" else BLUE
        drawn.append(
            f'<rect x="{x}" y="{y + 4}" width="{40 / 2**place}" height="7" fill="{color}"/>'
        )
        drawn.append(text(x, y - 1, rate, anchor="start", more=' font-size="15"'))
    return drawn


def path(points: list[tuple[float, float]], color: str) -> str:
    """Draw a line through these points."""
    places = " ".join(f"{x},{y}" for x, y in points)
    return f'<polyline points="{places}" fill="none" stroke="{color}" stroke-width="2"/>'


def low_rank(left: float, part: str) -> list[str]:
    """Draw a frozen block opened up: two thin factors beside its convolution, added to it."""
    y, height = top_of(part), HEIGHTS[part]
    middle = left + WIDTH / 2
    conv = y + 58  # the upper edge of the convolution and of both factors
    into_a, out_of_b = left + WIDTH + 2, left + WIDTH + 36
    fork, plus = conv + 38, conv - 14
    layers = ((middle, 66, "conv", WITHIN), (into_a, 22, "A", NEW), (out_of_b, 22, "B", NEW))
    drawn = [
        box(left - 4, y, WIDTH + 56, height, FROZEN),
        text(left + WIDTH + 48, y + 23, part, anchor="end", more=' font-size="15"'),
        line(middle, y + height, middle, y + 7),
        path([(middle, fork), (into_a, fork), (into_a, conv)], ORANGE),
        path([(into_a, conv + 15), (out_of_b, conv + 15)], ORANGE),
        path([(out_of_b, conv), (out_of_b, plus), (middle, plus)], ORANGE),
        f'<circle cx="{middle}" cy="{plus}" r="8" fill="{PAPER}" stroke="{INK}" stroke-width="2"/>',
        line(middle - 5, plus, middle + 5, plus),
        line(middle, plus - 5, middle, plus + 5),
        box(left, y + 6, 92, 24, WITHIN),
        text(left + 46, y + 23, "norm, ReLU", more=' font-size="15"'),
    ]
    for x, width, name, kind in layers:
        drawn.append(box(x - width / 2, conv, width, 30, kind))
        drawn.append(text(x, conv + 21, name))
    return drawn


def ten_outputs(left: float) -> list[str]:
    """Divide the head into six old outputs and four new ones."""
    y, height = top_of("head"), HEIGHTS["head"]
    old, new = 66, 48
    start = left + (WIDTH - old - new) / 2
    return [
        box(start, y, old, height, TRAINED),
        box(start + old, y, new, height, NEW),
        text(start + old / 2, y + 23, "6 old", more=' font-size="15"'),
        text(start + old + new / 2, y + 23, "4 new", more=' font-size="15"'),
        text(start + old + new + 6, y + 23, "head", anchor="start"),
    ]


def legend(y: float) -> list[str]:
    rows = (
        (FROZEN, "frozen, in eval mode"),
        (TRAINED, "pretrained, still trained"),
        (NEW, "new, trained"),
    )
    drawn = []
    for x, (kind, words) in zip((16, 252, 516), rows, strict=True):
        drawn += [box(x, y, 26, 20, kind), text(x + 35, y + 16, words, anchor="start")]
    return drawn


def transfer() -> str:
    blocks = PARTS[1:]
    frozen = {"head": NEW} | dict.fromkeys(blocks, FROZEN)
    moving = dict.fromkeys(blocks, TRAINED)
    lefts = [LEFT + COLUMN * place for place in range(4)]
    drawn = stack(lefts[0], "probe", "388", frozen)
    drawn += stack(lefts[1], "fine-tuning", "79 284", moving | {"head": NEW}) + learning_rates(
        lefts[1]
    )
    opened = {part: kind for part, kind in frozen.items() if part not in ("block3", "block2")}
    drawn += stack(lefts[2], "LoRA", "4484", opened)
    drawn += low_rank(lefts[2], "block3") + low_rank(lefts[2], "block2")
    drawn += stack(lefts[3], "ten classes", "79 866", moving) + ten_outputs(lefts[3])
    title = "One backbone, four ways to reuse it"
    return picture(720, BOTTOM + 124, title, drawn + legend(BOTTOM + 92))


if __name__ == "__main__":
    for draw in (transfer,):
        Path(__file__).with_name(f"{draw.__name__}.svg").write_text(draw(), encoding="utf-8")
