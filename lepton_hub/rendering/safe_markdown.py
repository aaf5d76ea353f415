"""Render untrusted Markdown as safe HTML.

Raw HTML is escaped. Links may lead to web pages, mail addresses and sections; pictures must be the
document's own attachments. Formulas stay TeX, with MathJax's delimiters. The renderer's output is
sanitised once more by bleach. Invisible characters are made visible.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape
from typing import Any
from urllib.parse import quote, unquote

import bleach
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin

from lepton_hub.text import shown

LONGEST_LINE = 20_000
"""In characters. Texts with longer lines are data rather than prose, and are shown as plain text.
"""
DEEPEST = 20

_TAGS = frozenset(
    (
        *("a", "blockquote", "br", "code", "del", "div", "em", "hr", "img", "li", "ol", "p", "pre"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "s", "span", "strong", "ul"),
        *("table", "tbody", "td", "th", "thead", "tr"),
    )
)
_LINK = re.compile(r"(https?://[^/\\@]+([/?#].*)?|mailto:[^?]+|#.*)", re.IGNORECASE)
_NAME = re.compile(r"attachment:([^/\\]+)")
_CLASSES = {"span": {"math inline"}, "div": {"math block"}}
_ALIGN = re.compile(r"text-align:(left|center|right)")


def render_markdown(text: str, attachments: str = "") -> str:
    """Return Markdown as safe HTML.

    attachments: the URL that `attachment:NAME` is relative to; "" for none.
    """
    if max(map(len, text.split("\n")), default=0) > LONGEST_LINE:
        return plain_html(text)
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": DEEPEST})
    parser.enable(["table", "strikethrough"])
    parser.use(dollarmath_plugin, double_inline=True, renderer=_formula)
    parser.validateLink = lambda address: True  # decided below, where it is known what it is for
    tokens = parser.parse(text)
    _each(tokens, lambda token: _restrict(token, attachments))
    return _clean(parser.renderer.render(tokens, parser.options, {}), attachments)


def plain_html(text: str) -> str:
    """Return a text as escaped plain text."""
    return f"<pre>{escape(shown(text))}</pre>\n"


def _formula(tex: str, options: dict[str, Any]) -> str:
    if options.get("display_mode"):
        return rf"\[{escape(tex)}\]"
    return rf"\({escape(tex)}\)"


def _each(tokens: Sequence[Token], work: Callable[[Token], None]) -> None:
    for token in tokens:
        work(token)
        _each(token.children or (), work)


def _restrict(token: Token, attachments: str) -> None:
    """Remove disallowed link and picture targets from a token."""
    if token.type == "math_inline_double":
        token.type = "math_block"  # both stand alone on a line
    if token.type == "link_open":
        address = str(token.attrs.get("href", "")).strip()
        own = _attachment(address, attachments)
        token.attrs = {"rel": "nofollow noopener noreferrer"}
        if own or _LINK.fullmatch(address):
            token.attrs["href"] = own or address
    elif token.type == "image":
        own = _attachment(str(token.attrs.get("src", "")), attachments)
        token.attrs = {"alt": ""}
        if own:
            token.attrs["src"] = own
    elif token.type in ("td_open", "th_open"):
        found = _ALIGN.fullmatch(str(token.attrs.get("style", "")))
        token.attrs = {"align": found[1]} if found else {}
    elif token.type == "ol_open":
        token.attrs = {name: value for name, value in token.attrs.items() if name == "start"}


def _attachment(address: str, attachments: str) -> str:
    """Return an attachment's URL; "" if it is not an attachment."""
    found = _NAME.fullmatch(address)
    if not found or not attachments:
        return ""
    name = unquote(found[1])
    good = name.isprintable() and not set(name) & set("/\\") and name.strip(".")
    return f"{attachments}/{quote(name, safe='')}" if good else ""


def _clean(html: str, attachments: str) -> str:
    def allowed(tag: str, name: str, value: str) -> bool:
        own = bool(attachments) and value.startswith(f"{attachments}/")
        rules = {
            ("a", "href"): own or bool(_LINK.fullmatch(value)),
            ("a", "rel"): True,
            ("img", "src"): own,
            ("img", "alt"): True,
            ("ol", "start"): value.isdecimal(),
            ("td", "align"): True,
            ("th", "align"): True,
            (tag, "class"): value in _CLASSES.get(tag, ()),
        }
        return rules.get((tag, name), False)

    return bleach.clean(
        html, tags=_TAGS, attributes=allowed, protocols=["http", "https", "mailto"], strip=True
    )
