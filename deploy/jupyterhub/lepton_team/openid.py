"""Sign-in by OpenID Connect: discovery, PKCE, and an ID token that is verified in full.

OAuthenticator asks the provider who signed in, and leaves the ID token alone. Here the token is
verified (signature, issuer, audience, time, nonce), and what the provider says beside it must be
about the same person. Groups are those of a claim. This file and `sign_in.py` need nothing else of
the course: a hub in a container is given them alone.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import jwt
from oauthenticator.generic import GenericOAuthenticator
from oauthenticator.oauth2 import (
    OAuthCallbackHandler,
    OAuthLoginHandler,
    OAuthLogoutHandler,
    _deserialize_state,
)
from tornado.httpclient import HTTPClientError
from tornado.web import HTTPError
from traitlets import Dict, List, Unicode

from lepton_team.sign_in import course_groups

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
"""Signatures by the provider's private key; `none` and shared secrets are not among them."""

DISCOVERY_SECONDS = 3600
CLOCK_SECONDS = 60
"""How far the provider's clock may be from ours."""


class SignInRefused(HTTPError):
    """The provider's answer cannot be trusted; the reason stands in the hub's log."""

    def __init__(self, reason: str) -> None:
        super().__init__(403, f"Sign-in refused: {reason}")


def nonce_of(challenge: str) -> str:
    """Return the nonce of a sign-in: it follows from the secret in the browser's own cookie."""
    return hashlib.sha256(f"nonce {challenge}".encode()).hexdigest()


def verify_id_token(
    token: str,
    keys: Mapping[str, Any],
    issuer: str,
    client: str,
    nonce: str | None,
    algorithms: list[str] = ALGORITHMS,
) -> dict[str, Any]:
    """Return the claims of an ID token (OpenID Connect Core, 3.1.3.7).

    keys: the provider's public keys, as a JWK set.
    nonce: that of this sign-in; None where a token is renewed and no nonce was sent.

    Raises SignInRefused.
    """
    try:
        claims = jwt.decode(
            token,
            _key(token, keys),
            algorithms=algorithms,
            audience=client,
            issuer=issuer,
            leeway=CLOCK_SECONDS,
            options={"require": ["iss", "sub", "aud", "exp", "iat"]},
        )
    except jwt.PyJWTError as error:
        raise SignInRefused(f"the ID token is not valid ({error})") from error
    audience = claims["aud"]
    if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != client:
        raise SignInRefused("the ID token was issued to another client")
    if nonce is not None and claims.get("nonce") != nonce:
        raise SignInRefused("the ID token belongs to another sign-in (nonce)")
    return claims


def _key(token: str, keys: Mapping[str, Any]) -> jwt.PyJWK:
    """Return the key that a token names. Raises jwt.PyJWTError."""
    header = jwt.get_unverified_header(token)
    fitting = [
        key
        for key in jwt.PyJWKSet.from_dict(dict(keys)).keys
        if key.public_key_use in (None, "sig") and header.get("kid") in (None, key.key_id)
    ]
    if len(fitting) != 1:
        raise jwt.InvalidKeyError("the provider has no such key")
    return fitting[0]


class OpenIDLogin(OAuthLoginHandler):
    """Sends a browser to the provider."""

    async def get(self) -> None:
        await self.authenticator.discover()
        super().get()

    def authorize_redirect(self, *arguments: Any, **options: Any) -> None:
        extra = options["extra_params"]
        extra["nonce"] = nonce_of(extra["code_challenge"])
        super().authorize_redirect(*arguments, **options)


class OpenIDCallback(OAuthCallbackHandler):
    """Where the provider sends the browser back to."""

    async def get(self) -> None:
        await self.authenticator.discover()  # the hub may have started anew meanwhile
        await super().get()

    def check_arguments(self) -> None:
        # Before anything else: another provider's answer, even an error, is not for us (RFC 9207).
        issuer = self.get_argument("iss", None)
        if issuer is not None and issuer != self.authenticator.issuer:
            raise SignInRefused("the answer comes from another provider")
        super().check_arguments()

    def nonce(self) -> str:
        """Return the nonce that this browser was sent away with."""
        verifier = _deserialize_state(self.get_state_cookie()).get("code_verifier", "")
        return nonce_of(self.authenticator.challenge(verifier))


