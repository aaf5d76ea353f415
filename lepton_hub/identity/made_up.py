"""Sign-in for a stand-alone hub on loopback: made-up people, and a token for each."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from lepton_hub.identity.person import IdentityError, Person, person_of
from lepton_hub.keys.private_files import make_once, replace_file

SECRET_BYTES = 32
NOTICE = "made-up people: this sign-in checks nobody's identity"

PEOPLE: Mapping[str, Sequence[str]] = {
    "ada": ("team-engines", "organisation-analytical"),
    "bose": ("team-particles", "organisation-quantum"),
    "curie": ("team-particles", "organisation-quantum"),
    "grace": ("hub-administrators",),
}
"""The made-up people, with their groups; grace may manage every item."""


class NotLoopback(ValueError):
    """A made-up sign-in was to listen on a non-loopback address."""


class MadeUpIdentity:
    """Identifies made-up people by tokens that any reader of the hub's folder can derive."""

    notice: str | None = NOTICE

    def __init__(self, secret: bytes, people: Mapping[str, Sequence[str]] = PEOPLE) -> None:
        self._secret = secret
        self._people = {
            name: person_of(name, groups, admin="hub-administrators" in groups)
            for name, groups in people.items()
        }

    @property
    def people(self) -> list[Person]:
        """All of them."""
        return list(self._people.values())

    def look_up(self, name: str) -> Person | None:
        """Return a person by name."""
        return self._people.get(name)

    def token(self, name: str) -> str:
        """Return a person's token."""
        return f"{name}.{hmac.new(self._secret, name.encode(), sha256).hexdigest()}"

    async def person(self, token: str, place: str = "") -> Person:
        """Return a token's owner, whatever the request's origin. Raises IdentityError."""
        name = token.rpartition(".")[0]
        if name not in self._people or not hmac.compare_digest(
            token.encode("utf-8", "replace"), self.token(name).encode()
        ):
            raise IdentityError(
                "This token is unknown. `lepton hub start` printed one for each made-up person; "
                "set LEPTON_HUB_TOKEN to one of them."
            )
        return self._people[name]


@dataclass(frozen=True)
class MadeUpSignIn:
    """Signs a browser in as one of the made-up people, given the hub's key.

    The key is part of the address that `lepton hub start` prints, so other accounts of this machine
    do not have it. Only this process can decrypt the cookies.
    """

    identity: MadeUpIdentity
    fernet: Fernet = field(default_factory=lambda: Fernet(Fernet.generate_key()), repr=False)

    @property
    def key(self) -> str:
        """The key a browser must present."""
        return self.identity.token("a browser").rpartition(".")[2][:32]

    def fits(self, key: str) -> bool:
        """Return whether a browser presented the right key."""
        return hmac.compare_digest(key.encode("utf-8", "replace"), self.key.encode())

    def cookie_of(self, name: str) -> str:
        """Return a person's cookie."""
        return self.fernet.encrypt(self.identity.token(name).encode()).decode()

    def token_in(self, cookie: str) -> str:
        """Return the token that a cookie holds. Raises IdentityError."""
        try:
            return self.fernet.decrypt(cookie.encode()).decode()
        except (InvalidToken, ValueError) as error:
            raise IdentityError("This browser's session has expired. Sign in again.") from error


def secret_in(file: Path) -> bytes:
    """Return the secret in a file readable only by its owner; create it if missing.

    A secret that is too short, left by a crash or a full disk, is replaced: anybody could guess it.
    """
    make_once(file, secrets.token_bytes(SECRET_BYTES))
    if file.stat().st_size < SECRET_BYTES:
        replace_file(file, secrets.token_bytes(SECRET_BYTES))
    return file.read_bytes()


def loopback(host: str) -> str:
    """Return a host if it is a loopback address. Raises NotLoopback."""
    try:
        fits = ip_address(host).is_loopback
    except ValueError:
        fits = host == "localhost"
    if not fits:
        raise NotLoopback(
            "This sign-in checks nobody's identity, so it accepts only this machine: 127.0.0.1, "
            f"not {host}. For other people, run the hub as JupyterHub's service (docs/hub.md)."
        )
    return host


def own_hosts(host: str) -> list[str]:
    """Return the Host values a browser may use for a hub at a loopback address.

    Starlette cuts an IPv6 address to its bracket, with which no host name begins.
    """
    return ["127.0.0.1", "localhost", host, "["]
