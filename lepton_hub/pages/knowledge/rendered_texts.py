"""Texts of documents and posts as HTML for pages."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable

from lepton_hub.api.service_state import ServiceState
from lepton_hub.catalogue.tables import SharedItem
from lepton_hub.rendering.safe_markdown import plain_html

SECONDS = 5.0
"""How long a page's texts are rendered; what is left then is shown as it was written."""
_HEADING = re.compile(r"(</?h)([1-6])>")


def rendered_text(state: ServiceState, text: str, item: SharedItem | None = None) -> str:
    """Return a text as safe HTML, to stand below a page's own title.

    item: the document whose attachments the text may show.
    """
    folder = f"{state.settings.prefix}/documents/{item.reference}/attachments" if item else ""
    return _lowered(state.renderer.page(text, folder), 1)


def rendered_posts(state: ServiceState, texts: Iterable[str]) -> list[str]:
    """Return posts as safe HTML, in bounded time however many of them are hostile."""
    end = time.monotonic() + SECONDS
    return [
        _lowered(state.renderer.page(text), 3) if time.monotonic() < end else plain_html(text)
        for text in texts
    ]


def rendered_notebook(state: ServiceState, content: str) -> str:
    """Return a notebook as safe HTML, to stand below a page's own title. Raises NotANotebook."""
    return _lowered(state.renderer.notebook(content, for_page=True), 1)


def _lowered(html: str, levels: int) -> str:
    """Return a text whose headings stand so many levels lower.

    All headings are the renderer's: what looks like one in a text is escaped.
    """
    return _HEADING.sub(lambda found: f"{found[1]}{min(6, int(found[2]) + levels)}>", html)
