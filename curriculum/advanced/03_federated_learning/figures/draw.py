"""Draws the SVG figure of this folder: `python draw.py`. Only the standard library is used."""

from pathlib import Path

BLUE, ORANGE, INK, PAPER = "#0072B2", "#D55E00", "#222222", "#FFFFFF"
WIDTH, HEIGHT = 690, 250
HOSPITALS = (("hospital 1", "400 rows"), ("hospital 2", "150 rows"), ("hospital 9", "50 rows"))


def text(x, y, words, size=14, color=INK):
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="middle" '
        f'fill="{color}">{words}</text>'
    )


def box(x, y, width, height):
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" fill="{PAPER}" '
        'stroke="#888888"/>'
    )


def arrow(x1, y1, x2, y2, color):
    return (
        f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{color}" stroke-width="2" '
        f'marker-end="url(#{"down" if color == BLUE else "up"})"/>'
    )


def marker(name, color):
    return (
        f'<marker id="{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" '
        f'markerHeight="7" orient="auto"><path d="M0 0L10 5L0 10z" fill="{color}"/></marker>'
    )


def main():
    description = "One round: weights go down to the hospitals, trained weights come back up"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'role="img" font-family="sans-serif" fill="{INK}">',
        f"<title>{description}</title>",
        f"<defs>{marker('down', BLUE)}{marker('up', ORANGE)}</defs>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>',
        box(245, 12, 200, 48),
        text(345, 33, "server: no rows"),
        text(345, 51, "mean, weighted by rows", 12),
    ]
    for number, (name, rows) in enumerate(HOSPITALS):
        middle = 115 + number * 230
        parts.append(box(middle - 80, 160, 160, 62))
        parts.append(text(middle, 181, name))
        parts.append(text(middle, 199, f"{rows}, which stay", 12))
        parts.append(text(middle, 215, "local steps", 12))
        top = 345 + (number - 1) * 60
        parts.append(arrow(top - 8, 62, middle - 10, 157, BLUE))
        parts.append(arrow(middle + 12, 157, top + 14, 63, ORANGE))
    parts.append(text(90, 92, "1. weights go down", 13, BLUE))
    parts.append(text(600, 92, "2. trained weights come back", 13, ORANGE))
    parts.append(text(460, 195, "…", 20))
    path = Path(__file__).parent / "round.svg"
    path.write_text("\n".join([*parts, "</svg>", ""]))


if __name__ == "__main__":
    main()
