"""The hub where teams share: who is in which team, and how JupyterHub runs it.

Teams and organisations stand in `team.yml` beside the courses, and are read when somebody signs in.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from lepton_team.courses import TeamError, dying_with_hub
from lepton_team.folders import COURSE_ACCOUNT, SHARING_ACCOUNT, HubFolders
from lepton_team.sign_in import ADMINISTRATORS, ORGANISATION, TEAM

SERVICE = "hub"
FIRST_PORT = 8700
START_SECONDS = 300
ADMINISTER = "custom:lepton-hub:administer"
"""The scope by which the hub knows who may manage every item."""

MAY_ENTER = f"access:services!service={SERVICE}"

CUSTOM_SCOPES = {ADMINISTER: {"description": "Manage every item of the hub"}}

ROLES: list[dict[str, Any]] = [
    {"name": "user", "scopes": ["self", MAY_ENTER]},
    {"name": ADMINISTRATORS, "groups": [ADMINISTRATORS], "scopes": [ADMINISTER]},
    {
        "name": "sharing-hub",
        "services": [SERVICE],
        "scopes": ["read:users:name", "read:users:groups"],
    },
]
"""Everybody may enter the hub; what they see there, it decides itself. It may look up somebody's
teams, to send them by e-mail only what they may see."""

NOTEBOOK_SCOPES = ["users:activity!user", "access:servers!server", MAY_ENTER]
"""What a server's token may do: what JupyterHub gives it, and enter the hub."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Teams:
    """Who is in which team, and which teams belong to which organisation."""

    members: Mapping[str, frozenset[str]] = field(default_factory=dict)
    organisations: Mapping[str, frozenset[str]] = field(default_factory=dict)
    administrators: frozenset[str] = frozenset()


def read_teams(folders: HubFolders) -> Teams:
    """Return what `team.yml` says of teams; none, where it says nothing. Raises TeamError."""
    try:
        told = yaml.safe_load(folders.team_file.read_text(encoding="utf-8")) or {}
        teams = Teams(
            _sets(told.get("teams")),
            _sets(told.get("organisations")),
            frozenset(map(str, told.get("administrators") or ())),
        )
    except (OSError, yaml.YAMLError, TypeError, AttributeError) as error:
        raise TeamError(
            f"{folders.team_file}: below `teams:` each has a list of people, below "
            f"`organisations:` each a list of teams, and `administrators:` is a list ({error})."
        ) from error
    unknown = set().union(*teams.organisations.values()) - teams.members.keys()
    bad = [n for n in (*teams.members, *teams.organisations) if not _NAME.fullmatch(n)]
    if unknown or bad:
        raise TeamError(
            f"{folders.team_file}: not the name of a team or an organisation: "
            f"{', '.join(sorted([*unknown, *bad]))}."
        )
    return teams


def sharing_groups(teams: Teams, user: str) -> list[str]:
    """Return JupyterHub's groups of a user that say what team they are in."""
    if user.startswith(COURSE_ACCOUNT) or user == SHARING_ACCOUNT:
        return []
    mine = {team for team, members in teams.members.items() if user in members}
    found = [f"{TEAM}{team}" for team in sorted(mine)]
    found += [
        f"{ORGANISATION}{name}" for name, some in sorted(teams.organisations.items()) if some & mine
    ]
    return [*found, *([ADMINISTRATORS] if user in teams.administrators else [])]


def told_to_hub(environment: Mapping[str, str]) -> dict[str, str]:
    """Return those of JupyterHub's variables that the hub gets: its own.

    Where its contents stand in a bucket of S3, it gets the bucket's account as well.
    """
    bucket = environment.get("LEPTON_HUB_BLOBS", "").startswith(("s3://", "s3a://"))
    names = ("LEPTON_HUB_", "AWS_") if bucket else ("LEPTON_HUB_",)
    return {name: value for name, value in environment.items() if name.startswith(names)}


def sharing_service(
    folders: HubFolders, environment: Mapping[str, str], port: int
) -> dict[str, Any]:
    """Return JupyterHub's service: the hub, under its own account, in its own folder.

    Where requests come from, it believes programs of JupyterHub's account, of which the proxy is
    one: any notebook on this machine can reach the hub, too.
    """
    proxies = {"LEPTON_HUB_PROXIES": f"account:{os.getuid()}"}
    return {
        "name": SERVICE,
        "url": f"http://127.0.0.1:{port}",
        "command": dying_with_hub("-P", "-m", "lepton_hub"),
        "user": SHARING_ACCOUNT,
        "cwd": str(folders.sharing),
        "environment": {**proxies, **environment, "LEPTON_HUB": str(folders.sharing)},
        "oauth_no_confirm": True,
        "display": True,
        "timeout": START_SECONDS,
    }


def _sets(told: Mapping[str, Any] | None) -> dict[str, frozenset[str]]:
    return {str(name): frozenset(map(str, some or ())) for name, some in (told or {}).items()}
