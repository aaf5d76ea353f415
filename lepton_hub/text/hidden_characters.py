"""Characters that nobody sees, but that hide others, turn words around or tell two names apart."""

from __future__ import annotations

import re
from collections.abc import Iterator


def _hidden() -> Iterator[int]:
    yield from range(0x202A, 0x202F)  # embeddings and overrides of the direction of writing
    yield from range(0x2066, 0x2070)  # isolates, and marks that Unicode has given up
    yield from range(0x2060, 0x2066)  # joiners and operators without a width
    yield from range(0xFFF9, 0xFFFC)  # annotations
    yield from range(0xE0000, 0xE0080)  # tags
    yield from (0x00AD, 0x200B, 0xFEFF, 0x180E)  # soft hyphen, spaces without a width
    yield from (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0)  # fillers


_SHOWN = {code: f"[U+{code:04X}]" for code in _hidden()}
_HIDDEN = re.compile(f"[{''.join(map(chr, _SHOWN))}]")
_IN_A_LINE = re.compile(
    "[\u200e\u200f\u061c]|(?<![^\0-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\0-\x7f])"
)
"""Marks of the direction; joiners where no script and no picture needs them."""


def shown(text: str) -> str:
    r"""Return a text in which what is hidden is seen.

    >>> shown("a\u202eb")
    'a[U+202E]b'

    What Persian, Hindi, Hebrew and pictures of several parts need stays: joiners, and marks of the
    direction that turn no letters around.
    """
    return text if text.isascii() else text.translate(_SHOWN)


def check_line(text: str) -> str:
    """Return one line, such as a title, if nothing in it is hidden. Raises ValueError."""
    if not text.isascii():
        found = _HIDDEN.search(text) or _IN_A_LINE.search(text)
        if found:
            raise ValueError(
                f"it contains an invisible character, U+{ord(found[0]):04X}: remove it, or retype "
                "the words"
            )
    return text
