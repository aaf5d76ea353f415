"""The proxies whose X-Forwarded-For is trusted."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from lepton_hub.proxies.socket_accounts import Address, account_of

ACCOUNT = "account:"


class BadProxies(ValueError):
    """The proxies setting is invalid; the message says why."""


@dataclass(frozen=True)
class TrustedProxies:
    """The trusted proxies.

    accounts: user ids on this machine, whatever address their programs connect from. networks:
    addresses that only a proxy has.
    """

    accounts: frozenset[int] = frozenset()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    def believes(self, peer: Address, own: Address) -> bool:
        """Return whether a peer is a trusted proxy.

        peer: host and port of who connected; own: those of the hub's end of the connection.
        """
        address = _address(peer[0])
        if address is None:
            return False
        if self._is_listed(address):
            return True
        local = address.is_loopback or peer[0] == own[0]
        return bool(self.accounts) and local and account_of(peer, own) in self.accounts

    def origin(self, hops: Sequence[str]) -> str | None:
        """Return a request's origin; None if it cannot be determined.

        hops: the addresses in X-Forwarded-For. Each proxy appends its peer, so the last hop that is
        not a trusted proxy is the origin; anything before it may be forged.
        """
        for hop in reversed(hops):
            address = _address(_without_port(hop))
            if address is None:
                return None
            if not self._is_listed(address):
                return str(address)
        return _without_port(hops[0]) if hops else None

    def _is_listed(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self.networks)


def parse_proxies(text: str) -> TrustedProxies:
    """Parse a comma-separated setting of addresses, networks and `account:NUMBER`.

    >>> parse_proxies("account:0, 10.0.0.0/24").accounts
    frozenset({0})

    Raises BadProxies.
    """
    accounts, networks = set(), []
    for one in filter(None, map(str.strip, text.split(","))):
        number = one.removeprefix(ACCOUNT)
        try:
            if number != one:
                accounts.add(int(number))
            else:
                networks.append(ip_network(one))
        except ValueError as error:
            raise BadProxies(
                f"{one!r} is not an address, a network such as 10.0.0.0/24, or an account of this "
                "machine such as account:0"
            ) from error
    return TrustedProxies(frozenset(accounts), tuple(networks))


def _address(host: str) -> IPv4Address | IPv6Address | None:
    with suppress(ValueError):
        found = ip_address(host)
        return getattr(found, "ipv4_mapped", None) or found
    return None


def _without_port(hop: str) -> str:
    """Return the host of a hop, without the port that some proxies append."""
    hop = hop.strip()
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop
