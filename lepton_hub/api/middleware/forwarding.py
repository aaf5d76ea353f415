"""Determine a request's origin from the headers of trusted proxies."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from lepton_hub.proxies import TrustedProxies

_FOR, _PROTO = b"x-forwarded-for", b"x-forwarded-proto"


class Forwarding:
    """Sets a request's address and scheme to those its proxy reports.

    A request with such a header that does not come from a trusted proxy has no address: from this
    machine it could be anybody's, local or through a proxy that was not configured.
    """

    def __init__(self, app: ASGIApp, proxies: TrustedProxies) -> None:
        self.app, self.proxies = app, proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            said = [value.decode("latin-1") for name, value in scope["headers"] if name == _FOR]
            if said:
                self._place(scope, ",".join(said))
        await self.app(scope, receive, send)

    def _place(self, scope: Scope, hops: str) -> None:
        peer, own = scope.get("client"), scope.get("server")
        scope["client"] = None
        if not peer or not own or not self.proxies.believes(tuple(peer), tuple(own)):
            return
        origin = self.proxies.origin(hops.split(","))
        if origin is not None:
            scope["client"] = (origin, 0)
        schemes = [value for name, value in scope["headers"] if name == _PROTO]
        if schemes == [b"https"]:
            scope["scheme"] = "https"
