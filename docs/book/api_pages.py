"""The API's pages, and docstrings as Sphinx reads them.

Docstrings of this project are plain text: code between single backticks, examples indented, and a
paragraph of `name: what it is` for parameters. Sphinx wants reStructuredText.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby

DOORS = {
    "lepton_course": "What a notebook imports",
    "lepton_course.plots": "Figures",
    "lepton_course.datasets": "Data sets",
    "lepton_course.hub": "The hub where teams share",
    "lepton_course.distributed": "Several processes",
    "lepton_course.services": "Services on this machine",
    "lepton_course.authoring": "Declaring exercises",
    "lepton_course.authoring.wrong_forms": "Wrong forms that any answer can have",
    "lepton_course.authoring.held_out": "Rows that no learner has",
}
"""Modules that notebooks and exercises import from, and what each is for."""

_LEFT_OUT = {"lepton_course": "plots"}
"""A member with a page of its own."""

INDENT = "    "

_NAMED = re.compile(r"^(?P<names>`?\w+`?(?:, `?\w+`?)*): +(?P<text>\S.*)$")
_SPECIAL = re.compile(r"([*|])|(?<=\w)(_)(?!\w)")


def api_pages() -> dict[str, str]:
    """Return the pages in reStructuredText, by file name without suffix."""
    index = [
        *_title("API"),
        "What notebooks and exercises import. Everything else of the two packages is their own and "
        "may change.",
        "",
        ".. toctree::",
        "   :maxdepth: 1",
        "",
        *(f"   {name}" for name in DOORS),
        "",
    ]
    return {"index": "\n".join(index), **{name: _door(name) for name in DOORS}}


def _door(name: str) -> str:
    lines = [
        *_title(f"{DOORS[name]}: {name}"),
        f".. automodule:: {name}",
        "   :members:",
        "   :member-order: groupwise",
    ]
    if name in _LEFT_OUT:
        lines.append(f"   :exclude-members: {_LEFT_OUT[name]}")
    return "\n".join([*lines, ""])


def _title(text: str) -> list[str]:
    return [text, "=" * len(text), ""]


def as_rst(docstring: Sequence[str]) -> list[str]:
    """Return the lines of a docstring in reStructuredText.

    >>> as_rst(["Show `x`.", "", "x: an array."])
    ['Show ``x``.', '', '``x``', '    an array.', '']
    """
    parts = [list(part) for is_text, part in groupby(docstring, key=_has_text) if is_text]
    lines: list[str] = []
    for is_example, group in groupby(parts, key=lambda part: part[0].startswith(INDENT)):
        if is_example:
            example = "\n\n".join("\n".join(part) for part in group)
            lines += [f".. code-block:: {_language(example)}", "", *example.splitlines(), ""]
        else:
            lines += [line for part in group for line in (*_text(part), "")]
    return lines


def _has_text(line: str) -> bool:
    return bool(line.strip())


def _language(example: str) -> str:
    """Return the language of an example: Python, in which `…` stands for what is left out."""
    try:
        ast.parse(textwrap.dedent(example).replace("…", "..."))
    except SyntaxError:
        return "text"
    return "python"


def _text(part: Sequence[str]) -> list[str]:
    if part[0].startswith(">>>"):
        return list(part)
    if _NAMED.match(part[0]):
        return list(_definitions(part))
    return [_inline(line) for line in part]


def _definitions(part: Sequence[str]) -> Iterator[str]:
    for line in part:
        found = _NAMED.match(line)
        if found:
            names = ", ".join(f"``{name.strip('`')}``" for name in found["names"].split(", "))
            yield names
            yield f"{INDENT}{_inline(found['text'])}"
        else:
            yield f"{INDENT}{_inline(line.strip())}"


def _inline(text: str) -> str:
    """Return a line with its code between double backticks, and nothing else marked."""
    parts = text.split("`")
    return "``".join(
        part if place % 2 else _SPECIAL.sub(lambda found: f"\\{found[0]}", part)
        for place, part in enumerate(parts)
    )
