"""Draws the SVG figures of this folder: `python draw.py`. Only the standard library is used."""

from pathlib import Path

INK, GRAY, PAPER = "#222222", "#999999", "#FFFFFF"
TRAIN, TEST, UNUSED = "#CCE3F0", "#D55E00", "#FFFFFF"
INNER, LOCKED = "#009E73", "#555555"

ROWS = 24
SIZE, STEP = 21, 24  # of a square, and from one to the next, in pixels
LEFT = 120  # of the first square
CUSTOMERS = "CAFBEHADGCBFEGHDABHCFGED"  # eight customers, three applications each
SHUFFLED = (3, 0, 4, 1, 2, 0, 3, 2, 4, 1, 0, 2, 1, 4, 3, 2, 0, 1, 3, 4, 1, 0, 3, 2)
FOLD_OF = {"A": 0, "B": 3, "C": 1, "D": 4, "E": 2, "F": 0, "G": 1, "H": 2}


def picture(height: int, title: str, parts: list[str]) -> str:
    """Return an SVG picture on white paper, which dark pages show as a card."""
    width = LEFT + ROWS * STEP + 17
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" role="img" font-family="sans-serif" font-size="17">'
    )
    paper = f'<rect width="{width}" height="{height}" fill="{PAPER}"/>'
    return "\n".join([opening, f"<title>{title}</title>", paper, *parts, "</svg>", ""])


def text(x: float, y: float, words: str, anchor: str = "start", bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x}" y="{y}" fill="{INK}" text-anchor="{anchor}"{weight}>{words}</text>'


def square(x: float, y: float, fill: str, letter: str = "") -> str:
    edge = GRAY if fill in (TRAIN, UNUSED) else fill
    box = f'<rect x="{x}" y="{y}" width="{SIZE}" height="{SIZE}" fill="{fill}" stroke="{edge}"/>'
    if not letter:
        return box
    ink = INK if fill in (TRAIN, UNUSED) else PAPER
    return box + (
        f'<text x="{x + SIZE / 2}" y="{y + 16}" fill="{ink}" font-size="15" '
        f'text-anchor="middle">{letter}</text>'
    )


def strip(y: float, name: str, fills: list[str], letters: str = "") -> list[str]:
    """Draw one round: its name, and a square for each row."""
    parts = [text(LEFT - 12, y + 16, name, "end")]
    for place, fill in enumerate(fills):
        letter = letters[place] if letters else ""
        parts.append(square(LEFT + place * STEP, y, fill, letter))
    return parts


def legend(y: float, entries: tuple[tuple[str, str], ...], gap: int) -> list[str]:
    parts = []
    for place, (fill, words) in enumerate(entries):
        x = LEFT + place * gap
        parts += [square(x, y, fill), text(x + SIZE + 7, y + 16, words)]
    return parts


def by_time(number: int) -> list[str]:
    """Return the colours of a round: earlier blocks train, the next one tests."""
    blocks = [place // 4 for place in range(ROWS)]
    return [TRAIN if b <= number else TEST if b == number + 1 else UNUSED for b in blocks]


def folds() -> str:
    by_row = [[TEST if fold == r else TRAIN for fold in SHUFFLED] for r in range(5)]
    grouped = [[TEST if FOLD_OF[c] == r else TRAIN for c in CUSTOMERS] for r in range(5)]
    panels = (
        ("k-fold: rows dealt at random", by_row, CUSTOMERS),
        ("by customer: all rows of a customer together", grouped, CUSTOMERS),
        ("by time: test after training", [by_time(r) for r in range(5)], ""),
    )
    parts = []
    y = 12
    for title, rounds, letters in panels:
        parts.append(text(LEFT, y + 14, title, bold=True))
        y += 24
        for number, fills in enumerate(rounds):
            parts += strip(y, f"round {number + 1}", fills, letters)
            y += STEP
        y += 22
    entries = ((TRAIN, "training"), (TEST, "test"), (UNUSED, "not used"))
    parts += legend(y - 4, entries, 150)
    return picture(y + 30, "Three ways to cut the same rows into folds", parts)


def nested() -> str:
    outer = [place // 5 if place < 20 else 4 for place in range(ROWS)]
    parts = [text(LEFT, 26, "outer folds: judge the whole search", bold=True)]
    y = 36
    for number in range(5):
        fills = [TEST if fold == number else TRAIN for fold in outer]
        parts += strip(y, f"round {number + 1}", fills)
        y += STEP
    y += 22
    parts.append(text(LEFT, y + 14, "inside round 2: search without the test rows", bold=True))
    y += 24
    for number, fold in enumerate((0, 2, 3, 4)):
        fills = [LOCKED if f == 1 else INNER if f == fold else TRAIN for f in outer]
        parts += strip(y, f"search {number + 1}", fills)
        y += STEP
    y += 16
    parts += legend(y, ((TRAIN, "training"), (INNER, "chooses the setting")), 150)
    y += STEP + 6
    parts += legend(y, ((TEST, "test"), (LOCKED, "locked away during the search")), 150)
    return picture(y + 34, "Nested cross-validation: a search inside each round", parts)


if __name__ == "__main__":
    for draw in (folds, nested):
        Path(__file__).with_name(f"{draw.__name__}.svg").write_text(draw(), encoding="utf-8")
