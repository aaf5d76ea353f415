"""Draws the SVG figure of this folder: `python draw.py`. Only the standard library is used."""

from pathlib import Path

INK, PAPER, LINE = "#222222", "#FFFFFF", "#555555"
BLUE, YELLOW, GREY = "#BFE0F2", "#FCE7BF", "#EEEEEE"
WIDTH, HEIGHT, TALL = 760, 300, 46


def text(x, y, words, size=14, anchor="middle"):
    return f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}">{words}</text>'


def box(x, y, width, words, fill):
    shape = f'<rect x="{x}" y="{y}" width="{width}" height="{TALL}" rx="5" fill="{fill}"'
    return shape + f' stroke="{LINE}"/>' + text(x + width / 2, y + 28, words)


def arrow(points):
    path = " L ".join(f"{x} {y}" for x, y in points)
    return f'<path d="M {path}" fill="none" stroke="{LINE}" marker-end="url(#head)"/>'


def main():
    description = "The way of a question through the service, and what its log and metrics are for"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'role="img" font-family="sans-serif" fill="{INK}">',
        f"<title>{description}</title>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
        f'markerHeight="8" orient="auto"><path d="M 0 0 L 8 4 L 0 8 z" fill="{LINE}"/></marker>'
        "</defs>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>',
        f'<rect x="125" y="20" width="520" height="130" rx="8" fill="none" stroke="{LINE}" '
        'stroke-dasharray="5 4"/>',
        text(385, 40, "the service", 13),
        box(10, 65, 85, "client", GREY),
        box(665, 65, 85, "answer", GREY),
    ]
    row = (("schema", 140), ("features", 270), ("queue", 400), ("model", 530))
    parts += [box(x, 65, 100, words, BLUE) for words, x in row]
    ends = [95, 240, 370, 500, 630]
    starts = [140, 270, 400, 530, 665]
    parts += [arrow([(a, 88), (b, 88)]) for a, b in zip(ends, starts, strict=True)]
    parts += [text(190, 135, "wrong: 422", 12), text(450, 135, "full: 503", 12)]
    parts += [text(515, 80, "batch", 11)]
    parts += [
        arrow([(320, 150), (320, 185)]),
        box(255, 187, 130, "log: each question", YELLOW),
        arrow([(580, 150), (580, 185)]),
        box(515, 187, 130, "metrics: counts", YELLOW),
        text(320, 258, "replay: skew · inputs: drift", 13),
        text(320, 278, "with labels, a week later: errors", 13),
        text(580, 258, "latency, failures,", 13),
        text(580, 278, "calls: alarms", 13),
    ]
    path = Path(__file__).parent / "service.svg"
    path.write_text("\n".join([*parts, "</svg>", ""]))


if __name__ == "__main__":
    main()
