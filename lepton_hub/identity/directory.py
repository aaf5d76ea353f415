"""Look people up by name in JupyterHub, for e-mail, which is sent without a request."""

from __future__ import annotations

from urllib.parse import quote

import httpx

from lepton_hub.identity.jupyterhub_answers import HubUser, parsed
from lepton_hub.identity.person import IdentityError, Person, SignInUnavailable, person_of


class JupyterHubDirectory:
    """Looks people up, with the service's own token.

    Its role needs the scopes `read:users:name` and `read:users:groups`.
    """

    def __init__(self, api: str, token: str, client: httpx.Client | None = None) -> None:
        self._address = f"{api.rstrip('/')}/users/"
        self._headers = {"Authorization": f"token {token}"}
        self._client = client or httpx.Client(timeout=10.0)

    def look_up(self, name: str) -> Person | None:
        """Return a person with their teams, never as an administrator; None if they are gone.

        Raises SignInUnavailable.
        """
        try:
            address = self._address + quote(name, safe="")
            answer = self._client.get(address, headers=self._headers)
        except httpx.HTTPError as error:
            raise SignInUnavailable from error
        if answer.status_code == 404:
            return None
        if answer.status_code != 200:
            raise SignInUnavailable
        told = parsed(answer, HubUser)
        try:
            return person_of(told.name, told.groups) if told.name == name else None
        except IdentityError:
            return None
