"""The actions each role permits, decided by casbin."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import casbin
from casbin.model import Model


class Role(StrEnum):
    """A person's role on an item."""

    READ = "read"
    CONTRIBUTE = "contribute"
    MANAGE = "manage"
    OWNER = "owner"


class Action(StrEnum):
    """An action on an item."""

    VIEW = "view"  # its card, its versions, their content
    ADD_VERSION = "add_version"
    EDIT_CARD = "edit_card"
    SHARE = "share"  # grants, answers to requests, links
    DELETE = "delete"


_MODEL = """
[request_definition]
r = role, action
[policy_definition]
p = role, action
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.role, p.role) && r.action == p.action
"""

_RULES = {
    Role.READ: [Action.VIEW],
    Role.CONTRIBUTE: [Action.ADD_VERSION, Action.EDIT_CARD],
    Role.MANAGE: [Action.SHARE, Action.DELETE],
}
_INCLUDES = [
    (Role.CONTRIBUTE, Role.READ),
    (Role.MANAGE, Role.CONTRIBUTE),
    (Role.OWNER, Role.MANAGE),
]


def _decided() -> frozenset[tuple[Role, Action]]:
    """Query casbin once for each role and action, since its answers never change at run time."""
    model = Model()
    model.load_model_from_text(_MODEL)
    enforcer = casbin.Enforcer(model)
    for role, actions in _RULES.items():
        for action in actions:
            enforcer.add_policy(role.value, action.value)
    for role, included in _INCLUDES:
        enforcer.add_grouping_policy(role.value, included.value)
    return frozenset(
        (role, action)
        for role in Role
        for action in Action
        if enforcer.enforce(role.value, action.value)
    )


_ALLOWED = _decided()


def allows(roles: Iterable[Role], action: Action) -> bool:
    """Return whether these roles permit an action."""
    return any((role, action) in _ALLOWED for role in roles)


def includes(role: Role, other: Role) -> bool:
    """Return whether a role permits everything another one does."""
    return all(allows([role], action) for action in Action if allows([other], action))
