"""Pages of formgrader and feedback that are safe to open and complete without the internet.

What a learner wrote is shown and never run. In nbgrader's own pages an answer could hold a script,
or a link disguised as one of formgrader's buttons, and act as the instructor who opens it. Here
only plain elements pass, without classes and ids. Formulas become MathML, which browsers render
themselves, instead of waiting for MathJax from the network.
"""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import Any

import bleach
from bleach.css_sanitizer import ALLOWED_CSS_PROPERTIES, CSSSanitizer
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from jinja2 import pass_context
from jinja2.runtime import Context
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbgrader.server_extensions.formgrader.handlers import template_path
from traitlets.config import Config

from autograder.submissions.cell_marks import mark_of
from autograder.submissions.rubric import rubric_html
from autograder.submissions.submission import VERDICT_KEY

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
_STYLES = [*ALLOWED_CSS_PROPERTIES, "border", "border-left", "margin", "max-width", "padding"]

_NOT_TEXT = re.compile(r"<(script|style)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)


def page_settings() -> Config:
    """Return the settings that a class's `nbgrader_config.py` merges into its configuration."""
    settings = Config()
    # nbgrader's templates first; ours replace those of nbconvert that they extend.
    settings.HTMLExporter.extra_template_basedirs = [
        template_path,
        str(Path(__file__).parent / "templates"),
    ]
    settings.HTMLExporter.sanitize_html = True
    settings.HTMLExporter.filters = {
        "clean_html": "autograder.instructor.formgrader_pages.clean_html",
        "markdown2html": "autograder.instructor.formgrader_pages.markdown_to_html",
    }
    settings.HTMLExporter.exclude_input_prompt = True
    settings.HTMLExporter.exclude_output_prompt = True
    return settings


def clean_html(html: str) -> str:
    """Return a learner's HTML with everything removed that runs or imitates a control."""
    return bleach.clean(
        _NOT_TEXT.sub("", html),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        protocols=["http", "https", "mailto", "data"],
        css_sanitizer=CSSSanitizer(allowed_css_properties=_STYLES),
        strip=True,
    )


@pass_context
def markdown_to_html(context: Context, source: str) -> str:
    """Return a Markdown cell as safe HTML, with formulas as MathML."""
    cell = context.get("cell") or {}
    renderer = _Renderer(attachments=cell.get("attachments"))
    html = clean_html(MarkdownWithMath(renderer=renderer).render(source))
    verdict = cell.get("metadata", {}).get(VERDICT_KEY, {})
    rubric = rubric_html(mark_of(cell).grade_id, verdict.get("rubric"))
    return renderer.with_formulas(html) + rubric


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
        try:
            formula = tex2mathml(tex, as_block=is_block)
        except (
            MathError,
            ValueError,
            IndexError,
        ):  # not TeX, or TeX that docutils does not support
            formula = f"<code>{self.escape_html(tex)}</code>"
        self._formulas.append(formula)
        return f"{self._mark}-{len(self._formulas) - 1}-"
