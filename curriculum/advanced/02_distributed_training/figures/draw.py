"""Draws the SVG figure of this folder: `python draw.py`. Only the standard library is used."""

from pathlib import Path

BLUE, INK, PAPER, DONE, PART = "#0072B2", "#222222", "#FFFFFF", "#BFE0F2", "#FCE7BF"
SIDE, WORLD = 36, 4  # pixels of one square; ranks, and chunks


def ring(steps):
    """Chunks (rank, chunk) after so many steps; rank r begins with r + 1 in each."""
    table = [[rank + 1] * WORLD for rank in range(WORLD)]
    for step in range(steps):
        sent = [(rank, (rank - step) % WORLD) for rank in range(WORLD)]
        values = [table[rank][chunk] for rank, chunk in sent]
        for (rank, chunk), value in zip(sent, values, strict=True):
            right = (rank + 1) % WORLD
            adding = step < WORLD - 1
            table[right][chunk] = table[right][chunk] + value if adding else value
    return table


def text(x, y, words, size=15, anchor="middle", color=INK):
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" '
        f'fill="{color}">{words}</text>'
    )


def square(x, y, value, own):
    full = WORLD * (WORLD + 1) // 2
    fill = DONE if value == full else PART if value != own else PAPER
    box = f'<rect x="{x}" y="{y}" width="{SIDE}" height="{SIDE}" fill="{fill}" stroke="#888888"/>'
    return box + text(x + SIDE / 2, y + SIDE / 2 + 5, value)


def main():
    description = "Ring all-reduce with four ranks: start, after reduce-scatter, after all-gather"
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 690 250" width="690" role="img" '
        f'font-family="sans-serif" fill="{INK}">',
        f"<title>{description}</title>",
        f'<rect width="690" height="250" fill="{PAPER}"/>',
    ]
    titles = ("at the start", "after reduce-scatter", "after all-gather")
    for panel, (steps, title) in enumerate(zip((0, 3, 6), titles, strict=True)):
        left, top = 70 + panel * 215, 66
        parts.append(text(left + 2 * SIDE, 24, title))
        parts += [text(left + (c + 0.5) * SIDE, 56, c, 12) for c in range(WORLD)]
        for rank, row in enumerate(ring(steps)):
            y = top + rank * SIDE
            if panel == 0:
                parts.append(text(left - 10, y + 23, f"rank {rank}", 13, "end"))
            parts += [square(left + c * SIDE, y, value, rank + 1) for c, value in enumerate(row)]
        if panel:
            parts.append(text(left - 36, 142, "→", 26))
            parts.append(text(left - 36, 162, "3 steps", 11))
    words = "columns: chunks 0 to 3. Blue: the complete sum, 1 + 2 + 3 + 4. Yellow: a part of it"
    parts.append(text(345, 236, words, 13))
    path = Path(__file__).parent / "ring.svg"
    path.write_text("\n".join([*parts, "</svg>", ""]))


if __name__ == "__main__":
    main()
