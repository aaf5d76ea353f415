"""An executed notebook as a page of the site.

Nothing that a cell showed is left out, and errors least of all, but for the folder in which this
machine keeps packages. Pictures move into files, so that a page loads before its figures do.
"""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import nbformat
from nbformat import NotebookNode

from lepton_course.records import MIME

PICTURES = "pictures"
"""The folder of the site for the pictures of executed notebooks."""

_EMBEDDED = re.compile(
    r'<img (?P<rest>[^>]*?)src="data:image/png;base64,(?P<data>[A-Za-z0-9+/=\s]+)"'
)
_HEADING_OR_CODE = re.compile(
    r"^```.*?^```|^(?P<marks>#{1,5}) +(?P<words>\S.*?) *$", re.MULTILINE | re.DOTALL
)
_PACKAGES = re.compile(r"(?:/[^\s/:\"']+)+/(?=site-packages/)")
_PNG_SIZE = slice(16, 24)


@dataclass(frozen=True)
class NotebookPage:
    """A notebook for Sphinx, and the pictures that it shows, by their file's name."""

    notebook: NotebookNode
    pictures: dict[str, bytes] = field(default_factory=dict)


def page_of(
    executed: NotebookNode, up: str, links: Callable[[str], str], kind: str = ""
) -> NotebookPage:
    """Return the page of an executed notebook.

    up: the way from the page's folder to the site's, such as `../../../`. links: rewrites the links
    of a Markdown cell. kind: follows the notebook's title, to tell it from others of that name.
    """
    pictures: dict[str, bytes] = {}
    texts = iter(with_one_title([c.source for c in executed.cells if c.cell_type != "code"], kind))
    cells = []
    for cell in executed.cells:
        if cell.cell_type == "code":
            outputs = [_output(output, up, pictures) for output in cell.outputs]
            cells.append(
                nbformat.v4.new_code_cell(
                    cell.source,
                    id=cell.id,
                    outputs=outputs,
                    execution_count=cell.execution_count,
                )
            )
        else:
            cells.append(nbformat.v4.new_markdown_cell(links(next(texts)), id=cell.id))
    kept = {name: executed.metadata[name] for name in ("kernelspec", "language_info")}
    return NotebookPage(nbformat.v4.new_notebook(cells=cells, metadata=kept), pictures)


def with_one_title(texts: Sequence[str], kind: str = "") -> list[str]:
    """Return Markdown in which the first heading alone is a title; kind follows it.

    Titles after the first become headings below it, and headings below those follow. A page with
    several titles has several entries in the site's navigation.

    >>> with_one_title(["# Nets", "# Part 1\\n\\n## Layers"], "lesson")
    ['# Nets: lesson', '## Part 1\\n\\n### Layers']
    """
    titles = 0

    def line(found: re.Match[str]) -> str:
        nonlocal titles
        marks, words = found["marks"], found["words"]
        if words is None:  # a block of code
            return found[0]
        titles += marks == "#"
        if titles > 1:
            return f"#{marks} {words}"
        return f"# {words}: {kind}" if marks == "#" and kind else found[0]

    return [_HEADING_OR_CODE.sub(line, text) for text in texts]


def _output(output: NotebookNode, up: str, pictures: dict[str, bytes]) -> NotebookNode:
    if output.output_type == "stream":
        return NotebookNode({**output, "text": _PACKAGES.sub("", output.text)})
    if output.output_type == "error":
        lines = [_PACKAGES.sub("", line) for line in output.traceback]
        return NotebookNode({**output, "traceback": lines})
    # A record is for the proof; its line of text is what a reader sees of it.
    data = {kind: value for kind, value in output.data.items() if kind != MIME}
    if "text/html" in data:
        data["text/html"] = _without_embedded(data["text/html"], up, pictures)
    metadata = {kind: value for kind, value in output.metadata.items() if kind in data}
    return NotebookNode({**output, "data": data, "metadata": metadata})


def _without_embedded(html: str, up: str, pictures: dict[str, bytes]) -> str:
    """Return HTML that refers to its pictures as files, each with its size; note the files."""

    def as_file(image: re.Match[str]) -> str:
        content = base64.b64decode(image["data"])
        name = f"{hashlib.sha256(content).hexdigest()[:16]}.png"
        pictures[name] = content
        width, height = struct.unpack(">II", content[_PNG_SIZE])
        return (
            f'<img {image["rest"]}width="{width}" height="{height}" loading="lazy" '
            f'src="{up}{PICTURES}/{name}"'
        )

    return _EMBEDDED.sub(as_file, html)


def has_failed(executed: NotebookNode) -> bool:
    """Return whether a cell raised an error that it is not meant to raise."""
    return any(
        output.output_type == "error"
        for cell in executed.cells
        if "raises-exception" not in cell.metadata.get("tags", ())
        for output in cell.get("outputs", ())
    )


def is_of(executed: NotebookNode, source: NotebookNode) -> bool:
    """Return whether a notebook was executed as its source stands now."""
    texts = [
        [(cell.cell_type, cell.source.rstrip()) for cell in notebook.cells]
        for notebook in (executed, source)
    ]
    return texts[0] == texts[1]
