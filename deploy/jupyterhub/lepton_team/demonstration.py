"""How the made-up people of a demonstration sign in: with one password, the same for all."""

from __future__ import annotations

from hmac import compare_digest
from typing import Any

from jupyterhub.auth import Authenticator
from traitlets import Unicode


class OnePassword(Authenticator):
    """Lets in whoever has the password, by whatever name: it checks nobody's identity."""

    password = Unicode(help="The password of everybody.").tag(config=True)

    async def authenticate(self, handler: Any, data: dict[str, str]) -> str | None:
        """Return the name of who has the password, and None for others."""
        same = compare_digest(data["password"].encode(), self.password.encode())
        return data["username"] if same else None
