"""Where a request comes from: what a proxy says, if it is one that is believed."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from lepton_hub.proxies import TrustedProxies

_FOR, _PROTO = b"x-forwarded-for", b"x-forwarded-proto"


class Forwarding:
    """Puts a request's address and scheme in place as its proxy says them.

    Where nobody who is believed says it, a request with such a header comes from nowhere: from this
    machine it could be anybody's, of this machine or through a proxy that was not named.
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
