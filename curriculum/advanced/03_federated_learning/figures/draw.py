"""Draws the SVG figure of this folder: `python draw.py`. Only the standard library is used."""

from pathlib import Path

BLUE, ORANGE, INK, PAPER, GREY = "#00609A", "#B34700", "#222222", "#FFFFFF", "#888888"
WIDTH, HEIGHT = 480, 350
ROW = 6  # height of a drawn row, with the gap to the next
HOSPITALS = (("hospital 1", 400), ("hospital 2", 150), ("hospital 3", 50))


def text(x, y, words, size=15, color=INK, weight="normal"):
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="middle" font-weight="{weight}" '
        f'fill="{color}">{words}</text>'
    )


def box(x, y, width, height):
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" fill="{PAPER}" '
        f'stroke="{GREY}" stroke-width="1.5"/>'
    )


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


def marker(name, color):
    return (
        f'<marker id="{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="6" '
        f'markerHeight="6" orient="auto"><path d="M0 0L10 5L0 10z" fill="{color}"/></marker>'
    )


def main():
    description = "One round: weights go down to the hospitals, trained weights come back up"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'role="img" font-family="sans-serif" fill="{INK}">',
        f"<title>{description}</title>",
        f"<defs>{marker('down', BLUE)}{marker('up', ORANGE)}</defs>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="8" fill="{PAPER}"/>',
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
    path = Path(__file__).parent / "round.svg"
    path.write_text("\n".join([*parts, "</svg>", ""]))


if __name__ == "__main__":
    main()
