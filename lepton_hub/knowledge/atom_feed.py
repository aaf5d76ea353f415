"""The digest as an Atom feed (RFC 4287)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from xml.etree import ElementTree

from lepton_hub.knowledge.digest import NewsEntry
from lepton_hub.text import shown

_ATOM = "http://www.w3.org/2005/Atom"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def atom_feed(who: str, news: Iterable[NewsEntry], address: str, updated: datetime) -> bytes:
    """Return a feed. address: the feed's own URL, relative to which it links to pages."""
    ElementTree.register_namespace("", _ATOM)
    feed = ElementTree.Element(f"{{{_ATOM}}}feed")
    _add(feed, "id", address)
    _add(feed, "title", f"What is new for {who}")
    _add(feed, "updated", updated.isoformat())
    _link(feed, "self", address)
    base = address.rpartition("/")[0]
    for one in news:
        entry = ElementTree.SubElement(feed, f"{{{_ATOM}}}entry")
        _add(entry, "id", f"urn:lepton-hub:{one.what}:{one.key}")
        _add(entry, "title", one.title)
        _add(entry, "updated", one.at.isoformat())
        author = ElementTree.SubElement(entry, f"{{{_ATOM}}}author")
        _add(author, "name", one.who)
        _add(entry, "summary", one.sentence)
        _link(entry, "alternate", base + page_of(one))
    return ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True)


def path_of(one: NewsEntry) -> str:
    """Return an entry's path in the API."""
    if one.thread is not None:
        return f"/threads/{one.thread.public_id}"
    kind = "documents" if one.item and one.item.kind == "document" else "items"
    return f"/{kind}/{one.reference}"


def page_of(one: NewsEntry) -> str:
    """Return the path of an entry's page, without the hub's prefix."""
    if one.thread is not None:
        return f"/pages/discussions/{one.thread.public_id}?post={one.key}#post-{one.key}"
    return f"/pages{path_of(one)}"


def _add(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, f"{{{_ATOM}}}{name}").text = _NOT_XML.sub("\ufffd", shown(text))


def _link(parent: ElementTree.Element, relation: str, address: str) -> None:
    ElementTree.SubElement(parent, f"{{{_ATOM}}}link", rel=relation, href=address)
