"""Who may sign in, as what, and where they arrive: by the names of nbgrader's groups."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from traitlets import default

if TYPE_CHECKING:
    from jupyterhub.auth import Authenticator

TEACHING, LEARNING = "formgrade-", "nbgrader-"
"""How the names of nbgrader's groups begin; a course's id follows."""

TEAM, ORGANISATION, ADMINISTRATORS = "team-", "organisation-", "hub-administrators"
"""How the names of the groups begin that the hub where teams share knows; and one of them."""


def course_groups(claimed: Iterable[str], known: Mapping[str, str]) -> set[str]:
    """Return the hub's groups of who is in the groups `claimed` of an identity provider.

    known: the hub's group for each of the provider's; where it is empty, they have the same names.
    Who teaches a course does not learn in it.
    """
    found = {known[name] for name in claimed if name in known} if known else set(claimed)
    teaching = {name for name in found if name.startswith(TEACHING)}
    taught = {name.removeprefix(TEACHING) for name in teaching}
    learning = {name for name in found if name.startswith(LEARNING)}
    sharing = {
        name for name in found if name.startswith((TEAM, ORGANISATION)) or name == ADMINISTRATORS
    }
    learnt = {name for name in learning if name.removeprefix(LEARNING) not in taught}
    return teaching | learnt | sharing


def arrival(groups: Iterable[str]) -> str | None:
    """Return the path at which an instructor arrives; None for a learner's own server.

    groups: the names of the hub's groups that somebody is in.
    """
    taught = sorted(name.removeprefix(TEACHING) for name in groups if name.startswith(TEACHING))
    return f"/services/{taught[0]}/lab?formgrader=true" if taught else None


def arrives_at(handler: Any) -> str:
    """Return the path at which somebody arrives: JupyterHub's `default_url`.

    Nothing for those who have not signed in yet: the hub asks again once they have.
    """
    user = handler.current_user
    if user is None:
        return ""
    return arrival(group.name for group in user.groups) or f"{handler.hub.base_url}spawn"


def with_groups(base: type[Authenticator], groups_of: Callable[[str], list[str]]) -> type:
    """Return the authenticator `base`, where a user's groups are those that `groups_of` returns.

    They are asked for at each sign-in, and again whenever the hub refreshes a user. Who is in no
    group may not sign in, and who is in none any more must sign in again.
    """

    class CourseGroups(base):  # type: ignore[misc, valid-type]
        @default("allow_all")
        def _allows_all(self) -> bool:  # else `check_allowed` is not asked
            return False

        def check_allowed(self, username: str, *arguments: Any, **options: Any) -> bool:
            return bool(groups_of(username))

        async def run_post_auth_hook(self, handler: Any, auth_model: dict) -> dict:
            model = await super().run_post_auth_hook(handler, auth_model)
            return {**model, "groups": groups_of(model["name"])}

        async def refresh_user(self, user: Any, handler: Any = None, **options: Any) -> Any:
            found = await super().refresh_user(user, handler, **options)
            if not found:
                return found
            groups = groups_of(user.name)
            if not groups:
                return False
            known = found if isinstance(found, dict) else {"name": user.name}
            return {**known, "groups": groups}

    CourseGroups.__name__ = f"Course{base.__name__}"
    return CourseGroups
