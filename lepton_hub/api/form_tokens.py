"""What tells a page of the hub's own from any other page that has a browser send something.

A form of the hub's carries a token that is bound to the browser's cookie: no other page can read
it. Beside that, browsers say where a request comes from.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from urllib.parse import urlsplit

from fastapi import Request

from lepton_hub.identity.oauth import COOKIE

FIELD, HEADER = "form_token", "x-form-token"
"""Where a form, and where a script of a page, sends the token."""


def form_token(request: Request, key: bytes) -> str:
    """Return the token of forms for the browser that asks."""
    cookie = request.cookies.get(COOKIE, "")
    return hmac.new(key, f"form {cookie}".encode(), sha256).hexdigest()


def is_form_token(request: Request, key: bytes, token: str) -> bool:
    """Return whether a token is that of this browser's forms."""
    return hmac.compare_digest(token.encode("utf-8", "replace"), form_token(request, key).encode())


def is_same_origin(request: Request) -> bool:
    """Return whether a browser says that a page of this host sent a request.

    Every browser sends Origin with what may change something, and most send Sec-Fetch-Site; what
    has neither, or contradicts itself, is refused. The scheme is left out, since a proxy may end
    TLS.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is None and origin is None:
        return False
    return site in (None, "same-origin") and (origin is None or _host_of(origin) == _host(request))


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc or None
    except ValueError:
        return None


def _host(request: Request) -> str:
    return request.headers.get("host", "")
