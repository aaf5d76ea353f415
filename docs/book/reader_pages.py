"""The documents of the clone as pages: which reader each is for, and what they link to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from book.course_pages import toctree


@dataclass(frozen=True)
class Section:
    """A part of the site for one kind of reader.

    first: its opening page, a document of the clone. pages: the documents that follow.
    """

    title: str
    first: str
    pages: tuple[str, ...] = ()


START = "README.md"
"""The document that opens the site."""

HERE = (
    "**On these pages:** [the course with its map](curriculum/index.md), "
    "[the glossary](glossary.md), [the API](api/index.rst)."
)
"""What stands on the first page before the README's first section."""

SECTIONS = (
    Section("Learners", "docs/learners.md"),
    Section(
        "Instructors",
        "docs/instructors.md",
        (
            "docs/evening.md",
            "docs/survey.md",
            "docs/switch.md",
            "docs/turn-an-assert-into-an-exercise.md",
        ),
    ),
    Section(
        "Operators",
        "docs/operators.md",
        (
            "docs/hub.md",
            "docs/hub-evening.md",
            "docs/hub-storage.md",
            "docs/kubernetes.md",
            "docs/grading-security.md",
            "docs/walls.md",
            "docs/cluster.md",
        ),
    ),
    Section(
        "Contributors",
        "CONTRIBUTING.md",
        ("docs/proof.md", "benchmarks/README.md", "CHANGELOG.md"),
    ),
)

OTHERS = "More"
"""The section of the documents that no other names."""

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s#]+)(?:#[^)\s]*)?\)")
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def sections_of(clone: Path) -> list[Section]:
    """Return the sections with the documents that the clone has."""
    found = []
    for section in SECTIONS:
        there = [name for name in (section.first, *section.pages) if (clone / name).is_file()]
        if there:
            found.append(Section(section.title, there[0], tuple(there[1:])))
    named = {name for section in SECTIONS for name in (section.first, *section.pages)}
    others = [
        name
        for path in sorted((clone / "docs").glob("*.md"))
        if (name := path.relative_to(clone).as_posix()) not in named
    ]
    return [*found, Section(OTHERS, others[0], tuple(others[1:]))] if others else found


def start_page(readme: str, sections: Sequence[Section], course: Sequence[str]) -> str:
    """Return the first page of the site: the README with links to the course, and the navigation.

    course: entries of the navigation that come before the readers' sections.
    """
    entries = [f"{section.title} <{without_suffix(section.first)}>" for section in sections]
    opening, heading, rest = readme.partition("\n## ")
    readers = ", ".join(f"[{section.title.lower()}]({section.first})" for section in sections)
    here = f"{HERE} **For** {readers}.\n"
    text = f"{opening.rstrip()}\n\n{here}{heading}{rest.rstrip()}"
    return f"{text}\n\n{toctree([*course, *entries])}\n"


def document_page(text: str, document: str, sections: Sequence[Section]) -> str:
    """Return a document as a page; one that opens a section leads to the pages of that."""
    for section in sections:
        if section.first == document and section.pages:
            pages = [f"/{without_suffix(page)}" for page in section.pages]
            return f"{text.rstrip()}\n\n{toctree(pages)}\n"
    return text


def files_linked(text: str, document: str) -> Iterator[str]:
    """Yield what a document shows or links to in the clone, relative to the clone."""
    for target in _LINK.findall(_CODE.sub("", text)):
        if not re.match(r"[a-z]+:", target):
            yield _normal(PurePosixPath(document).parent / target)


def without_suffix(document: str) -> str:
    """Return a page's name as Sphinx knows it."""
    return str(PurePosixPath(document).with_suffix(""))


def _normal(path: PurePosixPath) -> str:
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts:
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
