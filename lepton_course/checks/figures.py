"""Draw the failing case: a table with its wrong cells marked, images, or two curves.

Each exhibit is HTML without colours that a light or dark theme would hide, and says the same in
words for screen readers and terminals.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from html import escape

import numpy as np

from lepton_course.checks.messages import describe, place_in_words
from lepton_course.exercises.compare import Differences
from lepton_course.exercises.differences import Difference, WrongElements, WrongItems
from lepton_course.exercises.model import Question
from lepton_course.exercises.probes import Observation
from lepton_course.exercises.values import Plain, is_tensor

MARK = "#D55E00"  # vermilion and blue of Okabe and Ito: at least 3:1 on white and on dark grey
OTHER = "#0072B2"

MAX_ROWS, MAX_COLUMNS = 8, 10
"""Size of the largest table. A larger matrix is drawn as an image, a longer vector as a curve."""


@dataclass(frozen=True)
class Exhibit:
    """A small figure as HTML, and its content in words."""

    html: str
    text: str


@dataclass(frozen=True)
class _Spot:
    """The first array in which an answer went wrong; `where` is its path inside the result."""

    value: np.ndarray
    expected: np.ndarray
    wrong: np.ndarray
    where: str


def exhibit(
    question: Question,
    case: int,
    observed: Observation,
    differences: Differences,
    reveal: bool = False,
) -> Exhibit | None:
    """Draw the learner's result for a case; return None where words say as much.

    differences: between the observation and the expected one.
    reveal: show the expected values beside the learner's. Without it, only curves show them.
    """
    found = next((d for d in differences if isinstance(d, WrongElements | WrongItems)), None)
    spot = _spot(question, case, observed, found) if found else None
    if spot is None:
        return None
    flat, place = _first_wrong_slice(spot)
    caption = ", ".join(filter(None, (spot.where, place, where_wrong(flat.wrong))))
    if flat.value.ndim == 1:
        is_long = flat.value.size > MAX_COLUMNS
        return _curves(flat, caption) if is_long else _tables(flat, caption, reveal)
    if flat.value.shape[0] > MAX_ROWS or flat.value.shape[1] > MAX_COLUMNS:
        before = _image_before(question, case, flat.value.shape)
        return _images(flat, caption, before, reveal)
    return _tables(flat, caption, reveal)


def where_wrong(wrong: np.ndarray) -> str:
    """Describe in words which cells of a vector or matrix are True in `wrong`."""
    count, size = int(wrong.sum()), wrong.size
    if count == size:
        every = "both values differ" if size == 2 else f"all {size} values differ"
        return every if size > 1 else "the value differs"
    said = f"{count} of {size} values differ"
    if wrong.ndim == 1:
        return f"{said}, at {_span(np.flatnonzero(wrong))}"
    inside = wrong[1:-1, 1:-1]
    if min(wrong.shape) > 2 and not inside.any() and count == size - inside.size:
        return f"{said}: exactly the outermost rows and columns"
    rows, columns = np.flatnonzero(wrong.any(axis=1)), np.flatnonzero(wrong.any(axis=0))
    return f"{said}, in {_lines('row', rows)}, {_lines('column', columns)}"


def _lines(word: str, indices: np.ndarray) -> str:
    return f"{word}{'s' if len(indices) > 1 else ''} {_span(indices)}"


def _span(indices: np.ndarray) -> str:
    first, last = int(indices[0]), int(indices[-1])
    if first == last:
        return str(first)
    if len(indices) <= 4:
        return ", ".join(str(int(i)) for i in indices)
    every = "" if len(indices) == last - first + 1 else f" ({len(indices)} of them)"
    return f"{first} to {last}{every}"


def _spot(
    question: Question, case: int, observed: Observation, difference: WrongElements | WrongItems
) -> _Spot | None:
    """Return the array that differs, or None for single values and non-numbers."""
    a = _array(_value_at(observed, difference))
    b = _array(_value_at(question.expected[case], difference))
    if a is None or b is None or b.size < 2 or not {a.dtype.kind, b.dtype.kind} <= set("biuf"):
        return None
    aspect = "" if difference.aspect in ("result", "output") else difference.aspect
    where = f"{aspect} {place_in_words(difference.where, question.returns)}".strip()
    return _Spot(a.astype(float), b.astype(float), np.asarray(difference.mask), where)


def _value_at(observed: Observation, difference: Difference) -> Plain:
    value = observed.seen[difference.aspect]
    for step in difference.where:
        value = value[step]
    return value


def _are_numbers(value: Plain) -> bool:
    return len(value) > 1 and all(type(item) in (int, float) for item in value)


def _array(value: Plain) -> np.ndarray | None:
    if isinstance(value, np.ndarray):
        return value
    if is_tensor(value):
        return value.numpy()
    if isinstance(value, (list, tuple)) and _are_numbers(value):
        return np.asarray(value, dtype=float)
    return None


def _first_wrong_slice(spot: _Spot) -> tuple[_Spot, str]:
    """Return the first vector or matrix with a wrong cell, and its place in the array."""
    lead = spot.value.ndim - 2
    if lead <= 0:
        return spot, ""
    index = tuple(int(i) for i in np.argwhere(spot.wrong)[0][:lead])
    part = _Spot(spot.value[index], spot.expected[index], spot.wrong[index], spot.where)
    return part, f"at [{', '.join(map(str, index))}, :, :]"


def _image_before(question: Question, case: int, shape: tuple[int, ...]) -> np.ndarray | None:
    """Return the case's first input that is itself an image: two-dimensional and not tiny."""
    inputs = [*question.cases[case].args, *question.cases[case].kwargs.values()]
    for value in [*inputs, question.cases[case].x]:
        array = _array(value) if value is not None else None
        if array is not None and array.ndim >= 2 and min(array.shape[-2:]) > MAX_ROWS:
            return array.reshape(-1, *array.shape[-2:])[0].astype(float)
    return None


