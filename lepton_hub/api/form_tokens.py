"""Protect forms against cross-site request forgery: form tokens and origin checks.

Each form carries a token bound to the browser's cookie, which no other page can read. Browsers also
declare the origin of a request.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from urllib.parse import urlsplit

from fastapi import Request

from lepton_hub.identity.oauth import COOKIE

FIELD, HEADER = "form_token", "x-form-token"
"""The form field, and the header set by the page's script, that carry the token."""


def form_token(request: Request, key: bytes) -> str:
    """Return the form token for the requesting browser."""
    cookie = request.cookies.get(COOKIE, "")
    return hmac.new(key, f"form {cookie}".encode(), sha256).hexdigest()


def is_form_token(request: Request, key: bytes, token: str) -> bool:
    """Return whether a token is this browser's form token."""
    return hmac.compare_digest(token.encode("utf-8", "replace"), form_token(request, key).encode())


def is_same_origin(request: Request) -> bool:
    """Return whether the browser declares that a page of this host sent the request.

    Every browser sends Origin with unsafe methods, and most send Sec-Fetch-Site; a request with
    neither, or with contradictory values, is refused. The scheme is ignored, since a proxy may
    terminate TLS.
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
