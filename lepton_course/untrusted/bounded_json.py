"""Parse JSON that anybody may have written, within limits on the memory and time that it takes.

A JSON text of `{},{},…` takes thirty times its size in memory once it is parsed. So its values are
counted before, on the bytes, in one pass.
"""

from __future__ import annotations

import json
import re
from typing import Any

# Each alternative consumes what it matches for good, so that no text is looked at twice.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NESTING = re.compile(rb"[^\[\]{}]++")


class TooMuch(ValueError):
    """JSON that would take too much to parse; the message says of what."""


def bounded_json(data: bytes, max_values: int, max_depth: int = 200, errors: str = "strict") -> Any:
    """Return the value of a JSON text in UTF-8, with or without a byte order mark.

    max_values: values in all its lists and objects together. max_depth: lists and objects inside
    each other. errors: what to do with bytes that are not UTF-8, as in `bytes.decode`.

    Raises TooMuch before anything is parsed, and ValueError for what is no JSON.
    """
    if _structure(data) > max_values or _could_nest(data, max_depth):
        bare = _STRING.sub(b"", data)
        if _structure(bare) > max_values:
            raise TooMuch(f"it holds more than {max_values:,} values")
        if _depth(bare, max_depth) > max_depth:
            raise TooMuch(f"it is nested more than {max_depth} levels deep")
    try:
        return json.loads(data.decode("utf-8-sig", errors))
    except RecursionError as error:
        raise TooMuch("it is nested too deeply") from error


def _structure(data: bytes) -> int:
    """Return how many values the text has at most: each follows one of these characters."""
    return sum(data.count(character) for character in (b",", b"[", b"{"))


def _could_nest(data: bytes, depth: int) -> bool:
    return data.count(b"[") + data.count(b"{") > depth


def _depth(bare: bytes, enough: int) -> int:
    """Return how deep lists and objects lie in each other; counting stops beyond `enough`."""
    depth = deepest = 0
    for bracket in _NESTING.sub(b"", bare):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
        if deepest > enough:
            break
    return deepest