def _tables(spot: _Spot, caption: str, reveal: bool) -> Exhibit:
    value, expected, wrong = (np.atleast_2d(a) for a in (spot.value, spot.expected, spot.wrong))
    parts = [("yours", _table(value, wrong), _text_table(value, wrong))]
    if reveal:
        none = np.zeros_like(wrong)
        parts.append(("expected", _table(expected, none), _text_table(expected, none)))
    html = "".join(_figure(name, table) for name, table, _ in parts)
    text = "\n".join(f"{name}:\n{table}" for name, _, table in parts)
    return Exhibit(_row(html, caption), f"{caption} (marked ✗)\n{text}")


def _table(values: np.ndarray, wrong: np.ndarray) -> str:
    rows = "".join(
        "<tr>" + "".join(_cell(v, w) for v, w in zip(*row, strict=True)) + "</tr>"
        for row in zip(values, wrong, strict=True)
    )
    style = "border-collapse:collapse;margin:0;font-variant-numeric:tabular-nums"
    return f'<table style="{style}">{rows}</table>'


def _cell(value: float, wrong: bool) -> str:
    style = "text-align:right;padding:2px 7px;border:1px solid rgba(128,128,128,.45)"
    if wrong:
        style += f";box-shadow:inset 0 0 0 2px {MARK};font-weight:bold"
    sign = '<span aria-label="wrong"> ✗</span>' if wrong else ""
    return f'<td style="{style}">{escape(_number(value))}{sign}</td>'


def _number(value: float) -> str:
    return describe(float(f"{value:.4g}") + 0.0)  # -0.0 becomes 0.0


def _text_table(values: np.ndarray, wrong: np.ndarray) -> str:
    cells = [
        [_number(v) + ("✗" if w else " ") for v, w in zip(*row, strict=True)]
        for row in zip(values, wrong, strict=True)
    ]
    width = max(len(cell) for row in cells for cell in row)
    return "\n".join("  " + " ".join(cell.rjust(width) for cell in row) for row in cells)


def _images(spot: _Spot, caption: str, before: np.ndarray | None, reveal: bool) -> Exhibit:
    shown = [spot.value, spot.expected] if reveal else [spot.value]
    finite = np.concatenate([a[np.isfinite(a)] for a in shown]) if shown else np.zeros(1)
    span = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    parts = []
    if before is not None:
        parts.append(("input", _image(before, "the input", None, None)))
    parts.append(("yours", _image(spot.value, "your result", span, None)))
    marked = _image(spot.value, f"your result; {caption}", span, spot.wrong)
    parts.append(("wrong places", marked))
    if reveal:
        parts.append(("expected", _image(spot.expected, "the expected result", span, None)))
    return Exhibit(_row("".join(_figure(*part) for part in parts), caption), caption)


