"""Texts of documents and posts as HTML for pages."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable

from lepton_hub.api.service_state import ServiceState
from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.graph.term_links import TermLinker
from lepton_hub.rendering.safe_markdown import plain_html

SECONDS = 5.0
"""How long a page's texts are rendered; what is left then is shown as it was written."""
_HEADING = re.compile(r"(</?h)([1-6])>")


def rendered_text(state: ServiceState, text: str, item: SharedItem | None = None) -> str:
    """Return a text as safe HTML, to stand below a page's own title.

    item: the document whose attachments the text may show. The first mention of each term of the
    course is a link.
    """
    folder = f"{state.settings.prefix}/documents/{item.reference}/attachments" if item else ""
    return headings_below(_linker(state).linked(state.renderer.page(text, folder)), 1)


def rendered_posts(state: ServiceState, texts: Iterable[str]) -> list[str]:
    """Return posts as safe HTML, in bounded time however many of them are hostile.

    The first mention of each term, in all of them, is a link.
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
    """Return a notebook as safe HTML, to stand below a page's own title. Raises NotANotebook."""
    html = state.renderer.notebook(content, for_page=True)
    return headings_below(_linker(state).linked(html), 1)


def _linker(state: ServiceState) -> TermLinker:
    return TermLinker(state.course, f"{state.settings.prefix}/pages/graph")


def headings_below(html: str, level: int) -> str:
    """Return a text whose headings stand below one of a page, with no level left out.

    All headings are the renderer's: what looks like one in a text is escaped.

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