class OpenIDLogout(OAuthLogoutHandler):
    """Ends the session at the provider, too: else the next sign-in would ask for no password."""

    async def render_logout_page(self) -> None:
        place = None
        with suppress(OSError, HTTPError, HTTPClientError):  # signed out here in any case
            place = (await self.authenticator.discover()).get("end_session_endpoint")
        if not place:
            await super().render_logout_page()
            return
        back = self.authenticator.get_callback_url(self).removesuffix("/oauth_callback") + "/login"
        query = {"client_id": self.authenticator.client_id, "post_logout_redirect_uri": back}
        self.redirect(f"{place}{'&' if '?' in place else '?'}{urlencode(query)}")


class OpenIDAuthenticator(GenericOAuthenticator):
    """JupyterHub's sign-in by a company's OpenID Connect provider."""

    login_handler = OpenIDLogin
    callback_handler = OpenIDCallback
    logout_handler = OpenIDLogout

    issuer = Unicode(help="The provider, as its discovery document names it.").tag(config=True)
    groups_claim = Unicode("groups", help="The claim with a person's groups.").tag(config=True)
    course_groups = Dict(
        help="The hub's group for each of the provider's; empty where they have the same names."
    ).tag(config=True)
    algorithms = List(Unicode(), ALGORITHMS, help="How ID tokens may be signed.").tag(config=True)

    _metadata: Mapping[str, Any] | None = None
    _asked = 0.0

    @staticmethod
    def challenge(verifier: str) -> str:
        """Return PKCE's challenge of a verifier (RFC 7636, S256)."""
        digest = hashlib.sha256(verifier.encode()).digest()
        return jwt.utils.base64url_encode(digest).decode()

    async def discover(self) -> Mapping[str, Any]:
        """Return what the provider says of itself, asked for at most once an hour."""
        if self._metadata is None or time.monotonic() - self._asked > DISCOVERY_SECONDS:
            place = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
            found = await self.httpfetch(place, "asking the provider of itself", method="GET")
            if found.get("issuer") != self.issuer:
                raise SignInRefused(f"{place} is about {found.get('issuer')!r}")
            self.authorize_url = found["authorization_endpoint"]
            self.token_url = found["token_endpoint"]
            self.userdata_url = found["userinfo_endpoint"]
            ways = found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
            self.basic_auth = "client_secret_basic" in ways
            self._metadata, self._asked = found, time.monotonic()
        return self._metadata

    async def get_token_info(self, handler: Any, params: dict[str, Any]) -> dict[str, Any]:
        """Exchange a code, or a token that has expired; verify the ID token that comes along."""
        metadata = await self.discover()
        first = params["grant_type"] == "authorization_code"
        try:
            info = await super().get_token_info(handler, params)
        except HTTPClientError as error:
            raise SignInRefused("the provider did not take the code") from error
        if first or info.get("id_token"):
            keys = await self.httpfetch(metadata["jwks_uri"], "asking for keys", method="GET")
            info["claims"] = verify_id_token(
                info.get("id_token") or "",
                keys,
                self.issuer,
                self.client_id,
                handler.nonce() if first else None,
                self.algorithms,
            )
        return info

    async def token_to_user(self, token_info: dict[str, Any]) -> dict[str, Any]:
        """Return the claims of who signed in: the ID token's, and what the provider adds."""
        await self.discover()
        told = await super().token_to_user(token_info)
        claims = token_info.get("claims", {})
        if claims and told.get("sub") != claims["sub"]:
            raise SignInRefused("the provider's answers are about two people")
        return {**claims, **told}

    async def get_user_groups(self, auth_state: dict[str, Any]) -> set[str]:
        claimed = auth_state[self.user_auth_state_key].get(self.groups_claim) or []
        return course_groups([claimed] if isinstance(claimed, str) else claimed, self.course_groups)

    async def refresh_user(self, user: Any, handler: Any = None, **options: Any) -> Any:
        """Ask for the groups again; who is in no course any more must sign in, and cannot."""
        found = await super().refresh_user(user, handler, **options)
        if isinstance(found, dict) and not await self.check_allowed(found["name"], found):
            return False
        return found

    async def check_allowed(self, username: str, auth_model: dict[str, Any] | None) -> bool:
        """Let in who is in a course, whoever else JupyterHub's own settings allow."""
        if auth_model and auth_model.get("groups"):
            return True
        return await super().check_allowed(username, auth_model)
