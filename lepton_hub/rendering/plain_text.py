"""Strip a passage of Markdown to the text a reader sees.

A passage may begin or end anywhere, so markup closed outside it stays. These are regular
expressions, not a parser: a page of hits has twenty passages, and a parser takes milliseconds for
each. They backtrack, so pass only short passages.
"""

from __future__ import annotations

import re
from html import unescape

LONGEST = 800
"""The maximum length of a passage in characters; longer ones are truncated."""
_DEEPEST = 4
"""The maximum nesting depth of emphasis."""

_FENCE = re.compile(
    r"^[ ]{0,3}(?P<fence>`{3,}|~{3,})[^\n`]*\n(?P<code>.*?)(?:^[ ]{0,3}(?P=fence)[`~]*[ ]*$|\Z)",
    re.MULTILINE | re.DOTALL,
)
_LINES = re.compile(
    r"""
      ^[ ]{0,3} (?: (?:>[ ]?)+ | [-*+][ \t]+(?![-*+][ \t]) )+     # a quotation, a bullet
    | ^[ ]{0,3} \#{1,6} (?:[ \t]+|$)                                # a heading
    | [ \t]+\#+ [ \t]* $                                            # its end
    | ^[ ]{0,3} (?: ([-*_])(?:[ \t]*\1){2,} | =+ | -+ ) [ \t]* $    # a rule, or under a heading
    | ^[ ]{0,3} \|? [ \t]* :?-+:? [ \t]* (?:\|[ \t]*:?-+:?[ \t]*)+ \|? [ \t]* $  # of a table
    """,
    re.MULTILINE | re.VERBOSE,
)
_ROW = re.compile(r"^[ ]{0,3}\|.*$", re.MULTILINE)
_LABEL = r"\[(?P<label>(?:[^\[\]\\]|\\.|\[[^\[\]]*\])*)\]"
_ADDRESS = r"(?:<[^<>\n]*>|(?:[^()\s\\]|\\.|\([^()\s]*\))*)"
_TITLE = r"""(?:\s+(?:"[^"]*"|'[^']*'|\([^()]*\)))?"""
_INSIDE = re.compile(
    r"(?<!`)(?P<ticks>`+)(?!`)(?P<code>.+?)(?<!`)(?P=ticks)(?!`)"
    r"|(?P<formula>\$[^$\n]+\$)"
    r"|\\(?P<escaped>[!-/:-@\[-`{-~])"
    rf"|!?{_LABEL}(?:\(\s*{_ADDRESS}{_TITLE}\s*\)|\[[^\[\]]*\])"
    r"|<(?P<link>(?:https?://|mailto:)[^\s<>]+)>"
    r"|(?P<entity>&\#?\w{1,32};)"
    r"|(?P<stars>\*{1,3})(?=[^\s*])(?P<starred>.+?)(?<=[^\s*])(?P=stars)(?!\*)"
    r"|(?<!\w)(?P<bars>_{1,3})(?=[^\s_])(?P<barred>.+?)(?<=[^\s_])(?P=bars)(?!\w)"
    r"|~~(?=\S)(?P<struck>.+?)(?<=\S)~~",
    re.DOTALL,
)
_WITH_MORE = ("label", "starred", "barred", "struck")


def plain_text(markdown: str) -> str:
    """Return a passage of Markdown as text, at most LONGEST characters of it.

    >>> plain_text("# The **rain** [gauge](https://example.com) of `a_b`")
    'The rain gauge of a_b'
    """
    passage = markdown[:LONGEST]
    pieces = []
    place = 0
    for fence in _FENCE.finditer(passage):
        pieces += [_prose(passage[place : fence.start()]), fence["code"]]
        place = fence.end()
    return "".join([*pieces, _prose(passage[place:])])


def _prose(text: str) -> str:
    bare = _LINES.sub("", text)
    return _without_marks(_ROW.sub(lambda row: row[0].replace("|", " "), bare), 0)


def _without_marks(text: str, depth: int) -> str:
    def read(found: re.Match[str]) -> str:
        if found["entity"]:
            return unescape(found["entity"])
        for name in _WITH_MORE:
            if found[name] is not None:
                return _without_marks(found[name], depth + 1)
        return found["code"] or found["formula"] or found["escaped"] or found["link"]

    return text if depth > _DEEPEST else _INSIDE.sub(read, text)
