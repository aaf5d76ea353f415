"""Draws the SVG figures of this folder: `python draw.py`. Only the standard library is used."""

from pathlib import Path

BLUE, ORANGE, INK, PAPER = "#0072B2", "#E69F00", "#222222", "#FFFFFF"
SIDE = 36  # pixels of one square


class Drawing:
    """An SVG picture that grows by squares, texts and arrows."""

    def __init__(self, width, height, description):
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" role="img" font-family="sans-serif" font-size="15" fill="{INK}">',
            f"<title>{description}</title>",
            f'<rect width="{width}" height="{height}" fill="{PAPER}"/>',
        ]

    def text(self, x, y, words, size=15, color=INK, anchor="middle"):
        self.parts.append(
            f'<text x="{x}" y="{y}" font-size="{size}" fill="{color}" '
            f'text-anchor="{anchor}">{words}</text>'
        )

    def grid(self, x, y, rows, fill=lambda i, j: PAPER, dashed=lambda i, j: False):
        for i, row in enumerate(rows):
            for j, value in enumerate(row):
                left, top = x + j * SIDE, y + i * SIDE
                dash = ' stroke-dasharray="4 3"' if dashed(i, j) else ""
                self.parts.append(
                    f'<rect x="{left}" y="{top}" width="{SIDE}" height="{SIDE}" '
                    f'fill="{fill(i, j)}" stroke="#888888"{dash}/>'
                )
                self.text(left + SIDE / 2, top + SIDE / 2 + 5, value)

    def frame(self, x, y, rows, columns, color):
        self.parts.append(
            f'<rect x="{x}" y="{y}" width="{columns * SIDE}" height="{rows * SIDE}" '
            f'fill="none" stroke="{color}" stroke-width="4"/>'
        )

    def box(self, x, y, width, height, words, fill=PAPER):
        self.parts.append(
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="4" '
            f'fill="{fill}" stroke="#888888"/>'
        )
        self.text(x + width / 2, y + height / 2 + 4, words, 12)

    def shortcut(self, x, top, bottom):
        """A line past the boxes from `bottom` to `top`, with a plus sign where it is added."""
        self.parts.append(
            f'<path d="M {x - 14} {bottom} H {x} V {top} H {x - 14}" fill="none" '
            f'stroke="{ORANGE}" stroke-width="3"/>'
        )
        self.text(x + 10, (top + bottom) / 2 + 5, "+", 20, ORANGE)

    def save(self, name):
        path = Path(__file__).parent / name
        path.write_text("\n".join([*self.parts, "</svg>", ""]))


def correlate(image, kernel):
    """The valid cross-correlation of two lists of lists."""
    k = len(kernel)
    places = range(len(image) - k + 1)
    return [
        [
            sum(kernel[a][b] * image[i + a][j + b] for a in range(k) for b in range(k))
            for j in places
        ]
        for i in places
    ]


def sliding_window():
    image = [[0, 0, 9, 9, 9]] * 3 + [[0, 0, 0, 9, 9]] * 2
    kernel = [[-1, 0, 1]] * 3
    output = correlate(image, kernel)
    drawing = Drawing(640, 250, "A 3 by 3 kernel on a 5 by 5 image")
    drawing.text(100, 24, "image, 5 × 5")
    drawing.grid(10, 36, image, lambda i, j: "#FCE7BF" if i < 3 and j < 3 else PAPER)
    drawing.frame(10, 36, 3, 3, ORANGE)
    drawing.text(228, 130, "×", 26)
    drawing.text(314, 60, "kernel, 3 × 3")
    drawing.grid(260, 72, kernel)
    drawing.text(402, 130, "→", 26)
    drawing.text(494, 60, "output, 3 × 3")
    drawing.grid(440, 72, output, lambda i, j: "#BFE0F2" if i == j == 0 else PAPER)
    drawing.frame(440, 72, 1, 1, BLUE)
    drawing.text(440, 214, "first row of the window: 0·(−1) + 0·0 + 9·1 = 9", 13, anchor="middle")
    drawing.text(440, 234, "three such rows: 9 + 9 + 9 = 27", 13, anchor="middle")
    drawing.save("sliding_window.svg")


def padding_and_stride():
    drawing = Drawing(640, 330, "A 5 by 5 image with a frame of zeros and a window in steps of two")
    framed = [[0 if i in (0, 6) or j in (0, 6) else "" for j in range(7)] for i in range(7)]
    edge = lambda i, j: i in (0, 6) or j in (0, 6)  # noqa: E731
    drawing.text(136, 24, "5 × 5 image, padding 1")
    drawing.grid(10, 36, framed, lambda i, j: "#EEEEEE" if edge(i, j) else "#FCE7BF", edge)
    for i in range(3):
        for j in range(3):
            x, y = 10 + (2 * j + 1.5) * SIDE, 36 + (2 * i + 1.5) * SIDE
            drawing.parts.append(f'<circle cx="{x}" cy="{y}" r="6" fill="{BLUE}"/>')
    drawing.frame(10, 36, 3, 3, ORANGE)
    drawing.text(330, 170, "→", 26)
    drawing.text(460, 96, "output, 3 × 3")
    drawing.grid(406, 108, [[""] * 3] * 3, lambda i, j: "#BFE0F2")
    drawing.text(460, 246, "blue dots: the middle of the window", 13)
    drawing.text(460, 266, "at its nine positions, stride 2", 13)
    drawing.save("padding_and_stride.svg")


ARCHITECTURES = {
    "LeNet-5, 1998": (
        ["5 × 5 convolution", "pooling", "5 × 5 convolution", "pooling", "3 linear layers"],
        [],
        "7 layers in all",
    ),
    "ResNet, 2015": (
        ["7 × 7 convolution", "3 × 3 convolution", "3 × 3 convolution", "average", "linear"],
        [(1, 2)],
        "18 to 152 layers",
    ),
    "ConvNeXt, 2022": (
        ["4 × 4 patches", "7 × 7 depthwise", "1 × 1, 1 × 1", "average", "linear"],
        [(1, 2)],
        "convolution mixes positions",
    ),
    "ViT, 2020": (
        ["16 × 16 patches", "attention", "2 linear layers", "one token", "linear"],
        [(1, 1), (2, 2)],
        "attention mixes positions",
    ),
}
"""By name: boxes from the input up, first and last box inside each shortcut, a remark."""


def architectures():
    drawing = Drawing(720, 330, "LeNet-5, ResNet, ConvNeXt and vision transformer, side by side")
    for column, (name, (boxes, shortcuts, remark)) in enumerate(ARCHITECTURES.items()):
        left = 14 + 178 * column
        drawing.text(left + 66, 24, name, 15)
        for place, words in enumerate(boxes):
            inside = any(first <= place <= last for first, last in shortcuts)
            drawing.box(left, 250 - 50 * place, 132, 32, words, "#FCE7BF" if inside else "#BFE0F2")
        for first, last in shortcuts:
            bottom = 250 - 50 * first + 40
            drawing.shortcut(left + 146, bottom - 50 * (last - first + 1) + 6, bottom)
        drawing.text(left + 66, 306, remark, 12)
    drawing.text(360, 324, "yellow: repeated many times; orange line: the shortcut past them", 11)
    drawing.save("architectures.svg")


if __name__ == "__main__":
    sliding_window()
    padding_and_stride()
    architectures()
