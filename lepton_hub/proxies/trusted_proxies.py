"""Which proxies are believed when they say where a request comes from."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from lepton_hub.proxies.socket_accounts import Address, account_of

ACCOUNT = "account:"


class BadProxies(ValueError):
    """What was said of proxies cannot be used; the message says why."""


@dataclass(frozen=True)
class TrustedProxies:
    """The proxies that are believed.

    accounts: the numbers of accounts of this machine, whatever address their programs connect from.
    networks: addresses that only a proxy has.
    """

    accounts: frozenset[int] = frozenset()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    def believes(self, peer: Address, own: Address) -> bool:
        """Return whether who has connected is such a proxy.

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
        """Return where a request comes from; None: that cannot be told.

        hops: the addresses in X-Forwarded-For. Each proxy adds, at the end, who connected to it, so
        the last one that is no proxy is the one that is known; what stands before it, anybody may
        have written.
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
    """Return which proxies a setting names: addresses, networks and `account:NUMBER`, with commas.

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
    """Return the host of a hop, which some proxies write with a port."""
    hop = hop.strip()
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop
