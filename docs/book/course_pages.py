"""The pages between the notebooks: the course with its map, and one page for each module."""

from __future__ import annotations

from collections.abc import Sequence

from book.glossary import Meaning
from book.module_map import map_svg
from book.modules import NOTEBOOKS, BookModule, needed_directly

TRACKS = {"basics": "Basics", "advanced": "Advanced"}

WITHOUT_CONTENTS = "---\nhtml_theme.sidebar_secondary.remove: true\n---"
"""Leaves the page's own table of contents out: the map takes its place."""

USE = {
    "lesson": "read it, and run it from top to bottom",
    "deeper": "optional; the same in another framework, derivations, longer runs",
    "assignment": "exercises that are checked at once and may be handed in",
}
"""What each notebook of a module is for."""


def course_page(modules: Sequence[BookModule], toolbox: bool) -> str:
    """Return the course's page in MyST Markdown: the map, and the modules by track."""
    ready = [book for book in modules if book.notebooks]
    parts = [
        WITHOUT_CONTENTS,
        "# The course",
        "Each module has a *lesson* and an *assignment*, and most have a third notebook, *Deeper*. "
        "The pages here show them as they ran; to work with them, [open them in JupyterLab]"
        "(../index.md#start-here).",
    ]
    if toolbox:
        parts.append(
            "[The toolbox](toolbox.ipynb) explains notation, shapes and the mathematics that "
            "lessons lean on."
        )
    parts += [
        "## The map",
        "A line leads from a module to those that build on it. Dashed boxes are planned modules. "
        "Basics and Advanced are numbered separately.",
        f"```{{raw}} html\n{map_svg(modules)}\n```",
    ]
    for track, title in TRACKS.items():
        rows = [_row(book, modules) for book in modules if book.module.track == track]
        head = ["| Module | Minutes: lesson + assignment | Builds on |", "|---|---|---|"]
        parts += [f"## {title}", "\n".join([*head, *rows])]
    pages = [*(["toolbox"] if toolbox else []), *(f"{book.id}/index" for book in ready)]
    parts.append(toctree(pages))
    return "\n\n".join(parts) + "\n"


def module_page(book: BookModule, modules: Sequence[BookModule], found: Sequence[Meaning]) -> str:
    """Return a module's page in MyST Markdown: its notebooks, what it needs, what it teaches."""
    module = book.module
    about = module.about[0].upper() + module.about[1:]
    notebooks = [
        f"- [{NOTEBOOKS[name]}]({name}.ipynb), {book.minutes_of(name)} minutes: {USE[name]}"
        for name in book.notebooks
    ]
    needs = needed_directly(modules)
    before = [_named(other, module.id) for other in modules if other.id in needs[module.id]]
    after = [_named(other, module.id) for other in modules if module.id in needs[other.id]]
    terms = " · ".join(f"{{term}}`{meaning.term}`" for meaning in found)
    parts = [
        f"# {module.title}",
        f"{about}.",
        "\n".join(notebooks),
        f"**Builds on** {', '.join(before) or 'no other module'}.",
        f"**Leads to** {', '.join(after)}." if after else "",
        f"## Terms\n\n{terms}" if terms else "",
        toctree([f"{NOTEBOOKS[name]} <{name}>" for name in book.notebooks]),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def toctree(pages: Sequence[str]) -> str:
    """Return a list of pages for the site's navigation; nothing of it shows on the page itself."""
    return "\n".join(["```{toctree}", ":hidden:", "", *pages, "```"]) if pages else ""


def _row(book: BookModule, modules: Sequence[BookModule]) -> str:
    module = book.module
    before = [other for other in modules if other.id in module.prerequisites]
    needs = ", ".join(_named(other, "") for other in before)
    title = _named(book, "")
    minutes = " + ".join(str(part) for part in module.minutes)
    return f"| {module.number} {title}: {module.about} | {minutes} | {needs} |"


def _named(book: BookModule, here: str) -> str:
    """Return a module's title, linked where it has a page. here: the module whose page this is."""
    if not book.notebooks:
        return f"{book.module.title} (planned)"
    up = "../" * here.count("/") + "../" if here else ""
    return f"[{book.module.title}]({up}{book.id}/index.md)"