def _image(
    array: np.ndarray, alt: str, span: tuple[float, float] | None, wrong: np.ndarray | None
) -> str:
    """Draw a matrix as a grey picture, black its lowest value, with wrong cells in vermilion."""
    from matplotlib.image import imsave

    array = np.atleast_2d(np.nan_to_num(array.astype(float)))
    low, high = span or (float(array.min()), float(array.max()))
    grey = np.clip((array - low) / ((high - low) or 1.0), 0, 1)
    colours = np.repeat(grey[..., None], 3, axis=2)
    if wrong is not None:
        rgb = np.array([int(MARK[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        colours = 0.35 * colours
        colours[np.atleast_2d(wrong)] = rgb
    with io.BytesIO() as file:
        imsave(file, colours, format="png")
        data = base64.b64encode(file.getvalue()).decode()
    height, width = array.shape
    scale = max(1, 128 // max(height, width))
    size = f'width="{min(width * scale, 256)}" style="image-rendering:pixelated"'
    return f'<img alt="{escape(alt)}" src="data:image/png;base64,{data}" {size}>'


def _curves(spot: _Spot, caption: str) -> Exhibit:
    """Draw two curves over the index: the learner's and the expected one."""
    value, expected = (np.nan_to_num(a) for a in (spot.value, spot.expected))
    low, high = min(value.min(), expected.min()), max(value.max(), expected.max())
    lines = "".join(
        f'<polyline points="{_points(curve, low, high)}" fill="none" stroke="{colour}" '
        f'stroke-width="2"{dash}/>'
        for curve, colour, dash in (
            (expected, OTHER, ' stroke-dasharray="6 4"'),
            (value, MARK, ""),
        )
    )
    style = 'fill="currentColor" font-size="12"'
    labels = (
        f'<text x="46" y="18" text-anchor="end" {style}>{high:.3g}</text>'
        f'<text x="46" y="118" text-anchor="end" {style}>{low:.3g}</text>'
        f'<text x="60" y="140" text-anchor="middle" {style}>0</text>'
        f'<text x="192" y="140" text-anchor="middle" {style}>place in the result</text>'
        f'<text x="324" y="140" text-anchor="middle" {style}>{len(value) - 1}</text>'
        f'<path d="M345 30h26" stroke="{MARK}" stroke-width="2"/>'
        f'<text x="376" y="34" {style}>yours</text>'
        f'<path d="M345 50h26" stroke="{OTHER}" stroke-width="2" stroke-dasharray="6 4"/>'
        f'<text x="376" y="54" {style}>expected</text>'
    )
    frame = '<path d="M50 4V124H334" fill="none" stroke="currentColor" stroke-opacity=".5"/>'
    worst = int(np.argmax(np.abs(value - expected)))
    text = (
        f"{caption}; most at {worst}: expected {describe(float(expected[worst]))}, "
        f"got {describe(float(value[worst]))}"
    )
    svg = (
        f'<svg role="img" aria-label="{escape(text)}" viewBox="0 0 440 145" width="440" '
        f'style="max-width:100%;height:auto">{frame}{lines}{labels}</svg>'
    )
    return Exhibit(_row(svg, text), text)


def _points(curve: np.ndarray, low: float, high: float) -> str:
    if len(curve) > 400:  # more points than pixels
        curve = curve[np.linspace(0, len(curve) - 1, 400).astype(int)]
    x = np.linspace(60, 324, len(curve))  # inside the frame, so that no curve lies on it
    y = 114 - 100 * (curve - low) / ((high - low) or 1.0)
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))


def _figure(name: str, content: str) -> str:
    return f'<div style="margin:0 18px 6px 0"><div>{name}</div>{content}</div>'


def _row(content: str, caption: str) -> str:
    return (
        f'<div style="margin:6px 0"><div>{escape(caption)}</div>'
        f'<div style="display:flex;flex-wrap:wrap;overflow-x:auto">{content}</div></div>'
    )
