"""Turn a learner's HTML and Markdown into HTML that is safe to open, in a process with limits.

Only plain elements pass, without classes and ids; pictures are those that the page itself holds, or
files beside it. Formulas become MathML.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

import bleach
from bleach.css_sanitizer import ALLOWED_CSS_PROPERTIES, CSSSanitizer
from docutils.utils.math.latex2mathml import tex2mathml
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from autograder.submissions.limited_process import RefusedWork

MAX_DEPTH = 100
MAX_FORMULA = 5_000

_TAGS = [
    *("a", "abbr", "b", "code", "del", "em", "i", "kbd", "s", "small", "span", "strong", "sub"),
    *("sup", "u", "br", "img", "blockquote", "details", "div", "figcaption", "figure", "hr", "p"),
    *("pre", "summary", "h1", "h2", "h3", "h4", "h5", "h6", "dd", "dl", "dt", "li", "ol", "ul"),
    *("table", "thead", "tbody", "tfoot", "tr", "th", "td"),
]
_ATTRIBUTES = {
    "*": ["style", "role", "title", "aria-hidden", "align"],
    "a": ["href"],
    "details": ["open"],
    "img": ["src", "alt", "width", "height"],
    "ol": ["start"],
    "td": ["colspan", "rowspan"],
    "th": ["colspan", "rowspan"],
}
_STYLES = {*ALLOWED_CSS_PROPERTIES, "border", "border-left", "margin", "max-width", "padding"}
_LOADS_SOMETHING = re.compile(r"url|image|expression|import|@|\\", re.IGNORECASE)

_PICTURE_INSIDE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*")
_PICTURE_BESIDE = re.compile(
    r"(?!/)(?:[\w-][\w .-]*/)*[\w-][\w .-]*\.(png|jpe?g|gif|svg|webp)", re.I
)
_LINK = re.compile(r"(https?://|mailto:|#)[^\s]*|[\w-][\w./#-]*", re.IGNORECASE)

_OPENING = re.compile(r"<(script|style)\b", re.IGNORECASE)
_CLOSING = {name: re.compile(rf"</{name}\s*>", re.IGNORECASE) for name in ("script", "style")}
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)(?:[^>/]|/(?!>))*+(/?)>")
_EMPTY_TAGS = ("br", "hr", "img")


class _Styles(CSSSanitizer):
    """A sanitizer of `style` attributes that also drops all that would load something."""

    def sanitize_css(self, style: str) -> str:
        return "" if _LOADS_SOMETHING.search(style) else super().sanitize_css(style)


def render(request: bytes) -> bytes:
    """Return the HTML of a request: JSON with a `kind` ("html" or "markdown") and its fields.

    Raises RefusedWork when the text cannot be rendered.
    """
    fields = json.loads(request)
    try:
        if fields["kind"] == "html":
            html = clean(fields["source"])
        else:
            html = from_markdown(fields["source"], fields["attachments"])
    except RefusedWork:
        raise
    except RecursionError as error:
        raise RefusedWork("it is nested too deeply") from error
    except Exception as error:  # odd text can make the renderers raise anything
        raise RefusedWork("it cannot be rendered") from error
    return html.encode("utf-8", "replace")


def clean(html: str) -> str:
    """Return HTML with everything removed that runs, loads or imitates a control.

    Raises RefusedWork when it is nested too deeply.
    """
    cleaned = bleach.clean(
        "".join(_without_code(html)),
        tags=_TAGS,
        attributes=_allowed,
        protocols=["http", "https", "mailto", "data"],
        css_sanitizer=_Styles(allowed_css_properties=_STYLES),
        strip=True,
    )
    _check_depth(cleaned)
    return cleaned


def _allowed(tag: str, name: str, value: str) -> bool:
    if name not in (*_ATTRIBUTES["*"], *_ATTRIBUTES.get(tag, ())):
        return False
    if name == "href":
        return bool(_LINK.fullmatch(value.strip()))
    if name == "src":
        return bool(_PICTURE_INSIDE.fullmatch(value) or _PICTURE_BESIDE.fullmatch(value))
    return True


def _without_code(html: str) -> Iterator[str]:
    """Yield the parts of a text that stand outside scripts and style sheets."""
    position = 0
    unclosed: set[str] = set()
    for opening in _OPENING.finditer(html):
        name = opening[1].lower()
        if opening.start() < position or name in unclosed:
            continue
        closing = _CLOSING[name].search(html, opening.end())
        if closing is None:
            unclosed.add(name)
            continue
        yield html[position : opening.start()]
        position = closing.end()
    yield html[position:]


def _check_depth(html: str) -> None:
    depth = 0
    for closing, name, ends_itself in _TAG.findall(html):
        depth += 0 if ends_itself or name in _EMPTY_TAGS else -1 if closing else 1
        if depth > MAX_DEPTH:
            raise RefusedWork("it is nested too deeply")


def from_markdown(source: str, attachments: Mapping[str, Mapping[str, str]]) -> str:
    """Return Markdown as safe HTML, with formulas as MathML. Raises RefusedWork."""
    renderer = _Renderer(attachments=attachments)
    return renderer.with_formulas(clean(MarkdownWithMath(renderer=renderer).render(source)))


class _Renderer(IPythonRenderer):
    """A Markdown renderer that sets formulas aside until the rest is sanitised."""

    def __init__(self, **options: Any) -> None:
        super().__init__(escape=False, exclude_anchor_links=True, **options)
        self._mark = secrets.token_hex(16)
        self._formulas: list[str] = []

    def image(self, text: str, url: str, title: str | None = None) -> str:
        name = url.removeprefix("attachment:")
        if name != url and name not in self.attachments:
            return f"<em>(the picture {self.escape_html(name)} is missing)</em>"
        return super().image(text, url, title)

    def inline_math(self, body: str) -> str:
        return self._keep(body, False)

    def block_math(self, body: str) -> str:
        return self._keep(body, True)

    def latex_environment(self, name: str, body: str) -> str:
        return self._keep(rf"\begin{{{name}}}{body}\end{{{name}}}", True)

    def with_formulas(self, html: str) -> str:
        """Insert the formulas into HTML that this renderer made."""
        return re.sub(rf"{self._mark}-(\d+)-", lambda m: self._formulas[int(m[1])], html)

    def _keep(self, tex: str, is_block: bool) -> str:
        formula = f"<code>{self.escape_html(tex)}</code>"
        if len(tex) <= MAX_FORMULA:
            with contextlib.suppress(Exception):  # not TeX, or not supported by docutils
                made = tex2mathml(tex, as_block=is_block)
                _check_depth(made)
                formula = made
        self._formulas.append(formula)
        return f"{self._mark}-{len(self._formulas) - 1}-"
