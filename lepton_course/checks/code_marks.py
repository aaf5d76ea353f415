"""Set code in sentences as code: between backticks where there are none, and as HTML."""

from __future__ import annotations

import re
from html import escape

_NESTED = r"[^()\[\]]*(?:[(\[][^()\[\]]*[)\]][^()\[\]]*)*"
_NAME = r"[A-Za-z_]\w*"
_TAIL = rf"(?:\.{_NAME}|\({_NESTED}\)|\[{_NESTED}\])"
_WORDS = (
    "a|an|and|as|at|beside|but|by|e|eg|except|for|from|has|if|in|into|is|it|its|no|not|of|off|on|"
    "one|or|out|over|so|than|that|the|then|this|times|to|under|until|was|with|without"
)
_PLAIN = rf"(?!(?:{_WORDS})\b){_NAME}(?!')"
_NUMBER = r"\d[\d_]*(?:\.\d+)?(?:e-?\d+)?"
_GROUP = rf"\({_NESTED}\){_TAIL}*"
_METHOD = rf"(?<!\w)\.[a-z_]\w*{_TAIL}*"
_TOKEN = rf"""(?:[-~]?(?:{_PLAIN}{_TAIL}*|{_NUMBER}|{_METHOD}|{_GROUP}|"[^"]*"))"""
_OPERATOR = r" ?(?://|\*\*|\*|@|%|==|!=|>=|<=|/|(?<= )[-+<>=](?= )) ?"
_CODE = re.compile(rf"(?<![\w`.]){_TOKEN}(?:{_OPERATOR}{_TOKEN})*")

_ABBREVIATION = re.compile(r"(?:e\.g|i\.e|a\.m|p\.m)\b")
_PLURAL = re.compile(r"[A-Za-z]+\((?:s|es|n)\)")


def mark_code(text: str) -> str:
    """Return the text with calls, subscripts, dotted and underscored names, and formulas marked.

    >>> mark_code("np.where fills the gaps; then subtract x.mean(axis=0).")
    '`np.where` fills the gaps; then subtract `x.mean(axis=0)`.'

    A text with backticks of its own, or of several lines, is returned as it is.
    """
    if "`" in text or "\n" in text:
        return text
    return _CODE.sub(lambda found: f"`{found[0]}`" if _is_code(found[0]) else found[0], text)


def _is_code(found: str) -> bool:
    if _ABBREVIATION.match(found) or _PLURAL.fullmatch(found):
        return False
    if not re.search(r"[A-Za-z]", found) or re.fullmatch(rf"\({_NESTED}\)", found):
        return False
    is_formula = re.search(rf"[\w)\]]{_OPERATOR}[\w(.\"]", found) is not None
    is_named = re.search(r"\w\.[A-Za-z_]|\w_\w|[\w\])][(\[]|^\.", found) is not None
    return is_formula or is_named


def text_to_html(text: str) -> str:
    """Convert a text that may hold `code` to HTML."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", escape(text))
