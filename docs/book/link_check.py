"""Look at a built site as a browser without a network would: does every link lead somewhere?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

_LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src"}
_EXTERNAL = re.compile(r"(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)
_IMPORTED = re.compile(r"@import\s+(?:url\()?[\"']?(?P<a>[^\"')\s;]+)|url\([\"']?(?P<b>[^\"')]+)")


@dataclass
class PageFacts:
    """What a page links to, what it loads, where one can link to on it, and its pictures."""

    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    without_alt: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.facts = PageFacts()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.facts.ids |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.facts.links.append(values["href"])
        if tag == "link" and values.get("rel") not in ("canonical", "alternate"):
            self.facts.loads.append(values.get("href", ""))
        if tag in _LOADS and _LOADS[tag] in values:
            self.facts.loads.append(values[_LOADS[tag]])
        if tag == "img" and not values.get("alt", "").strip():
            self.facts.without_alt.append(values.get("src", "")[:80])


def facts_of(html: str) -> PageFacts:
    """Return what a page holds."""
    reader = _Reader()
    reader.feed(html)
    return reader.facts


def problems_of(site: Path) -> list[str]:
    """Return what is wrong with a built site, one sentence each.

    A link or a resource leads to a file or an anchor that is not there; something is loaded from
    elsewhere; a picture has no alternative text.
    """
    pages = {
        path.resolve(): facts_of(path.read_text(encoding="utf-8"))
        for path in sorted(site.rglob("*.html"))
        if "_static" not in path.parts
    }
    found = []
    for path, facts in pages.items():
        name = path.relative_to(site.resolve())
        found += [f"{name}: a picture without alternative text: {src}" for src in facts.without_alt]
        found += [
            f"{name}: loads {target} from elsewhere"
            for target in facts.loads
            if _EXTERNAL.match(target) and not target.startswith("data:")
        ]
        targets = [*facts.links, *facts.loads]
        found += [
            f"{name}: {target} leads nowhere"
            for target in dict.fromkeys(targets)
            if not _EXTERNAL.match(target) and not _is_there(path, target, pages)
        ]
    return [*found, *_styles(site)]


def _is_there(page: Path, target: str, pages: dict[Path, PageFacts]) -> bool:
    file, _, anchor = target.partition("#")
    goal = (page.parent / unquote(file.partition("?")[0])).resolve() if file else page
    if not goal.exists():
        return False
    return not anchor or goal not in pages or unquote(anchor) in pages[goal].ids


def _styles(site: Path) -> Iterator[str]:
    for path in sorted(site.rglob("*.css")):
        for found in _IMPORTED.finditer(path.read_text(encoding="utf-8")):
            target = found["a"] or found["b"]
            if _EXTERNAL.match(target) and not target.startswith("data:"):
                yield f"{path.relative_to(site)}: loads {target} from elsewhere"
