"""The person behind a request: a name, teams, an organisation."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

PERSON = r"[A-Za-z0-9_][A-Za-z0-9._@+-]{0,127}"
TEAM = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
TEAM_GROUP, ORGANISATION_GROUP = "team-", "organisation-"
"""Prefixes of the JupyterHub groups that define teams and organisations."""


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in.

    admin: whether they may manage every item, such as to delete on request.
    """

    name: str
    teams: frozenset[str] = field(default_factory=frozenset)
    organisation: str | None = None
    admin: bool = False


class IdentityError(Exception):
    """The credentials are not valid; the message says what to do."""


class SignInUnavailable(Exception):
    """Nobody can be authenticated at present."""


class SignInCrowded(SignInUnavailable):
    """Too many authentications are pending, so this one was not started."""


def person_of(name: str, groups: Iterable[str], admin: bool = False) -> Person:
    """Return the person with a name and JupyterHub groups.

    Only groups `team-NAME` and `organisation-NAME` count. A person in several organisations is
    treated as in none: they could leak items from one to another. Raises IdentityError for a name
    that cannot be part of a URL.
    """
    if not re.fullmatch(PERSON, name):
        raise IdentityError(f"The hub does not support the user name {name!r}.")
    groups = list(groups)
    organisations = _named(groups, ORGANISATION_GROUP)
    organisation = next(iter(organisations)) if len(organisations) == 1 else None
    return Person(name, _named(groups, TEAM_GROUP), organisation, admin)


def _named(groups: Iterable[str], prefix: str) -> frozenset[str]:
    found = {group.removeprefix(prefix) for group in groups if group.startswith(prefix)}
    return frozenset(name for name in found if re.fullmatch(TEAM, name))
