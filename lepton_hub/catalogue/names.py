"""Parse names of items and versions as people write them: city/ridership@3."""

from __future__ import annotations

import re
from dataclasses import dataclass
from unicodedata import normalize

from lepton_hub.identity.person import PERSON, TEAM, Person
from lepton_hub.text import check_line, check_words

ITEM = r"[a-z0-9][a-z0-9._-]{0,62}"
SPACE = rf"(?:{TEAM}|~{PERSON})"
PATH = 255
"""The maximum length of a file's path in a version, in characters."""

_REFERENCE = re.compile(rf"(?P<space>{SPACE})/(?P<name>{ITEM})(?:@(?P<version>[1-9][0-9]{{0,8}}))?")


class NameProblem(ValueError):
    """A name cannot be used; the message says why."""


@dataclass(frozen=True)
class Reference:
    """An item, or one version of it. version: a number from 1; None: the newest."""

    space: str
    name: str
    version: int | None = None

    def __str__(self) -> str:
        version = f"@{self.version}" if self.version else ""
        return f"{self.space}/{self.name}{version}"


def parse_reference(text: str) -> Reference:
    """Return what a text such as "city/ridership@3" or "hub:city/ridership" names.

    >>> parse_reference("city/ridership@3")
    Reference(space='city', name='ridership', version=3)

    Raises NameProblem.
    """
    match = _REFERENCE.fullmatch(text.removeprefix("hub:"))
    if match is None:
        raise NameProblem(
            "An item is named SPACE/NAME or SPACE/NAME@VERSION, such as city/ridership@3; the "
            "space is a team's name, or a person's preceded by ~."
        )
    version = match["version"]
    return Reference(match["space"], match["name"], int(version) if version else None)


def own_space(person: Person) -> str:
    """Return a person's own space."""
    return f"~{person.name}"


def team_of(space: str) -> str | None:
    """Return the team that a space belongs to; None for a person's space."""
    return None if space.startswith("~") else space


def may_create_in(person: Person, space: str) -> bool:
    """Return whether a person may create items in a space: their own, or one of their teams'."""
    return space == own_space(person) or space in person.teams


def same_on_any_computer(path: str) -> str:
    """Return a key that is equal for paths some file systems treat as the same."""
    return normalize("NFC", normalize("NFC", path).casefold())


def check_path(path: str) -> str:
    """Return a file's path if it is portable and stays within the version's folder.

    Raises NameProblem.
    """
    parts = path.split("/")
    good = (
        0 < len(path) <= PATH
        and all(part not in ("", ".", "..") for part in parts)
        and all(part == part.strip(" ") and not part.endswith(".") for part in parts)
        and path.isprintable()
        and not set(path) & set('\\:*?"<>|')
    )
    if not good:
        raise NameProblem(
            f"A file's path is relative, with / between its parts and none of \\ : * ? \" < > |, "
            f"not {path!r}."
        )
    try:
        return check_words(check_line(path))
    except ValueError as error:
        raise NameProblem(f"The path {path!r} cannot be used: {error}.") from error
