"""Who asks: a name, teams, an organisation."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

PERSON = r"[A-Za-z0-9_][A-Za-z0-9._@+-]{0,127}"
TEAM = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
TEAM_GROUP, ORGANISATION_GROUP = "team-", "organisation-"
"""How the names of JupyterHub's groups begin that say who belongs together."""


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
    """Nobody is known by what was presented; the message says what to do."""


class SignInUnavailable(Exception):
    """Who asks cannot be found out at present."""


class SignInCrowded(SignInUnavailable):
    """So many are to be found out at once that it is not begun for this one."""


def person_of(name: str, groups: Iterable[str], admin: bool = False) -> Person:
    """Return the person with a name and JupyterHub's groups.

    Groups `team-NAME` and `organisation-NAME` count; others are another service's. In several
    organisations at once, nobody is in any: they could carry items from one to the other.
    Raises IdentityError for a name that cannot stand in an address.
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
