"""Invisible characters, which can hide or reverse text or distinguish equal-looking names."""

from __future__ import annotations

import re
from collections.abc import Iterator


def _hidden() -> Iterator[int]:
    yield from range(0x202A, 0x202F)  # bidirectional embeddings and overrides
    yield from range(0x2066, 0x2070)  # bidirectional isolates, and deprecated format characters
    yield from range(0x2060, 0x2066)  # zero-width joiners and operators
    yield from range(0xFFF9, 0xFFFC)  # annotations
    yield from range(0xE0000, 0xE0080)  # tags
    yield from (0x00AD, 0x200B, 0xFEFF, 0x180E)  # soft hyphen, zero-width spaces
    yield from (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0)  # fillers


_SHOWN = {code: f"[U+{code:04X}]" for code in _hidden()}
_HIDDEN = re.compile(f"[{''.join(map(chr, _SHOWN))}]")
_IN_A_LINE = re.compile(
    "[\u200e\u200f\u061c]|(?<![^\0-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\0-\x7f])"
)
"""Directional marks, and joiners where no script or emoji needs them."""


def shown(text: str) -> str:
    r"""Return a text with hidden characters made visible.

    >>> shown("a\u202eb")
    'a[U+202E]b'

    Joiners and harmless directional marks stay, as Persian, Hindi, Hebrew and composed emoji need
    them.
    """
    return text if text.isascii() else text.translate(_SHOWN)


def check_line(text: str) -> str:
    """Return a line, such as a title, if it has no hidden characters. Raises ValueError."""
    if not text.isascii():
        found = _HIDDEN.search(text) or _IN_A_LINE.search(text)
        if found:
            raise ValueError(
                f"it contains an invisible character, U+{ord(found[0]):04X}: remove it, or retype "
                "the words"
            )
    return text
