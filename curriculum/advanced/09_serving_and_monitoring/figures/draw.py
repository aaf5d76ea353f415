"""Draws the SVG figures of this folder: `python draw.py`. Only the standard library is used."""

from pathlib import Path

INK, PAPER, LINE = "#222222", "#FFFFFF", "#555555"
BLUE, YELLOW, GREY = "#BFE0F2", "#FCE7BF", "#EEEEEE"
WIDTH, HEIGHT, TALL = 760, 300, 46


def text(x, y, words, size=14, anchor="middle"):
    return f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}">{words}</text>'


def box(x, y, width, words, fill):
    shape = f'<rect x="{x}" y="{y}" width="{width}" height="{TALL}" rx="5" fill="{fill}"'
    return shape + f' stroke="{LINE}"/>' + text(x + width / 2, y + 28, words)


def arrow(points, dashed=False):
    path = " L ".join(f"{x} {y}" for x, y in points)
    dash = ' stroke-dasharray="5 4"' if dashed else ""
    return f'<path d="M {path}" fill="none" stroke="{LINE}"{dash} marker-end="url(#head)"/>'


def save(name, description, parts, width=WIDTH, height=HEIGHT):
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'role="img" font-family="sans-serif" fill="{INK}">',
        f"<title>{description}</title>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
        f'markerHeight="8" orient="auto"><path d="M 0 0 L 8 4 L 0 8 z" fill="{LINE}"/></marker>'
        "</defs>",
        f'<rect width="{width}" height="{height}" fill="{PAPER}"/>',
    ]
    path = Path(__file__).parent / f"{name}.svg"
    path.write_text("\n".join([*head, *parts, "</svg>", ""]))


def service():
    parts = [
        '<rect x="125" y="20" width="520" height="130" rx="8" fill="none" '
        f'stroke="{LINE}" stroke-dasharray="5 4"/>',
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
    title = "The way of a question through the service, and what its log and metrics are for"
    save("service", title, parts)


def life():
    top = (("train, export", 20, BLUE), ("service", 290, BLUE), ("log and metrics", 560, BLUE))
    low = (("release in steps", 20, YELLOW), ("retrain", 290, YELLOW), ("watch", 560, YELLOW))
    parts = [box(x, 30, 180, words, fill) for words, x, fill in top]
    parts += [box(x, 150, 180, words, fill) for words, x, fill in low]
    parts += [
        arrow([(200, 53), (290, 53)]),
        arrow([(470, 53), (560, 53)]),
        arrow([(650, 76), (650, 150)]),
        arrow([(560, 173), (470, 173)]),
        arrow([(290, 173), (200, 173)]),
        arrow([(110, 150), (110, 112), (350, 112), (350, 76)]),
        text(245, 46, "package", 12),
        text(515, 46, "answers", 12),
        text(515, 166, "alarm", 12),
        text(245, 166, "gate", 12),
        text(230, 106, "new version", 12),
        text(650, 218, "skew, drift, errors", 12),
        text(380, 218, "a pipeline, a registry", 12),
        text(110, 218, "shadow, canary, rollback", 12),
    ]
    save("life", "The life of a model: serve, watch, renew", parts, height=236)


def pipeline():
    names = ("collect", "check", "train", "evaluate", "register")
    parts = [box(20 + 150 * k, 80, 110, words, BLUE) for k, words in enumerate(names)]
    parts += [arrow([(130 + 150 * k, 103), (170 + 150 * k, 103)]) for k in range(4)]
    parts += [
        arrow([(375, 126), (375, 160), (675, 160), (675, 126)]),
        text(525, 154, "the model", 12),
        arrow([(100, 80), (100, 45), (50, 45), (50, 80)], dashed=True),
        text(75, 36, "connection lost: again", 12),
    ]
    save("pipeline", "The steps of retraining and what each needs", parts, height=180)


def releases():
    parts = []
    for left, name in ((0, "shadow"), (255, "canary"), (510, "rollback")):
        parts += [
            text(left + 125, 24, name, 15),
            box(left + 15, 90, 80, "questions", GREY),
            box(left + 150, 50, 80, "old", BLUE),
            box(left + 150, 130, 80, "new", YELLOW),
            arrow([(left + 95, 108), (left + 150, 76)]),
        ]
    parts += [
        arrow([(95, 118), (150, 150)], dashed=True),
        text(190, 192, "only logged", 12),
        text(190, 114, "answers", 12),
        arrow([(350, 118), (405, 150)]),
        text(445, 114, "nine stations in ten", 12),
        text(445, 192, "one in ten", 12),
        text(700, 114, "all", 12),
        text(700, 192, "none", 12),
    ]
    save("release", "Who gets which version: shadow, canary, rollback", parts, height=205)


if __name__ == "__main__":
    service()
    life()
    pipeline()
    releases()
