"""Render texts of documents and posts as HTML for pages."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable

from lepton_hub.api.service_state import ServiceState
from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.graph.term_links import TermLinker
from lepton_hub.rendering.safe_markdown import plain_html

SECONDS = 5.0
"""Seconds for rendering a page's texts; the rest is shown as plain text."""
_HEADING = re.compile(r"(</?h)([1-6])>")


def rendered_text(state: ServiceState, text: str, item: SharedItem | None = None) -> str:
    """Return a text as safe HTML, with headings below the page's own title.

    item: the document whose attachments the text may show. The first mention of each course term is
    a link.
    """
    folder = f"{state.settings.prefix}/documents/{item.reference}/attachments" if item else ""
    return headings_below(_linker(state).linked(state.renderer.page(text, folder)), 1)


def rendered_posts(state: ServiceState, texts: Iterable[str]) -> list[str]:
    """Return posts as safe HTML in bounded time, however many are hostile.

    The first mention of each term across all posts is a link.
    """
    end = time.monotonic() + SECONDS
    linker = _linker(state)
    return [
        headings_below(linker.linked(state.renderer.page(text)), 3)
        if time.monotonic() < end
        else plain_html(text)
        for text in texts
    ]


def rendered_notebook(state: ServiceState, content: str) -> str:
    """Return a notebook as safe HTML, with headings below the page's title. Raises NotANotebook."""
    html = state.renderer.notebook(content, for_page=True)
    return headings_below(_linker(state).linked(html), 1)


def _linker(state: ServiceState) -> TermLinker:
    return TermLinker(state.course, f"{state.settings.prefix}/pages/graph")


def headings_below(html: str, level: int) -> str:
    """Shift a text's headings below a page's heading level, without gaps.

    All heading tags come from the renderer: any in the text itself are escaped.

    >>> headings_below("<h2>a</h2><h5>b</h5><h1>c</h1>", 1)
    '<h2>a</h2><h3>b</h3><h2>c</h2>'
    """
    above: list[int] = []

    def placed(found: re.Match[str]) -> str:
        own = int(found[2])
        if not found[1].startswith("</"):
            while above and above[-1] >= own:
                above.pop()
            above.append(own)
        return f"{found[1]}{min(6, level + len(above))}>"

    return _HEADING.sub(placed, html)
