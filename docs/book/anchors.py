"""Links within the course: from Jupyter's way to name a heading to the site's."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection
from urllib.parse import unquote

_LINK = re.compile(r"(?<!!)\[(?P<text>[^\]\n]*)\]\((?P<path>[^)\s#]*\.ipynb)?(?P<at>#[^)\s]+)?\)")
_NOT_IN_SLUGS = re.compile(r"[^\w\u4e00-\u9fff\- ]")


def slug(title: str) -> str:
    """Return the name by which the site links to a heading.

    >>> slug("What goes wrong: a frozen layer")
    'what-goes-wrong-a-frozen-layer'
    >>> slug("Padding-and-stride")  # as Jupyter writes it
    'padding-and-stride'
    """
    return _NOT_IN_SLUGS.sub("", title.lower()).replace(" ", "-")


def site_links(text: str, folder: str, known: Collection[str], shown: Collection[str]) -> str:
    """Return Markdown of a notebook whose links to headings lead to the same places on the site.

    folder: the notebook's, relative to the curriculum. known: paths of all notebooks of the
    curriculum. shown: those on the site; a link to another known notebook becomes its plain text,
    while a link to an unknown one is kept, for the build to complain of.

    >>> known = {"t.ipynb", "a/b.ipynb"}
    >>> site_links("[axis](../t.ipynb#Axis), [more](b.ipynb)", "a", known, {"t.ipynb"})
    '[axis](../t.ipynb#axis), more'
    """

    def replaced(link: re.Match[str]) -> str:
        path, at = link["path"] or "", link["at"] or ""
        if not path and not at:
            return link[0]
        target = posixpath.normpath(posixpath.join(folder, path))
        if path and target in known and target not in shown:
            return link["text"]
        return f"[{link['text']}]({path}{'#' + slug(unquote(at[1:])) if at else ''})"

    return _LINK.sub(replaced, text)
