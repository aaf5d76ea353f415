"""The colours of the pages: everything can be read in both themes, as WCAG's level AA asks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lepton_hub.pages import static_files

FOLDER = Path(static_files.__file__).with_name("static")
SHEETS = ("hub.css", "knowledge.css", "graph.css")
TEXT, GRAPHICS = 4.5, 3.0
PAIRS = [
    *((ink, paper, TEXT) for ink in ("ink", "soft", "link") for paper in ("paper", "raised")),
    *((ink, "mark", TEXT) for ink in ("ink", "link", "soft")),
    *((ink, "good", TEXT) for ink in ("ink", "link")),
    *(("bad-ink", paper, TEXT) for paper in ("bad", "paper", "raised")),
    ("ink", "bad", TEXT),
    ("on-main", "main", TEXT),
    ("removed-ink", "removed", TEXT),
    ("added-ink", "added", TEXT),
    *((line, "paper", GRAPHICS) for line in ("focus", "main", "added-ink")),
    *((line, "raised", GRAPHICS) for line in ("focus", "soft")),
    *((kind, "paper", GRAPHICS) for kind in (
        "person", "team", "module", "term", "tag-node", "item", "document", "thread",
    )),
]  # fmt: skip
"""What stands on what, and how much they must differ."""


def colours(is_dark: bool) -> dict[str, str]:
    """Return the colours of a theme by name."""
    found: dict[str, str] = {}
    for name in SHEETS:
        light, _, dark = (FOLDER / name).read_text().partition("(prefers-color-scheme: dark)")
        found |= dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+);", light.partition("\n}")[0]))
        if is_dark:
            found |= dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+);", dark.partition("\n}")[0]))
    return found


def luminance(colour: str) -> float:
    """Return how bright a colour is, from 0 to 1."""
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("is_dark", [False, True])
def test_texts_and_signs_stand_out_from_what_is_behind_them(is_dark):
    known = colours(is_dark)
    found = {(a, b): contrast(known[a], known[b]) for a, b, _ in PAIRS}
    assert {(a, b): found[a, b] for a, b, least in PAIRS if found[a, b] < least} == {}


@pytest.mark.parametrize("is_dark", [False, True])
def test_a_shadow_is_darker_than_what_it_falls_on(is_dark):
    known = colours(is_dark)
    assert luminance(known["shadow"]) < min(luminance(known[name]) for name in ("paper", "raised"))


def test_both_themes_have_all_colours():
    assert colours(True).keys() == colours(False).keys()
    assert not [name for name, colour in colours(True).items() if colour == colours(False)[name]]
