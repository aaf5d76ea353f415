"""Sign-in by any of JupyterHub's authenticators, with groups from the courses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jupyterhub.auth import Authenticator


def with_groups(base: type[Authenticator], groups_of: Callable[[str], list[str]]) -> type:
    """Return the authenticator `base`, where a user's groups are those that `groups_of` returns.

    They are asked for at each sign-in, and again whenever the hub refreshes a user. Who is in no
    group may not sign in, and who is in none any more must sign in again.
    """

    class CourseGroups(base):  # type: ignore[misc, valid-type]
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
